"""A job's events as server-sent events: numbered, resumable, with a sign of life every ten seconds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse

from artrator_node.engine.live import EventLog
from artrator_node.journal import Event

PING_SECONDS: Final = 10.0


def event_stream(events: EventLog, after: int) -> StreamingResponse:
    """Events after a serial until the job ends. A reader that is slow holds up nobody but itself."""

    async def lines() -> AsyncIterator[str]:
        async for event in events.follow(after, PING_SECONDS):
            yield ": still here\n\n" if event is None else _format(event)

    return StreamingResponse(
        lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _format(event: Event) -> str:
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.serial}\nevent: {event.kind.value}\ndata: {data}\n\n"
