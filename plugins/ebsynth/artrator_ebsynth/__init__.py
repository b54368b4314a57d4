"""Backend ``ebsynth``: example-based synthesis by guided patch matching."""

from __future__ import annotations

from collections.abc import Callable

from artrator.backend import Backend
from artrator.hookspecs import hookimpl
from artrator_ebsynth.backend import EBSynthBackend
from artrator_ebsynth.field import NeighbourField
from artrator_ebsynth.memory import memory_bytes
from artrator_ebsynth.problem import Guide
from artrator_ebsynth.synthesis import Synthesis, synthesize

__all__ = [
    "EBSynthBackend",
    "Guide",
    "NeighbourField",
    "Synthesis",
    "memory_bytes",
    "register_backends",
    "synthesize",
]


@hookimpl
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer the backend."""
    register(EBSynthBackend())
