"""Tables of payouts and of when they are asked for."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-payouts")


@migrations()
def m001_create_payouts(db: Database) -> None:
    # What was asked for never changes; the states are a one-way road. ``paid -> failed`` is a bank that sent it back.
    statements(
        """
        CREATE TABLE payouts (
            serial INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            account TEXT NOT NULL REFERENCES accounts (id),
            amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
            rail TEXT NOT NULL,
            destination TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('requested', 'sent', 'paid', 'failed', 'cancelled')),
            requested_at REAL NOT NULL,
            sent_at REAL,
            ended_at REAL,
            reference TEXT NOT NULL DEFAULT '',
            reason TEXT NOT NULL DEFAULT '',
            CHECK ((state IN ('paid', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
            CHECK (state <> 'sent' OR sent_at IS NOT NULL),
            CHECK (state <> 'cancelled' OR sent_at IS NULL)
        ) STRICT
        """,
        "CREATE INDEX payouts_account ON payouts (account, serial)",
        "CREATE INDEX payouts_open ON payouts (rail, serial) WHERE state IN ('requested', 'sent')",
        """
        CREATE TRIGGER payouts_agreed BEFORE UPDATE OF id, account, amount, rail, destination, requested_at ON payouts
        BEGIN SELECT RAISE(ABORT, 'payouts: what was asked for does not change'); END
        """,
        """
        CREATE TRIGGER payouts_one_way BEFORE UPDATE OF state ON payouts
        WHEN NEW.state <> OLD.state AND NOT (
            (OLD.state = 'requested' AND NEW.state IN ('sent', 'paid', 'failed', 'cancelled'))
            OR (OLD.state = 'sent' AND NEW.state IN ('paid', 'failed'))
            OR (OLD.state = 'paid' AND NEW.state = 'failed')
        )
        BEGIN SELECT RAISE(ABORT, 'payouts: there is no such road between states'); END
        """,
        """
        CREATE TRIGGER payouts_kept BEFORE DELETE ON payouts
        BEGIN SELECT RAISE(ABORT, 'payouts: payouts are kept'); END
        """,
        """
        CREATE TABLE payout_schedules (
            account TEXT PRIMARY KEY REFERENCES accounts (id),
            every TEXT NOT NULL CHECK (every IN ('hand', 'week', 'month')),
            minimum INTEGER NOT NULL CHECK (minimum >= 0),
            rail TEXT NOT NULL,
            destination TEXT NOT NULL,
            done TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX payout_schedules_due ON payout_schedules (every, done) WHERE every <> 'hand'",
    )(db)
