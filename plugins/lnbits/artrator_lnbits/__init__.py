"""Payment rail ``lnbits``: invoices over Lightning."""

from __future__ import annotations

from collections.abc import Callable

from artrator.hookspecs import hookimpl
from artrator.rail import MakeRail
from artrator_lnbits.rail import LNbitsRail

__all__ = ["LNbitsRail", "register_rails"]


@hookimpl
def register_rails(register: Callable[[str, MakeRail], None]) -> None:
    """Offer the rail."""
    register("lnbits", LNbitsRail)
