"""From a prompt to what a network is conditioned on."""

from __future__ import annotations

from artrator_diffusion.text.clip import ClipEncoder, ClipPart, EncodedPrompt, PromptEncoder
from artrator_diffusion.text.encoder import TextEncoder, TextSettings

__all__ = ["ClipEncoder", "ClipPart", "EncodedPrompt", "PromptEncoder", "TextEncoder", "TextSettings"]
