"""What runs and loads take, learnt from what they took. Nothing here is promised by anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from artrator_node.journal.records import Measured

#: Weight of the newest run: five runs forget most of an older truth.
_NEWEST: Final = 0.3
#: Before anything was measured.
_UNKNOWN_RUN_SECONDS: Final = 5.0
_UNKNOWN_LOAD_SECONDS: Final = 5.0


class Estimate:
    """One package's estimates."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured

    @property
    def load_seconds(self) -> float:
        """From cold to warm."""
        return self.measured.load_seconds or _UNKNOWN_LOAD_SECONDS

    @property
    def known(self) -> bool:
        """Whether any run was measured."""
        return self.measured.seconds_per_work > 0

    def run_seconds(self, work: float) -> float:
        """One run of ``work`` units."""
        return self.measured.seconds_per_work * work if self.known else _UNKNOWN_RUN_SECONDS

    @property
    def typical_seconds(self) -> float:
        """A run of the usual size; 0 before any was measured."""
        return self.measured.run_seconds

    def observe_run(self, seconds: float, work: float) -> None:
        """A run took so long."""
        old, rate = self.measured, seconds / work
        if self.known:
            rate = _NEWEST * rate + (1 - _NEWEST) * old.seconds_per_work
            seconds = _NEWEST * seconds + (1 - _NEWEST) * old.run_seconds
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
        return self.measured
