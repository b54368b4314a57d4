"""Receipts on their way to the registry, from the journal: sent until they are taken or refused for good."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Final

from artrator.canonical import b64
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages.registry import OrderClaim
from artrator_node.clock import Clock
from artrator_node.journal import Delivery, Journal
from artrator_node.logs import log
from artrator_node.metrics import Metrics
from artrator_node.waiting import set_within

_logger = logging.getLogger(__name__)

_REST_SECONDS: Final = 0.5
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
#: What the registry says when it will never take this receipt.
_FINAL: Final = frozenset(
    {
        Code.ORDER_CLOSED,
        Code.ORDER_UNKNOWN,
        Code.RECEIPT_INVALID,
        Code.DOCUMENT_INVALID,
        Code.REQUEST_INVALID,
        Code.CONFLICT,
    }
)


class Outbox:
    """The task that empties the journal's outbox."""

    def __init__(self, journal: Journal, registry: RegistryClient, clock: Clock, metrics: Metrics) -> None:
        self._journal = journal
        self._registry = registry
        self._clock = clock
        self._metrics = metrics
        self.size = 0

    async def run(self, news: asyncio.Event) -> None:
        """Send what is due, for ever. ``news`` is set when there is something new.

        Between two rounds it rests, so that one round carries what would otherwise be many.
        """
        while True:
            news.clear()
            try:
                await self.send_due()
                wait = await self._until_due()
            except Exception:  # a bug here must not keep every later receipt from being sent
                _logger.exception("outbox_failed")
                wait = _LONGEST_WAIT
            await asyncio.sleep(_REST_SECONDS)
            await set_within(news, wait)

    async def send_again(self, since: float) -> None:
        """The registry has forgotten what came after ``since``: send the receipts of that time once more."""
        count = await self._journal.send_again(since, self._clock.now())
        log(_logger, logging.WARNING, "registry_restored", since=since, receipts=count)

    async def send_due(self, *, ahead: float = 0.0) -> None:
        """Send what is due now or ``ahead`` seconds from now; stops at the first sign that the registry is away."""
        tried: set[str] = set()
        while due := await self._journal.due(self._clock.now() + ahead):
            fresh = [delivery for delivery in due if delivery.job not in tried]
            tried.update(delivery.job for delivery in fresh)
            if not fresh or not await self._send(fresh):
                break
        self.size = await self._journal.outbox_size()
        self._metrics.outbox.set(self.size)

    async def _send(self, deliveries: Sequence[Delivery]) -> bool:
        """Send these at once; answers whether the registry can be reached."""
        try:
            answers = await self._registry.claims([_claim(each) for each in deliveries])
        except ArtratorError as error:
            if len(deliveries) > 1 and error.code in _FINAL | {Code.REQUEST_TOO_LARGE}:
                # One of them, or all together, are more than the registry takes: the others must not suffer for it.
                return all([await self._send([each]) for each in deliveries])
            await self._heard([(each, None, error.code) for each in deliveries])
            return error.code is not Code.REGISTRY_UNREACHABLE
        await self._heard([(each, answer.state, answer.code) for each, answer in zip(deliveries, answers, strict=True)])
        return True

    async def _heard(self, answers: Sequence[tuple[Delivery, str | None, str | None]]) -> None:
        """For each receipt: the order's state if the registry took it, or the code of why not."""
        taken = [delivery for delivery, _, code in answers if code is None]
        writes = [self._journal.delivered(*taken)] if taken else []
        for delivery, _, code in answers:
            if code in _FINAL:
                writes.append(self._journal.delivered(delivery, refused=code))
            elif code is not None:
                wait = min(_FIRST_WAIT * 2**delivery.attempts, _LONGEST_WAIT) * random.uniform(0.7, 1.0)
                writes.append(self._journal.postpone(delivery.job, self._clock.now() + wait))
        await asyncio.gather(*writes)  # together, so that they are one commit
        for delivery, state, code in answers:
            if code is None:
                log(_logger, logging.INFO, "receipt_taken", job=delivery.job, order=state)
                continue
            self._metrics.registry_errors.labels(code).inc()
            level, event = (
                (logging.ERROR, "receipt_refused") if code in _FINAL else (logging.WARNING, "receipt_postponed")
            )
            log(_logger, level, event, job=delivery.job, code=code)

    async def _until_due(self) -> float:
        at = await self._journal.next_due()
        return _LONGEST_WAIT if at is None else min(max(at - self._clock.now(), 0.05), _LONGEST_WAIT)


def _claim(delivery: Delivery) -> OrderClaim:
    return OrderClaim(
        order=delivery.job,
        receipt=delivery.receipt,
        acknowledgement=delivery.acknowledgement,
        key=None if delivery.key is None else b64(bytes.fromhex(delivery.key)),
    )
