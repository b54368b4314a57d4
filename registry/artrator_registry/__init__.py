"""The Artrator registry: accounts, listings, orders and money; never a prompt or a picture.

The application is loaded on first use (PEP 562): most of ``artrator registry`` needs no web framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artrator_registry.settings import Settings

if TYPE_CHECKING:
    from artrator_registry.app import create_app

__all__ = ["Settings", "create_app"]


def __getattr__(name: str) -> Any:
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from artrator_registry.app import create_app

    return create_app
