"""Purchases that were refunded: their licences open nothing here any more. Heard with each heartbeat, kept on disk."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from artrator.errors import ArtratorError
from artrator.profile import write_atomically


class Revocations:
    """Orders whose licences were taken back. A refund is final, so none ever leaves the list."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._orders: set[str] = set()

    def __contains__(self, order: str) -> bool:
        """Whether the licence of this order was taken back."""
        return order in self._orders

    def load(self) -> None:
        """Read what was heard before."""
        try:
            self._orders = set(map(str, json.loads(self._path.read_bytes())))
        except (OSError, ValueError, TypeError):
            self._orders = set()

    def learn(self, orders: Iterable[str]) -> None:
        """The registry names some; it tells them again with every heartbeat, so a full disk loses nothing."""
        fresh: Collection[str] = set(orders) - self._orders
        if not fresh:
            return
        self._orders.update(fresh)
        try:
            write_atomically(self._path, json.dumps(sorted(self._orders)).encode())
        except ArtratorError:
            return
