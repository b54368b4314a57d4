"""What can still be read of a damaged database, carried over into a new one.

Damage is mostly a few pages of many: a table is read from its beginning up to the damage, then from its end back to it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

#: Tables and the key that they are laid out by, so that reading one touches no index; those that others name first.
_TABLES: Final[Mapping[str, str]] = {
    "setting": "name",
    "draft": "listing",
    "outbox": "order_id",
    "outbox_file": "rowid",
    "errand": "id",
    "proof": "order_id",
    "waiting": "job",
    "waiting_file": "rowid",
    "image": "id",
    "trash": "image",
}


def rescue(damaged: Path, connection: sqlite3.Connection) -> None:
    """Copy into an empty database of the newest schema every row of ``damaged`` that can be read and stands its rules.

    Raises:
        sqlite3.Error: The new database cannot be written.
    """
    with contextlib.closing(look_only(damaged)) as old:
        connection.execute("begin immediate")
        for table, key in _TABLES.items():
            names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
            marks = ", ".join("?" * len(names))
            for row in _rows(old, table, key, names):
                try:
                    connection.execute(f"insert or ignore into {table} values ({marks})", row)  # noqa: S608  # ours
                except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError) as error:
                    log.warning("a damaged row of %s was left behind: %s", table, error)
        connection.execute("commit")


def look_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing. Closing another kind would fold the log into a file that may be damaged."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
    connection.text_factory = lenient
    return connection


def lenient(text: bytes) -> str:
    """A text of a row; what is damaged in it is shown as such, and does not take the row with it."""
    return text.decode("utf-8", "replace")


def _rows(connection: sqlite3.Connection, table: str, key: str, names: list[str]) -> Iterator[tuple[object, ...]]:
    seen = set()
    for turn in ("asc", "desc"):
        try:
            columns = ", ".join((key, *names))
            for row in connection.execute(f"select {columns} from {table} order by {key} {turn}"):  # noqa: S608  # ours
                if row[0] in seen:  # both ways have met
                    return
                seen.add(row[0])
                yield tuple(row[1:])
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise  # somebody else reads it: nothing is lost, it can only not be read now
            log.warning("the table %s is damaged: %s", table, error)
        else:
            return
