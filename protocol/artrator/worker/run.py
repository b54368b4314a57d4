"""One job inside a worker, as the parent keeps it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from artrator.backend import Image, Value
from artrator.errors import ArtratorError, Code

_log: Final = logging.getLogger(__name__)

#: Called on the event loop with (done, total, preview).
Progress: TypeAlias = Callable[[int, int, Image | None], None]
#: Called on the event loop with (output, picture): a finished one, before the run ends.
OnOutput: TypeAlias = Callable[[str, Image], None]


def cancelled() -> ArtratorError:
    """What whoever waits for a cancelled job is told."""
    return ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")


@dataclass(eq=False)
class Run:
    """A job inside the worker. It stays until the worker lets go of it, whoever still waits.

    Attributes:
        future: What ``Worker.run`` waits for.
        late: What it is told if it takes longer than it may.
        grace: Once cancelled: ends the process if the job will not go.
        handed: The pictures that were handed over before the end, by output.
        handed_bytes: What they take.
        handed_count: How many came.
    """

    future: asyncio.Future[dict[str, Value]]
    on_progress: Progress | None
    late: ArtratorError
    grace: asyncio.TimerHandle | None = None
    on_output: OnOutput | None = None
    handed: dict[str, list[Image]] = field(default_factory=dict)
    handed_bytes: int = 0
    handed_count: int = 0

    @property
    def cancelled(self) -> bool:
        """Whether it has been asked to stop."""
        return self.grace is not None

    def settle(self, outcome: dict[str, Value] | ArtratorError) -> None:
        """Answer whoever waits, once."""
        if self.future.done():
            return
        if isinstance(outcome, ArtratorError):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)

    def tell(self, done: int, total: int, preview: Image | None) -> None:
        """Pass progress on to whoever still waits."""
        if self.on_progress is None or self.cancelled or self.future.done():
            return
        try:
            self.on_progress(done, total, preview)
        except Exception:  # a mistake of the caller's must not end everybody's runs
            _log.exception("A progress callback failed.")

    def take(self, output: str, picture: Image) -> None:
        """Keep a finished picture, and pass it on to whoever still waits; what comes after a cancel still counts."""
        if self.future.done():
            return
        self.handed.setdefault(output, []).append(picture)
        self.handed_bytes += picture.nbytes
        if self.on_output is not None:
            self.on_output(output, picture)

    def stop_clocks(self) -> None:
        """Nothing is to happen to this run any more."""
        if self.grace is not None:
            self.grace.cancel()
