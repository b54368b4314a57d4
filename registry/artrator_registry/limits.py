"""Rate limits: a token bucket for each remote address or account, in memory.

They stand where something is kept for nothing: what is paid for, or asked of a provider, limits itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator_registry.settings import Settings

#: Callers that are remembered; the one that was quiet longest is forgotten first.
_CALLERS: Final = 50_000
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_WORDS: Final = {_MINUTE: "a minute", _HOUR: "an hour", _DAY: "a day"}


class RateLimit:
    """So many calls in a while by one caller, in bursts of as many.

    Args:
        what: What there can be too many of, and from whom: "sign-ins from this address".
        most: How many.
        seconds: In how long.
    """

    def __init__(self, what: str, most: int, seconds: int = _MINUTE) -> None:
        self._what = f"{what}: {most} {_WORDS[seconds]} at most"
        self._burst = float(most)
        self._rate = most / seconds
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._guard = threading.Lock()

    def require(self, caller: str) -> None:
        """Raise ArtratorError ``rate_limited`` when the caller has none left; nothing is counted."""
        self._take(caller, 0.0)

    def take(self, caller: str) -> None:
        """Count one call; raises ArtratorError ``rate_limited`` when the caller has none left."""
        self._take(caller, 1.0)

    def _take(self, caller: str, count: float) -> None:
        now = time.monotonic()  # the wall clock may jump, and no limit should follow it
        with self._guard:
            tokens, at = self._buckets.pop(caller, (self._burst, now))
            tokens = min(self._burst, tokens + (now - at) * self._rate)
            allowed = tokens >= 1.0
            self._buckets[caller] = (tokens - count if allowed else tokens, now)
            while len(self._buckets) > _CALLERS:
                self._buckets.popitem(last=False)
        if not allowed:
            wait = max(1, math.ceil((1.0 - tokens) / self._rate))
            raise ArtratorError(Code.RATE_LIMITED, f"Too many {self._what}; wait {wait} s.", retry_after=wait)


class Limits:
    """Every rate limit of a registry."""

    def __init__(self, settings: Settings) -> None:
        self.sign_ins: Final = RateLimit("sign-ins from this address", settings.requests_per_minute)
        self.webhooks: Final = RateLimit("unsigned webhooks from this address", settings.requests_per_minute)
        self.vouchers: Final = RateLimit("vouchers from this address", settings.vouchers_per_minute)
        self.accounts: Final = RateLimit("new accounts from this address", settings.accounts_per_hour, _HOUR)
        self.api_keys: Final = RateLimit("new API keys of one account", settings.api_keys_per_day, _DAY)
        self.heartbeats: Final = RateLimit("heartbeats of one node", settings.heartbeats_per_minute)
        self.topups: Final = RateLimit("top-ups of one account", settings.topups_per_minute)
        self.quotes: Final = RateLimit("quotes of one account", settings.quotes_per_minute)
        self.orders: Final = RateLimit("orders of one account", settings.orders_per_day, _DAY)
        #: Orders for which nothing is set aside, and looks at packages.
        self.free: Final = RateLimit("orders of one account that cost nothing", settings.free_orders_per_day, _DAY)
        self.receipts: Final = RateLimit(
            "large receipts of one account for next to nothing", settings.large_receipts_per_day, _DAY
        )
        self.publications: Final = RateLimit("publications of one account", settings.publications_per_day, _DAY)
