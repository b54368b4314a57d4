"""Tables of accounts, sessions and API keys. Tokens and secrets are stored as digests only."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-accounts")


@migrations()
def m001_create_accounts(db: Database) -> None:
    statements(
        """
        CREATE TABLE accounts (
            id TEXT PRIMARY KEY,
            handle TEXT NOT NULL UNIQUE,
            display_name TEXT NOT NULL,
            public_key TEXT NOT NULL UNIQUE,
            created_at REAL NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE sessions (
            digest BLOB PRIMARY KEY,
            account TEXT NOT NULL REFERENCES accounts (id),
            expires_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX sessions_expiry ON sessions (expires_at)",
        """
        CREATE TABLE api_keys (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES accounts (id),
            digest BLOB NOT NULL UNIQUE,
            label TEXT NOT NULL,
            scopes TEXT NOT NULL,
            spending_limit INTEGER CHECK (spending_limit >= 0),
            spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
            created_at REAL NOT NULL,
            expires_at REAL,
            revoked_at REAL,
            CHECK (spending_limit IS NULL OR spent <= spending_limit)
        ) STRICT
        """,
        "CREATE INDEX api_keys_account ON api_keys (account, created_at)",
    )(db)
