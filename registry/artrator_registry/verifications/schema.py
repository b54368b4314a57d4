"""Tables of those who may look at packages, and of every time that somebody was let at one."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-verifications")


@migrations()
def m001_create_verifications(db: Database) -> None:
    # A look is never forgotten or changed: its creator may want to know of it years later.
    statements(
        """
        CREATE TABLE verifiers (
            account TEXT PRIMARY KEY REFERENCES accounts (id),
            added_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE verifications (
            id TEXT PRIMARY KEY,
            body TEXT NOT NULL,
            verifier TEXT NOT NULL REFERENCES accounts (id),
            creator TEXT NOT NULL REFERENCES accounts (id),
            listing TEXT NOT NULL,
            package TEXT NOT NULL,
            node TEXT NOT NULL REFERENCES nodes (id),
            ticket TEXT NOT NULL,
            at REAL NOT NULL,
            until REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX verifications_creator ON verifications (creator, until)",
        "CREATE INDEX verifications_verifier ON verifications (verifier, until)",
        """
        CREATE TRIGGER verifications_stay BEFORE UPDATE ON verifications
        BEGIN SELECT RAISE(ABORT, 'verifications: what was allowed does not change'); END
        """,
        """
        CREATE TRIGGER verifications_kept BEFORE DELETE ON verifications
        BEGIN SELECT RAISE(ABORT, 'verifications: looks are kept'); END
        """,
    )(db)
