"""A job at its node: sent, and followed until it ends, through lost connections."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from artrator.canonical import b64
from artrator.clients._http import told
from artrator.clients._patience import patiently
from artrator.clients.news import Stage, Update
from artrator.clients.node import JobEvent, NodeClient
from artrator.clients.orders import PendingOrder
from artrator.clients.registry import RegistryClient
from artrator.documents import Ticket
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.messages.node import EventKind, Job, JobRequest, JobState

#: How long a node may stay silent at first before the order is given up.
_REACH_SECONDS: Final = 20.0
#: How long a node may take to tell its last word after the ticket's time: messages travel.
_GRACE_SECONDS: Final = 60.0
#: After one of these there is no other.
LAST_EVENTS: Final = frozenset({EventKind.DONE, EventKind.FAILED, EventKind.CANCELLED})
#: How long one silent exchange waits for the end of a job; what takes longer is followed by its events.
_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Sent:
    """A job that the node has taken, and what came back with it."""

    job: Job | None = None
    outputs: Sequence[bytes] = ()
    events: AsyncGenerator[JobEvent, None] | None = None


class Following:
    """One order's job.

    Args:
        registry: Asked, when the node is lost, whether the hold is back.
        node: Has the job.
        pending: The order as it is kept here.
        placed: The order as the registry has it.
        ticket: Its ticket, read.
    """

    def __init__(
        self, registry: RegistryClient, node: NodeClient, pending: PendingOrder, placed: m.Order, ticket: Ticket
    ) -> None:
        self._registry = registry
        self._node = node
        self._pending = pending
        self._placed = placed
        self._ticket = ticket

    async def send(self, *, progress: bool) -> Sent:
        """Send the job, patiently at first. Without ``progress`` the answer waits for its end.

        Raises:
            ArtratorError: ``node_unreachable``, with ``reached`` if the job may have arrived all the same; or why the
                node refuses it.
        """
        node, pending, ticket = self._node, self._pending, self._ticket
        request = JobRequest(ticket=self._placed.ticket or "", salt=b64(pending.salt), body=pending.job_body)
        patience = min(_REACH_SECONDS, max(1.0, ticket.start_by - time.time()))
        may_have_arrived = False

        async def attempt() -> Sent:
            nonlocal may_have_arrived
            how = (pending.order, request, pending.files, pending.request)
            try:
                if not progress:
                    done = await node.perform(*how, wait=_WAIT_SECONDS)
                    return Sent(done.job, done.outputs)
                events = node.send(*how, seconds=_seconds(ticket))
                first = await anext(events, None)
                return Sent(events=None if first is None else _chained(first, events))
            except ArtratorError as error:
                may_have_arrived |= error.details.get("reached") is True
                raise

        try:
            return await patiently(attempt, seconds=patience)
        except ArtratorError as error:
            if error.code is Code.NODE_UNREACHABLE and may_have_arrived:
                raise ArtratorError(error.code, error.message, reached=True) from error
            raise

    async def events(self, begun: AsyncGenerator[JobEvent, None] | None) -> AsyncGenerator[JobEvent | Stage, None]:
        """Every event until the last one, through lost connections, until the ticket's time is over.

        ``Stage.LOST`` among them is a node that does not answer any more, ``Stage.FOUND`` one that does again: its next
        event may be far away.

        ``begun`` is the stream that the job was sent with.
        """
        order, seen, wait, lost = self._pending.order, 0, 0.2, False
        until = time.monotonic() + _seconds(self._ticket)
        while True:
            try:
                if lost:
                    await self._reach()
                    lost = False
                    yield Stage.FOUND
                source, begun = begun or self._node.events(order, after=seen, seconds=until - time.monotonic()), None
                async with contextlib.aclosing(source):
                    async for event in source:
                        if time.monotonic() > until:
                            break
                        seen, wait = event.serial, 0.2
                        yield event
                        if event.kind in LAST_EVENTS:
                            return
            except ArtratorError as error:
                if error.code is not Code.NODE_UNREACHABLE:
                    raise
                lost = True
            if time.monotonic() > until:
                if (end := await self._slept_over(seen)) is not None:
                    yield end
                    return
                raise ArtratorError(Code.JOB_DEADLINE, "The node did not finish in the time that was paid for.")
            if lost and await self._released(overdue=time.monotonic() > until - _GRACE_SECONDS):
                raise ArtratorError(Code.NODE_UNREACHABLE, "The node disappeared and the registry released the hold.")
            if lost:
                yield Stage.LOST
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)

    async def _slept_over(self, seen: int) -> JobEvent | None:
        """The job's last event, if it ended in time and only we slept: a lid is closed, a process is stopped."""
        node, order = self._node, self._pending.order
        with contextlib.suppress(ArtratorError):
            if (await node.job(order)).state in (JobState.QUEUED, JobState.RUNNING):
                return None
            async with contextlib.aclosing(node.events(order, after=seen, seconds=_REACH_SECONDS)) as events:
                async for event in events:
                    if event.kind in LAST_EVENTS:
                        return event
        return None

    async def _reach(self) -> None:
        """Hear anything at all from the node, were it a refusal; raises ``node_unreachable``."""
        try:
            await self._node.job(self._pending.order)
        except ArtratorError as error:
            if error.code is Code.NODE_UNREACHABLE:
                raise

    async def _released(self, *, overdue: bool) -> bool:
        """Whether the hold is back; once the ticket's time is over the registry is also asked to give it back."""
        ask = self._registry.cancel_order if overdue else self._registry.get_order
        try:
            standing = await ask(self._pending.order)
        except ArtratorError:
            return False
        return standing.state in (m.OrderState.RELEASED, m.OrderState.REFUNDED)

    async def update(self, event: JobEvent | Stage) -> Update | None:
        """What an event, or a stage of the way to the node, tells a buyer; None of those that tell nothing."""
        node, order = self._node, self._pending.order
        name = node.descriptor.name
        if isinstance(event, Stage):
            return Update(event, order, node=name)
        match event.kind:
            case EventKind.QUEUED:
                return Update(
                    Stage.QUEUED,
                    order,
                    node=name,
                    position=event.whole("position"),
                    expected_seconds=event.seconds("expected_seconds"),
                )
            case EventKind.STARTED:
                return Update(Stage.STARTED, order, node=name, runtime=str(event.data.get("runtime", ""))[:200])
            case EventKind.PROGRESS:
                return Update(
                    Stage.PROGRESS,
                    order,
                    node=name,
                    done=event.whole("done") or 0,
                    total=event.whole("total") or 0,
                    seconds_left=event.seconds("seconds_left"),
                )
            case EventKind.PREVIEW:
                with contextlib.suppress(ArtratorError):  # a preview that is gone already is no loss
                    return Update(Stage.PREVIEW, order, node=name, preview=await node.preview(order))
        return None


async def _chained(first: JobEvent, events: AsyncGenerator[JobEvent, None]) -> AsyncGenerator[JobEvent, None]:
    async with contextlib.aclosing(events):
        yield first
        async for event in events:
            yield event


def _seconds(ticket: Ticket) -> float:
    """How long a job is followed at most: by our own steady clock, as three machines' clocks need not agree."""
    return max(0, ticket.finish_by - ticket.iat) + _GRACE_SECONDS


def delivered(job: Job | None) -> Job | None:
    """The job, if it was delivered; None while it goes on; raises why it was not."""
    if job is None or job.state in (JobState.QUEUED, JobState.RUNNING):
        return None
    if job.state is JobState.CANCELLED:
        raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")
    if job.state is JobState.FAILED:
        raise told({"error": job.error})
    return job


def job_error(event: JobEvent) -> ArtratorError:
    """Why a job ended without anything."""
    if event.kind is EventKind.CANCELLED:
        return ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")
    return told({"error": event.data})
