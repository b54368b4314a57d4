"""Whether the database's own rules hold for what is in it: a broken disk, or a hand, asks no constraint first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from artrator_registry.storage.transaction import Transaction

_MOST: Final = 200


def unsound(t: Transaction) -> Iterator[str]:
    """What SQLite finds wrong with its pages, rows, types and constraints, and rows that name others that are gone."""
    # Not quick_check, which SQLite 3.40 gets wrong for tables whose key is not in the order of their columns.
    for row in t.run(f"PRAGMA integrity_check({_MOST})"):
        if row[0] != "ok":
            yield f"the database: {row[0]}"
    for row in t.run("PRAGMA foreign_key_check"):
        which = "" if row["rowid"] is None else f" {row['rowid']}"
        yield f"the database: row{which} of {row['table']} names a row of {row['parent']} that there is not"
