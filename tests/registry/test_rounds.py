"""What the registry does by itself, again and again: nothing that happens in one round ends the rounds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from registry_world import World

from artrator.errors import ArtratorError, Code
from artrator_registry import Settings
from artrator_registry.rails.reconciler import Reconciler

pytestmark = pytest.mark.anyio

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


def reconciler(world: World) -> Reconciler:
    quick = replace(world.settings, sweep_seconds=0.01)
    return Reconciler(world.registry.database, quick, {}, world.registry.rails.topups)


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
async def test_a_reconciliation_that_fails_is_not_the_last(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    fails = reconciler(world)
    enough = asyncio.Event()
    monkeypatch.setattr(fails, "reconcile", fails_first(trouble, enough))
    async with running(asyncio.create_task(fails.run()), enough):
        assert "reconciling" in caplog.text


async def test_webhooks_that_come_all_the_time_do_not_keep_it_from_asking_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = reconciler(world)
    acted, reconciled, enough = 0, 0, asyncio.Event()

    async def act() -> None:
        nonlocal acted
        acted += 1
        busy.wake()  # the next one is here already
        await asyncio.sleep(0)

    async def reconcile() -> None:
        nonlocal reconciled
        reconciled += 1
        busy.wake()
        if reconciled == 3:
            enough.set()

    monkeypatch.setattr(busy, "act", act)
    monkeypatch.setattr(busy, "reconcile", reconcile)
    async with running(asyncio.create_task(busy.run()), enough):
        assert acted > 0, "what is new is not kept waiting for the round"


async def test_what_is_new_is_acted_upon_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = Reconciler(world.registry.database, world.settings, {}, world.registry.rails.topups)
    reconciled, enough = asyncio.Event(), asyncio.Event()

    async def reconcile() -> None:
        reconciled.set()

    async def act() -> None:
        enough.set()

    monkeypatch.setattr(idle, "act", act)
    monkeypatch.setattr(idle, "reconcile", reconcile)
    rounds = asyncio.create_task(idle.run())
    await reconciled.wait()
    idle.wake()
    async with running(rounds, enough):
        pass
