"""Starting the worker process of a package, with what the owner allows it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from artrator.errors import ArtratorError
from artrator.plugins import find_backend
from artrator.plugins.environment import trace
from artrator.worker.claims import verified_content
from artrator.worker.derived import DerivedGraphs
from artrator.worker.host import Limits
from artrator.worker.start import start_worker
from artrator_node.catalogue import ServedPackage
from artrator_node.config import Paths, Settings
from artrator_node.engine.compiled import COMPILED_BYTES, compiled_folder
from artrator_node.engine.devices import Choice
from artrator_node.engine.slot import StartWorker, WorkerHandle

#: What interpreter, libraries and the buyers' pictures take beside the model.
_BESIDE_THE_MODEL: Final = 512 << 20
#: The frames of a film leave a worker together, and wait here to be encoded: at least 250 million pixels, and more
#: where there is more memory, as a share of what all models may take.
_LEAST_OUTPUT: Final = 768 << 20
_OUTPUT_SHARE: Final = 8


def worker_starter(settings: Settings, paths: Paths, derived: DerivedGraphs) -> StartWorker:
    """A function that starts the worker of a package on what was chosen for it, with what was derived from it."""
    # On the processor, models are told a little less than the worker may take, so that a run which needs too much ends
    # as an exception, or goes on in smaller batches, before the whole worker has to be killed.
    spare = min(_BESIDE_THE_MODEL, settings.memory_bytes // 4)
    limits = Limits(
        memory_bytes=settings.memory_bytes,
        run_seconds=settings.run_seconds,
        load_seconds=settings.load_seconds,
        output_bytes=max(_LEAST_OUTPUT, settings.memory_bytes // _OUTPUT_SHARE),
    )

    async def start(package: ServedPackage, choice: Choice) -> WorkerHandle:
        plugin = find_backend(package.manifest.backend)
        before = trace(plugin)
        content = await asyncio.to_thread(verified_content, package.folder, package.signer)
        own = choice.place.memory_bytes
        memory = min(settings.memory_bytes, own or settings.memory_bytes) - spare if choice.is_on_processor else own
        device = replace(choice.device(memory), compiled=compiled_folder(paths.compiled, package.digest, choice))
        own_limits = replace(limits, cores=choice.place.cores)
        if device.compiled:
            own_limits = replace(own_limits, scratch_bytes=COMPILED_BYTES)
        try:
            return await start_worker(plugin, content, derived, device=device, limits=own_limits)
        except ArtratorError:
            again = find_backend(package.manifest.backend)  # which says so if it was removed
            if trace(again) == before:
                raise
            # It was updated in the middle of this: that says nothing of the package, nor of the new version.
            return await start_worker(again, content, derived, device=device, limits=own_limits)

    return start
