"""Starting the worker process of a package, with what the owner allows it."""

from __future__ import annotations

from artrator.backend import Device
from artrator.plugins import find_backend
from artrator.worker.host import Limits, Worker
from artrator_node.catalogue import ServedPackage
from artrator_node.config import Settings
from artrator_node.engine.slot import StartWorker, WorkerHandle


def worker_starter(settings: Settings) -> StartWorker:
    """A function that starts the worker of a package."""
    device = Device(kind=settings.device, index=settings.device_index, threads=settings.threads)
    limits = Limits(
        memory_bytes=settings.memory_bytes, run_seconds=settings.run_seconds, load_seconds=settings.load_seconds
    )

    async def start(package: ServedPackage) -> WorkerHandle:
        plugin = find_backend(package.manifest.backend)
        return await Worker.start(plugin, package.folder, package.signer, device=device, limits=limits)

    return start
