"""Sends what creators asked to be paid out by a rail, and asks what became of it.

A payout is marked as sent before its provider hears of it. If the registry dies in between, the rail looks for the
payout by our id before it makes it again, so that it is made once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from artrator.errors import ArtratorError
from artrator.rail import PayoutAnswer, PayoutOrder, Rail
from artrator_registry.payouts import service as payouts
from artrator_registry.storage import Database, Transaction

_log = logging.getLogger("artrator_registry.rails")

_BATCH: Final = 20
#: A provider that refused is asked again after this long, and then after twice as long each time.
_RETRY_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 6 * 3_600.0


class Sender:
    """Pays creators through the rails that pay out."""

    def __init__(self, database: Database, rails: Mapping[str, Rail]) -> None:
        self._db = database
        self._rails = {name: rail for name, rail in rails.items() if rail.terms.pays_out}
        self._again: dict[str, tuple[float, float]] = {}

    async def send(self) -> None:
        """Send what waits, and ask about what was sent."""
        seen = set[str]()
        for name, rail in self._rails.items():
            for asked in (True, False):
                # Those that wait to be tried again are found too, being the oldest, and must not hold up the rest.
                limit = _BATCH + len(self._again)
                for row in await self._db.read(partial(payouts.waiting, rail=name, limit=limit, sent=asked)):
                    seen.add(row["id"])
                    await self._one(rail, row, sent=asked)
        self._again = {payout: when for payout, when in self._again.items() if payout in seen}

    async def _one(self, rail: Rail, row: Any, *, sent: bool) -> None:
        payout = row["id"]
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
            answer = await (rail.payout_state(order, row["reference"]) if sent else rail.payout(order))
            await self._db.write(_conclude, payout, answer)
            self._again.pop(payout, None)
        except ArtratorError as problem:
            _log.warning("payout %s: %s %s", payout, problem.code, problem.message)
            self._again[payout] = (time.monotonic() + wait, min(2 * wait, _LONGEST_SECONDS))
        except Exception:  # a rail is a plugin: one payout that it stumbles over must not hold up the rest
            _log.exception("payout %s failed", payout)
            self._again[payout] = (time.monotonic() + wait, min(2 * wait, _LONGEST_SECONDS))


def _conclude(t: Transaction, payout: str, answer: PayoutAnswer) -> None:
    match answer.state:
        case "paid":
            payouts.paid(t, payout, answer.reference)
        case "failed":
            payouts.failed(t, payout, answer.reason[:200])
        case "sent":
            payouts.sent(t, payout, answer.reference)
