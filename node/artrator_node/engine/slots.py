"""All packages' places together: who is loaded, who makes room, what is loaded ahead of need."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.worker.outlast import outlast
from artrator_node.catalogue import Catalogue, ServedPackage
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.engine.devices import Choice, Devices, Place
from artrator_node.engine.estimates import Estimate
from artrator_node.engine.live import LiveJob
from artrator_node.engine.room import busy_victim, taken_bytes, victims
from artrator_node.engine.slot import Slot, SlotState, StartWorker, WorkerHandle
from artrator_node.journal import Journal
from artrator_node.journal.records import Measured
from artrator_node.logs import log
from artrator_node.metrics import Metrics

_logger = logging.getLogger(__name__)

#: How far back it counts what was used most: a week has its weekend.
_LATELY_SECONDS: Final = 7 * 86_400
#: A job that starts sooner than this is not worth a second worker.
_PATIENCE_SECONDS: Final = 0.5


class Slots:
    """The places of the served packages. One worker is started at a time.

    Every served package has a slot. Where jobs of it wait while another device idles, it gets a second one there, a
    replica, with estimates of its own package and deaths of its own.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        journal: Journal,
        clock: Clock,
        metrics: Metrics,
        start_worker: StartWorker,
        devices: Devices | None = None,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._start_worker = start_worker
        self.devices = devices or Devices(settings)
        self._slots: dict[str, Slot] = {}
        self._replicas: dict[str, list[Slot]] = {}
        self._measured: Mapping[str, Measured] = {}
        self._warmed: set[str] = set()
        self._used: Mapping[str, int] = {}
        self._started: weakref.WeakSet[WorkerHandle] = weakref.WeakSet()
        self.loading: Slot | None = None

    def __iter__(self) -> Iterator[Slot]:
        """The places of every package that is served now."""
        return iter([slot for digest in self._catalogue.packages if (slot := self.get(digest)) is not None])

    async def open(self) -> None:
        """Remember what was measured and used before."""
        self._measured = await self._journal.measured()
        self._used = await self._journal.used_since(self._clock.now() - _LATELY_SECONDS)

    async def close(self) -> None:
        """End every worker, those too that were on their way out when whoever saw to it was stopped."""
        await asyncio.gather(*(worker.close() for worker in list(self._started)), return_exceptions=True)

    def get(self, package: str) -> Slot | None:
        """The place of a package; None if it is not served and nothing of it runs."""
        served = self._catalogue.packages.get(package)
        slot = self._promoted(package)
        if served is None:
            return slot if slot is not None and any(each.running for each in self.workers(slot)) else None
        if slot is None:
            estimate = Estimate(self._measured.get(package, Measured(package)))
            slot = self._slots[package] = Slot(served, estimate, self._settings.jobs_per_package)
        for each in self.workers(slot):
            each.package = served
            each.pinned = served.manifest.name in self._settings.pin and not each.replica
        return slot

    @property
    def all(self) -> Sequence[Slot]:
        """Every slot, replicas too."""
        return [*self._slots.values(), *(slot for slots in self._replicas.values() for slot in slots)]

    def workers(self, slot: Slot) -> Sequence[Slot]:
        """A package's slot and its replicas."""
        return [slot, *(each for each in self._replicas.get(slot.package.digest, ()) if each is not slot)]

    def _promoted(self, package: str) -> Slot | None:
        """The slot of a package. One without a worker gives its rank to a replica that has one."""
        slot, replicas = self._slots.get(package), self._replicas.get(package, [])
        if slot is not None and (slot.error is not None or slot.state is SlotState.COLD):
            better = next((each for each in replicas if each.state is SlotState.WARM), None)
            if better is not None:
                replicas[replicas.index(better)], self._slots[package] = slot, better
                slot.replica, better.replica = True, False
                return better
        return slot

    @property
    def running(self) -> Sequence[LiveJob]:
        """Jobs in workers."""
        return [live for slot in self.all for live in slot.running.values()]

    def running_of(self, slot: Slot) -> Sequence[LiveJob]:
        """Jobs in all workers of a package."""
        return [live for each in self.workers(slot) for live in each.running.values()]

    def free(self, live: LiveJob, slot: Slot, blocked: Container[Slot]) -> Slot | None:
        """The worker of the job's package that can take it and has the least to do."""
        able = [each for each in self.workers(slot) if each.can_take(live) and each not in blocked]
        return min(able, key=lambda each: len(each.running), default=None)

    @property
    def memory_bytes(self) -> int:
        """What all workers take together, as measured when they were loaded."""
        return taken_bytes(slot for slot in self.all if slot.loaded)

    def saw_on_cards(self, programs: Mapping[int, int]) -> None:
        """What drivers say that processes have of cards, in bytes by process id: models take more with their runs."""
        for slot in self.all:
            if slot.worker is not None and (taken := programs.get(slot.worker.pid, 0)):
                slot.saw_on_card(taken)

    # --- loading

    def to_load(self, slot: Slot, live: LiveJob) -> Slot | None:
        """The slot that should be loaded for a job that cannot start: the package's own, or a replica of it.

        A package that has a worker gets another only on a device where nothing runs, and when the job has waited.
        """
        if self.loading is not None:
            return None
        if slot.state is SlotState.COLD:
            return slot
        if slot.state is not SlotState.WARM or self._clock.now() - live.record.queued_at < _PATIENCE_SECONDS:
            return None
        if not self._spare(slot):
            return None
        replicas = self._replicas.setdefault(slot.package.digest, [])
        for each in replicas:
            each.refusal(self._clock.monotonic())
        cold = next((each for each in replicas if each.state is SlotState.COLD), None)
        if cold is None:
            cold = Slot(slot.package, slot.estimate, self._settings.jobs_per_package, replica=True, blame=slot.blame)
            replicas.append(cold)
        return cold

    def make_room(self, slot: Slot) -> Sequence[WorkerHandle] | Slot | None:
        """What must go so that ``slot`` can be loaded: workers to close, or a busy place to wait for, or None."""
        ways = self._spare(slot) if slot.replica else self.devices.ranked(slot.package)
        if not ways and not slot.replica:
            slot.load_failed(_nowhere(slot.package.manifest.name), self._clock.monotonic())
            return None
        plans = [(way, chosen) for way in ways if (chosen := self._victims(slot, way.place)) is not None]
        if slot.replica:
            # A second worker is a luxury: nothing goes for it but other second workers.
            plans = [(way, chosen) for way, chosen in plans if all(victim.replica for victim in chosen)]
        if not plans:
            here = [each for each in self.all if not ways or each.place == ways[0].place]
            busy = None if slot.replica else busy_victim(slot, here) or busy_victim(slot, self.all)
            if busy is None and not slot.replica:
                # Nothing will ever leave for it, so whoever waits for it should hear that now.
                slot.load_failed(_crowded_out(slot), self._clock.monotonic())
            return busy
        # Among devices of the best kind, one where no package loses its only worker, or better nobody has to go, and of
        # these the emptiest.
        alike = [(way, chosen) for way, chosen in plans if way.kind == plans[0][0].kind]
        best = min(alike, key=lambda plan: (_firsts(plan[1]), len(plan[1]), self._taken(plan[0].place)))
        slot.choice = best[0]
        return [worker for victim in best[1] if (worker := victim.evicted()) is not None]

    def _spare(self, slot: Slot) -> Sequence[Choice]:
        """Where a package could have one more worker: places without one of its own, where nothing runs."""
        own = [each.place for each in self.workers(slot) if each.loaded or each.error is not None]
        busy = [each.place for each in self.all if each.running]
        return [way for way in self.devices.ranked(slot.package) if way.place not in own and way.place not in busy]

    def _victims(self, slot: Slot, place: Place) -> Sequence[Slot] | None:
        """Who must go from a place, and from the machine's memory, for a slot to be loaded there."""
        here, now = [each for each in self.all if each.place == place], self._clock.monotonic()
        chosen: Sequence[Slot] | None = ()
        if place.memory_bytes:
            chosen = victims(slot, here, place.memory_bytes, now, _size_on(place))
        if chosen is None:
            return None
        rest = [each for each in self.all if each not in chosen]
        more = victims(slot, rest, self._settings.memory_bytes, now)
        return None if more is None else [*chosen, *more]

    def _taken(self, place: Place) -> int:
        here = [slot for slot in self.all if slot.loaded and slot.place == place]
        return sum(slot.card_bytes for slot in here) if place.hardware == "gpu" else taken_bytes(here)

    def to_prewarm(self) -> tuple[Slot, Sequence[WorkerHandle]] | None:
        """A cold package to load ahead of need, and the workers to close for it: the first buyer should not wait.

        Pinned ones come first, and again whenever they are cold; room is made for them. Then those that were used most
        lately, each once, as far as they fit beside what is loaded.
        """
        if self.loading is not None:
            return None
        cold = [slot for slot in self if self._is_wanted_ahead(slot)]
        for slot in sorted(cold, key=lambda slot: (not slot.pinned, -self._used.get(slot.package.digest, 0))):
            if slot.pinned:
                room = self.make_room(slot)
                if room is not None and not isinstance(room, Slot):
                    return slot, room
            else:
                self._warmed.add(slot.package.digest)
                ways = self.devices.ranked(slot.package)
                fitting = [way for way in ways if self._victims(slot, way.place) == [] and self._fits(slot)]
                if fitting:
                    slot.choice = min(
                        (way for way in fitting if way.kind == fitting[0].kind), key=lambda way: self._taken(way.place)
                    )
                    return slot, ()
        return None

    def room_for_trial(self, package: ServedPackage, choice: Choice) -> Sequence[WorkerHandle] | None:
        """What must be closed so that a package can be tried there: nothing, or idle workers of its own.

        None if others are in the way: they are not sent away for a trial.
        """
        slot = self.get(package.digest)
        if slot is None or self.loading is not None:
            return None
        chosen = self._victims(Slot(package, slot.estimate, 1), choice.place)
        own = self.workers(slot)
        if chosen is None or any(victim not in own for victim in chosen):
            return None
        if chosen:
            self._warmed.discard(package.digest)  # it is loaded again when the trial is over
        return [worker for victim in chosen if (worker := victim.evicted()) is not None]

    def warm_again(self, slot: Slot) -> None:
        """It was let go for its owner's sake: it may be loaded ahead of need once more."""
        self._warmed.discard(slot.package.digest)

    def _is_wanted_ahead(self, slot: Slot) -> bool:
        if slot.pinned:
            slot.refusal(self._clock.monotonic())  # one that failed is tried again when its time has come
        elif not self._settings.prewarm or slot.package.digest in self._warmed:
            return False
        return slot.state is SlotState.COLD

    def _fits(self, slot: Slot) -> bool:
        return taken_bytes([slot, *(each for each in self.all if each.loaded)]) <= self._settings.memory_bytes

    def to_improve(self) -> Slot | None:
        """An idle worker whose package is better computed in another way, as has been measured meanwhile.

        The caller closes its worker and loads it again; its ``choice`` is the better one already.
        """
        if self.loading is not None:
            return None
        for slot in self.all:
            ways = self.devices.ranked(slot.package) if slot.idle else ()
            here = next((way for way in ways if way.place == slot.place), None)
            better = here if slot.replica else ways[0] if ways else None
            if here is not None and better is not None and here.kind == better.kind:
                better = here  # two cards of a kind are as good as each other: stay
            if better is not None and better != slot.choice and self._victims(slot, better.place) == []:
                slot.choice = better
                return slot
        return None

    def dead(self) -> Iterable[WorkerHandle]:
        """Workers that died while they had nothing to do; the caller closes them."""
        for slot in self.all:
            worker = slot.worker
            if worker is not None and not worker.alive and slot.idle and slot.died(worker, self._clock.monotonic()):
                self._metrics.deaths.inc()
                yield worker

    def unserved(self) -> Iterable[WorkerHandle]:
        """Idle workers of packages that are served no more, or of plugins that are others by now.

        The caller closes them.
        """
        for slot in self.all:
            if not slot.idle or slot.worker is None:
                continue
            if slot.package.digest in self._catalogue.packages:
                if not slot.worker.outdated:
                    continue
                self.warm_again(slot)
                log(_logger, logging.INFO, "plugin_changed", package=slot.package.digest)
            if (worker := slot.evicted()) is not None:
                yield worker

    async def load(self, slot: Slot, leaving: Sequence[WorkerHandle]) -> None:
        """Close evicted workers, then start this one. Never raises for what the package or its backend does."""
        self._warmed.add(slot.package.digest)
        try:
            if leaving:
                self._metrics.evictions.inc(len(leaving))
                # Whoever cancels the load must not leave behind workers that are half closed: theirs is the memory.
                await outlast(asyncio.gather(*(worker.close() for worker in leaving), return_exceptions=True))
            started = self._clock.monotonic()
            if slot.choice is None:
                slot.choice = self.devices.ranked(slot.package)[0]
            worker = await self._start_worker(slot.package, slot.choice)
            self._started.add(worker)
            try:
                # What is done once for a package says nothing of its next load.
                self._ready(slot, worker, max(0.0, self._clock.monotonic() - started - worker.info.once_seconds))
            except BaseException:
                await worker.close()  # one that nobody knows of would hold its memory for ever
                raise
        except ArtratorError as error:
            self._failed(slot, error)
        except Exception as error:
            _logger.exception("load_failed_unexpectedly")
            self._failed(
                slot, ArtratorError(Code.INTERNAL, f"The worker could not be started ({type(error).__name__}).")
            )
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
            shared_bytes=slot.shared_bytes,
            runtime=slot.runtime,
            device=str(slot.choice),
        )
        for lack in slot.confinement:
            log(_logger, logging.WARNING, "advice", message=lack)


def _firsts(leaving: Sequence[Slot]) -> int:
    """How many packages would lose a worker that is not their second."""
    return sum(1 for slot in leaving if not slot.replica)


def _size_on(place: Place) -> Callable[[Slot], int] | None:
    """What a slot takes of the memory that a place has; None for host memory, of which workers share a part."""
    return (lambda slot: slot.card_bytes) if place.hardware == "gpu" else None


def _crowded_out(slot: Slot) -> ArtratorError:
    return ArtratorError(
        Code.WORKER_LIMIT,
        f"{slot.package.manifest.name} takes {slot.memory_bytes >> 20} MiB, which do not fit beside what is pinned.",
        cure="Pin fewer packages, or give the node more memory: `pin` and `memory_mib` in node.toml.",
    )


def _nowhere(name: str) -> ArtratorError:
    return ArtratorError(
        Code.BACKEND_RUNTIME_BROKEN,
        f"No device of this node can run {name}.",
        cure="`artrator node bench` shows each device with its reason.",
    )
