"""Tables of the built-in rails."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-rails")


@migrations()
def m001_create_vouchers(db: Database) -> None:
    # A voucher's code is never stored: whoever reads the database or a backup of it cannot redeem anything.
    statements(
        """
        CREATE TABLE vouchers (
            digest BLOB PRIMARY KEY,
            batch TEXT NOT NULL,
            amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
            created_at REAL NOT NULL,
            expires_at REAL,
            redeemed_by TEXT REFERENCES accounts (id),
            redeemed_at REAL,
            CHECK ((redeemed_by IS NULL) = (redeemed_at IS NULL))
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX vouchers_batch ON vouchers (batch)",
        """
        CREATE TRIGGER vouchers_once BEFORE UPDATE ON vouchers
        WHEN OLD.redeemed_by IS NOT NULL OR NEW.amount <> OLD.amount OR NEW.digest <> OLD.digest
        BEGIN SELECT RAISE(ABORT, 'rails: a voucher is redeemed once and never changed'); END
        """,
    )(db)
