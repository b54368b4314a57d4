"""Purchases of licences that have not reached their end, as they are kept on disk."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from artrator.profile import write_atomically

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class PendingPurchase:
    """A purchase that has not reached its end, as it is kept on disk.

    Attributes:
        problem: Why what arrived was refused; then all that is left is to get the money back.
    """

    purchase: str
    registry: str
    listing: str
    version: str
    package: str
    title: Mapping[str, str]
    creator_key: str
    max_price: int
    created_at: float
    problem: str = ""


class Purchases:
    """Pending purchases as files, ``<id>.json``: written before anything leaves this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, purchase: PendingPurchase) -> None:
        """Keep it durably."""
        write_atomically(self._folder / f"{uuid.UUID(purchase.purchase)}.json", json.dumps(asdict(purchase)).encode())

    def forget(self, purchase: str) -> None:
        """It has reached its end."""
        (self._folder / f"{uuid.UUID(purchase)}.json").unlink(missing_ok=True)

    def pending(self) -> Sequence[PendingPurchase]:
        """Those that have not, oldest first. One that is damaged is named in the log, and hides no other."""
        found = []
        for path in self._folder.glob("*.json"):
            try:
                found.append(PendingPurchase(**json.loads(path.read_text("utf-8"))))
            except (OSError, ValueError, TypeError, RecursionError) as error:
                _log.warning("%s cannot be read, so this purchase is not taken up: %s", path, error)
        return sorted(found, key=lambda one: one.created_at)
