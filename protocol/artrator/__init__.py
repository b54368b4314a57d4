"""Artrator: what every party of the federation shares, and all that a plugin may import.

A plugin author writes ``import artrator`` and finds the whole contract here; see
``docs/how-to/write-a-backend.md``. Importing this package loads the standard library and numpy, nothing else:
workers start from it, and a worker's environment need not hold the daemon's libraries.
"""

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

__version__ = "0.1.0"

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
    "Value",
    "__version__",
    "hookimpl",
]
