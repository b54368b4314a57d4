"""How long a job takes in company, and when those who wait will be done.

A job that shares its steps with others takes longer than alone, but much less than if they went one after the other.
How much was measured: by the jobs that ran, for each number of them side by side; and, for numbers that were never
seen, by the batches of the worker.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

#: Weight of the newest of all runs: five runs forget most of an older truth.
_NEWEST: Final = 0.3
#: Numbers of jobs that are told apart; above the first few, a little more or less company makes no difference.
_STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
#: What is no more than this counts as the step before it, what is more as the step behind.
_MIDDLES: Final = tuple((below + above) / 2 for below, above in pairwise(_STEPS))


class Pace:
    """Seconds for a unit of work, by the number of jobs side by side."""

    def __init__(self, paces: Mapping[int, float], batches: Mapping[str, Any] | None) -> None:
        """Begin with what is known.

        Args:
            paces: What was measured.
            batches: What the package's worker told of its batches, as of ``artrator.worker.batches``.
        """
        self.paces: Final = dict(paces)
        self._known: Final = sorted(self.paces)
        self._shape = _shape(batches)

    def learn_shape(self, batches: Mapping[str, Any] | None) -> None:
        """The worker told more of its batches."""
        self._shape = _shape(batches)

    def observe(self, rate: float, company: float) -> None:
        """A run took so many seconds for a unit of work, with so many jobs in the worker, itself included."""
        step = _STEPS[bisect_left(_MIDDLES, company)]
        old = self.paces.get(step)
        if old is None:
            insort(self._known, step)
        self.paces[step] = rate if old is None else blended(old, rate)

    def rate(self, company: float) -> float:
        """Seconds for a unit of work with so many jobs side by side; 0 before any was measured."""
        known = self._known
        if not known:
            return 0.0
        company = max(1.0, company)
        place = bisect_left(known, company)
        if place < len(known) and known[place] == company:
            return self.paces[known[place]]
        if place == 0:
            return self.paces[known[0]] * self._shape(company) / self._shape(known[0])
        if place == len(known):
            return self.paces[known[-1]] * self._shape(company) / self._shape(known[-1])
        below, above = known[place - 1], known[place]
        share = (company - below) / (above - below)
        return self.paces[below] + share * (self.paces[above] - self.paces[below])

    def slowest(self, company: float) -> float:
        """The most that ``rate`` says for any number up to this."""
        return max(self.rate(1.0), self.rate(company), *self.paces.values())


def blended(before: float, newest: float) -> float:
    """What is believed after one more run."""
    return _NEWEST * newest + (1 - _NEWEST) * before


def _shape(batches: Mapping[str, Any] | None) -> Callable[[float], float]:
    """How many times longer a step takes with so many jobs; where batches say nothing, jobs gain nothing."""
    rows = float(batches.get("rows", 0.0)) if batches else 0.0
    kernels = batches["kernels"] if batches else ()
    if not rows or not kernels or not kernels[0]["sizes"]:
        return lambda jobs: jobs
    points = sorted((float(size), float(seconds)) for size, seconds in kernels[0]["sizes"])

    def seconds(wanted: float) -> float:
        place = bisect_left(points, (wanted, 0.0))
        if place == 0:
            return points[0][1]
        if place == len(points):
            return points[-1][1] * wanted / points[-1][0]
        (below, short), (above, long) = points[place - 1], points[place]
        return short + (wanted - below) / (above - below) * (long - short)

    return lambda jobs: max(1.0, seconds(jobs * rows) / seconds(rows))


def ends(
    left: Sequence[float], waiting: Sequence[float], *, seats: int, workers: int, rate: Callable[[float], float]
) -> list[float]:
    """When each waiting job will be done, in seconds from now.

    Args:
        left: Work that is left of the jobs that run.
        waiting: Work of those that wait, in their order.
        seats: How many run side by side, in all workers together.
        workers: Among how many they are divided.
        rate: Seconds for a unit of work in such company.
    """
    now, done = 0.0, 0.0  # seconds, and the work that whoever was there from the beginning has had
    inside = [(work, -1) for work in left]
    heapq.heapify(inside)
    found = [0.0] * len(waiting)
    following = 0
    while following < len(waiting) or inside:
        while following < len(waiting) and len(inside) < seats:
            heapq.heappush(inside, (done + waiting[following], following))
            following += 1
        until, place = heapq.heappop(inside)
        now += max(0.0, until - done) * rate((len(inside) + 1) / workers)
        done = max(done, until)
        if place >= 0:
            found[place] = now
    return found
