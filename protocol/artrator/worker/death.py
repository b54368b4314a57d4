"""How a worker ended, for those who must decide whose fault it was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

#: The status with which a worker ends whose device answers no more.
DEVICE_LOST: Final = 70


@dataclass(frozen=True)
class Death:
    """The end of a worker.

    Attributes:
        reason: The end of a sentence that begins with "it": ``was ended by SIGSEGV``. Says nothing of any request.
        limit: It passed a limit; without that it fell by itself.
        culprit: The job that passed a limit of its own; None if that is not known.
        inside: The jobs that were in the worker.
        wanted: It was closed, or ended so that a cancelled job stops: nobody's fault.
    """

    reason: str
    limit: bool = False
    culprit: str | None = None
    inside: Collection[str] = ()
    wanted: bool = False
