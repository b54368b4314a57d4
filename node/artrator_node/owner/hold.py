"""A hold: the owner's rules keep the engine from taking or starting jobs, for a time or until something changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artrator.errors import ArtratorError, Code

#: When a refused buyer may ask again, where nobody knows when the hold will end.
_ASK_AGAIN_SECONDS: Final = 60
_LEAST_SECONDS: Final = 2


@dataclass(frozen=True)
class Hold:
    """Nothing more is accepted while it lasts.

    Attributes:
        reason: Why, for buyers: a sentence that says nothing of what else runs on the owner's machine.
        until: When it ends, by the registry's clock; None if nobody knows.
        starts: Whether jobs that were accepted before may still start.
        ends_running: Whether running jobs go back into the queue.
        halts_steps: Whether running jobs compute no further step for now.
        lets_go: Whether models that nothing runs on are taken out of memory.
    """

    reason: str
    until: float | None = None
    starts: bool = False
    ends_running: bool = False
    halts_steps: bool = False
    lets_go: bool = False

    def outlasts(self, finish_by: float) -> bool:
        """Whether a job that must have ended by then can never start."""
        return not self.starts and self.until is not None and self.until >= finish_by

    def refusal(self, now: float) -> ArtratorError:
        """What a buyer hears who comes meanwhile."""
        return refusal(self.reason, None if self.until is None else self.until - now)


def refusal(reason: str, seconds: float | None) -> ArtratorError:
    """The owner's rules turn a job away; ``seconds`` from now it may come again, if anybody knows."""
    wait = _ASK_AGAIN_SECONDS if seconds is None else max(_LEAST_SECONDS, round(seconds))
    return ArtratorError(Code.NODE_PAUSED, reason, retry_after=wait)
