"""Asking again while nobody answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from artrator.errors import ArtratorError, Code

_T = TypeVar("_T")


async def patiently(call: Callable[[], Awaitable[_T]], *, seconds: float) -> _T:
    """``call``, again and again while nobody answers, for at most ``seconds``."""
    deadline, wait = time.monotonic() + seconds, 0.2
    while True:
        try:
            return await call()
        except ArtratorError as error:
            lost = error.code in (Code.REGISTRY_UNREACHABLE, Code.NODE_UNREACHABLE)
            if not lost or time.monotonic() + wait > deadline:
                raise
        await asyncio.sleep(wait)
        wait = min(wait * 2, 3.0)
