"""What proves a request in a dispute: its salt and its canonical form, kept after the order has ended.

The registry knows only a salted digest. Whoever reveals both shows what was asked for; until then nobody can tell.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Final

#: Longer than any dispute lasts; then the request is forgotten with its salt.
_KEPT_SECONDS: Final = 120 * 86_400


@dataclass(frozen=True)
class Proof:
    """``salt`` in hex and the request exactly as its digest was made."""

    salt: str
    request: str


def keep(connection: sqlite3.Connection, order: str, salt: str, request: str, created_at: float) -> None:
    """Keep the proof of an order, and forget those that nobody can ask for any more."""
    connection.execute("insert or replace into proof values (?, ?, ?, ?)", (order, salt, request, created_at))
    connection.execute("delete from proof where created_at < ?", (time.time() - _KEPT_SECONDS,))


def find(connection: sqlite3.Connection, order: str) -> Proof | None:
    """The proof of an order, or None for one that was made elsewhere or long ago."""
    row = connection.execute("select salt, request from proof where order_id = ?", (order,)).fetchone()
    return Proof(str(row["salt"]), str(row["request"])) if row is not None else None
