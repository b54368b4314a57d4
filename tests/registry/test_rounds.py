"""What the registry does by itself, again and again: nothing that happens in one round ends the rounds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from registry_world import MICRO, World
from toy_rail import ToyRail

from artrator.errors import ArtratorError, Code
from artrator.messages import rails as rm
from artrator.rail import Notice
from artrator_registry import Settings
from artrator_registry.accounts.models import Caller
from artrator_registry.rails import asking
from artrator_registry.rails.reconciler import Reconciler
from artrator_registry.rails.topups import TopUps, hear

pytestmark = pytest.mark.anyio
_TOPUP = "0" * 8 + "-0000-4000-8000-" + "0" * 12

#: What may come out of a round.
TROUBLE = [ArtratorError(Code.DISK_FULL, "The disk of the registry is full."), RuntimeError("a mistake of ours")]


@pytest.fixture
async def world(data: Path) -> AsyncIterator[World]:
    """Its own rounds are so far apart that only those of the tests are seen."""
    async with World(Settings(data=data, sweep_seconds=3600.0)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def running(rounds: asyncio.Task[None], enough: asyncio.Event) -> AsyncIterator[None]:
    try:
        await asyncio.wait_for(enough.wait(), 60)
        yield
    finally:
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)


def fails_first(trouble: Exception, enough: asyncio.Event) -> Callable[[], Coroutine[Any, Any, int]]:
    """A round that raises ``trouble`` the first time and is ``enough`` the second."""
    troubles = iter([trouble])

    async def work() -> int:
        for error in troubles:
            raise error
        enough.set()
        return 0

    return work


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
async def test_a_sweep_that_fails_is_not_the_last(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    sweeper = world.registry.sweeper
    enough = asyncio.Event()
    monkeypatch.setattr(sweeper, "sweep", fails_first(trouble, enough))
    monkeypatch.setattr(sweeper, "_settings", replace(world.settings, sweep_seconds=0.01))
    async with running(asyncio.create_task(sweeper.run()), enough):
        assert "sweep" in caplog.text


def reconciler(world: World, rail: ToyRail, sweep_seconds: float) -> Reconciler:
    settings = replace(world.settings, sweep_seconds=sweep_seconds)
    topups = TopUps(world.registry.database, settings, {"toy": rail})
    return Reconciler(world.registry.database, settings, {"toy": rail}, topups)


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("of", ["ours", "a rail's"])
async def test_a_reconciliation_that_fails_is_not_the_last(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Exception, of: str
) -> None:
    fails = reconciler(world, ToyRail(), 0.01)
    enough = asyncio.Event()
    if of == "ours":
        monkeypatch.setattr(fails, "look_after_ours", fails_first(trouble, enough))
    else:
        monkeypatch.setattr(fails._rounds["toy"], "ask", fails_first(trouble, enough))
    async with running(asyncio.create_task(fails.run()), enough):
        assert ("reconciling" if of == "ours" else "asking toy") in caplog.text


async def test_webhooks_that_come_all_the_time_do_not_keep_it_from_asking_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = reconciler(world, ToyRail(), 0.01)
    rounds = busy._rounds["toy"]
    acted, asked, enough = 0, 0, asyncio.Event()

    async def act() -> None:
        nonlocal acted
        acted += 1
        busy.wake("toy")  # the next one is here already
        await asyncio.sleep(0)

    async def ask() -> None:
        nonlocal asked
        asked += 1
        busy.wake("toy")
        if asked >= 3 and acted:
            enough.set()

    monkeypatch.setattr(rounds, "act", act)
    monkeypatch.setattr(rounds, "ask", ask)
    async with running(asyncio.create_task(busy.run()), enough):
        assert acted > 0, "what is new is not kept waiting for the round"


async def test_what_is_new_is_acted_upon_at_once_although_another_rail_and_a_comparison_hang(world: World) -> None:
    """Money that came in waits for no provider but its own, and for no question but the one about it."""
    hangs, works = ToyRail(), ToyRail()
    asked: set[str] = set()
    both = asyncio.Event()

    def never(what: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def question(*_: object) -> None:
            asked.add(what)
            if len(asked) == 3:
                both.set()
            await asyncio.Event().wait()

        return question

    hangs.look = never("look")  # type: ignore[method-assign]
    hangs.reconcile = never("compare")  # type: ignore[method-assign]
    works.reconcile = never("compare the other")  # type: ignore[method-assign]
    rails = {"hangs": hangs, "works": works}
    looks = TopUps(world.registry.database, world.settings, rails)
    idle = Reconciler(world.registry.database, world.settings, rails, looks)
    heard = asyncio.Event()

    async def look(reference: str) -> None:
        heard.set()

    works.look = look  # type: ignore[method-assign]
    rounds = asyncio.create_task(idle.run())
    for rail in rails:
        if rail == "works":
            await asyncio.wait_for(both.wait(), 60)  # everything hangs that can
        await hear(world.registry.database, rail, [Notice("evt", "ref")])
        idle.wake(rail)
    async with running(rounds, heard):
        pass


async def test_a_rail_that_never_answers_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "QUESTION_SECONDS", 0.01)
    monkeypatch.setattr(asking, "COMPARISON_SECONDS", 0.01)
    rail = ToyRail()

    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    rail.look = rail.reconcile = rail.make_topup = never  # type: ignore[method-assign]
    asks = reconciler(world, rail, 3600.0)
    await hear(world.registry.database, "toy", [Notice("evt", "ref")])
    await asyncio.wait_for(asks.reconcile(), 60)
    mina = await world.person("mina")
    who = Caller((await mina.account()).id, "mina", mina.key.public.encode())
    topups = TopUps(world.registry.database, world.settings, {"toy": rail})
    for _ in range(2):  # the second is not kept waiting by the first
        with pytest.raises(ArtratorError) as raised:
            await asyncio.wait_for(topups.top_up(who, _TOPUP, rm.TopUpRequest(rail="toy", amount=5 * MICRO)), 60)
        assert raised.value.code is Code.RAIL_UNAVAILABLE
