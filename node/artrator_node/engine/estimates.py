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

    def observe_run(self, seconds: float, work: float) -> None:
        """A run took so long."""
        rate = seconds / work
        if self.known:
            rate = _NEWEST * rate + (1 - _NEWEST) * self.measured.seconds_per_work
        self.measured = replace(self.measured, seconds_per_work=rate)

    def observe_load(self, seconds: float, memory_bytes: int) -> None:
        """A load took so long, and so much memory."""
        self.measured = replace(self.measured, load_seconds=seconds, memory_bytes=memory_bytes)

    def count(self, *, done: bool) -> Measured:
        """One more job has ended."""
        if done:
            self.measured = replace(self.measured, jobs_done=self.measured.jobs_done + 1)
        else:
            self.measured = replace(self.measured, jobs_failed=self.measured.jobs_failed + 1)
        return self.measured
