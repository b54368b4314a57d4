"""Asking a provider, with an end: a rail is a plugin, and what it waits for may never come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from artrator.errors import ArtratorError, Code

_T = TypeVar("_T")
#: For one question: more than a rail's own patience, its repetitions included.
QUESTION_SECONDS: Final = 120.0
#: For all that changed, which comes in pages.
COMPARISON_SECONDS: Final = 900.0


async def answer(name: str, work: Awaitable[_T], seconds: float | None = None) -> _T:
    """What a rail of this name answers; raises what it raises, and ``rail_unavailable`` if it says nothing for long."""
    try:
        async with asyncio.timeout(QUESTION_SECONDS if seconds is None else seconds):
            return await work
    except TimeoutError as error:
        raise ArtratorError(Code.RAIL_UNAVAILABLE, f"{name} does not answer.") from error
