"""Tables of the rails: vouchers, top-ups, and what providers said."""

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


_TOPUPS = """
CREATE TABLE topups (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id),
    rail TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    charge INTEGER NOT NULL CHECK (charge > 0),
    currency TEXT NOT NULL,
    plan TEXT,
    renewal_of TEXT REFERENCES topups (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'paid', 'expired', 'failed', 'charged_back')),
    reference TEXT,
    page TEXT,
    invoice TEXT,
    payment TEXT,
    subscription TEXT,
    created_at REAL NOT NULL,
    expires_at REAL,
    paid_at REAL,
    risk_release_at REAL,
    taken_back INTEGER NOT NULL DEFAULT 0 CHECK (taken_back BETWEEN 0 AND amount),
    takes INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    evidence TEXT,
    look_at REAL,
    looks INTEGER NOT NULL DEFAULT 0,
    CHECK ((state IN ('paid', 'charged_back')) = (payment IS NOT NULL)),
    CHECK ((payment IS NULL) = (paid_at IS NULL)),
    CHECK (payment IS NOT NULL OR taken_back = 0),
    CHECK ((state = 'charged_back') = (taken_back = amount))
) STRICT
"""

_EVENTS = """
CREATE TABLE rail_events (
    rail TEXT NOT NULL,
    id TEXT NOT NULL,
    reference TEXT NOT NULL,
    topup TEXT NOT NULL,
    kind TEXT NOT NULL,
    received_at REAL NOT NULL,
    done_at REAL,
    try_at REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rail, id)
) STRICT, WITHOUT ROWID
"""

_MARKS = """
CREATE TABLE rail_marks (
    rail TEXT PRIMARY KEY,
    reconciled_until REAL NOT NULL
) STRICT, WITHOUT ROWID
"""


@migrations()
def m002_create_topups(db: Database) -> None:
    # One payment credits one top-up, whatever the code above does; what was agreed is never changed, and paid money
    # leaves the state ``paid`` only by being taken back.
    statements(
        _TOPUPS,
        "CREATE UNIQUE INDEX topups_payment ON topups (rail, payment) WHERE payment IS NOT NULL",
        "CREATE UNIQUE INDEX topups_reference ON topups (rail, reference) WHERE reference IS NOT NULL",
        "CREATE INDEX topups_account ON topups (account, serial)",
        "CREATE INDEX topups_look ON topups (look_at) WHERE look_at IS NOT NULL",
        """
        CREATE TRIGGER topups_agreed BEFORE UPDATE ON topups
        WHEN NEW.id <> OLD.id OR NEW.body <> OLD.body OR NEW.account <> OLD.account OR NEW.rail <> OLD.rail
            OR NEW.amount <> OLD.amount OR NEW.charge <> OLD.charge OR NEW.currency <> OLD.currency
            OR NEW.plan IS NOT OLD.plan OR (OLD.payment IS NOT NULL AND NEW.payment IS NOT OLD.payment)
        BEGIN SELECT RAISE(ABORT, 'rails: what was agreed of a top-up does not change'); END
        """,
        """
        CREATE TRIGGER topups_roads BEFORE UPDATE OF state ON topups
        WHEN NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
            'open>paid', 'open>expired', 'open>failed', 'expired>paid', 'expired>failed', 'failed>paid',
            'paid>charged_back', 'charged_back>paid')
        BEGIN SELECT RAISE(ABORT, 'rails: a top-up cannot go this way'); END
        """,
        "CREATE TRIGGER topups_kept BEFORE DELETE ON topups BEGIN SELECT RAISE(ABORT, 'rails: top-ups are kept'); END",
        _EVENTS,
        "CREATE INDEX rail_events_try ON rail_events (try_at) WHERE done_at IS NULL",
        _MARKS,
    )(db)


@migrations()
def m003_create_strays(db: Database) -> None:
    # Money that names a top-up which this registry does not know: it was restored from a backup that is older than the
    # payment. It is kept for the operator, until whoever paid repeats the request.
    statements(
        """
        CREATE TABLE rail_strays (
            rail TEXT NOT NULL,
            payment TEXT NOT NULL,
            topup TEXT NOT NULL,
            charge INTEGER NOT NULL,
            currency TEXT NOT NULL,
            seen_at REAL NOT NULL,
            PRIMARY KEY (rail, payment)
        ) STRICT, WITHOUT ROWID
        """
    )(db)


@migrations()
def m004_promotions(db: Database) -> None:
    # What the operator gives away is booked apart from what was sold or owed, and nobody gets it twice.
    statements(
        "ALTER TABLE vouchers ADD COLUMN promotion TEXT",
        "CREATE UNIQUE INDEX vouchers_promotion ON vouchers (promotion, redeemed_by)"
        " WHERE promotion IS NOT NULL AND redeemed_by IS NOT NULL",
        "DROP TRIGGER vouchers_once",
        """
        CREATE TRIGGER vouchers_once BEFORE UPDATE ON vouchers
        WHEN OLD.redeemed_by IS NOT NULL OR NEW.amount <> OLD.amount OR NEW.digest <> OLD.digest
            OR NEW.promotion IS NOT OLD.promotion
        BEGIN SELECT RAISE(ABORT, 'rails: a voucher is redeemed once and never changed'); END
        """,
    )(db)


@migrations()
def m005_index_what_is_open(db: Database) -> None:
    # What the reconciler asks every few seconds costs as much as there is to do, however much has been done.
    statements(
        "DROP INDEX rail_events_try",
        "CREATE INDEX rail_events_try ON rail_events (rail, try_at) WHERE done_at IS NULL",
        "CREATE INDEX rail_events_done ON rail_events (done_at) WHERE done_at IS NOT NULL",
        "DROP INDEX topups_look",
        "CREATE INDEX topups_look ON topups (rail, look_at) WHERE look_at IS NOT NULL",
        "CREATE INDEX topups_unopened ON topups (created_at) WHERE state = 'open' AND reference IS NULL",
    )(db)
