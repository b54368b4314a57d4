"""All packages' places together: who is loaded, who makes room, what is loaded ahead of need."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from artrator.errors import ArtratorError, Code
from artrator_node.catalogue import Catalogue
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.engine.estimates import Estimate
from artrator_node.engine.live import LiveJob
from artrator_node.engine.room import busy_victim, victims
from artrator_node.engine.slot import Slot, SlotState, StartWorker, WorkerHandle
from artrator_node.journal import Journal
from artrator_node.journal.records import Measured
from artrator_node.logs import log
from artrator_node.metrics import Metrics

_logger = logging.getLogger(__name__)


class Slots:
    """The places of the served packages. One worker is started at a time."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        journal: Journal,
        clock: Clock,
        metrics: Metrics,
        start_worker: StartWorker,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._start_worker = start_worker
        self._slots: dict[str, Slot] = {}
        self._measured: Mapping[str, Measured] = {}
        self._warmed: set[str] = set()
        self.loading: Slot | None = None

    def __iter__(self) -> Iterator[Slot]:
        """The places of every package that is served now."""
        return iter([slot for digest in self._catalogue.packages if (slot := self.get(digest)) is not None])

    async def open(self) -> None:
        """Remember what was measured before."""
        self._measured = await self._journal.measured()

    async def close(self) -> None:
        """End every worker."""
        workers = [slot.worker for slot in self._slots.values() if slot.worker is not None]
        await asyncio.gather(*(worker.close() for worker in workers), return_exceptions=True)

    def get(self, package: str) -> Slot | None:
        """The place of a package; None if it is not served and nothing of it runs."""
        served = self._catalogue.packages.get(package)
        slot = self._slots.get(package)
        if served is None:
            return slot if slot is not None and slot.running else None
        if slot is None:
            estimate = Estimate(self._measured.get(package, Measured(package)))
            slot = self._slots[package] = Slot(served, estimate, self._settings.jobs_per_package)
        slot.package = served
        return slot

    @property
    def running(self) -> Sequence[LiveJob]:
        """Jobs in workers."""
        return [live for slot in self._slots.values() for live in slot.running.values()]

    @property
    def memory_bytes(self) -> int:
        """What all workers take together, as measured when they were loaded."""
        return sum(slot.memory_bytes for slot in self._slots.values() if slot.loaded)

    # --- loading

    def make_room(self, slot: Slot) -> Sequence[WorkerHandle] | Slot | None:
        """What must go so that ``slot`` can be loaded: workers to close, or a busy place to wait for, or None."""
        chosen = victims(slot, self._slots.values(), self._settings.memory_bytes)
        if chosen is None:
            return busy_victim(slot, self._slots.values())
        return [worker for victim in chosen if (worker := victim.evicted()) is not None]

    def to_prewarm(self) -> Slot | None:
        """A cold package that fits beside what is loaded, each once: the first buyer should not wait for a load."""
        if not self._settings.prewarm or self.loading is not None:
            return None
        for slot in self:
            if slot.package.digest not in self._warmed and slot.state is SlotState.COLD:
                self._warmed.add(slot.package.digest)
                if self.memory_bytes + slot.memory_bytes <= self._settings.memory_bytes:
                    return slot
        return None

    def dead(self) -> Iterable[WorkerHandle]:
        """Workers that died while they had nothing to do; the caller closes them."""
        for slot in self._slots.values():
            worker = slot.worker
            if worker is not None and not worker.alive and slot.idle and slot.died(worker, crashed=True):
                self._metrics.deaths.inc()
                yield worker

    def unserved(self) -> Iterable[WorkerHandle]:
        """Workers of packages that are served no more; the caller closes them."""
        for digest, slot in list(self._slots.items()):
            if digest not in self._catalogue.packages and slot.idle and (worker := slot.evicted()) is not None:
                yield worker

    async def load(self, slot: Slot, leaving: Sequence[WorkerHandle]) -> None:
        """Close evicted workers, then start this one. Never raises for what the package or its backend does."""
        started = self._clock.monotonic()
        self._warmed.add(slot.package.digest)
        try:
            if leaving:
                self._metrics.evictions.inc(len(leaving))
                await asyncio.gather(*(worker.close() for worker in leaving), return_exceptions=True)
            worker = await self._start_worker(slot.package)
        except ArtratorError as error:
            self._failed(slot, error)
        except Exception as error:
            _logger.exception("load_failed_unexpectedly")
            self._failed(
                slot, ArtratorError(Code.INTERNAL, f"The worker could not be started ({type(error).__name__}).")
            )
        else:
            self._ready(slot, worker, self._clock.monotonic() - started)
        finally:
            if slot.state is SlotState.LOADING:  # cancelled in the middle
                slot.state = SlotState.COLD
            self.loading = None

    def _failed(self, slot: Slot, error: ArtratorError) -> None:
        self._metrics.load_failures.labels(error.code.value).inc()
        slot.load_failed(error, self._clock.monotonic())

    def _ready(self, slot: Slot, worker: WorkerHandle, seconds: float) -> None:
        memory = worker.resident_bytes or worker.info.memory_bytes
        slot.ready(worker, seconds, memory, self._clock.monotonic())
        self._metrics.loads.inc()
        self._journal.keep_measured(slot.estimate.measured)
        log(
            _logger,
            logging.INFO,
            "package_loaded",
            package=slot.package.digest,
            seconds=round(seconds, 3),
            memory_bytes=memory,
            runtime=slot.runtime,
        )
        for lack in slot.confinement:
            log(_logger, logging.WARNING, "advice", message=lack)
