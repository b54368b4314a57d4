"""Artrator: what every party of the federation shares, and all that a plugin may import.

A plugin author writes ``import artrator`` and finds the whole contract here; see
``docs/how-to/write-a-backend.md``. The contract needs the standard library, numpy and pluggy, nothing else: workers
start from it, and a worker's environment need not hold the daemon's libraries. Names are loaded when they are first
used, so that a command which touches no picture does not wait for numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from artrator.backend import (
        Backend,
        Batch,
        Context,
        Device,
        Inspection,
        Kernel,
        Model,
        PackageFiles,
        Value,
    )
    from artrator.errors import ArtratorError, Code, ModelError
    from artrator.hookspecs import hookimpl
    from artrator.manifest import Cost, InputSpec, Manifest, OutputSpec
    from artrator.settings import Settings

__version__ = "0.1.0"

_HOMES = {
    "artrator.backend": "Backend Batch Context Device Inspection Kernel Model PackageFiles Value",
    "artrator.errors": "ArtratorError Code ModelError",
    "artrator.hookspecs": "hookimpl",
    "artrator.manifest": "Cost InputSpec Manifest OutputSpec",
    "artrator.settings": "Settings",
}

__all__ = [
    "ArtratorError",
    "Backend",
    "Batch",
    "Code",
    "Context",
    "Cost",
    "Device",
    "InputSpec",
    "Inspection",
    "Kernel",
    "Manifest",
    "Model",
    "ModelError",
    "OutputSpec",
    "PackageFiles",
    "Settings",
    "Value",
    "__version__",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names.split():
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'artrator' has no attribute {name!r}")
