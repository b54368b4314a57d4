"""What runs and loads take, learnt from what they took. Nothing here is promised by anybody."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from artrator.worker.batches import batches_of
from artrator.worker.wire import WireError
from artrator_node.engine.pace import Pace, blended, ends
from artrator_node.engine.seats import UNKNOWN
from artrator_node.journal.records import Measured

#: The first so many jobs, and every so manieth from then on, have what was learnt written down.
_EACH: Final = 16
#: Before anything was measured.
_UNKNOWN_RUN_SECONDS: Final = 5.0
_UNKNOWN_LOAD_SECONDS: Final = 5.0


class Estimate:
    """One package's estimates."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        paces, self.batches = _read(measured.learnt)
        self._pace = Pace(paces, self.batches)

    @property
    def seats(self) -> int:
        """Jobs that should be in a worker at once."""
        return max(2, int(self.batches["places"])) if self.batches and self.batches["places"] else UNKNOWN

    @property
    def load_seconds(self) -> float:
        """From cold to warm."""
        return self.measured.load_seconds or _UNKNOWN_LOAD_SECONDS

    @property
    def known(self) -> bool:
        """Whether any run was measured."""
        return self.measured.seconds_per_work > 0

    def run_seconds(self, work: float, company: float = 1.0) -> float:
        """One run of ``work`` units, with so many jobs in the worker."""
        return self._rate(company) * work if self.known else _UNKNOWN_RUN_SECONDS

    @property
    def typical_seconds(self) -> float:
        """A run of the usual size, alone; 0 before any was measured."""
        return self._rate(1.0) * self._typical_work if self.known else 0.0

    def ends(self, left: Sequence[float], waiting: Sequence[float], seats: int, workers: int) -> list[float]:
        """When waiting jobs will be done, in seconds from now.

        Args:
            left: Work that is left of the jobs that run.
            waiting: Work of those that wait, in their order.
            seats: How many run side by side, in all workers together.
            workers: Among how many they are divided.
        """
        if not self.known:
            rounds = [(len(left) + place) // seats + 1 for place in range(len(waiting))]
            return [_UNKNOWN_RUN_SECONDS * each for each in rounds]
        return ends(left, waiting, seats=seats, workers=workers, rate=self._rate)

    def wait_seconds(self, left: Sequence[float], waiting: Sequence[float], seats: int, workers: int) -> float:
        """How much later a usual job would be done for those that are there already."""
        work = self._typical_work if self.known else 1.0
        last = self.ends(left, [*waiting, work], seats, workers)[-1]
        return max(0.0, last - self.run_seconds(work))

    def wait_at_most(self, left: Sequence[float], waiting: Sequence[float], seats: int) -> float:
        """No less than ``wait_seconds``, and soon reckoned: one after the other, each as slow as in a crowd."""
        slowest = max(self._pace.slowest(max(seats, len(left))), self.measured.seconds_per_work)
        return (sum(left) + sum(waiting) + self._typical_work) * slowest

    @property
    def _typical_work(self) -> float:
        return self.measured.run_seconds / self.measured.seconds_per_work

    def _rate(self, company: float) -> float:
        # What an older node kept says nothing of company.
        return self._pace.rate(company) or self.measured.seconds_per_work

    def observe_batches(self, batches: Mapping[str, Any] | None) -> None:
        """The worker told this of its batches."""
        if batches is not None and batches is not self.batches:
            self.batches = batches
            self._pace.learn_shape(batches)

    def observe_run(self, seconds: float, work: float, company: float = 1.0) -> None:
        """A run took so long, with so many jobs in the worker on the average, itself included."""
        old, rate = self.measured, seconds / work
        self._pace.observe(rate, company)
        if self.known:
            rate, seconds = blended(old.seconds_per_work, rate), blended(old.run_seconds, seconds)
        self.measured = replace(old, seconds_per_work=rate, run_seconds=seconds)

    def observe_load(self, seconds: float, memory_bytes: int, shared_bytes: int = 0) -> None:
        """A load took so long, so much memory of its own, and so much of files that workers of the package share."""
        self.measured = replace(
            self.measured, load_seconds=seconds, memory_bytes=memory_bytes, shared_bytes=shared_bytes
        )

    def observe_memory(self, memory_bytes: int) -> None:
        """A run has left the worker with so much memory: the most that was seen counts."""
        if memory_bytes > self.measured.memory_bytes:
            self.measured = replace(self.measured, memory_bytes=memory_bytes)

    def count(self, *, done: bool) -> Measured:
        """One more job has ended."""
        if done:
            self.measured = replace(self.measured, jobs_done=self.measured.jobs_done + 1)
        else:
            self.measured = replace(self.measured, jobs_failed=self.measured.jobs_failed + 1)
        jobs = self.measured.jobs_done + self.measured.jobs_failed
        if jobs <= _EACH or jobs % _EACH == 0:
            learnt = json.dumps({"paces": sorted(self._pace.paces.items()), "batches": self.batches})
            self.measured = replace(self.measured, learnt=learnt)
        return self.measured


def _read(learnt: str) -> tuple[dict[int, float], Mapping[str, Any] | None]:
    """What was kept; nothing of what another version kept in another form."""
    with contextlib.suppress(ValueError, KeyError, TypeError, WireError):
        kept = json.loads(learnt)
        paces = {int(jobs): float(rate) for jobs, rate in kept["paces"] if rate > 0}
        return paces, None if kept["batches"] is None else batches_of(kept["batches"])
    return {}, None
