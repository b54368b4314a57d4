"""What buyers are told of the queue: their place in it, and the seconds until they have what they ordered.

Both are reckoned from how things stand when somebody is told, and never from what was said before: from the order of
the queue, the workers that are there, what is left of the jobs in them, and what earlier runs and loads took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artrator.messages.node import EventKind
from artrator_node.engine.live import LiveJob
from artrator_node.engine.queue import JobQueue
from artrator_node.engine.slot import Slot
from artrator_node.engine.slots import Slots
from artrator_node.journal import Journal


class Waits:
    """How long jobs wait for their end, by the queue and the workers that are there."""

    def __init__(self, slots: Slots, queue: JobQueue) -> None:
        self._slots = slots
        self._queue = queue

    def of_newcomer(self, slot: Slot) -> float:
        """Seconds that a new job of this package would lose to loading, and to those that are there before it."""
        load, left, seats, workers = self._there(slot)
        waiting = [live.work for live in self._queue.of_package(slot.package.digest)]
        return load + slot.estimate.wait_seconds(left, waiting, seats, workers)

    def fits_newcomer(self, slot: Slot, seconds: float) -> bool:
        """Whether a new job of this package would lose no more than so many seconds; asked for each one that comes.

        True before any run was measured.
        """
        if not slot.estimate.known:
            return True
        load, left, seats, _ = self._there(slot)
        waiting = [live.work for live in self._queue.of_package(slot.package.digest)]
        return load + slot.estimate.wait_at_most(left, waiting, seats) <= seconds or self.of_newcomer(slot) <= seconds

    def tell_first_place(self, live: LiveJob) -> None:
        """Tell a queued job's place for the first time; the journal hears of it together with the job."""
        ordered = self._queue.ordered(self._slots.running)
        live.position = ordered.index(live)
        live.expected_seconds = self._ends(ordered).get(live.job)
        live.log.publish([live.log.prepare(EventKind.QUEUED, live.place())])

    def tell_places(self, journal: Journal, now: float) -> None:
        """Tell queued buyers that they have moved, each once a second at most, unless nobody was told of a place.

        Args:
            journal: Keeps what is told of the jobs it has.
            now: On the monotonic clock.
        """
        if not any(live.promised for live in self._queue):
            return
        ordered = self._queue.ordered(self._slots.running)
        moved = [(place, live) for place, live in enumerate(ordered) if live.promised and place != live.position]
        news = [(place, live) for place, live in moved if live.may_tell_place(now)]
        if news:
            ends = self._ends(ordered)
            for place, live in news:
                live.position = place
                live.expected_seconds = ends.get(live.job)
                live.tell_place(journal)

    def _ends(self, ordered: Sequence[LiveJob]) -> Mapping[str, float]:
        """Seconds until each of the queued jobs has ended, given their order."""
        found: dict[str, float] = {}
        for package in {live.record.package for live in ordered}:
            slot = self._slots.get(package)
            if slot is None:
                continue
            load, left, seats, workers = self._there(slot)
            waiting = [live for live in ordered if live.record.package == package]
            ends = slot.estimate.ends(left, [live.work for live in waiting], seats, workers)
            found.update((live.job, round(load + end, 2)) for live, end in zip(waiting, ends, strict=True))
        return found

    def _there(self, slot: Slot) -> tuple[float, Sequence[float], int, int]:
        """Of a package: seconds until it is loaded, work left of the jobs that run, seats, and workers."""
        workers = [each for each in self._slots.workers(slot) if each.worker is not None]
        load = 0.0 if workers else slot.estimate.load_seconds
        number = max(1, len(workers))
        left = []
        for live in self._slots.running_of(slot):
            share = 1 - live.done / live.total if live.total else 1.0
            left.append(live.work * min(1.0, max(0.0, share)))
        return load, left, slot.seats * number, number
