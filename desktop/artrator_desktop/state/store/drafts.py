"""What was typed and not sent yet, one draft a listing."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Final

#: What a draft holds by the names of inputs.
_PARTS: Final = ("values", "pictures", "films")


def save(connection: sqlite3.Connection, listing: str, values: Mapping[str, Any]) -> None:
    """Keep a draft; an empty one is forgotten."""
    if values:
        text = json.dumps(values, ensure_ascii=False)
        connection.execute("insert or replace into draft values (?, ?, ?)", (listing, text, time.time()))
    else:
        connection.execute("delete from draft where listing = ?", (listing,))


def load(connection: sqlite3.Connection, listing: str) -> dict[str, Any]:
    """The draft of a listing, or nothing."""
    row = connection.execute("select inputs from draft where listing = ?", (listing,)).fetchone()
    try:
        found = json.loads(row["inputs"]) if row else {}
    except (ValueError, RecursionError):  # a damaged one must not keep its listing from being opened
        return {}
    return found if isinstance(found, dict) and all(isinstance(found.get(name, {}), dict) for name in _PARTS) else {}


def newest(connection: sqlite3.Connection) -> str:
    """The listing that was worked on last, or an empty text."""
    row = connection.execute("select listing from draft order by saved_at desc limit 1").fetchone()
    return str(row["listing"]) if row else ""
