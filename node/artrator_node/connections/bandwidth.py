"""The line: what all connections together may send or receive in a second, shared fairly among them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

MBIT: Final = 1_000_000 / 8
#: What passes at a time: a millisecond of a gigabit, a second of the slowest line that makes sense.
PIECE: Final = 64 * 1024


class Line:
    """Lets bytes through at a rate. Whoever waits gets a piece in turn, however much the others want.

    Args:
        bytes_per_second: The rate; 0 lets everything through at once.
        monotonic: A clock.
    """

    def __init__(self, bytes_per_second: float, monotonic: Callable[[], float]) -> None:
        self._rate = bytes_per_second
        self._monotonic = monotonic
        self._free_at = 0.0
        self._waiting: dict[Hashable, deque[tuple[int, asyncio.Future[None]]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limited(self) -> bool:
        """Whether there is a rate."""
        return self._rate > 0

    async def take(self, who: Hashable, count: int) -> None:
        """Wait until ``who`` may pass ``count`` bytes, which are few: at most ``PIECE`` keeps the turns short."""
        if not self._rate or not count:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append((count, turn))
        if self._timer is None:
            self._next()
        try:
            await turn
        except asyncio.CancelledError:
            self._forget(who, turn)
            raise

    def _next(self) -> None:
        """Let the next ones pass, and come back when the line is free again."""
        self._timer = None
        now = self._monotonic()
        self._free_at = max(self._free_at, now)
        while self._waiting and self._free_at <= now:
            who, calls = next(iter(self._waiting.items()))
            count, turn = calls.popleft()
            del self._waiting[who]
            if calls:  # to the end of the round
                self._waiting[who] = calls
            if not turn.done():
                self._free_at += count / self._rate
                turn.set_result(None)
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(self._free_at - now, self._next)

    def _forget(self, who: Hashable, turn: asyncio.Future[None]) -> None:
        calls = self._waiting.get(who)
        if calls is not None:
            kept = deque(call for call in calls if call[1] is not turn)
            if kept:
                self._waiting[who] = kept
            else:
                del self._waiting[who]
