"""Ledgers that a broken disk or a hand has damaged: the audit reads all of them to the end, and says that they are."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from effort import Effort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lively_ledger import live

from artrator_registry import Settings
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, SCHEMA
from artrator_registry.ledger.audit import audit, explanations
from artrator_registry.storage import Transaction, connect, migrate

#: What money hangs on. Of the other columns some are for people, and some nothing else says what they should be.
MONEY = {
    "ledger_transfers": ("serial", "phase", "debit", "credit", "amount", "kind"),
    "ledger_accounts": ("id", "owner", "system", "overdraft", "debits_pending", "debits_posted", "credits_posted"),
    "ledger_entries": ("account", "amount", "balance"),
    "payouts": ("id", "account", "amount"),
    "passes": ("buyer", "creator", "terms", "state"),
    "pass_periods": ("id", "pass", "price", "state", "waiting", "runs"),
    "earning_days": ("creator", "day", "gross", "fee", "royalties", "refunded", "held"),
    "sealed_keys": ("key",),
    "api_keys": ("spent",),
    "accounts": ("id",),
    "offers": ("digest", "document"),
}
#: Of these only what was paid is told twice: what cost nothing, or not yet, may lose a row unseen.
PAID = {
    "orders": (
        "paid_by = 'credits'",
        ("id", "buyer", "creator", "offer", "cap", "worth", "charged", "refunded", "kind", "paid_by", "state"),
    ),
    "disputes": ("settled = 1 OR decided_for IS NOT 'creator'", ("order_id", "amount", "decided_for", "state")),
    "topups": ("payment IS NOT NULL", ("account", "rail", "amount", "payment", "taken_back", "takes", "state")),
    "vouchers": ("redeemed_by IS NOT NULL", ("digest", "amount", "redeemed_by")),
    "sealed_keys": ("order_id IN (SELECT id FROM orders WHERE state = 'settled')", ("key",)),
    "licences": ("order_id IN (SELECT id FROM orders WHERE state = 'settled')", ("buyer", "package", "document")),
}
#: Sums that overflow, text that is none, and what no rule of the schema lets in.
NUMBERS = (-1, 1, 2**31, 2**62, 2**63 - 1, -(2**63))
TORN = "CAST(x'ff41' AS TEXT)"


def open_damaged(path: Path) -> sqlite3.Connection:
    """A connection that no rule holds back."""
    db = connect(path)
    for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON"):
        db.execute(f"PRAGMA {pragma}")
    for trigger in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {trigger['name']}")
    return db


@dataclass
class Lively:
    """A ledger that may be damaged, and how its rows were before."""

    db: sqlite3.Connection

    def __post_init__(self) -> None:
        self.rows: dict[str, list[sqlite3.Row]] = {}
        self.keys: dict[str, list[str]] = {}
        self.types: dict[str, dict[str, str]] = {}
        for table in sorted({*MONEY, *PAID}):
            columns = self.db.execute(f"PRAGMA table_info({table})").fetchall()
            self.keys[table] = [each["name"] for each in columns if each["pk"]]
            self.types[table] = {each["name"]: each["type"] for each in columns}
            which = PAID.get(table, ("1", ()))[0]
            order = ", ".join(self.keys[table])
            self.rows[table] = self.db.execute(f"SELECT * FROM {table} WHERE {which} ORDER BY {order}").fetchall()

    @contextmanager
    def damaged(self) -> Iterator[None]:
        """Whatever is done within is undone."""
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("ROLLBACK")

    def change(self, table: str, row: sqlite3.Row, change: str, value: tuple[object, ...] = ()) -> bool:
        """Change one row that may be another one by now; whether there was anything to change."""
        where = " AND ".join(f"{each} = ?" for each in self.keys[table])
        try:
            done = self.db.execute(f"{change} WHERE {where}", (*value, *(row[each] for each in self.keys[table])))
        except sqlite3.IntegrityError:  # two rows of one name: not even a hand could
            return False
        return done.rowcount > 0

    def look(self) -> list[str]:
        """What the audit says, with the schema's rules in force again, as they are where it runs."""
        self.db.execute("PRAGMA ignore_check_constraints = OFF")
        try:
            t = Transaction(self.db, time.time())
            list(explanations(t, Settings(data=Path("nowhere"))))
            return list(audit(t))
        finally:
            self.db.execute("PRAGMA ignore_check_constraints = ON")


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lively]:
    opened = Settings(data=tmp_path_factory.mktemp("lively") / "registry")
    migrate(opened.database, MIGRATIONS, SCHEMA)
    Authority(opened.keys).prepare(time.time())
    asyncio.run(live(opened.data))
    db = open_damaged(opened.database)
    yield Lively(db)
    db.close()


def damage(data: st.DataObject, lively: Lively) -> str | None:
    """Delete one row, or garble one column of it; names what changed."""
    table = data.draw(st.sampled_from(sorted(lively.rows)))
    row = data.draw(st.sampled_from(lively.rows[table]))
    if data.draw(st.integers(0, 3)) == 0:
        return f"{table} {row[0]}" if lively.change(table, row, f"DELETE FROM {table}") else None
    column = data.draw(st.sampled_from(PAID.get(table, ("", MONEY.get(table, ())))[1]))
    value: tuple[object, ...] = ()
    torn = data.draw(st.sampled_from([TORN, "'x'"]))
    if lively.types[table][column] == "INTEGER":
        torn, value = "?", (data.draw(st.sampled_from([n for n in NUMBERS if n != row[column]])),)
    elif lively.types[table][column] == "BLOB":
        torn = "x'00'"
    done = lively.change(table, row, f"UPDATE {table} SET {column} = {torn}", value)
    return f"{table} {row[0]} {column} {value or torn}" if done else None


# The same damages each time, but in the long proofs: what is told only once is found there, not in somebody's change.
@settings(
    max_examples=150 * Effort().times,
    derandomize=not Effort().long,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_an_audit_of_a_damaged_ledger_never_ends_early_and_always_says_so(lively: Lively, data: st.DataObject) -> None:
    with lively.damaged():
        changed = [damage(data, lively) for _ in range(data.draw(st.integers(1, 4)))]
        assert bool(lively.look()) == any(changed), changed


def test_every_number_and_name_that_money_hangs_on_is_told_twice(lively: Lively) -> None:
    assert lively.look() == []
    for table, rows in lively.rows.items():
        for column in PAID.get(table, ("", MONEY.get(table, ())))[1]:
            torn = {"INTEGER": f"{column} + 1000", "BLOB": "x'00'"}.get(lively.types[table][column], TORN)
            for row in (rows[0], rows[-1]):
                with lively.damaged():
                    changed = lively.change(table, row, f"UPDATE {table} SET {column} = {torn}")
                    assert bool(lively.look()) == changed, (table, column, tuple(row))


def test_torn_text_and_sums_that_overflow_end_no_audit(lively: Lively) -> None:
    for tear in (
        f"UPDATE ledger_transfers SET id = {TORN} WHERE serial = 1",
        f"UPDATE ledger_accounts SET id = {TORN} WHERE id = 'system:fees'",
        "UPDATE earning_days SET gross = 9223372036854775807",
        f"UPDATE disputes SET order_id = {TORN} WHERE serial = 1",
        f"UPDATE orders SET receipt = {TORN} WHERE state = 'claimed'",
    ):
        with lively.damaged():
            lively.db.execute(tear)
            assert any("could not compare the rest" in each for each in lively.look()), tear


def test_a_number_of_repetitions_that_is_torn_is_not_counted_to(lively: Lively) -> None:
    with lively.damaged():
        lively.db.execute("UPDATE topups SET takes = 4611686018427387904 WHERE payment IS NOT NULL")
        assert any("4611686018427387904 times" in each for each in lively.look())


def test_a_wallet_that_may_overdraw_by_a_torn_bit_is_named(lively: Lively) -> None:
    with lively.damaged():
        lively.db.execute("UPDATE ledger_accounts SET overdraft = 1 WHERE id = owner")
        assert any("is kept as an account of another kind" in each for each in lively.look())
