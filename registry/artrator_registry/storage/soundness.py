"""Whether the database's own rules hold for what is in it: a broken disk, or a hand, asks no constraint first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from artrator_registry.storage.transaction import Transaction

_MOST: Final = 200


def unsound(t: Transaction) -> Iterator[str]:
    """What SQLite finds wrong with its pages, rows, types and constraints, and rows that name others that are gone."""
    # A connection that read a full-text index before another wrote to it still has the old one in mind. SQLite 3.44 and
    # later compare that with the new pages and call the index damaged (seen up to 3.53), unless a query came between.
    for table in t.rows("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"):
        t.rows(f'SELECT rowid FROM "{table["name"]}" LIMIT 1')  # noqa: S608  # a name of our own schema
    # Not quick_check, which SQLite 3.40 gets wrong for tables whose key is not in the order of their columns.
    for row in t.run(f"PRAGMA integrity_check({_MOST})"):
        if row[0] != "ok":
            yield f"the database: {row[0]}"
    for row in t.run("PRAGMA foreign_key_check"):
        which = "" if row["rowid"] is None else f" {row['rowid']}"
        yield f"the database: row{which} of {row['table']} names a row of {row['parent']} that there is not"
