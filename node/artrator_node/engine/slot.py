"""The place of one package: cold, or with a worker process that loads it, runs it, dies and is replaced."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from math import ceil
from typing import Any, Final, Protocol

from artrator.backend import Image, Value
from artrator.errors import ArtratorError, Code
from artrator.messages.node import WorkerHealth
from artrator.messages.registry import NodeState
from artrator.worker.death import Death
from artrator.worker.limits import WorkerInfo
from artrator_node.catalogue import ServedPackage
from artrator_node.engine.blame import MAX_CRASHES, Blame
from artrator_node.engine.company import Company
from artrator_node.engine.devices.places import Choice, Place
from artrator_node.engine.estimates import Estimate
from artrator_node.engine.live import LiveJob
from artrator_node.engine.seats import has_seat
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: A package that failed to load is tried again after this long, twice as long each time.
_RETRY_SECONDS: Final = 5.0
_MAX_RETRY_SECONDS: Final = 3600.0
#: So many uses tell how often a package is used: fewer are chance, more make it slow to forget.
_USES: Final = 4
#: What a load is expected to take before it was measured: weights twice, and a runtime.
_RUNTIME_BYTES: Final = 150 << 20


class WorkerHandle(Protocol):
    """A worker process as the engine sees it; ``artrator.worker.host.Worker`` is one."""

    info: WorkerInfo
    death: Death | None
    batches: Mapping[str, Any] | None

    @property
    def alive(self) -> bool:
        """Whether runs can still be given to it."""
        ...

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    @property
    def outdated(self) -> bool:
        """Whether its plugin has been updated or removed since it was started."""
        ...

    @property
    def resident_bytes(self) -> int:
        """The host memory it holds now; 0 where the system does not say."""
        ...

    async def run(
        self,
        job_id: str,
        values: Mapping[str, Value],
        on_progress: Callable[[int, int, Image | None], None] | None = None,
        on_output: Callable[[str, Image], None] | None = None,
        *,
        buyer: str = "",
        rank: int = 0,
    ) -> Mapping[str, Value]:
        """Run a job."""
        ...

    def recall(self, batches: Mapping[str, Any]) -> None:
        """Tell it what an earlier worker of the package had in ``batches``."""
        ...

    def halt(self, halted: bool) -> None:
        """Let it compute no further step for now, or go on."""
        ...

    def cancel(self, job_id: str) -> None:
        """Stop a job; its ``run`` raises soon."""
        ...

    async def close(self) -> None:
        """End in order."""
        ...


#: Starts the worker of a package on what was chosen for it.
StartWorker = Callable[[ServedPackage, Choice], Awaitable[WorkerHandle]]


class SlotState(StrEnum):
    """Where a package's worker is."""

    COLD = "cold"
    LOADING = "loading"
    WARM = "warm"
    BROKEN = "broken"
    QUARANTINED = "quarantined"


class Slot:
    """One package and one worker of it.

    Attributes:
        choice: What the worker computes on, or did last; None before the first load.
        replica: A second worker of a package, beside the one that every served package has a slot for.
        pinned: Its owner wants it to stay in memory.
        uses: When it took its last few jobs, on the monotonic clock; an eviction does not forget them.
        running: Jobs that are in the worker now, those that were cancelled but have not stopped included.
        error: Why it is broken or quarantined.
        last_used: Monotonic time.
        company: How many jobs were in the worker.
        blame: Whose fault the deaths of the package's workers were; all of them share it.
    """

    def __init__(
        self,
        package: ServedPackage,
        estimate: Estimate,
        limit: int,
        *,
        replica: bool = False,
        blame: Blame | None = None,
    ) -> None:
        self.package = package
        self.estimate = estimate
        self.state = SlotState.COLD
        self.worker: WorkerHandle | None = None
        self.running: dict[str, LiveJob] = {}
        self.error: ArtratorError | None = None
        self.last_used = 0.0
        self.runtime = ""
        self.confinement: Sequence[str] = ()
        self.choice: Choice | None = None
        self.replica = replica
        self.pinned = False
        self.uses: deque[float] = deque(maxlen=_USES)
        self.provider = ""
        self._card_bytes = 0
        self._limit = limit
        self.company = Company()
        self.blame = blame or Blame()
        self._failures = 0
        self._retry_at = 0.0

    @property
    def memory_bytes(self) -> int:
        """What it takes of the host's memory when loaded."""
        return self.own_bytes + self.shared_bytes

    @property
    def own_bytes(self) -> int:
        """What its worker takes for itself: measured, or guessed from its files."""
        return self.estimate.measured.memory_bytes or 2 * self.package.file_bytes + _RUNTIME_BYTES

    @property
    def shared_bytes(self) -> int:
        """What its worker maps, and other workers of the package with it."""
        return self.estimate.measured.shared_bytes

    @property
    def place(self) -> Place | None:
        """Where the worker is, or was last."""
        return self.choice.place if self.choice is not None else None

    @property
    def card_bytes(self) -> int:
        """What it takes of a card's memory when loaded: measured, or guessed from its files."""
        return self._card_bytes or 2 * self.package.file_bytes + _RUNTIME_BYTES

    @property
    def loaded(self) -> bool:
        """Whether it takes memory now."""
        return self.worker is not None

    @property
    def idle(self) -> bool:
        """Whether it may be evicted."""
        return self.state is SlotState.WARM and not self.running

    @property
    def seats(self) -> int:
        """Jobs that should be in the worker at once: as the owner says, or as many as its batches are worth."""
        return self._limit or self.estimate.seats

    def can_take(self, live: LiveJob) -> bool:
        """Whether a job may join those in the worker."""
        if self.state is not SlotState.WARM or not has_seat(live, self.running.values(), self.seats):
            return False
        # Whoever is to be alone has nobody beside it, so the first of those inside tells.
        return not self.running or not (live.alone or next(iter(self.running.values())).alone)

    def refusal(self, now: float) -> ArtratorError | None:
        """Why no job of this package can run now; a broken one becomes cold again when its time has come."""
        if self.state is SlotState.BROKEN and now >= self._retry_at:
            self.state, self.error = SlotState.COLD, None
        return self.error if self.state in (SlotState.BROKEN, SlotState.QUARANTINED) else None

    def turned_away(self, buyer: str, now: float) -> ArtratorError | None:
        """Why no job of this buyer is taken now: their requests ended the worker too often."""
        left = self.blame.seconds_left(buyer, now)
        if not left:
            return None
        return ArtratorError(
            Code.RATE_LIMITED,
            f"Requests of this buyer ended this model's worker {self.blame.deaths_of(buyer)} times.",
            cure="Wait, and ask for something else: a smaller picture, fewer steps, another file.",
            retry_after=ceil(left),
        )

    # --- what happens to it

    def take(self, live: LiveJob, now: float) -> None:
        """A job gets a place in the worker."""
        self.running[live.job] = live
        self.company.enter(live.job, len(self.running), now)
        self.last_used = now
        self.uses.append(now)

    def leave(self, live: LiveJob, now: float) -> None:
        """A job gives its place back; harmless if it has done so."""
        if self.running.pop(live.job, None) is not None:
            self.company.leave(live.job, len(self.running), now)
            self.last_used = now

    def loading(self) -> None:
        """A worker is being started."""
        self.state = SlotState.LOADING

    def ready(self, worker: WorkerHandle, seconds: float, memory_bytes: int, now: float) -> None:
        """The worker is ready."""
        self.worker, self.state, self.last_used = worker, SlotState.WARM, now
        self.runtime, self.confinement = worker.info.runtime, tuple(worker.info.confinement)
        self._failures = 0
        self.provider, self._card_bytes = worker.info.provider, worker.info.card_bytes
        self.estimate.observe_load(seconds, memory_bytes, worker.info.shared_bytes)
        if self.estimate.batches is not None:
            worker.recall(self.estimate.batches)

    def load_failed(self, error: ArtratorError, now: float) -> None:
        """The worker could not load the package."""
        self.worker, self.error = None, error
        if error.code is Code.WORKER_DIED:
            self.blame.of_package(error.message)
        if self.blame.is_enough:
            self._quarantine()
            return
        wait = min(_RETRY_SECONDS * 2**self._failures, _MAX_RETRY_SECONDS)
        self._failures += 1
        self.state, self._retry_at = SlotState.BROKEN, now + wait
        log(
            _logger,
            logging.ERROR,
            "load_failed",
            package=self.package.digest,
            code=error.code.value,
            retry_in=wait,
            why=error.message,
        )

    def died(self, worker: WorkerHandle, now: float) -> bool:
        """The worker is gone. Each job that was in it says so; answers whether this is news."""
        if self.worker is not worker:
            return False
        self.worker, self.state = None, SlotState.COLD
        # It may have told what it was about to try when it died.
        self.estimate.observe_batches(worker.batches)
        death = worker.death
        if death is not None and not death.wanted:
            self._blame(death, now)
            log(
                _logger,
                logging.ERROR,
                "worker_died",
                package=self.package.digest,
                why=death.reason,
                in_a_row=self.blame.in_a_row,
            )
            if self.blame.is_enough:
                self._quarantine()
        return True

    def _blame(self, death: Death, now: float) -> None:
        reason = f"The worker {death.reason.rstrip('.')}."
        inside = [death.culprit] if death.culprit is not None else death.inside
        buyers = {live.record.buyer if (live := self.running.get(job)) is not None else None for job in inside}
        if not buyers:
            self.blame.of_package(reason)
        elif len(buyers) == 1 and (buyer := buyers.pop()) is not None:
            # A limit that was passed after runs that passed none was asked for.
            counts = not (death.limit and self.estimate.measured.jobs_done)
            self.blame.of_buyer(reason, buyer, now, counts=counts)
        else:
            self.blame.of_nobody(reason)

    def ran(self, live: LiveJob, seconds: float, memory_bytes: int, now: float) -> None:
        """A run ended as it should, and left the worker with so much memory."""
        self.survived()
        self.estimate.observe_run(seconds, live.work, self.company.of(live.job, now))
        if self.worker is not None:
            self.estimate.observe_batches(self.worker.batches)
        self.estimate.observe_memory(memory_bytes)

    def saw_on_card(self, taken: int) -> None:
        """The driver says that the worker has so many bytes of a card: the most that was seen counts."""
        self._card_bytes = max(self._card_bytes, taken)

    def survived(self) -> None:
        """The worker took a run and lives."""
        self.blame.survived()

    def evicted(self) -> WorkerHandle | None:
        """Give the worker up; the caller closes it."""
        worker, self.worker, self.state = self.worker, None, SlotState.COLD
        return worker

    def release(self) -> None:
        """Its owner lets it out of quarantine; harmless if it is in none."""
        if self.state is SlotState.QUARANTINED:
            self.state, self.error = SlotState.COLD, None
            self._failures = 0
            self.blame.forget()
            log(_logger, logging.INFO, "package_released", package=self.package.digest)

    def _quarantine(self) -> None:
        self.state = SlotState.QUARANTINED
        self.error = ArtratorError(
            Code.WORKER_DIED,
            f"{self.package.manifest.name} is in quarantine: its worker died {MAX_CRASHES} times in a row. "
            f"The last time: {self.blame.last}",
            cure="Its owner should run `artrator package check` on it, then `artrator node release NAME`.",
        )
        log(_logger, logging.ERROR, "package_quarantined", package=self.package.digest, why=self.blame.last)

    # --- what others are told

    @property
    def health(self) -> WorkerHealth:
        """Its worker, or why there is none."""
        on_card = self.loaded and self.choice is not None and not self.choice.is_on_processor
        return WorkerHealth(
            device=str(self.choice or ""),
            provider=self.provider,
            state=self.state.value,
            running=len(self.running),
            memory_bytes=self.memory_bytes if self.loaded else 0,
            card_bytes=self.card_bytes if on_card else 0,
            error=self.error.message if self.error is not None else None,
        )

    @property
    def node_state(self) -> NodeState:
        """The state as the registry names it."""
        return {
            SlotState.COLD: NodeState.COLD,
            SlotState.LOADING: NodeState.LOADING,
            SlotState.WARM: NodeState.WARM,
            SlotState.BROKEN: NodeState.OFFLINE,
            SlotState.QUARANTINED: NodeState.OFFLINE,
        }[self.state]
