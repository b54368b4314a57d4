"""The table of what was earned by day."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements
from artrator_registry.storage.database import one_of

migrations = Migrations("artrator-registry-earnings")


@migrations()
def m001_create_earning_days(db: Database) -> None:
    # A refund is written to the day on which the order was settled, not to the day of the refund: what a day brought
    # in the end is what matures and what is taxed. ``held`` is what disputes about that day have set aside.
    statements(
        f"""
        CREATE TABLE earning_days (
            creator TEXT NOT NULL REFERENCES accounts (id),
            day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
            listing TEXT NOT NULL,
            kind TEXT NOT NULL CHECK ({one_of("kind", "pass", "purchase", "royalty", "run")}),
            runs INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
            gross INTEGER NOT NULL DEFAULT 0 CHECK (gross >= 0),
            fee INTEGER NOT NULL DEFAULT 0 CHECK (fee >= 0),
            royalties INTEGER NOT NULL DEFAULT 0 CHECK (royalties >= 0),
            refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0),
            held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
            PRIMARY KEY (creator, day, listing, kind),
            CHECK (held <= gross - fee - royalties - refunded)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE TRIGGER earning_days_kept BEFORE DELETE ON earning_days"
        " BEGIN SELECT RAISE(ABORT, 'earnings: days are kept'); END",
    )(db)
