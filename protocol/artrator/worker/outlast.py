"""Wait for something to its end, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


async def outlast(work: Awaitable[_T]) -> _T:
    """What ``work`` returns or raises. A cancellation that comes meanwhile is told when it has ended.

    For what clears up: it must not be broken off, and must not be left behind either. A cancellation that it swallowed
    would be lost, and whoever goes on for ever could not be stopped any more. Only for what surely ends.
    """
    waiting = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not waiting.done():
        try:
            await asyncio.wait([waiting])  # which leaves alone what it waits for
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        return waiting.result()
    if not waiting.cancelled():
        waiting.exception()  # whoever is cancelled does not hear it
    raise cancellation
