"""Server-sent events as they arrive, with limits: a line or an event without end is refused, not collected."""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from artrator.clients._http import MisbehavedError

#: The largest event is ``done`` with its receipt: a few KiB.
MAX_EVENT: Final = 2**20


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
        MisbehavedError: An event is too long, or the stream is not UTF-8.
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
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    async for chunk in chunks:
        try:
            rest += decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise MisbehavedError("sends events that are not text") from error
        # A carriage return at the very end may be the first half of a line end: it waits for the next chunk.
        held = "\r" if rest.endswith("\r") else ""
        whole = rest[: len(rest) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = whole.split("\n")
        rest += held
        for line in lines:
            yield line
        if len(rest) > MAX_EVENT:
            raise MisbehavedError("sends a line without end")
    if rest.endswith("\r"):
        yield rest[:-1]
