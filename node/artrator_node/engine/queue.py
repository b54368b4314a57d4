"""The queue: fair between buyers, and nobody starves.

Jobs stand in the order in which they came, but each further job of the same buyer counts as if it had come a little
later. A buyer who sends twenty jobs so lets others in between, and waits only so much longer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from artrator_node.engine.live import LiveJob

#: How much later the second job of a buyer stands than the first, the third than the second, and so on.
_LATER_SECONDS: Final = 10.0


class JobQueue:
    """Jobs that wait."""

    def __init__(self) -> None:
        self._jobs: list[LiveJob] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, live: LiveJob) -> bool:
        return live in self._jobs

    def __iter__(self) -> Iterator[LiveJob]:
        return iter(self._jobs)

    def add(self, live: LiveJob) -> None:
        """Let a job wait."""
        self._jobs.append(live)

    def remove(self, live: LiveJob) -> None:
        """It waits no more."""
        self._jobs.remove(live)

    def of_package(self, package: str) -> Sequence[LiveJob]:
        """Those of one package, in no order."""
        return [live for live in self._jobs if live.record.package == package]

    def ordered(self, running: Iterable[LiveJob]) -> Sequence[LiveJob]:
        """All in their order, given those that run now."""
        counted = Counter(live.record.buyer for live in running)
        keys: dict[str, tuple[bool, float]] = {}
        for live in sorted(self._jobs, key=lambda live: live.record.queued_at):
            later = counted[live.record.buyer] * _LATER_SECONDS
            counted[live.record.buyer] += 1
            # One that has waited and run before, and lost its worker, goes first.
            keys[live.job] = (live.record.attempts == 0, live.record.queued_at + later)
        return sorted(self._jobs, key=lambda live: keys[live.job])
