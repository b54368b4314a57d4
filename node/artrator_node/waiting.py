"""Waiting for an event, but not for ever."""

from __future__ import annotations

import asyncio
import contextlib


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until ``event`` is set, for at most ``seconds``; answers whether it is.

    Python 3.11's ``asyncio.wait_for`` forgets a cancellation that comes while the event is being set, which would
    keep a stopping daemon alive; ``asyncio.timeout`` does not.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
