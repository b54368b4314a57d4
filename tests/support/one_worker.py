"""A worker for as long as a test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from artrator.plugins import PluginInfo
from artrator.worker.host import Limits, SignedContent, Worker

_T = TypeVar("_T")


def with_worker(
    work: Callable[[Worker], Awaitable[_T]], plugin: PluginInfo, content: SignedContent, **limits: Any
) -> _T:
    """Start a worker, let ``work`` use it, close it. A run may take four minutes unless ``limits`` say otherwise."""

    async def main() -> _T:
        worker = await Worker.start_verified(plugin, content, limits=Limits(**{"run_seconds": 240, **limits}))
        try:
            return await work(worker)
        finally:
            await worker.close()

    return asyncio.run(main())
