"""Tables of plans: the terms of passes, as their creators signed them."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-plans")


@migrations()
def m001_create_plans(db: Database) -> None:
    # Terms never change, because passes that were bought under them keep them; a plan points to its newest.
    statements(
        """
        CREATE TABLE plan_terms (
            digest TEXT PRIMARY KEY,
            plan TEXT NOT NULL,
            creator TEXT NOT NULL REFERENCES accounts (id),
            document TEXT NOT NULL,
            title TEXT NOT NULL,
            listings TEXT NOT NULL,
            price INTEGER NOT NULL CHECK (price BETWEEN 1 AND 1000000000000000),
            allowance INTEGER NOT NULL CHECK (allowance BETWEEN 1 AND 1000000000000000),
            period_days INTEGER NOT NULL CHECK (period_days BETWEEN 1 AND 366),
            withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
            issued_at INTEGER NOT NULL,
            published_at REAL NOT NULL
        ) STRICT
        """,
        """
        CREATE TRIGGER plan_terms_frozen BEFORE UPDATE ON plan_terms
        BEGIN SELECT RAISE(ABORT, 'plans: terms are immutable'); END
        """,
        """
        CREATE TABLE plans (
            plan TEXT PRIMARY KEY,
            creator TEXT NOT NULL REFERENCES accounts (id),
            terms TEXT NOT NULL REFERENCES plan_terms (digest)
        ) STRICT
        """,
        "CREATE INDEX plans_creator ON plans (creator)",
    )(db)
