"""Requests whose senders have shown no ticket yet: so much of them is kept, and whoever takes up most leaves first.

A ticket stands in the body, so a stranger's body has to be read before anybody knows whose it is. Each is short; the
bodies of thousands of connections together are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from artrator.errors import ArtratorError, Code

#: The request: a ticket and inputs without files.
MAX_JOB_BYTES: Final = 1024 * 1024
#: Of all that wait. A thousand requests of the usual few thousand bytes are no crowd.
_ROOM_BYTES: Final = 32 * MAX_JOB_BYTES
_COME_BACK_SECONDS: Final = 10


class JobText:
    """The text of one request, as it arrives."""

    def __init__(self, antechamber: Antechamber, clock: asyncio.Timeout) -> None:
        self._antechamber = antechamber
        self._clock = clock
        self._text = bytearray()
        self.sent_away = False

    def __len__(self) -> int:
        return len(self._text)

    def __bytes__(self) -> bytes:
        return bytes(self._text)

    def add(self, data: bytes) -> None:
        """More of it.

        Raises:
            ArtratorError: ``request_too_large``; ``node_busy`` if it had to make room.
        """
        if len(self._text) + len(data) > MAX_JOB_BYTES:
            raise ArtratorError(
                Code.REQUEST_TOO_LARGE,
                f"A job without its files has at most {MAX_JOB_BYTES:,} bytes.",
                limit=MAX_JOB_BYTES,
            )
        if not self.sent_away:
            self._text += data
            self._antechamber.took(self, len(data))
        if self.sent_away:
            raise no_room()

    def send_away(self) -> None:
        """Make room: whoever reads this text stops at once, with a ``TimeoutError``."""
        self.sent_away = True
        self._text = bytearray()
        if not self._clock.expired():
            self._clock.reschedule(asyncio.get_running_loop().time())


class Antechamber:
    """All texts that wait."""

    def __init__(self, room: int = _ROOM_BYTES) -> None:
        self._room = room
        self._held = 0
        self._waiting: set[JobText] = set()

    @contextmanager
    def enter(self, clock: asyncio.Timeout) -> Iterator[JobText]:
        """A text, until its reader is done; who reads it does so within ``clock``."""
        text = JobText(self, clock)
        self._waiting.add(text)
        try:
            yield text
        finally:
            self.leave(text)

    def leave(self, text: JobText) -> None:
        """Its sender is known, or gone; harmless if it had left."""
        if text in self._waiting:
            self._waiting.discard(text)
            self._held -= len(text)

    def took(self, text: JobText, size: int) -> None:
        """A text has grown."""
        if text in self._waiting:
            self._held += size
        if self._held > self._room:
            longest = max(self._waiting, key=len)
            self.leave(longest)
            longest.send_away()


def no_room() -> ArtratorError:
    """For who was sent away."""
    return ArtratorError(Code.NODE_BUSY, "Too many long requests arrive at once.", retry_after=_COME_BACK_SECONDS)
