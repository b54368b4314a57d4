"""What ends by itself.

The rule, so that it can rob neither side:

- A receipt counts as long as the hold is open, however late it comes. Expiry is an event in the writer, not a
  comparison of clocks.
- Nothing is released before ``finish_by`` + grace, because until then the node may be running the job, offline.
- After that, a held order is released if the node is online (it can reach us, and says nothing), or if the buyer gave
  up, which states that nothing arrived. A node that is cut off, and whose buyer says nothing, has until ``capture_by``.
- A delivery that its buyer never answered is charged when the time to object is over; a purchase goes back then,
  because without an answer nobody knows that it was fetched.
- One that its buyer refused goes back when its creator has said nothing to it for long.
- A pass period ends when its time is over, see ``passes.periods``.
- Time during which this registry was down counts against nobody: nothing runs out in the first grace after a start.
- Nothing runs out on the word of a clock that jumped, see ``storage.steady``, nor of one that was set right just after
  the start. When a jump is taken for the truth, nothing runs out for as long again, so that nodes are heard first.
- A receipt that comes after the release is answered ``order_closed`` and kept as evidence.

Each kind of end is a chore of its own, and each row in it a command of its own: one that fails is told once, holds up
nothing else, and is tried again later and later.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import Final

from artrator_registry import timekeeping
from artrator_registry.accounts.service import Accounts
from artrator_registry.authority import Authority
from artrator_registry.chores import Chores
from artrator_registry.disputes.service import lapse
from artrator_registry.disputes.store import unanswered
from artrator_registry.nodes import store as nodes
from artrator_registry.orders import settlement, store
from artrator_registry.passes import periods
from artrator_registry.passes import store as passes
from artrator_registry.payouts.service import Payouts
from artrator_registry.payouts.service import due as payout_due
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, SteadyClock, Transaction

_log = logging.getLogger("artrator_registry.orders")

#: A quote that ended this long ago is of no use even to somebody who debugs; until then its buyer hears that it ended.
_QUOTE_AFTERLIFE_SECONDS: Final = 600.0
#: So many quotes are deleted in a few milliseconds, for which others wait.
_QUOTES_AT_ONCE: Final = 500


class Sweeper:
    """Looks every few seconds at what has run out."""

    def __init__(
        self, database: Database, settings: Settings, accounts: Accounts, authority: Authority, payouts: Payouts
    ) -> None:
        self._db = database
        self._settings = settings
        self._accounts = accounts
        self._authority = authority
        self._payouts = payouts
        self.chores = Chores(database, _log)
        self._started = time.monotonic()
        self._look = (database.clock(), time.monotonic())
        self._steady_since = time.monotonic() - settings.clock_settle_seconds

    @property
    def up_seconds(self) -> float:
        """How long this registry has been up."""
        return time.monotonic() - self._started

    def may_end_orders(self, up_seconds: float | None = None) -> bool:
        """Whether time may end anything now: this registry was up long enough to be told, and its clock is steady.

        Args:
            up_seconds: Stands in for the time since the start.
        """
        steady = self._clock_is_steady()
        return steady and (self.up_seconds if up_seconds is None else up_seconds) >= self._settings.grace

    def trust_the_clock(self) -> None:
        """Take the clock as it is now for right, whatever it said before."""
        self._look = (self._db.clock(), time.monotonic())

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(self._settings.sweep_seconds)
            with self.chores.of("sweep"):
                await self.sweep()

    async def sweep(self, *, up_seconds: float | None = None) -> int:
        """Look once; answers how many orders and pass periods ended.

        Args:
            up_seconds: Stands in for the time since the start.
        """
        with self.chores.of("database file"):
            await self._db.look_after_file()
        with self.chores.of("clock"):
            timekeeping.tell(self._settings, self._db.clock)
        with self.chores.of("nodes"):
            await self._db.write(lambda t: nodes.set_back(t, t.now + self._settings.clock_jump_seconds))
        with self.chores.of("sessions"):
            await self._db.write(self._accounts.sweep)
        with self.chores.of("quotes"):
            before = self._db.clock() - _QUOTE_AFTERLIFE_SECONDS
            while await self._db.write(store.forget_quotes, before, _QUOTES_AT_ONCE):
                pass
        with self.chores.of("ticket keys"):  # damaged, they stop new orders, and not the end of those that are open
            self._authority.prepare(self._db.clock())
        if not self.may_end_orders(up_seconds):
            return 0
        settled = await self.chores.each("deliveries", store.due, self._settle)
        online = self._settings.online_seconds
        overdue = partial(store.overdue, grace=self._settings.grace, online=online)
        released = await self.chores.each("holds", overdue, self._release)
        silent = partial(unanswered, patience=self._settings.answer_seconds)
        released += await self.chores.each("refusals", silent, lapse)
        over = partial(passes.over, patience=periods.PATIENCE_SECONDS)
        ended = await self.chores.each("pass periods", over, partial(periods.end, fee=self._settings.fee_basis_points))
        await self.chores.each("rests of pass periods", passes.ending, periods.close)
        await self.chores.each("payout schedules", payout_due, self._payouts.run_schedule)
        return settled + released + ended

    def _settle(self, t: Transaction, order: str) -> bool:
        row = store.order(t, order)
        if row["state"] != "claimed":  # its buyer answered since it was found
            return False
        if row["kind"] in settlement.ANSWERED:
            settlement.release(t, row, "unanswered", expired=True)
        else:
            settlement.settle(t, row)
        return True

    def _release(self, t: Transaction, order: str) -> bool:
        row = store.order(t, order)
        if row["state"] != "held":  # its receipt came since it was found
            return False
        reason = "cancelled" if row["cancel_requested_at"] is not None else "expired"
        settlement.release(t, row, reason, expired=True)
        return True

    def _clock_is_steady(self) -> bool:
        wall, steady = self._db.clock(), time.monotonic()
        moved = (wall - self._look[0]) - (steady - self._look[1])
        self._look = (wall, steady)
        if abs(moved) > self._settings.clock_jump_seconds:
            _log.warning("the clock jumped by %.0f s; nothing expires until it has been steady for a while", moved)
            self._steady_since = steady
        doubtful = isinstance(self._db.clock, SteadyClock) and self._db.clock.doubtful
        return not doubtful and steady - self._steady_since >= self._settings.clock_settle_seconds
