"""The trash: pictures that were deleted a moment ago. A row here hides one; taking it away shows it again.

The picture's own row and its file go when nobody can take it back any more, in this run of the application or the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Thrown:
    """A picture in the trash: its id, its file, and the digest that its thumbnail is named by."""

    id: int
    path: str
    sha256: str


def put(connection: sqlite3.Connection, wanted: Sequence[int]) -> None:
    """Hide pictures."""
    connection.executemany("insert or ignore into trash values (?)", [(each,) for each in wanted])


def take_back(connection: sqlite3.Connection, wanted: Sequence[int]) -> None:
    """Show pictures again."""
    connection.executemany("delete from trash where image = ?", [(each,) for each in wanted])


def content(connection: sqlite3.Connection) -> list[Thrown]:
    """What lies in the trash."""
    rows = connection.execute("select id, path, sha256 from image where id in (select image from trash)")
    return [Thrown(row["id"], row["path"], row["sha256"]) for row in rows]


def forget(connection: sqlite3.Connection, wanted: Sequence[int]) -> None:
    """Forget pictures for good, those of them that are in the trash."""
    connection.executemany(
        "delete from image where id = ? and id in (select image from trash)", [(each,) for each in wanted]
    )
