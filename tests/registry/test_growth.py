"""What a ledger costs does not grow with it: ids lie in order of time, and what is asked often has an index."""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from registry_world import World
from sqlite_utils import Database as Tables

from artrator.ids import new_id, timed_id
from artrator_registry import Settings
from artrator_registry.core import MIGRATIONS, OLDEST_SCHEMA, SCHEMA, Registry
from artrator_registry.ledger.models import transfer_id
from artrator_registry.rails import topup_store
from artrator_registry.storage import Transaction, connect

pytestmark = pytest.mark.anyio

#: Tables that grow with what was done, and what queries call them.
_GROWING = {"ledger_accounts", "ledger_entries", "ledger_transfers", "orders", "quotes", "rail_events", "topups"}
_GROWING |= {"d", "e", "h", "o", "q", "r", "w", "x"}
#: Indexes of what is open only.
_OPEN = {"ledger_accounts_owing", "orders_claimed", "orders_held", "topups_look", "topups_unopened"}

#: Where a folder of before stands.
_BEFORE = {"artrator-registry-ledger": "m002_index_what_is_asked", "artrator-registry-rails": "m005_index_what_is_open"}


def test_ids_are_uuids_in_the_order_of_their_time() -> None:
    before = int(time.time() * 1000)
    made = [new_id() for _ in range(1000)]
    after = int(time.time() * 1000)
    assert len(set(made)) == 1000
    for each in map(uuid.UUID, made):
        assert (each.version, each.variant) == (7, uuid.RFC_4122)
        assert before <= each.int >> 80 <= after
    assert timed_id(1, b"\xff" * 10) < timed_id(2, b"\x00" * 10)


def test_a_cause_that_begins_with_the_time_names_its_transfers_itself() -> None:
    order = new_id()
    assert transfer_id(order, "hold") == f"{order}/hold"
    assert transfer_id(order, "royalty:a/b") == f"{order}/royalty:a/b"
    # Nothing else does: such a name could otherwise be that of another cause and another step.
    for cause in (str(uuid.uuid4()), f"voucher:{order}", f"{order}/hold", order.upper(), order + "\n", order[:-1]):
        assert uuid.UUID(transfer_id(cause, "hold")).version == 8, cause


async def test_orders_of_both_kinds_of_ids_settle_and_are_sound(world: World) -> None:
    shop = await world.shop()
    buyer = await world.person("mina", 100)
    for order in (new_id(), str(uuid.uuid4()), timed_id(0, b"\x00" * 10), timed_id(2**48 - 1, b"\xff" * 10)):
        placed = await shop.order(buyer, order=order)
        assert (await shop.deliver(buyer, placed)).state == "settled"
    assert await world.audit() == []


async def test_a_folder_of_before_is_brought_up_to_date_and_goes_on(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "registry")
    settings.data.mkdir()
    with closing(connect(settings.database)) as db:
        for each in MIGRATIONS:
            each.apply(Tables(db), stop_before=_BEFORE.get(each.name))
        db.execute(f"PRAGMA user_version = {OLDEST_SCHEMA}")
        assert _indexes(db) >= {"ledger_transfers_credit", "topups_look"}
        assert not _indexes(db) & {"ledger_transfers_written_off", "ledger_accounts_owing", "topups_unopened"}
    async with World(settings) as world:
        shop, buyer = await world.shop(), await world.person("mina", 100)
        for order in (str(uuid.uuid4()), new_id()):
            await shop.deliver(buyer, await shop.order(buyer, order=order))
    with closing(connect(settings.database)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA
        assert "ledger_transfers_credit" not in _indexes(db)
        assert _indexes(db) >= {"ledger_transfers_written_off", "ledger_accounts_owing", "topups_unopened"}


async def test_no_job_and_no_sweep_reads_history(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_now(_: Registry) -> Sequence[str]:
        return ()

    plans: dict[str, list[str]] = {}
    real = Transaction.run

    def run(t: Transaction, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> sqlite3.Cursor:
        if sql not in plans:
            given = dict(parameters) if isinstance(parameters, Mapping) else tuple(parameters)
            found = t.db.execute(f"EXPLAIN QUERY PLAN {sql}", given).fetchall()
            plans[sql] = [row["detail"] for row in found]
        return real(t, sql, parameters)

    monkeypatch.setattr(Registry, "audit", not_now)  # it replays everything, which is what it is for
    async with World(Settings(data=data)) as world:
        with monkeypatch.context() as watched:
            watched.setattr(Transaction, "run", run)
            shop, buyer = await world.shop(), await world.person("mina", 100)
            assert (await shop.deliver(buyer, await shop.order(buyer))).state == "settled"
            await world.sweep()
            await world.registry.rails.reconciler.reconcile()
            for rail in ("cards", "lightning"):
                await world.registry.database.read(topup_store.due, rail, 10, 3600.0)
                await world.registry.database.read(topup_store.waiting, rail, 10, 600.0)
    assert any("AS person" in sql for sql in plans)
    assert any("FROM topups" in sql for sql in plans)
    assert any("INTO ledger_transfers" in sql for sql in plans)
    assert {sql: steps for sql, steps in plans.items() if _reads_history(sql, steps)} == {}


def _reads_history(sql: str, steps: Sequence[str]) -> bool:
    if sql.startswith("INSERT"):  # its plan names what foreign keys would look up, were they deferred
        return False
    scans = (re.fullmatch(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step) for step in steps)
    return any(scan and scan[1] in _GROWING and scan[2] not in _OPEN for scan in scans)


def _indexes(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
