"""The ledger's tables. The rules of money stand here, below every line of Python.

- A transfer is one row that is never changed: triggers refuse UPDATE and DELETE.
- The counters of an account are moved by the triggers of the transfer that moves them, and by nothing else.
- An account that may not overdraw cannot, by CHECK; a pending transfer is resolved once, by UNIQUE.
- Every effect on what an account can spend is a row of ``ledger_entries`` with the balance after it.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements
from artrator_registry.storage.database import one_of

migrations = Migrations("artrator-registry-ledger")

_ACCOUNTS = """
CREATE TABLE ledger_accounts (
    id TEXT PRIMARY KEY,
    owner TEXT,
    system INTEGER NOT NULL CHECK (system IN (0, 1)),
    overdraft INTEGER NOT NULL CHECK (overdraft IN (0, 1)),
    debits_pending INTEGER NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    debits_posted INTEGER NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_pending INTEGER NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    credits_posted INTEGER NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    CHECK (overdraft = 1 OR debits_pending + debits_posted <= credits_posted),
    CHECK (system = 1 OR owner IS NOT NULL)
) STRICT, WITHOUT ROWID
"""

_KINDS = (
    "chargeback", "clawback", "fee", "grant", "order", "pass", "payout", "purchase", "refund", "royalty", "topup",
    "transfer", "voucher", "writeoff",
)  # fmt: skip

_TRANSFERS = f"""
CREATE TABLE ledger_transfers (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    phase TEXT NOT NULL CHECK ({one_of("phase", "single", "pending", "post", "void", "expire")}),
    pending TEXT UNIQUE REFERENCES ledger_transfers (id),
    debit TEXT NOT NULL REFERENCES ledger_accounts (id),
    credit TEXT NOT NULL REFERENCES ledger_accounts (id),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    expires_at REAL,
    kind TEXT NOT NULL CHECK ({one_of("kind", *_KINDS)}),
    at REAL NOT NULL,
    order_id TEXT,
    listing TEXT,
    receipt TEXT,
    note TEXT NOT NULL DEFAULT '',
    CHECK (debit <> credit),
    CHECK ({one_of("phase", "post", "void", "expire")} = (pending IS NOT NULL)),
    CHECK (expires_at IS NULL OR phase = 'pending')
) STRICT
"""

_ENTRIES = """
CREATE TABLE ledger_entries (
    account TEXT NOT NULL REFERENCES ledger_accounts (id),
    transfer INTEGER NOT NULL REFERENCES ledger_transfers (serial),
    part INTEGER NOT NULL CHECK (part IN (0, 1)),
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount <> 0),
    balance INTEGER NOT NULL,
    PRIMARY KEY (account, transfer, part)
) STRICT, WITHOUT ROWID
"""

_AVAILABLE = "credits_posted - debits_posted - debits_pending"


def _entry(account: str, part: int, kind: str, amount: str, less: str = "0") -> str:
    # ``less`` is what a later entry of the same transfer still takes off, so that balances run line by line.
    return f"""
    INSERT INTO ledger_entries (account, transfer, part, kind, amount, balance)
        SELECT id, NEW.serial, {part}, {kind}, {amount}, {_AVAILABLE} - ({less})
        FROM ledger_accounts WHERE id = {account} AND system = 0;
    """  # noqa: S608  # every part is written in this file


_RESOLVE_CHECK = f"""
CREATE TRIGGER ledger_resolution_fits BEFORE INSERT ON ledger_transfers
WHEN {one_of("NEW.phase", "post", "void", "expire")}
BEGIN
    SELECT RAISE(ABORT, 'ledger: this resolves no pending transfer, or more than it holds')
    WHERE NOT EXISTS (
        SELECT 1 FROM ledger_transfers p
        WHERE p.id = NEW.pending AND p.phase = 'pending' AND p.debit = NEW.debit AND p.credit = NEW.credit
          AND (NEW.amount = p.amount OR (NEW.phase = 'post' AND NEW.amount < p.amount))
    );
END
"""  # noqa: S608  # every part is written in this file

_SINGLE = f"""
CREATE TRIGGER ledger_single AFTER INSERT ON ledger_transfers WHEN NEW.phase = 'single'
BEGIN
    UPDATE ledger_accounts SET credits_posted = credits_posted + NEW.amount WHERE id = NEW.credit;
    UPDATE ledger_accounts SET debits_posted = debits_posted + NEW.amount WHERE id = NEW.debit;
    {_entry("NEW.credit", 0, "NEW.kind", "NEW.amount")}
    {_entry("NEW.debit", 0, "NEW.kind", "-NEW.amount")}
END
"""  # noqa: S608  # every part is written in this file

_PENDING = f"""
CREATE TRIGGER ledger_pending AFTER INSERT ON ledger_transfers WHEN NEW.phase = 'pending'
BEGIN
    UPDATE ledger_accounts SET credits_pending = credits_pending + NEW.amount WHERE id = NEW.credit;
    UPDATE ledger_accounts SET debits_pending = debits_pending + NEW.amount WHERE id = NEW.debit;
    {_entry("NEW.debit", 0, "'hold'", "-NEW.amount")}
END
"""  # noqa: S608  # every part is written in this file

_HELD = "(SELECT amount FROM ledger_transfers WHERE id = NEW.pending)"


def _sale(kind: str) -> str:
    # Only what is sold is charged and earned; a payout is a payout on both sides, and so is a refund.
    return f"CASE WHEN NEW.kind IN ('order', 'purchase') THEN '{kind}' ELSE NEW.kind END"


_POST = f"""
CREATE TRIGGER ledger_post AFTER INSERT ON ledger_transfers WHEN NEW.phase = 'post'
BEGIN
    UPDATE ledger_accounts
        SET credits_pending = credits_pending - {_HELD}, credits_posted = credits_posted + NEW.amount
        WHERE id = NEW.credit;
    UPDATE ledger_accounts
        SET debits_pending = debits_pending - {_HELD}, debits_posted = debits_posted + NEW.amount
        WHERE id = NEW.debit;
    {_entry("NEW.debit", 0, "'release'", _HELD, "-NEW.amount")}
    {_entry("NEW.debit", 1, _sale("charge"), "-NEW.amount")}
    {_entry("NEW.credit", 0, _sale("earning"), "NEW.amount")}
END
"""  # noqa: S608  # every part is written in this file

_VOID = f"""
CREATE TRIGGER ledger_void AFTER INSERT ON ledger_transfers WHEN NEW.phase IN ('void', 'expire')
BEGIN
    UPDATE ledger_accounts SET credits_pending = credits_pending - NEW.amount WHERE id = NEW.credit;
    UPDATE ledger_accounts SET debits_pending = debits_pending - NEW.amount WHERE id = NEW.debit;
    {_entry("NEW.debit", 0, "'release'", "NEW.amount")}
END
"""  # noqa: S608  # every part is written in this file


def _frozen(table: str, act: str) -> str:
    return f"""
    CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}
    BEGIN SELECT RAISE(ABORT, 'ledger: {table} is append-only'); END
    """


_INDEXES = (
    "CREATE INDEX ledger_transfers_order ON ledger_transfers (order_id) WHERE order_id IS NOT NULL",
    "CREATE INDEX ledger_transfers_credit ON ledger_transfers (credit, serial)",
)

#: Accounts of the operator. Sources of money may go below zero: what stands there is what was ever given out. A rail
#: that is loaded adds its own, ``system:rail/NAME``; a pass period that is paid for is held in ``pass/ID``.
SYSTEM_ACCOUNTS = {
    "system:disputes": 1,  # what the operator pays from its own pocket to end a dispute
    "system:fees": 0,
    "system:grants": 1,
    "system:losses": 1,  # debts of charged-back top-ups that will never be paid
    "system:payouts": 0,
    "system:promotions": 1,
    "system:rounding": 1,
    "system:vouchers": 1,
}


@migrations()
def m001_create_ledger(db: Database) -> None:
    # Double entry in two phases, as TigerBeetle defines them.
    statements(
        _ACCOUNTS,
        _TRANSFERS,
        _ENTRIES,
        *_INDEXES,
        _RESOLVE_CHECK,
        _SINGLE,
        _PENDING,
        _POST,
        _VOID,
        *(_frozen(table, act) for table in ("ledger_transfers", "ledger_entries") for act in ("UPDATE", "DELETE")),
        _frozen("ledger_accounts", "DELETE"),
    )(db)
    for account, overdraft in SYSTEM_ACCOUNTS.items():
        db.conn.execute("INSERT INTO ledger_accounts (id, system, overdraft) VALUES (?, 1, ?)", (account, overdraft))


@migrations()
def m002_index_what_is_asked(db: Database) -> None:
    # Only what was written off is ever looked for by account. An index of every transfer by whom it credits was one
    # more page for each job to read and write.
    statements(
        "DROP INDEX ledger_transfers_credit",
        "CREATE INDEX ledger_transfers_written_off ON ledger_transfers (credit, debit) WHERE kind = 'writeoff'",
    )(db)


@migrations()
def m003_index_who_owes(db: Database) -> None:
    # Looked through every few seconds by the writer itself, so it must not read the account of everybody. Of a person's
    # accounts only the debt can be below zero.
    statements(
        "CREATE INDEX ledger_accounts_owing ON ledger_accounts (id) WHERE system = 0 AND debits_posted > credits_posted"
    )(db)
