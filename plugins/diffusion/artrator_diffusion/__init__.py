"""Backend ``diffusion``: pictures from text, sampled in steps with guidance, without torch."""

from __future__ import annotations

from collections.abc import Callable

from artrator.backend import Backend
from artrator.hookspecs import hookimpl
from artrator_diffusion.backend import DiffusionBackend

__all__ = ["DiffusionBackend", "register_backends"]


@hookimpl
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer the backend."""
    register(DiffusionBackend())
