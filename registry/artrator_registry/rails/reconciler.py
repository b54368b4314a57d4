"""Finds out by itself what no webhook said.

- Notices that were kept and not acted upon (the registry was killed, the provider did not answer).
- Top-ups that are open, or ended a short while ago: their provider is asked, often at first and then less.
- Once an hour, every payment that changed at the provider since the last time: a refund or a chargeback of a top-up
  that was paid long ago.
- Payouts that wait for their rail.
- Debts of people who have credits again.

Each of these is a chore of its own, for each rail: one that fails is told once, and keeps none of the others from being
done. Each rail has rounds of its own, and its notices are acted upon beside them: a provider that is slow to answer
must not keep the money waiting that came in by another, nor a long comparison what a webhook told of.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from artrator.errors import ArtratorError
from artrator.rail import Notice, Rail
from artrator_registry.chores import Chores
from artrator_registry.rails import asking, debts
from artrator_registry.rails import topup_store as store
from artrator_registry.rails.sending import Sender
from artrator_registry.rails.topups import TopUps, hear, longest_wait, next_look
from artrator_registry.settings import Settings
from artrator_registry.storage import Database

_log = logging.getLogger("artrator_registry.rails")

_BATCH: Final = 50
#: What is asked again overlaps by this much: a provider may list a payment a little after it happened.
_OVERLAP_SECONDS: Final = 3 * 3_600.0
#: How far back a rail is compared when it is used for the first time, or was out of use for long.
_FARTHEST_SECONDS: Final = 30 * 86_400.0
#: A notice that could not be acted upon is tried again after this long, and then after twice as long each time.
_RETRY_SECONDS: Final = 2.0
_LONGEST_RETRY_SECONDS: Final = 600.0
#: A provider that could not be asked is asked again after this long.
_AGAIN_SECONDS: Final = 60.0
#: Providers repeat a webhook for some days; Stripe for three.
_KEEP_NOTICES_SECONDS: Final = 90 * 86_400.0
#: A provider remembers an id for a day; whoever was not told where to pay within the hour asks anew.
_NEVER_OPENED_SECONDS: Final = 3_600.0


class Reconciler:
    """Asks providers again, each in rounds of its own."""

    def __init__(self, database: Database, settings: Settings, rails: Mapping[str, Rail], topups: TopUps) -> None:
        self._db = database
        self._settings = settings
        self.chores = Chores(database, _log)
        self._rounds = {
            name: _Rounds(name, rail, database, settings, topups, self.chores) for name, rail in rails.items()
        }

    def wake(self, rail: str) -> None:
        """There is something new of this rail to act upon."""
        self._rounds[rail].news.set()

    async def run(self) -> None:
        """Look every few seconds, and act upon what is new as soon as it is there, until cancelled."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._again_and_again("reconciling", self.look_after_ours))
            for name, rounds in self._rounds.items():
                together.create_task(self._again_and_again(f"asking {name}", rounds.ask))
                together.create_task(rounds.act_at_once())

    async def reconcile(self) -> None:
        """Look once."""
        await self.look_after_ours()
        await asyncio.gather(*(rounds.ask() for rounds in self._rounds.values()))

    async def act(self) -> None:
        """Act upon the notices that wait, each once: whoever comes while somebody acts finds what they left."""
        await asyncio.gather(*(rounds.act() for rounds in self._rounds.values()))

    async def look_after_ours(self) -> None:
        """Do what nobody needs to be asked for."""
        await self.chores.each("debts", debts.payable, debts.repay_anew)
        with self.chores.of("old notices"):
            await self._db.write(lambda t: store.forget_events(t, t.now - _KEEP_NOTICES_SECONDS))
        with self.chores.of("top-ups that were never opened"):
            await self._db.write(lambda t: store.end_never_opened(t, t.now - _NEVER_OPENED_SECONDS))

    async def _again_and_again(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            with self.chores.of(what):
                await work()
            await asyncio.sleep(self._settings.sweep_seconds)


class _Rounds:
    """What is asked of one rail's provider."""

    def __init__(
        self, name: str, rail: Rail, database: Database, settings: Settings, topups: TopUps, chores: Chores
    ) -> None:
        self._name = name
        self._rail = rail
        self._db = database
        self._settings = settings
        self._topups = topups
        self._sender = Sender(database, name, rail)
        self._chores = chores
        self._acting = asyncio.Lock()
        self._failed_at = -math.inf
        #: Set when there is something to act upon.
        self.news = asyncio.Event()

    async def ask(self) -> None:
        """Ask once about everything."""
        with self._chores.of(f"comparing with {self._name}"):
            await self._compare()
        await self.act()
        if self._rail.terms.pays_out:
            with self._chores.of(f"payouts by {self._name}"):
                await self._sender.send()
        with self._chores.of(f"top-ups by {self._name}"):
            longest = longest_wait(self._rail.terms.poll_seconds)
            due = await self._db.read(store.due, self._name, _BATCH, longest)
            await asyncio.gather(*(self._look(row) for row in due))

    async def act_at_once(self) -> None:
        """Act upon what is new until cancelled, whatever else the provider is being asked."""
        while True:
            await self.news.wait()
            self.news.clear()  # what comes from here on is for the next time
            await self.act()

    async def act(self) -> None:
        """Act upon the notices that wait."""
        with self._chores.of(f"notices of {self._name}"):
            async with self._acting:
                while waiting := await self._db.read(store.waiting, self._name, _BATCH, _LONGEST_RETRY_SECONDS):
                    await asyncio.gather(*(self._act_upon(row) for row in waiting))

    async def _act_upon(self, row: Any) -> None:
        try:
            await self._topups.look(self._name, row["reference"], row["topup"], notice=row["id"])
        except Exception as error:
            _told(error, f"{self._name} {row['kind']} {row['id']}")
            await self._db.write(store.put_off, self._name, row["id"], _RETRY_SECONDS, _LONGEST_RETRY_SECONDS)

    async def _look(self, row: Any) -> None:
        try:
            await self._topups.look(self._name, row["reference"], row["id"])
        except Exception as error:
            _told(error, f"top-up {row['id']}")
            await self._db.write(lambda t: store.look_again(t, row["id"], next_look(t, row, _AGAIN_SECONDS)))

    async def _compare(self) -> None:
        """Ask for all that changed since it was last asked."""
        now = self._db.clock()
        mark = await self._db.read(store.mark, self._name)
        if mark is not None and 0 <= now - mark < self._settings.reconcile_seconds:
            return
        if abs(now - self._failed_at) < _AGAIN_SECONDS:
            return
        # A mark in the future (the clock jumped back) is no reason to skip anything.
        since = max(min(mark if mark is not None else now, now) - _OVERLAP_SECONDS, now - _FARTHEST_SECONDS)
        try:
            changed = await asking.answer(self._name, self._rail.reconcile(since), asking.COMPARISON_SECONDS)
        except Exception as error:
            _told(error, f"comparing with {self._name}")
            self._failed_at = now
            return
        # Kept before the mark moves: what was found is acted upon even if we are killed now.
        await hear(self._db, self._name, [_once(each, now) for each in changed])
        await self._db.write(store.set_mark, self._name, now)


def _once(notice: Notice, now: float) -> Notice:
    """A finding is new each time, because what changed may have changed again."""
    return Notice(f"reconcile:{now:.0f}:{notice.id}", notice.reference, notice.kind or "reconcile", notice.topup)


def _told(error: Exception, what: str) -> None:
    if isinstance(error, ArtratorError):
        _log.warning("%s: %s %s", what, error.code, error.message)
    else:
        _log.error("%s failed", what, exc_info=error)
