"""Tables of licences, one for each purchase that was paid, and of the keys that open what was fetched."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-purchases")


@migrations()
def m001_create_licences(db: Database) -> None:
    # A licence is issued by the settlement of its order and signed when it is first asked for; then it stays as it is.
    # Whether it is in force is not written here: that is the state of its order.
    statements(
        """
        CREATE TABLE licences (
            order_id TEXT PRIMARY KEY REFERENCES orders (id),
            buyer TEXT NOT NULL REFERENCES accounts (id),
            package TEXT NOT NULL,
            issued_at INTEGER NOT NULL,
            document TEXT
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TRIGGER licences_agreed BEFORE UPDATE OF order_id, buyer, package, issued_at ON licences
        BEGIN SELECT RAISE(ABORT, 'licences: what was issued does not change'); END
        """,
        """
        CREATE TRIGGER licences_signed_once BEFORE UPDATE OF document ON licences WHEN OLD.document IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'licences: a licence is signed once'); END
        """,
        """
        CREATE TRIGGER licences_kept BEFORE DELETE ON licences
        BEGIN SELECT RAISE(ABORT, 'licences: licences are kept'); END
        """,
        "CREATE INDEX orders_purchases ON orders (buyer, package) WHERE kind = 'purchase'",
        "CREATE INDEX orders_taken_back ON orders (creator, serial) WHERE kind = 'purchase' AND state = 'refunded'",
    )(db)


@migrations()
def m002_keep_keys(db: Database) -> None:
    # A key opens what its buyer fetched sealed. It comes with the receipt and is never changed: money hangs on it.
    statements(
        """
        CREATE TABLE sealed_keys (
            order_id TEXT PRIMARY KEY REFERENCES orders (id),
            key BLOB NOT NULL CHECK (length(key) = 32)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TRIGGER sealed_keys_stay BEFORE UPDATE ON sealed_keys
        BEGIN SELECT RAISE(ABORT, 'sealed_keys: a key does not change'); END
        """,
        """
        CREATE TRIGGER sealed_keys_kept BEFORE DELETE ON sealed_keys
        BEGIN SELECT RAISE(ABORT, 'sealed_keys: keys are kept'); END
        """,
    )(db)
