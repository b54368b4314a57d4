"""From a prompt to what a network is conditioned on."""

from __future__ import annotations

from artrator_diffusion.text.encoder import TextEncoder, TextSettings

__all__ = ["TextEncoder", "TextSettings"]
