"""Tables of nodes."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-nodes")


@migrations()
def m001_create_nodes(db: Database) -> None:
    # Presence is kept on disk too, so that a restarted registry does not call every node offline.
    statements(
        """
        CREATE TABLE nodes (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES accounts (id),
            name TEXT NOT NULL,
            descriptor TEXT NOT NULL,
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            receipt_key TEXT NOT NULL,
            registered_at REAL NOT NULL,
            seen_at REAL,
            accepting INTEGER NOT NULL DEFAULT 0 CHECK (accepting IN (0, 1)),
            queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
            version TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
        "CREATE INDEX nodes_owner ON nodes (owner)",
        "CREATE INDEX nodes_seen ON nodes (seen_at)",
        """
        CREATE TABLE node_packages (
            node TEXT NOT NULL REFERENCES nodes (id),
            package TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('warm', 'cold', 'loading', 'offline')),
            expected_wait REAL NOT NULL,
            load_seconds REAL NOT NULL,
            run_seconds REAL NOT NULL,
            PRIMARY KEY (node, package)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX node_packages_package ON node_packages (package)",
    )(db)


@migrations()
def m002_add_accepting_from(db: Database) -> None:
    # A node that keeps hours knows when it will be back, and buyers who come too early are told.
    statements("ALTER TABLE nodes ADD COLUMN accepting_from REAL")(db)
