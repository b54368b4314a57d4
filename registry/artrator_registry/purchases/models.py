"""What a purchase's ticket stands for."""

from __future__ import annotations

from typing import Final

from artrator.canonical import canonical_json, sha256

#: States in which a paid licence opens its package.
PAID: Final = frozenset({"settled", "disputed"})


def request(package: str) -> str:
    """What a purchase's ticket and receipt carry in the place of a request's digest: there is nothing to hide in it."""
    return sha256(canonical_json({"package": package, "purchase": True}))
