"""Documents that were checked when they came in and never change: parsed once, remembered by their text."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

from artrator.documents import Offer
from artrator.package import from_validated

#: Enough for every listing that is bought within minutes; each entry is a few kilobytes.
_REMEMBERED: Final = 512


@lru_cache(_REMEMBERED)
def offer(document: str) -> Offer:
    """A stored offer."""
    return Offer.peek(json.loads(document))


@lru_cache(_REMEMBERED)
def cost_units(manifest: str) -> frozenset[str]:
    """The names of a stored manifest's cost units."""
    return frozenset(unit.name for unit in from_validated(manifest).cost.units)
