"""Threads that work on rows of a picture, and that leave at once when the job is cancelled."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt

from artrator.errors import ArtratorError, Code

#: How long at most a cancelled kernel goes unnoticed.
_POLL_SECONDS: Final = 0.05
#: Fewer rows than this are not worth a thread of their own: waking one takes as long as they do.
_FEWEST_ROWS: Final = 64


class Crew:
    """A pool of threads for one synthesis.

    Attributes:
        flag: uint8 ``[1]``: not zero tells the kernels that read it to leave.
    """

    def __init__(self, threads: int, cancelled: Callable[[], bool] | None) -> None:
        self._threads: Final = threads or _processors()
        self._pool: Final = concurrent.futures.ThreadPoolExecutor(self._threads, thread_name_prefix="ebsynth")
        self._cancelled: Final = cancelled
        self.flag: Final[npt.NDArray[np.uint8]] = np.zeros(1, np.uint8)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flag[0] = kind is not None
        self._pool.shutdown()

    def check(self) -> None:
        """Leave if the job was cancelled."""
        if self._cancelled is not None and self._cancelled():
            self.flag[0] = 1
            raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do all tasks, in any order; raises what one of them raises, or ``job_cancelled``."""
        for running in [self._pool.submit(task) for task in tasks]:
            while not running.done():
                with contextlib.suppress(TimeoutError):
                    running.exception(_POLL_SECONDS)
                self.check()
            running.result()
        self.check()

    def rows(self, count: int, work: Callable[[int, int], None]) -> None:
        """Call ``work(first, last)`` for all of ``count`` rows, in parts; the parts must not depend on each other."""
        parts = max(1, min(self._threads * 2, count // _FEWEST_ROWS))
        if parts == 1:
            work(0, count)
            return
        edges = [count * part // parts for part in range(parts + 1)]
        self.run([_part(work, first, last) for first, last in itertools.pairwise(edges)])


def _part(work: Callable[[int, int], None], first: int, last: int) -> Callable[[], None]:
    return lambda: work(first, last)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
