"""A limit of bytes a second, shared by everyone who sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pace:
    """Lets bytes through at a rate; without one, at once."""

    def __init__(self, bytes_per_second: float, monotonic: Callable[[], float]) -> None:
        self._rate = bytes_per_second
        self._monotonic = monotonic
        self._free_at = 0.0

    async def take(self, count: int) -> None:
        """Wait until ``count`` bytes may go. Whoever asks first goes first."""
        if not self._rate:
            return
        now = self._monotonic()
        begin = max(now, self._free_at)
        self._free_at = begin + count / self._rate
        if begin > now:
            await asyncio.sleep(begin - now)
