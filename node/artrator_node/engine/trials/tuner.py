"""Finds out what is best for each package, while nobody waits.

The first job is served with the best guess. When the node has been idle for a moment, each way to compute a package is
tried for a few seconds in a worker of its own; a job that comes ends the trial at once, and it is begun anew later.
What was measured goes into the journal, and the engine loads a package anew when another way has turned out better.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from artrator.worker.outlast import outlast
from artrator_node.catalogue import ServedPackage
from artrator_node.clock import Clock
from artrator_node.engine.devices.devices import Devices
from artrator_node.engine.devices.figures import Figures, Measurement
from artrator_node.engine.devices.places import Choice
from artrator_node.engine.devices.probe import ask
from artrator_node.engine.slot import StartWorker, WorkerHandle
from artrator_node.engine.trials import trial
from artrator_node.journal import Journal
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: How long nothing must have run or waited before anything is tried.
_IDLE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.5
#: A trial that jobs have ended this often waits for the next start of the node.
_MOST_INTERRUPTIONS: Final = 20


class Tuner:
    """Tries packages on devices.

    Attributes:
        busy: A trial is under way.

    Args:
        devices: What there is, and what is known.
        journal: Where what was measured stays.
        start: How a worker is started.
        packages: What is served now.
        idle: Whether nobody runs, waits or loads, and the owner lets the node work.
        make_room: What must be closed for a package to have room on a device and in memory, at most an idle worker of
            its own; None if there is no room.
        learnt: Called when something new is known.
    """

    def __init__(
        self,
        devices: Devices,
        journal: Journal,
        clock: Clock,
        start: StartWorker,
        *,
        packages: Callable[[], Sequence[ServedPackage]],
        idle: Callable[[], bool],
        make_room: Callable[[ServedPackage, Choice], Sequence[WorkerHandle] | None],
        learnt: Callable[[], None],
    ) -> None:
        self._devices: Final = devices
        self._journal: Final = journal
        self._clock: Final = clock
        self._start: Final = start
        self._packages: Final = packages
        self._idle: Final = idle
        self._make_room: Final = make_room
        self._learnt: Final = learnt
        self._references: Final[dict[str, trial.Reference]] = {}
        self._interrupted: Final[dict[str, int]] = {}
        self._quiet_since: float | None = None
        self.busy = False

    async def open(self) -> None:
        """Recall what was measured, and ask the backends of what is served what they can compute on."""
        self._devices.recall([Measurement.kept(trial) for trial in await self._journal.trials()])
        # Cards that the owner named are not tried, but their memory has to be known.
        if self._devices.automatic or any(place.hardware == "gpu" for place in self._devices.places):
            await self._ask()

    async def run(self) -> None:
        """Try what is to be tried, for ever; does nothing where the owner has named the devices."""
        while self._devices.automatic:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._ask()
                if self._is_quiet():
                    await self._try_one()
            except Exception:  # whatever a trial does, the node serves on
                _logger.exception("trial_failed_unexpectedly")
                await asyncio.sleep(_IDLE_SECONDS)

    async def _ask(self) -> None:
        for backend in {package.manifest.backend for package in self._packages()}:
            if not self._devices.knows(backend):
                answer = await ask(backend, trying=self._devices.automatic)
                self._devices.learn(backend, answer)
                self._learnt()
                for device, why in answer.refused.items():
                    log(_logger, logging.WARNING, "device_refused", backend=backend, device=device, why=why)

    def _is_quiet(self) -> bool:
        now = self._clock.monotonic()
        if not self._idle():
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        return self._quiet_since is not None and now - self._quiet_since >= _IDLE_SECONDS

    async def _try_one(self) -> None:
        for package in self._packages():
            choices = self._devices.unmeasured(package)
            # The processor first: it makes the picture that all others are compared with.
            for choice in sorted(choices, key=lambda choice: choice.kind != "cpu"):
                if self._interrupted.get(_key(package, choice), 0) >= _MOST_INTERRUPTIONS:
                    continue
                leaving = self._make_room(package, choice)
                if leaving is None:
                    continue
                self.busy = True
                try:
                    await asyncio.gather(*(worker.close() for worker in leaving))
                    await self._try(package, choice)
                finally:
                    self.busy = False
                    self._learnt()
                return

    async def _try(self, package: ServedPackage, choice: Choice) -> None:
        reference = self._references.get(package.digest)
        if reference is None and choice.kind != "cpu":
            reference = await self._reference(package)
            if reference is None:
                return
        tried = await self._unless_disturbed(package, choice, reference)
        if tried is None:
            self._interrupted[_key(package, choice)] = self._interrupted.get(_key(package, choice), 0) + 1
            return
        if tried.reference is not None:
            self._references.setdefault(package.digest, tried.reference)
        self._keep(package, choice, tried.figures)
        if not self._devices.unmeasured(package):
            self._references.pop(package.digest, None)

    async def _reference(self, package: ServedPackage) -> trial.Reference | None:
        """What the processor makes, where its figures are known from an earlier start; None if somebody came."""
        for place in self._devices.places:
            for choice in self._devices.choices(package, place):
                if choice.kind == "cpu":
                    tried = await self._unless_disturbed(package, choice, None)
                    if tried is None:
                        return None
                    found = tried.reference or trial.Reference(0.0, {})
                    self._references[package.digest] = found
                    return found
        return trial.Reference(0.0, {})

    async def _unless_disturbed(
        self, package: ServedPackage, choice: Choice, reference: trial.Reference | None
    ) -> trial.Tried | None:
        """One trial; None if somebody came meanwhile, who then has the device within moments."""
        work = asyncio.ensure_future(trial.attempt(self._start, package, choice, reference=reference))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=0.05)
                if not work.done() and not self._idle():
                    return None
            return work.result()
        finally:
            if not work.done():
                work.cancel()
                # Its cancellation is not ours: one that comes meanwhile is, and must not be lost with it.
                await outlast(asyncio.wait([work]))

    def _keep(self, package: ServedPackage, choice: Choice, figures: Figures) -> None:
        self._journal.keep_trial(self._devices.remember(package, choice, figures, self._clock.now()).to_keep())
        log(
            _logger,
            logging.INFO,
            "package_tried",
            package=package.digest,
            device=str(choice),
            run_seconds=round(figures.run_seconds, 4),
            out=figures.out,
        )


def _key(package: ServedPackage, choice: Choice) -> str:
    return f"{package.digest} {choice}"
