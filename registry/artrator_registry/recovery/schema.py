"""Tables of what this registry may have forgotten."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-recovery")


@migrations()
def m001_create_recovery(db: Database) -> None:
    # A registry that was restored from a backup has forgotten what came after it. Nodes remember: their receipts for
    # orders that nobody here knows are the only trace of them, so that much is kept.
    statements(
        """
        CREATE TABLE restores (
            copied_at REAL PRIMARY KEY,
            served_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE stray_receipts (
            order_id TEXT NOT NULL,
            node TEXT NOT NULL REFERENCES nodes (id),
            outcome TEXT NOT NULL,
            package TEXT NOT NULL,
            receipt_digest TEXT NOT NULL,
            finished_at REAL NOT NULL,
            received_at REAL NOT NULL,
            PRIMARY KEY (node, order_id)
        ) STRICT, WITHOUT ROWID
        """,
    )(db)
