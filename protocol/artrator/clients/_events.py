"""Server-sent events as they arrive, with limits: a line or an event without end is refused, not collected."""

from __future__ import annotations

import codecs
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from artrator.clients._http import MisbehavedError

#: The largest event is ``done`` with its receipt: a few KiB.
MAX_EVENT: Final = 2**20
#: Lines and pieces of lines: what has gathered while nobody listened comes at once; then a node tells ten events of
#: four lines in a second.
_AT_ONCE: Final = 200_000
_A_SECOND: Final = 1_000


@dataclass(frozen=True)
class RawEvent:
    """One event as it was sent."""

    kind: str
    id: str
    data: str


@dataclass
class _Draft:
    kind: str = "message"
    data: list[str] = field(default_factory=list)
    size: int = 0


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[RawEvent, None]:
    """The events in a stream of bytes, as the HTML standard reads them.

    Raises:
        MisbehavedError: An event is too long, there are more than anybody could hear, or the stream is not UTF-8.
    """
    draft, last_id = _Draft(), ""
    async for line in _lines(chunks):
        if not line:
            if draft.data:
                yield RawEvent(draft.kind, last_id, "\n".join(draft.data))
            draft = _Draft()
            continue
        draft.size += len(line)
        if draft.size > MAX_EVENT:
            raise MisbehavedError("sends an event without end")
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                draft.kind = value
            case "data":
                draft.data.append(value)
            case "id" if "\x00" not in value:
                last_id = value
            case _:  # comments (an empty name) and fields of the future
                pass


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """The lines of a stream, each as soon as it has ended, with work for each byte once however it is cut."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    begun: list[str] = []  # the pieces of the line that has not ended
    size, pieces, since, returned = 0, 0, time.monotonic(), False
    async for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise MisbehavedError("sends events that are not text") from error
        if returned and text:  # the line ended with the carriage return; this is the other half of that end
            text, returned = text.removeprefix("\n"), False
        returned = returned or text.endswith("\r")
        *ended, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        pieces += 1 + len(ended)
        if pieces > _AT_ONCE + _A_SECOND * (time.monotonic() - since):
            raise MisbehavedError("tells more than anybody could hear")
        for line in ended:
            begun.append(line)
            yield "".join(begun)
            begun, size = [], 0
        begun.append(rest)
        size += len(rest)
        if size > MAX_EVENT:
            raise MisbehavedError("sends a line without end")
