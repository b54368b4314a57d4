"""Sends what creators asked to be paid out by a rail, and asks what became of it.

A payout is marked as sent before its provider hears of it. If the registry dies in between, the rail looks for the
payout by our id before it makes it again, so that it is made once.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any, Final

from artrator.errors import ArtratorError
from artrator.rail import PayoutAnswer, PayoutOrder, Rail
from artrator_registry.payouts import service as payouts
from artrator_registry.rails import asking
from artrator_registry.storage import Database, Transaction

_log = logging.getLogger("artrator_registry.rails")

_BATCH: Final = 20
#: A provider that refused, or that is still about it, is asked again after this long, and then after twice as long each
#: time.
_RETRY_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 3_600.0


class Sender:
    """Pays creators through a rail that pays out."""

    def __init__(self, database: Database, name: str, rail: Rail) -> None:
        self._db = database
        self._name = name
        self._rail = rail
        #: Payouts that wait to be asked about again: when that is, and how long they wait the next time.
        self._again: dict[str, tuple[float, float]] = {}

    async def send(self) -> None:
        """Send what waits, and ask about what was sent."""
        seen = set[str]()
        for asked in (True, False):
            # Those that wait to be asked about again are found too, being the oldest, and must not hold up the rest.
            limit = _BATCH + len(self._again)
            for row in await self._db.read(partial(payouts.waiting, rail=self._name, limit=limit, sent=asked)):
                seen.add(row["id"])
                await self._one(row, sent=asked)
        self._again = {payout: when for payout, when in self._again.items() if payout in seen}

    async def _one(self, row: Any, *, sent: bool) -> None:
        payout, rail = row["id"], self._rail
        at, wait = self._again.get(payout, (0.0, _RETRY_SECONDS))
        if time.monotonic() < at:
            return
        order = PayoutOrder(
            id=payout,
            amount=row["amount"],
            charge=row["amount"] // rail.terms.rate,
            currency=rail.terms.currency,
            destination=row["destination"],
        )
        try:
            if not sent:
                await self._db.write(payouts.sent, payout)
            work = rail.payout_state(order, row["reference"]) if sent else rail.payout(order)
            answer = await asking.answer(self._name, work)
            await self._db.write(_conclude, payout, answer)
        except ArtratorError as problem:
            _log.warning("payout %s: %s %s", payout, problem.code, problem.message)
        except Exception:  # a rail is a plugin: one payout that it stumbles over must not hold up the rest
            _log.exception("payout %s failed", payout)
        else:
            if answer.state != "sent" or not row["reference"]:
                self._again.pop(payout, None)  # what was just sent is asked about in the next round
                return
        self._again[payout] = (time.monotonic() + wait, min(2 * wait, _LONGEST_SECONDS))


def _conclude(t: Transaction, payout: str, answer: PayoutAnswer) -> None:
    match answer.state:
        case "paid":
            payouts.paid(t, payout, answer.reference)
        case "failed":
            payouts.failed(t, payout, answer.reason[:200])
        case "sent":
            payouts.sent(t, payout, answer.reference)
