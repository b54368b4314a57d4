"""Backend ``onnx``: any package that is one ONNX graph."""

from __future__ import annotations

from collections.abc import Callable

from artrator.backend import Backend
from artrator.hookspecs import hookimpl
from artrator_onnx.backend import ONNXBackend

__all__ = ["ONNXBackend", "register_backends"]


@hookimpl
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer the backend."""
    register(ONNXBackend())
