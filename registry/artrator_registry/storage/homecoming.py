"""Bringing answers from the storage's threads back to the event loop, many with one wake-up.

Waking a loop costs a system call and a hand-over of the interpreter. A group commit answers dozens of commands at the
same moment, so they travel together.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")


class Homecoming:
    """The way back to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._arrived: list[tuple[Future[Any], asyncio.Future[Any]]] = []
        self._guard = threading.Lock()

    def waiting_for(self, answer: Future[_T]) -> asyncio.Future[_T]:
        """A future of the loop that ends as ``answer`` does; giving it up gives up what has not begun."""
        waiting: asyncio.Future[_T] = self.loop.create_future()
        answer.add_done_callback(lambda done: self._arrive(done, waiting))
        waiting.add_done_callback(lambda done: answer.cancel() if done.cancelled() else None)
        return waiting

    def _arrive(self, answer: Future[Any], waiting: asyncio.Future[Any]) -> None:
        with self._guard:
            self._arrived.append((answer, waiting))
            first = len(self._arrived) == 1
        if first:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is waiting any more
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._guard:
            arrived, self._arrived = self._arrived, []
        for answer, waiting in arrived:
            if waiting.done() or answer.cancelled():
                waiting.cancel()
            elif (error := answer.exception()) is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(answer.result())
