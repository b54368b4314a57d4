"""The families of models: each turns a package's settings and inputs into pictures."""

from __future__ import annotations

from artrator_diffusion.pipelines.base import Pipeline

__all__ = ["Pipeline"]
