"""The queue: who pays goes first, buyers are alike, and nobody starves.

Two rules, both with a bound:

1. **Ranks** start by weight: while jobs of all three wait, of 21 starts 16 go to who pays by the run, 4 to who has a
   pass, 1 to who pays nothing. So the next free job starts after at most 22 others, however many pay; and however
   large the crowd of free accounts is, it takes one start in 17 from those who pay.
2. **Within a rank**, jobs stand in the order in which they came, but each further job of the same buyer counts as if it
   had come ten seconds later. So the n-th open job of a buyer is overtaken only by what comes within the next
   (n - 1) times ten seconds, and the first one by nothing at all.

Rule 2 is read from the journal alone, so a restarted node goes on in the same order. What a job that lost its worker
had waited for counts: it goes before all.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from artrator_node.engine.live import LiveJob
from artrator_node.engine.ranks import WEIGHTS

#: How much later the second job of a buyer stands than the first, the third than the second, and so on.
LATER_SECONDS: Final = 10.0


class JobQueue:
    """Jobs that wait."""

    def __init__(self) -> None:
        self._jobs: list[LiveJob] = []
        # Starts so far, each divided by the weight of its rank; whoever is behind is next.
        self._started: Final = [0.0] * len(WEIGHTS)
        self._clock = 0.0

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, live: LiveJob) -> bool:
        return live in self._jobs

    def __iter__(self) -> Iterator[LiveJob]:
        return iter(self._jobs)

    def add(self, live: LiveJob) -> None:
        """Let a job wait."""
        rank = live.rank
        if not any(other.rank == rank for other in self._jobs):
            # A rank of which nobody waited has nothing to make up for.
            self._started[rank] = max(self._started[rank], self._clock)
        self._jobs.append(live)

    def remove(self, live: LiveJob) -> None:
        """It waits no more, and is not started either."""
        self._jobs.remove(live)

    def start(self, live: LiveJob) -> None:
        """It waits no more: it is started."""
        ranks = {other.rank for other in self._jobs}
        self._clock = max(self._clock, min(self._started[rank] for rank in ranks))
        self._jobs.remove(live)
        if live.record.attempts == 0:
            rank = live.rank
            self._started[rank] += 1 / WEIGHTS[rank]

    def of_package(self, package: str) -> Sequence[LiveJob]:
        """Those of one package, in no order."""
        return [live for live in self._jobs if live.record.package == package]

    def crowd(self, rank: int) -> int:
        """How many of this rank and of those below it wait."""
        return sum(1 for live in self._jobs if live.rank >= rank)

    def ordered(self, running: Iterable[LiveJob]) -> Sequence[LiveJob]:
        """All in their order, given those that run now."""
        if len(self._jobs) < 2:
            return list(self._jobs)
        counted = Counter(live.record.buyer for live in running)
        keys: dict[str, float] = {}
        for live in sorted(self._jobs, key=lambda live: (live.record.queued_at, live.job)):
            keys[live.job] = live.record.queued_at + counted[live.record.buyer] * LATER_SECONDS
            counted[live.record.buyer] += 1
        in_order = sorted(self._jobs, key=lambda live: (keys[live.job], live.record.queued_at, live.job))
        ranks: list[deque[LiveJob]] = [deque() for _ in WEIGHTS]
        for live in in_order:
            if live.record.attempts == 0:
                ranks[live.rank].append(live)
        started = list(self._started)
        found = [live for live in in_order if live.record.attempts > 0]
        while waiting := [rank for rank, jobs in enumerate(ranks) if jobs]:
            # Whose next start ends first, on the scale of shares: who pays is not kept waiting by who has just come.
            rank = min(waiting, key=lambda rank: (started[rank] + 1 / WEIGHTS[rank], rank))
            found.append(ranks[rank].popleft())
            started[rank] += 1 / WEIGHTS[rank]
        return found
