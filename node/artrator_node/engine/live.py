"""A job in memory: its record, its events as they happen, and the buyer's wish to cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from artrator.backend import Image
from artrator.messages.node import EventKind, JobBody, Output
from artrator_node.engine.ranks import rank_of
from artrator_node.journal import Event, JobRecord, Journal
from artrator_node.waiting import set_within

#: Progress and previews reach a buyer at most this often; screens and eyes need no more.
_QUIET_SECONDS: Final = 0.2
_PASSING: Final = {EventKind.PROGRESS, EventKind.PREVIEW}
_ENDINGS: Final = {EventKind.DONE, EventKind.FAILED, EventKind.CANCELLED}
#: Old progress events beyond this many are forgotten in memory; nobody resumes to see them.
_MAX_EVENTS: Final = 2_000


class EventLog:
    """A job's events in order, to be followed by any number of readers, fast or slow."""

    def __init__(self, events: Iterable[Event] = (), next_serial: int = 1) -> None:
        self._events = list(events)
        self._next = next_serial
        #: Set by the next event; there is one only while somebody waits.
        self._changed: asyncio.Event | None = None

    @property
    def told(self) -> Sequence[Event]:
        """All that was told so far."""
        return tuple(self._events)

    @property
    def ended(self) -> bool:
        """Whether the last event has been told."""
        return bool(self._events) and self._events[-1].kind in _ENDINGS

    def prepare(self, kind: EventKind, data: Mapping[str, Any]) -> Event:
        """Number an event that is yet to become durable; ``publish`` tells it."""
        event = Event(self._next, kind, data)
        self._next += 1
        return event

    def publish(self, events: Iterable[Event]) -> None:
        """Tell events to everyone who follows."""
        self._events.extend(events)
        if len(self._events) > _MAX_EVENTS:
            old = next((i for i, e in enumerate(self._events) if e.kind in _PASSING), None)
            if old is not None:
                del self._events[old]
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def forget_progress(self) -> None:
        """The job has ended: how it went along the way interests nobody who comes now."""
        self._events = [event for event in self._events if event.kind not in _PASSING]

    async def follow(self, after: int, ping_seconds: float) -> AsyncIterator[Event | None]:
        """Events after a serial, until the last one; None after every ``ping_seconds`` of silence."""
        while True:
            changed = self._changed = self._changed or asyncio.Event()
            news = [event for event in self._events if event.serial > after]
            for event in news:
                yield event
                after = event.serial
            if self.ended and (not self._events or after >= self._events[-1].serial):
                return
            if news:
                continue
            if not await set_within(changed, ping_seconds):
                yield None


class LiveJob:
    """One job that has not ended, or has just done so.

    Attributes:
        job: Its id.
        rank: How it is paid; see ``ranks``.
        work: How much it is, for estimates: its largest measure.
        stop: While it is in its worker: asks that to stop.
        put_back: The owner needs the machine: it is to wait again, and this attempt does not count.
        body: The request, if it has no files and came a moment ago; otherwise it is in the spool.
        writing: The journal and the spool are being told of it, or have been; see ``promise``.
        spooled: There is something of it in the spool.
        written: The journal knows of it, or will before whatever it is told next.
        listeners: Exchanges that wait for it now.
        takes: The largest sum of outputs, in bytes, that one of them takes along.
        outputs: What was delivered.
        left_at: When the last of them hung up while it was queued: it is not begun unless somebody comes back.
        delivery: The outputs' bytes, for whoever takes them along.
        alone: Its last worker died; it runs with no other job beside it, so that it can hurt none but itself.
        finished: The pictures that the model handed over in this attempt, by output.
        untold: A preview that came so soon after something else that nobody was told of it yet.
        kept: Those of the attempt before, which ended with its worker: the longer of the two is what there is.
    """

    def __init__(self, record: JobRecord, log: EventLog, body: JobBody | None = None) -> None:
        self.job = record.job
        self.rank = rank_of(record.paid_by)
        self.record = record
        self.log = log
        self.body = body
        self.writing: asyncio.Future[None] | None = None
        self.written = False
        self.spooled = body is None
        self.listeners = 0
        self.takes = 0
        self.outputs: Sequence[Output] = ()
        self.left_at: float | None = None
        self.delivery: Sequence[bytes] | None = None
        self.work = float(max(record.measures.values(), default=1) or 1)
        self.alone = record.attempts > 0
        self.put_back = False
        self.position: int | None = None
        self.expected_seconds: float | None = None
        self.done = 0
        self.total = 0
        self.preview: bytes | None = None
        self.untold: Image | None = None
        self.finished: dict[str, list[Image]] = {}
        self.kept: dict[str, list[Image]] = {}
        self.cancel_wish = False
        self.stop: Callable[[], None] | None = None
        self.ended = asyncio.Event()
        self._waiting: list[Callable[[], object]] = []
        self._told_progress = float("-inf")
        self._told_last = False
        self._told_place = float("-inf")

    @property
    def promised(self) -> bool:
        """Whether somebody is told of it before it ends."""
        return self.written or self.writing is not None

    def when_ended(self, tell: Callable[[], object]) -> None:
        """Call ``tell`` once it has ended."""
        self._waiting.append(tell)

    def end(self, record: JobRecord, outputs: Sequence[Output], events: Iterable[Event]) -> None:
        """It has ended, durably: everybody may know, and what it was made of is forgotten."""
        self.record, self.outputs = record, outputs
        self.log.publish(events)
        self.log.forget_progress()
        self.preview = self.untold = self.body = None
        self.finished, self.kept = {}, {}
        self.ended.set()
        for tell in self._waiting:
            tell()
        self._waiting.clear()

    def keep(self, output: str, picture: Image) -> None:
        """The model has finished a picture; it is worth something even if the rest never comes."""
        self.finished.setdefault(output, []).append(picture)

    def begin_anew(self) -> None:
        """The next attempt begins at the first step; what this one made is kept until that one has made as much."""
        if _count(self.finished) > _count(self.kept):
            self.kept = self.finished
        self.finished, self._told_last = {}, False
        self.position, self.done, self.total = 0, 0, 0

    def made(self, output: str) -> list[Image]:
        """The finished pictures of an output, from the attempt that got further."""
        return max(self.finished.get(output, []), self.kept.get(output, []), key=len)

    def place(self) -> Mapping[str, Any]:
        """What a ``queued`` event says."""
        return {"position": self.position, "expected_seconds": self.expected_seconds}

    def tell_place(self, journal: Journal) -> None:
        """Tell the buyer of the place in the queue."""
        event = self.log.prepare(EventKind.QUEUED, self.place())
        self.log.publish([event])
        if self.written:
            journal.note(self.job, event)

    def may_tell_progress(self, now: float, *, last: bool) -> bool:
        """Whether the buyer should hear of progress again; that of the last step comes at once, the first time."""
        at_once = last and not self._told_last
        if not at_once and now - self._told_progress < _QUIET_SECONDS:
            return False
        self._told_progress = now
        self._told_last = self._told_last or last
        return True

    def may_tell_place(self, now: float) -> bool:
        """Whether the buyer should hear of the place in the queue again: once a second is often enough."""
        if now - self._told_place < 1.0:
            return False
        self._told_place = now
        return True


def _count(finished: Mapping[str, list[Image]]) -> int:
    return sum(map(len, finished.values()))
