"""One thread beside the event loop that calls functions one after the other.

``concurrent.futures`` does the same with a future, a condition and two turns of the loop for each call; a step of a
model is short enough for that to be seen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeAlias, TypeVar

_A = TypeVar("_A")
_R = TypeVar("_R")
#: What is called with what, who waits for it, and what is called with the outcome before.
_Work: TypeAlias = tuple[Callable[[Any], Any], Any, asyncio.Future[Any], Callable[[Any], None]]


class OneThread:
    """The thread, and what waits for it. It belongs to the event loop that is running where it is made."""

    def __init__(self, name: str) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._work: Final[SimpleQueue[_Work | None]] = SimpleQueue()
        Thread(target=self._live, name=name).start()

    async def call(self, function: Callable[[_A], _R], argument: _A, then: Callable[[_R], None]) -> _R:
        """What ``function`` returns or raises; anything but StopIteration, which no future takes.

        ``then`` is called on the loop with what it returned, before whoever waits here goes on: a turn earlier.
        """
        future: asyncio.Future[_R] = self._loop.create_future()
        self._work.put((function, argument, future, then))
        return await future

    def close(self) -> None:
        """End after the call that is under way."""
        self._work.put(None)

    def _live(self) -> None:
        while (work := self._work.get()) is not None:
            function, argument, future, then = work
            if future.cancelled():
                continue
            outcome, error = None, None
            try:
                outcome = function(argument)
            except BaseException as raised:  # whoever waits is told
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile, and nobody waits any more
                self._loop.call_soon_threadsafe(_settle, future, then, outcome, error)
            # Nothing of this call is kept while the next one is waited for.
            del work, function, argument, future, then, outcome, error


def _settle(
    future: asyncio.Future[Any], then: Callable[[Any], None], outcome: object, error: BaseException | None
) -> None:
    if future.done():
        return
    if error is None:
        try:
            then(outcome)
        except Exception as raised:  # it is the waiter's, and would else keep it waiting for ever
            error = raised
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)
