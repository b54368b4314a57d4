"""A lock for each name, forgotten once nobody holds it or waits for it.

For what is decided here and at a provider: between the two is an await, in which another request could come in. One
process serves a registry, so locks in memory are enough.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Locks:
    """The locks of one kind of thing."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, name: str) -> asyncio.Lock:
        """The lock of this name; whoever keeps it gets the same one as everybody else."""
        return self._locks.setdefault(name, asyncio.Lock())
