"""The jobs in memory: those that have not ended, and the last few that have, for readers that still follow them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Final

from artrator_node.engine.live import LiveJob

#: So many that have ended are kept; whoever asks for an older one is answered from the journal.
_REMEMBERED: Final = 256


class Roster:
    """Every job in memory, by its id."""

    def __init__(self) -> None:
        self._jobs: dict[str, LiveJob] = {}
        #: How many jobs of each buyer have not ended; who has none is not counted on.
        self._open: Counter[str] = Counter()
        self._ended: deque[str] = deque()

    def __contains__(self, job: str) -> bool:
        return job in self._jobs

    def __iter__(self) -> Iterator[LiveJob]:
        return iter(self._jobs.values())

    def get(self, job: str) -> LiveJob | None:
        """A job that is in memory."""
        return self._jobs.get(job)

    def open_of(self, buyer: str) -> int:
        """How many jobs of a buyer have not ended."""
        return self._open[buyer]

    def add(self, live: LiveJob) -> None:
        """A job has come."""
        self._jobs[live.job] = live
        self._open[live.record.buyer] += 1

    def refused(self, live: LiveJob) -> None:
        """It was not taken after all: it is as if it had never come."""
        del self._jobs[live.job]
        self._one_less(live.record.buyer)

    def ended(self, live: LiveJob) -> None:
        """It has ended; whoever ended long ago is forgotten."""
        self._one_less(live.record.buyer)
        self._ended.append(live.job)
        if len(self._ended) > _REMEMBERED:
            self._jobs.pop(self._ended.popleft(), None)

    def _one_less(self, buyer: str) -> None:
        self._open[buyer] -= 1
        if not self._open[buyer]:
            del self._open[buyer]
