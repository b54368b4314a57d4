"""Finds out by itself what no webhook said.

- Notices that were kept and not acted upon (the registry was killed, the provider did not answer).
- Top-ups that are open, or ended a short while ago: their provider is asked, often at first and then less.
- Once an hour, every payment that changed at the provider since the last time: a refund or a chargeback of a top-up
  that was paid long ago.
- Payouts that wait for their rail.
- Debts of people who have credits again.

Each of these is a chore of its own, for each rail: one that fails is told once, and keeps none of the others from being
done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from artrator.errors import ArtratorError
from artrator.rail import Notice, Rail
from artrator_registry.chores import Chores
from artrator_registry.rails import debts
from artrator_registry.rails import topup_store as store
from artrator_registry.rails.sending import Sender
from artrator_registry.rails.topups import TopUps, hear
from artrator_registry.settings import Settings
from artrator_registry.storage import Database

_log = logging.getLogger("artrator_registry.rails")

_BATCH: Final = 50
#: What is asked again overlaps by this much: a provider may list a payment a little after it happened.
_OVERLAP_SECONDS: Final = 3 * 3_600.0
#: How far back a rail is compared when it is used for the first time, or was out of use for long.
_FARTHEST_SECONDS: Final = 30 * 86_400.0
_RETRY_SECONDS: Final = 2.0
#: A provider that could not be compared with is asked again after this long.
_AGAIN_SECONDS: Final = 60.0
#: Providers repeat a webhook for some days; Stripe for three.
_KEEP_NOTICES_SECONDS: Final = 90 * 86_400.0
#: A provider remembers an id for a day; whoever was not told where to pay within the hour asks anew.
_NEVER_OPENED_SECONDS: Final = 3_600.0


class Reconciler:
    """Asks providers again."""

    def __init__(self, database: Database, settings: Settings, rails: Mapping[str, Rail], topups: TopUps) -> None:
        self._db = database
        self._settings = settings
        self._rails = rails
        self._topups = topups
        self._sender = Sender(database, rails)
        self.chores = Chores(database, _log)
        self._wake = asyncio.Event()
        self._acting = asyncio.Lock()
        self._failed: dict[str, float] = {}

    def wake(self) -> None:
        """There is something new to act upon."""
        self._wake.set()

    async def run(self) -> None:
        """Reconcile until cancelled: every few seconds, however often there is something new to act upon in between."""
        due = time.monotonic()
        while True:
            whole = time.monotonic() >= due
            with self.chores.of("reconciling"):
                await (self.reconcile() if whole else self.act())
            if whole:
                due = time.monotonic() + self._settings.sweep_seconds
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, due - time.monotonic())):
                    await self._wake.wait()
            self._wake.clear()  # whoever wakes us up from here on is heard in the next round

    async def reconcile(self) -> None:
        """Look once."""
        await self.chores.each("debts", debts.payable, debts.repay_anew)
        with self.chores.of("old notices"):
            await self._db.write(lambda t: store.forget_events(t, t.now - _KEEP_NOTICES_SECONDS))
        with self.chores.of("top-ups that were never opened"):
            await self._db.write(lambda t: store.end_never_opened(t, t.now - _NEVER_OPENED_SECONDS))
        for name, rail in self._rails.items():
            with self.chores.of(f"comparing with {name}"):
                await self._compare(name, rail)
        await self.act()
        with self.chores.of("payouts by rails"):
            await self._sender.send()
        # Rail by rail: what is left of one that is no longer in use must not stand in the way of the others.
        for name in self._rails:
            with self.chores.of(f"top-ups by {name}"):
                due = await self._db.read(store.due, name, _BATCH)
                await asyncio.gather(*(self._look(row) for row in due))

    async def act(self) -> None:
        """Act upon the notices that wait, each once: whoever comes while somebody acts finds what they left."""
        async with self._acting:
            for name in self._rails:
                with self.chores.of(f"notices of {name}"):
                    while waiting := await self._db.read(store.waiting, name, _BATCH):
                        await asyncio.gather(*(self._act_upon(row) for row in waiting))

    async def _act_upon(self, row: Any) -> None:
        try:
            await self._topups.look(row["rail"], row["reference"], row["topup"], notice=row["id"])
        except Exception as error:
            _told(error, f"{row['rail']} {row['kind']} {row['id']}")
            await self._db.write(store.put_off, row["rail"], row["id"], _RETRY_SECONDS)

    async def _look(self, row: Any) -> None:
        try:
            await self._topups.look(row["rail"], row["reference"], row["id"])
        except Exception as error:
            _told(error, f"top-up {row['id']}")
            later = 60.0 * (1 << min(row["looks"], 6))
            await self._db.write(lambda t: store.look_again(t, row["id"], t.now + later))

    async def _compare(self, name: str, rail: Rail) -> None:
        """Ask a rail for all that changed since it was last asked."""
        now = self._db.clock()
        mark = await self._db.read(store.mark, name)
        if mark is not None and 0 <= now - mark < self._settings.reconcile_seconds:
            return
        if abs(now - self._failed.get(name, 0.0)) < _AGAIN_SECONDS:
            return
        # A mark in the future (the clock jumped back) is no reason to skip anything.
        since = max(min(mark if mark is not None else now, now) - _OVERLAP_SECONDS, now - _FARTHEST_SECONDS)
        try:
            changed = await rail.reconcile(since)
        except Exception as error:
            _told(error, f"comparing with {name}")
            self._failed[name] = now
            return
        # Kept before the mark moves: what was found is acted upon even if we are killed now.
        await hear(self._db, name, [_once(each, now) for each in changed])
        await self._db.write(store.set_mark, name, now)


def _once(notice: Notice, now: float) -> Notice:
    """A finding is new each time, because what changed may have changed again."""
    return Notice(f"reconcile:{now:.0f}:{notice.id}", notice.reference, notice.kind or "reconcile", notice.topup)


def _told(error: Exception, what: str) -> None:
    if isinstance(error, ArtratorError):
        _log.warning("%s: %s %s", what, error.code, error.message)
    else:
        _log.error("%s failed", what, exc_info=error)
