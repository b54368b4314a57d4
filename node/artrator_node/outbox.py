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
        """Send what is due, for ever. ``news`` is set when there is something new."""
        while True:
            news.clear()
            try:
                await self.send_due()
                wait = await self._until_due()
            except Exception:  # a bug here must not keep every later receipt from being sent
                _logger.exception("outbox_failed")
                wait = _LONGEST_WAIT
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
            for each in deliveries:
                await self._heard(each, None, error.code)
            return error.code is not Code.REGISTRY_UNREACHABLE
        for each, answer in zip(deliveries, answers, strict=True):
            await self._heard(each, answer.state, answer.code)
        return True

    async def _heard(self, delivery: Delivery, state: str | None, code: str | None) -> None:
        """The registry took a receipt, or said why not."""
        if code is None:
            await self._journal.delivered(delivery)
            log(_logger, logging.INFO, "receipt_taken", job=delivery.job, order=state)
            return
        self._metrics.registry_errors.labels(code).inc()
        if code in _FINAL:
            log(_logger, logging.ERROR, "receipt_refused", job=delivery.job, code=code)
            await self._journal.delivered(delivery, refused=code)
        else:
            wait = min(_FIRST_WAIT * 2**delivery.attempts, _LONGEST_WAIT) * random.uniform(0.7, 1.0)
            await self._journal.postpone(delivery.job, self._clock.now() + wait)
            log(_logger, logging.WARNING, "receipt_postponed", job=delivery.job, code=code)

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
