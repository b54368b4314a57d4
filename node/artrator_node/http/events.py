"""A job's events as server-sent events: numbered, resumable, with a sign of life now and then."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse

from artrator_node.journal import Event

EVENTS: Final = "text/event-stream"


def event_stream(events: AsyncIterator[Event | None]) -> StreamingResponse:
    """Events until the job ends, None for a sign of life. A reader that is slow holds up nobody but itself."""

    async def lines() -> AsyncIterator[str]:
        async for event in events:
            yield ": still here\n\n" if event is None else _format(event)

    return StreamingResponse(
        lines(), media_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _format(event: Event) -> str:
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.serial}\nevent: {event.kind.value}\ndata: {data}\n\n"
