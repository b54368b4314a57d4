"""The registry's time: the system's clock, but not on the word of a jump.

A clock jumps when a machine wakes up, when its time is set right, and when it is set wrong. Which of these it was shows
in the minutes that follow. So:

- A clock that strays from the steady one of the processor by less than ``jump`` seconds in ``settle`` seconds is
  followed: that is how clocks drift and are corrected.
- One that strays further has jumped, forwards or back. The registry's time goes on as if nothing had happened.
- A jump that lasted ``settle`` seconds is taken for the truth. One that went back before then never was.
- A clock that, at a start, is behind what this registry wrote down last has jumped back while it was down. A clock that
  is ahead cannot be told from time spent down; what may run out after a start, see ``orders.sweeper``. If it jumps
  before it has stayed for ``settle`` seconds, as that of a machine does that hears the time after the start, nobody
  knows which of the two is right, and it is ``doubtful`` until that shows.
"""

from __future__ import annotations

import logging
import threading
import time

from artrator_registry.storage.transaction import Clock

_log = logging.getLogger("artrator_registry.storage")


class SteadyClock:
    """Seconds since 1970, UTC. Safe to call from any thread.

    Args:
        clock: The system's.
        jump: Seconds that are too many at once.
        settle: Seconds after which a jump is believed.
        known: The latest time that is known to have been, or None.
        steady: Seconds since anything, which never jump.
    """

    def __init__(
        self, clock: Clock, jump: float, settle: float, known: float | None = None, steady: Clock = time.monotonic
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._jump = jump
        self._settle = settle
        self._guard = threading.Lock()
        now = steady()
        #: The system's clock less the steady one: as it was at the beginning of this stretch, and as it is believed.
        self._anchor = self._believed = clock() - now
        self._anchored_at = now
        #: The same of a clock that has jumped, and since when.
        self._other: float | None = None
        self._other_since = now
        self._confirmed = False
        if known is not None and clock() < known - jump:
            self._anchor = self._believed = known - now

    @property
    def doubtful(self) -> bool:
        """Whether the time that is believed since the start may be wrong: nothing should run out by it."""
        with self._guard:
            return not self._confirmed and self._other is not None

    def __call__(self) -> float:
        """The time."""
        with self._guard:
            now = self._steady()
            seen = self._clock() - now
            if abs(seen - self._anchor) <= self._jump:
                self._believed, self._other = seen, None
                if now - self._anchored_at >= self._settle:
                    self._anchor, self._anchored_at, self._confirmed = seen, now, True
            elif self._other is None or abs(seen - self._other) > self._jump:
                self._other, self._other_since = seen, now
                _log.warning("the clock jumped by %.0f s; it is believed if it stays there", seen - self._believed)
            elif now - self._other_since >= self._settle:
                _log.warning("the clock stayed where it jumped: the time is now %.0f s later", seen - self._believed)
                self._anchor = self._believed = seen
                self._anchored_at, self._other, self._confirmed = now, None, True
            return self._believed + now
