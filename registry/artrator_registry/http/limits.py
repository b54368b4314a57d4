"""Rate limits: a token bucket for each remote address or account, in memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import Final

from artrator.errors import ArtratorError, Code

#: Callers that are remembered; the one that was quiet longest is forgotten first.
_CALLERS: Final = 50_000


class RateLimit:
    """At most ``per_minute`` calls in a minute by one caller, in bursts of as many.

    Args:
        what: What there can be too many of, and from whom: "sign-ins from this address".
        per_minute: How many.
    """

    def __init__(self, what: str, per_minute: int) -> None:
        self._what = what
        self._burst = float(per_minute)
        self._rate = per_minute / 60.0
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, caller: str) -> None:
        """Count one call; raises ArtratorError ``rate_limited`` when the caller has none left."""
        now = time.monotonic()  # the wall clock may jump, and no limit should follow it
        with self._guard:
            tokens, at = self._buckets.pop(caller, (self._burst, now))
            tokens = min(self._burst, tokens + (now - at) * self._rate)
            allowed = tokens >= 1.0
            self._buckets[caller] = (tokens - 1.0 if allowed else tokens, now)
            while len(self._buckets) > _CALLERS:
                self._buckets.popitem(last=False)
        if not allowed:
            wait = max(1, math.ceil((1.0 - tokens) / self._rate))
            raise ArtratorError(Code.RATE_LIMITED, f"Too many {self._what}; wait {wait} s.", retry_after=wait)
