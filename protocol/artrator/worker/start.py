"""Start a worker with what was derived from its package, and without it where that does not work."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.plugins.info import PluginInfo
from artrator.worker.claims import SignedContent
from artrator.worker.derived import DerivedGraphs
from artrator.worker.host import Worker
from artrator.worker.limits import Limits
from artrator.worker.prepare import prepare_if_due
from artrator.worker.usage import mapped_bytes


async def start_worker(
    plugin: PluginInfo, content: SignedContent, derived: DerivedGraphs, *, device: Device, limits: Limits
) -> Worker:
    """As ``Worker.start_verified``; at the first load of a package, what can be derived from it is derived before.

    Raises:
        ArtratorError: as of ``Worker.start_verified``.
    """
    begun = time.monotonic()
    files = None
    if plugin.error is None and content.manifest.backend in plugin.entry_points:
        await prepare_if_due(plugin, limits)
        files = await derived.ready(plugin, content, device, limits)
    once = time.monotonic() - begun
    try:
        worker = await Worker.start_verified(plugin, content, device=device, limits=limits, derived=files)
    except ArtratorError as error:
        # Whatever a process dies of that maps a file, it must not be the end of the package.
        if files is None or error.code is not Code.WORKER_DIED:
            raise
        await asyncio.to_thread(derived.discard, files, error.message)
        files = None
        worker = await Worker.start_verified(plugin, content, device=device, limits=limits)
    if files is not None and worker.info.refused:
        why = f"onnxruntime refused what it had saved of {worker.info.refused[0]}"
        try:
            await asyncio.to_thread(derived.discard, files, why)
        except asyncio.CancelledError:
            await worker.close()  # nobody else knows of it yet
            raise
    shared = 0 if files is None else mapped_bytes(worker.pid, files.folder)
    worker.info = replace(worker.info, once_seconds=once, shared_bytes=shared)
    return worker
