"""The package: a signed folder of ``artrator.toml`` and the files it needs.

The names are loaded on first use (PEP 562): a worker reads manifests and files through this package, and its
environment need not hold the libraries that signing takes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from artrator.package.folder import VerifiedPackage, sign, verify
    from artrator.package.manifest_file import from_validated, read_manifest
    from artrator.package.problems import Problem
    from artrator.package.report import Report, check
    from artrator.package.signature import SignedFiles, verify_signature

_HOMES: Final = {
    "Problem": "problems",
    "Report": "report",
    "SignedFiles": "signature",
    "VerifiedPackage": "folder",
    "check": "report",
    "from_validated": "manifest_file",
    "read_manifest": "manifest_file",
    "sign": "folder",
    "verify": "folder",
    "verify_signature": "signature",
}

__all__ = [
    "Problem",
    "Report",
    "SignedFiles",
    "VerifiedPackage",
    "check",
    "from_validated",
    "read_manifest",
    "sign",
    "verify",
    "verify_signature",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
