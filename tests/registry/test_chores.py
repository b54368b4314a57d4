"""What the registry does by itself: no chore that fails, and no row of one, holds up the rest."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from registry_world import MICRO, World

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.accounts import store as accounts
from artrator_registry.chores import Chores
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import LOSSES, Why, debt, transfer_id
from artrator_registry.orders import store as orders
from artrator_registry.passes import store as passes
from artrator_registry.rails import debts
from artrator_registry.rails import topup_store as topups
from artrator_registry.storage import Transaction

pytestmark = pytest.mark.anyio

_log = logging.getLogger("artrator_registry.test")


class Steady:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == _log.name]


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, "artrator_registry"):
        yield


async def test_a_chore_that_fails_is_told_once_and_when_it_is_over(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    chores = Chores(world.registry.database, _log)
    for _ in range(3):
        with chores.of("dishes"):
            raise ArtratorError(Code.DISK_FULL, "The sink is full.")
    assert chores.failing == {"dishes"}
    assert told(caplog) == ["dishes: failed, and is tried again: disk_full: The sink is full."]
    with chores.of("dishes"):
        raise OSError("no water")  # another trouble is news
    for _ in range(2):
        with chores.of("dishes"):
            pass
    assert chores.failing == set()
    assert told(caplog)[1:] == [
        "dishes: failed, and is tried again: OSError('no water')",
        "dishes: well again, after 1 failures",
    ]


async def test_a_row_that_cannot_be_ended_is_tried_again_later_and_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    steady = Steady()
    chores = Chores(world.registry.database, _log, steady)
    rows, tried = ["a", "b", "c"], []

    def find(_: Transaction, limit: int) -> list[str]:
        return rows[:limit]

    def end(_: Transaction, row: str) -> bool:
        tried.append(row)
        if row == "b":
            raise ValueError("torn")
        rows.remove(row)
        return True

    assert await chores.each("dishes", find, end) == 2
    for seconds, times in ((0, 2), (14, 2), (2, 3), (29, 3), (2, 4), (10**6, 5)):
        steady.now += seconds
        assert await chores.each("dishes", find, end) == 0
        assert tried.count("b") == times, steady.now
    assert told(caplog) == ["dishes b: failed, and is tried again: ValueError('torn')"]
    assert chores.failing == {"dishes"}
    rows.clear()  # somebody else has ended it
    assert await chores.each("dishes", find, end) == 0
    assert chores.failing == set()


async def test_a_full_disk_is_told_once_and_not_for_each_row(world: World, caplog: pytest.LogCaptureFixture) -> None:
    chores = Chores(world.registry.database, _log)
    rows = [str(number) for number in range(50)]

    def find(_: Transaction, limit: int) -> list[str]:
        return rows[:limit]

    def full(_: Transaction, row: str) -> bool:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    assert await chores.each("dishes", find, full) == 0
    assert len(told(caplog)) == 1
    assert chores.failing == {"dishes"}

    def end(_: Transaction, row: str) -> bool:
        rows.remove(row)
        return True

    assert await chores.each("dishes", find, end) == 50  # at once, all of them
    assert chores.failing == set()


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a mistake of ours")


@pytest.mark.parametrize(
    ("where", "name", "chore"),
    [
        (accounts, "forget_sessions", "sessions"),
        (orders, "forget_quotes", "quotes"),
        (orders, "overdue", "holds"),
        (passes, "over", "pass periods"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_whatever_fails_in_a_sweep_deliveries_are_paid(
    world: World, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, chore: str
) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    placed = await shop.order(mina)
    await shop.claim(placed)
    world.clock.offset += world.settings.dispute_seconds + 1
    with monkeypatch.context() as patch:
        patch.setattr(where, name, broken)
        assert await world.sweep() == 1
        health = await world.registry.health()
    assert (health["status"], health["failing"]) == ("failing", [chore])
    await mina.sign_in()
    assert (await mina.get_order(placed.order)).state is m.OrderState.SETTLED
    await world.sweep()
    assert (await world.registry.health())["status"] == "ok"


@pytest.mark.parametrize(
    ("where", "name"), [(topups, "forget_events"), (topups, "end_never_opened")], ids=lambda value: str(value)
)
async def test_whatever_fails_when_reconciling_debts_are_paid(
    world: World, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    await world.person("mina", credits_=5)
    eve = await world.person("eve", credits_=5)
    owing = {}
    for handle in ("mina", "eve"):
        row = await world.registry.database.read(accounts.by_handle, handle)
        owing[handle] = row["id"]
        why = Why("writeoff", note="what was forgiven is owed again")
        move = transfer_id("test", handle)
        await world.registry.database.write(ledger.move, move, debt(row["id"]), LOSSES, 2 * MICRO, why)
    honest = debts.repay

    def torn(t: Transaction, person: str, because: str) -> int:
        if person == owing["mina"]:
            raise ValueError("torn")
        return honest(t, person, because)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, broken)
        patch.setattr(debts, "repay", torn)
        await world.registry.rails.reconciler.reconcile()
        assert len(world.registry.rails.reconciler.chores.failing) == 2
    assert (await eve.balance()).available == 3 * MICRO
    await world.registry.rails.reconciler.reconcile()
    assert world.registry.rails.reconciler.chores.failing == set()
