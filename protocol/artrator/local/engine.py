"""Runs packages in sandboxed workers of this machine, and keeps them warm between runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import artrator
from artrator.backend import Device, Image
from artrator.clients.news import Delivered
from artrator.encoding import EncodedOutput, Provenance, encode_outputs, encode_preview
from artrator.errors import ArtratorError, Code
from artrator.inputs import decoded, request_body
from artrator.local.package import LocalPackage
from artrator.local.result import LocalRecord, LocalResult
from artrator.plugins import find_backend
from artrator.profile import home
from artrator.worker.claims import SignedContent
from artrator.worker.derived import DerivedGraphs
from artrator.worker.host import Worker
from artrator.worker.limits import Limits
from artrator.worker.start import start_worker

_T = TypeVar("_T")

#: Previews are shown to one person: more often than this nobody sees a difference.
_PREVIEW_SECONDS: Final = 0.2
#: What graphs that were derived from bought packages may take of the disk.
_DERIVED_BYTES: Final = 32 << 30


class LocalStage(StrEnum):
    """Where a run is."""

    LOADING = "loading"
    RUNNING = "running"
    ENCODING = "encoding"


@dataclass(frozen=True)
class LocalProgress:
    """News of a run. ``preview`` is a small JPEG."""

    stage: LocalStage
    done: int = 0
    total: int = 0
    preview: bytes | None = None
    runtime: str = ""


OnProgress = Callable[[LocalProgress], None]


@dataclass
class _Place:
    """One package: the load under way or done, and how many runs need it."""

    loading: asyncio.Task[tuple[SignedContent, Worker]]
    runs: int = 0
    used_at: float = 0.0

    @property
    def worker(self) -> Worker | None:
        """The worker, if it is ready and lives."""
        if not self.loading.done() or self.loading.cancelled() or self.loading.exception() is not None:
            return None
        worker = self.loading.result()[1]
        return worker if worker.alive else None

    @property
    def usable(self) -> bool:
        """Whether runs can be given to it now or once it has loaded."""
        return not self.loading.done() or self.worker is not None


@dataclass
class _Run:
    """A run that can be cancelled at any point."""

    id: str
    on_progress: OnProgress
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def unless_cancelled(self, work: asyncio.Future[_T]) -> _T:
        """What ``work`` gives.

        Raises:
            ArtratorError: ``job_cancelled`` as soon as the run is cancelled, and the work goes on; ``worker_died`` if
                the engine is closed meanwhile.
        """
        wish: asyncio.Future[Any] = asyncio.ensure_future(self.cancelled.wait())
        try:
            await asyncio.wait([work, wish], return_when=asyncio.FIRST_COMPLETED)
        finally:
            wish.cancel()
        if not work.done():
            raise ArtratorError(Code.JOB_CANCELLED, "The run was cancelled.")
        if work.cancelled():
            raise ArtratorError(Code.WORKER_DIED, "The engine is closed.")
        return work.result()


class LocalEngine:
    """Workers of this machine.

    Args:
        device: What models compute on.
        limits: What each worker may take.
        warm: How many packages stay loaded when nothing runs.
        derived: What was derived from signed packages, and what is; None stands for the profile's.
    """

    def __init__(
        self,
        device: Device | None = None,
        limits: Limits | None = None,
        *,
        warm: int = 1,
        derived: DerivedGraphs | None = None,
    ) -> None:
        self._device = device or Device()
        self._limits = limits or Limits(run_seconds=3600.0, load_seconds=600.0)
        self._warm = warm
        self._derived = derived or DerivedGraphs(home() / "derived", _DERIVED_BYTES)
        self._places: dict[LocalPackage, _Place] = {}
        self._runs: dict[str, _Run] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self, package: LocalPackage) -> str:
        """Load a package ahead of need; answers what computes it (``onnxruntime 1.31.1 cpu``).

        Raises:
            ArtratorError: as of ``run``.
        """
        content, worker = await asyncio.shield(self._place(package).loading)
        del content
        return worker.info.runtime

    async def run(
        self,
        package: LocalPackage,
        inputs: Mapping[str, object],
        files: Mapping[str, bytes | Sequence[bytes]] | None = None,
        on_progress: OnProgress | None = None,
        *,
        image_format: str = "png",
        run: str | None = None,
    ) -> LocalResult:
        """Run a package once. Several runs of one package at once share its worker and its batches.

        Args:
            package: What to run. It is verified when it is loaded.
            inputs: Values by name; what is left out takes its default, random seeds are drawn.
            files: The bytes of image inputs by name.
            on_progress: Called on the event loop.
            image_format: ``png``, ``jpeg`` or ``webp``.
            run: An id for ``cancel``; made if None.

        Raises:
            ArtratorError: ``package_changed`` and the like; ``backend_missing``, ``plugin_broken``; ``input_invalid``,
                ``input_unknown``, ``image_corrupt``, ``image_too_large``; ``model_failed``, ``worker_died``,
                ``worker_limit``, ``job_cancelled``.
        """
        this = _Run(run or str(uuid.uuid4()), on_progress or _nobody)
        if this.id in self._runs:
            raise ArtratorError(Code.CONFLICT, "A run of this id is under way.")
        self._runs[this.id] = this
        try:
            place = self._place(package)
            place.runs += 1
            try:
                if not place.loading.done():
                    this.on_progress(LocalProgress(LocalStage.LOADING))
                content, worker = await this.unless_cancelled(asyncio.shield(place.loading))
                return await self._run(this, package, content, worker, inputs, files or {}, image_format)
            finally:
                place.runs -= 1
                place.used_at = time.monotonic()
                await self._let_go()
        finally:
            del self._runs[this.id]

    def cancel(self, run: str) -> None:
        """Stop a run, whose ``run`` raises ``job_cancelled`` soon; harmless if it has ended."""
        if run in self._runs:
            self._runs[run].cancelled.set()

    async def close(self) -> None:
        """End every worker; runs end with ``worker_died``."""
        self._closed = True
        places, self._places = list(self._places.values()), {}
        await self._derived.close()
        await asyncio.gather(*(_end(place) for place in places), return_exceptions=True)

    # --- places

    def _place(self, package: LocalPackage) -> _Place:
        if self._closed:
            raise ArtratorError(Code.WORKER_DIED, "The engine is closed.")
        place = self._places.get(package)
        # An unsigned folder is being worked on: it is loaded anew each time, unless something runs in it now.
        stale = package.signer is None and place is not None and not place.runs
        if place is None or not place.usable or stale:
            before = place
            loading = asyncio.get_running_loop().create_task(self._load(package, before))
            loading.add_done_callback(_seen)
            place = self._places[package] = _Place(loading)
        return place

    async def _load(self, package: LocalPackage, before: _Place | None) -> tuple[SignedContent, Worker]:
        if before is not None:
            await _end(before)
        content = await asyncio.to_thread(package.content)
        if package.digest is not None and content.digest != package.digest:
            raise ArtratorError(Code.PACKAGE_CHANGED, f"{package.folder} holds another package than the one it was.")
        plugin = await asyncio.to_thread(find_backend, content.manifest.backend)
        if package.signer is None:  # it changes from run to run; what is derived of it would be used once
            return content, await Worker.start_verified(plugin, content, device=self._device, limits=self._limits)
        return content, await start_worker(plugin, content, self._derived, device=self._device, limits=self._limits)

    async def _let_go(self) -> None:
        """Close what failed, what died, and the idle ones beyond those that stay warm, the longest unused first."""
        idle = [(package, place) for package, place in self._places.items() if not place.runs and place.loading.done()]
        gone = [(package, place) for package, place in idle if place.worker is None]
        living = sorted((item for item in idle if item not in gone), key=lambda item: item[1].used_at)
        leaving = gone + living[: max(0, len(living) - self._warm)]
        for package, _ in leaving:
            del self._places[package]
        await asyncio.gather(*(_end(place) for _, place in leaving), return_exceptions=True)

    # --- one run

    async def _run(
        self,
        this: _Run,
        package: LocalPackage,
        content: SignedContent,
        worker: Worker,
        inputs: Mapping[str, object],
        files: Mapping[str, bytes | Sequence[bytes]],
        image_format: str,
    ) -> LocalResult:
        manifest, began = content.manifest, time.time()

        def prepare() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
            request = request_body(manifest, content.digest, inputs, files, image_format=image_format)
            return request.body.inputs, decoded(manifest, request.body.inputs, request.files.__getitem__)

        asked, values = await asyncio.to_thread(prepare)
        this.on_progress(LocalProgress(LocalStage.RUNNING, runtime=worker.info.runtime))
        made = await self._compute(this, worker, values)
        this.on_progress(LocalProgress(LocalStage.ENCODING))
        provenance = Provenance(
            software=f"Artrator {artrator.__version__}",
            model=f"{manifest.name}@{manifest.version}",
            package=content.digest,
            listing=package.listing,
            created=time.time(),
        )
        encoded: Sequence[EncodedOutput] = await asyncio.to_thread(
            encode_outputs, manifest, made, image_format, provenance
        )
        return LocalResult(
            outputs=[Delivered(item.output, item.data) for item in encoded],
            record=LocalRecord(
                run=this.id,
                package=content.digest,
                listing=package.listing,
                model=provenance.model,
                runtime=worker.info.runtime,
                inputs=asked,
                outputs=[item.output.sha256 for item in encoded],
                software=provenance.software,
                started_at=began,
                finished_at=provenance.created,
            ),
        )

    async def _compute(self, this: _Run, worker: Worker, values: Mapping[str, Any]) -> Mapping[str, Any]:
        told = float("-inf")

        def tell(done: int, total: int, preview: Image | None) -> None:
            nonlocal told
            small = None
            if preview is not None and time.monotonic() - told >= _PREVIEW_SECONDS:
                told = time.monotonic()
                with contextlib.suppress(ArtratorError, ValueError):  # what is no picture is not worth a run
                    small = encode_preview(preview)
            this.on_progress(LocalProgress(LocalStage.RUNNING, done, total, small, worker.info.runtime))

        running = asyncio.ensure_future(worker.run(this.id, values, tell))
        try:
            return await this.unless_cancelled(running)
        finally:
            if not running.done():
                worker.cancel(this.id)
                # Its place is given free only when the worker has let go of it, or was ended for not doing so.
                with contextlib.suppress(ArtratorError, asyncio.CancelledError):
                    await running


async def _end(place: _Place) -> None:
    """End a place's worker, or the load that would make one."""
    if not place.loading.done():
        place.loading.cancel()
    with contextlib.suppress(ArtratorError, asyncio.CancelledError):
        await (await place.loading)[1].close()


def _seen(loading: asyncio.Task[Any]) -> None:
    """A load that failed while nobody waited for it any more is no news."""
    if not loading.cancelled():
        loading.exception()


def _nobody(_: LocalProgress) -> None:
    """Tell nobody."""
