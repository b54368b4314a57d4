"""The table of who sells."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-sellers")


@migrations()
def m001_create_sellers(db: Database) -> None:
    # ``verified`` keeps the profile that the operator last looked at: a yearly statement names that one even while a
    # change of it waits.
    statements(
        """
        CREATE TABLE sellers (
            account TEXT PRIMARY KEY REFERENCES accounts (id),
            state TEXT NOT NULL CHECK (state IN ('submitted', 'verified', 'rejected')),
            profile TEXT NOT NULL,
            verified TEXT,
            reason TEXT NOT NULL DEFAULT '',
            changed_at REAL NOT NULL,
            CHECK (state <> 'verified' OR verified = profile),
            CHECK (state <> 'rejected' OR reason <> '')
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX sellers_waiting ON sellers (changed_at) WHERE state = 'submitted'",
    )(db)
