"""The registry's time, kept without trusting this machine's wall clock.

Tickets carry times by the registry's clock. Once the registry has told its time, this clock counts on from there by
the monotonic clock, so that a wall clock that is wrong, or jumps, neither refuses good tickets nor accepts old ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: A wall clock this far from the registry's is worth a spoken warning.
WARN_SECONDS: Final = 30.0


class Clock:
    """Seconds since 1970 by the registry's clock where it is known, else by this machine's.

    Attributes:
        monotonic: Called for durations.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self.monotonic = monotonic
        self._anchor: tuple[float, float] | None = None

    def now(self) -> float:
        """The time."""
        if self._anchor is None:
            return self._wall()
        told, at = self._anchor
        return told + self.monotonic() - at

    def synchronise(self, told: float, round_trip: float = 0.0) -> None:
        """The registry said ``told``, and its answer took ``round_trip`` seconds to come and go."""
        self._anchor = (told + round_trip / 2, self.monotonic())

    @property
    def skew(self) -> float:
        """How far this machine's wall clock is ahead of the registry's, in seconds."""
        return self._wall() - self.now()
