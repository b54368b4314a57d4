"""The node as one object: what it is made of, how it starts, what runs beside the API, how it stops.

Starting, in order: the journal is opened and brought up to date; the served packages are verified; open jobs are
taken up again; then the API answers, and the registry is told. Stopping is the same backwards, with a drain first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import artrator
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages.node import Advice, Health, PackageHealth
from artrator.messages.registry import Heartbeat
from artrator.worker.derived import DerivedGraphs
from artrator.worker.lacks import find_lacks
from artrator.worker.scratch import sweep_once
from artrator_node import advice
from artrator_node.catalogue import Catalogue
from artrator_node.clock import Clock
from artrator_node.config import Paths, Settings
from artrator_node.engine import Engine
from artrator_node.engine.compiled import keep_only
from artrator_node.engine.life import Workshop
from artrator_node.engine.slot import StartWorker
from artrator_node.engine.workers import worker_starter
from artrator_node.fetching import Door, Purchases, Shelf
from artrator_node.files import Outputs, Spool
from artrator_node.gate import Gate
from artrator_node.identity import Identity
from artrator_node.journal import Journal
from artrator_node.logs import log
from artrator_node.metrics import Metrics
from artrator_node.owner.health import hold_of, machine_of
from artrator_node.owner.hold import Hold
from artrator_node.owner.owner import Owner
from artrator_node.registry.keyring import Keyring
from artrator_node.registry.link import Link
from artrator_node.registry.outbox import Outbox
from artrator_node.registry.revocations import Revocations

_logger = logging.getLogger(__name__)

#: How often the folder of served packages is looked at.
_LOOK_SECONDS: Final = 2.0
_SWEEP_SECONDS: Final = 60.0
#: So many jobs' outputs go in one transaction: whoever ends a job meanwhile waits.
_SWEPT_AT_ONCE: Final = 32
#: How long a stopping node tries to hand over its last receipts.
_LAST_RECEIPTS_SECONDS: Final = 5.0


class Node:
    """A node that serves.

    Args:
        paths: Its data folder.
        settings: The owner's decisions.
        identity: Its keys.
        creator: The owner's identity key; signs the descriptor and signs in to the registry.
        root: The registry's pinned root key.
        start_worker: How a package's worker is started.
    """

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        identity: Identity,
        creator: PrivateKey,
        root: PublicKey,
        *,
        start_worker: StartWorker | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.paths = paths
        self.settings = settings
        self.identity = identity
        self.clock = clock or Clock()
        self.metrics = Metrics()
        self.registry = RegistryClient(settings.registry, creator, registry_id=root.id)
        self.journal = Journal(paths.journal)
        self.spool = Spool(paths.spool)
        self.outputs = Outputs(paths.outputs)
        self.derived = DerivedGraphs(paths.derived, settings.derived_bytes, settings.reserve_bytes)
        self.catalogue = Catalogue(paths.served)
        self.keyring = Keyring(paths.keyset, root, self.registry, self.clock)
        self.revocations = Revocations(paths.revoked)
        self.gate = Gate(identity.node, self.keyring, self.catalogue, self.clock)
        shop = Workshop(
            self.journal,
            self.spool,
            self.outputs,
            self.clock,
            self.metrics,
            identity.receipt_key,
            settings.retention_hours,
        )
        self.engine = Engine(
            settings, self.catalogue, shop, start_worker or worker_starter(settings, paths, self.derived)
        )
        self.owner = Owner(settings, paths.root, self.clock, self.engine.worker_pids)
        self.outbox = Outbox(self.journal, self.registry, self.clock, self.metrics)
        self.link = Link(
            settings,
            identity,
            creator,
            self.registry,
            self.keyring,
            self.revocations,
            self.clock,
            self.metrics,
            self._send_again,
        )
        self.purchases = Purchases(self.journal, self.clock, identity.receipt_key, self.engine.on_end)
        self.shelf = Shelf(settings)
        self.door = Door(
            identity.node, self.gate, self.keyring, self.revocations, self.catalogue, self.purchases, self.clock
        )
        self.started_at = self.clock.now()
        self._changed = asyncio.Event()
        self._advice_at_start: Sequence[Advice] = ()
        self._tasks: list[asyncio.Task[Any]] = []
        self._serving = False
        self._accepted = False

    async def _send_again(self, since: float) -> None:
        await self.outbox.send_again(since)
        self.engine.on_end.set()

    async def open(self) -> None:
        """Everything up to the point where the API may answer."""
        lacks = asyncio.create_task(asyncio.to_thread(find_lacks))
        await asyncio.to_thread(sweep_once)
        try:
            await asyncio.to_thread(self.journal.open)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise
            raise ArtratorError(
                Code.REQUEST_INVALID,
                f"{self.paths.journal} is damaged: {error}.",
                cure="Bring it back from a backup. Without it, open jobs are lost and their holds lapse by themselves.",
            ) from error
        self.keyring.load()
        self.revocations.load()
        if self.keyring.serial == 0:
            # The first tickets may come with the first heartbeat; a registry that is away is asked again later.
            with contextlib.suppress(ArtratorError):
                await self.keyring.refresh()
        await self.catalogue.refresh()
        await asyncio.to_thread(self.owner.controls.introduce, self.identity.node, self.settings.local_url)
        self._keep_to(*self.owner.look())
        await self.engine.open()
        self._advice_at_start = [*advice.at_start(), *(advice.of_lack(lack) for lack in await lacks)]
        for given in (*self._advice_at_start, *advice.of_broken(self.catalogue.broken.values())):
            log(_logger, logging.WARNING, "advice", message=given.message)

    def begin(self) -> None:
        """The API answers: tell the registry, and look after everything from now on."""
        self._serving = True
        self._tasks = [
            asyncio.create_task(self.outbox.run(self.engine.on_end), name="outbox"),
            asyncio.create_task(self.link.run(self._heartbeat, self._changed), name="link"),
            asyncio.create_task(self._look_after_packages(), name="packages"),
            asyncio.create_task(self._sweep(), name="sweeper"),
            asyncio.create_task(self.owner.run(self._keep_to, self._release), name="owner"),
        ]

    async def drain(self) -> None:
        """Refuse new jobs, let running ones finish, tell the registry."""
        self._changed.set()
        await self.engine.drain(self.settings.drain_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_RECEIPTS_SECONDS):
                await self.outbox.send_due(ahead=_LAST_RECEIPTS_SECONDS)

    async def close(self) -> None:
        """Stop everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.engine.close()
        await self.derived.close()
        self.shelf.close()
        self.owner.close()
        with contextlib.suppress(ArtratorError, TimeoutError):
            async with asyncio.timeout(2):
                if self.link.reached_at is not None:
                    await self.registry.heartbeat(self.identity.node, self._heartbeat())
        await self.registry.aclose()
        await self.journal.close()

    def _keep_to(self, hold: Hold | None, closes_at: float | None) -> None:
        """The owner's rules as they are now: the engine keeps to them, and the registry hears of every change."""
        self.engine.closes_at = closes_at
        self.engine.keep_to(hold)
        if hold is not None and hold.lets_go:
            self.derived.give_up()
        for card in self.owner.reading.cards:
            self.engine.slots.saw_on_cards(card.programs)
        self.metrics.machine(self.owner.reading, [rule.kind.value for rule in self.owner.rules])
        if self._accepting != self._accepted:
            self._accepted = self._accepting
            self._changed.set()

    def _release(self, packages: Sequence[str]) -> None:
        """Let packages out of quarantine, by name or digest."""
        for slot in self.engine.slots.all:
            if slot.package.digest in packages or slot.package.manifest.name in packages:
                slot.release()
        self.engine.wake()

    @property
    def _accepting(self) -> bool:
        return self._serving and not self.engine.draining and self.owner.accepting

    def health(self, *, to_owner: bool = False) -> Health:
        """How the node is; ``to_owner`` adds what only programs on this machine may know."""
        given = self._advice()
        return Health(
            node=self.identity.node,
            name=self.settings.name,
            version=artrator.__version__,
            state="draining" if self.engine.draining else "serving" if self._serving else "starting",
            registry=self.settings.registry,
            registry_reached_at=self.link.reached_at,
            device=", ".join(self.settings.devices) or self.settings.device,
            queued=self.engine.queued,
            running=self.engine.running,
            outbox=self.outbox.size,
            packages=[*self._package_health(), *self._broken_health()],
            warnings=[each.message for each in given],
            advice=given,
            hold=hold_of(self.owner, to_owner=to_owner),
            machine=machine_of(self.settings, self.owner, self.clock) if to_owner else None,
            started_at=self.started_at,
        )

    def _advice(self) -> Sequence[Advice]:
        """All of it, none twice."""
        now = [
            *advice.of_clock(self.clock),
            *advice.of_slots(list(self.engine.slots)),
            *advice.of_pins(self.settings, list(self.engine.slots)),
            *advice.of_broken(self.catalogue.broken.values()),
            *advice.of_registry(self.link.problem),
            *advice.of_sensors(self.owner.blind),
        ]
        return list({each.message: each for each in (*self._advice_at_start, *now)}.values())

    def _package_health(self) -> Sequence[PackageHealth]:
        return [
            PackageHealth(
                package=slot.package.digest,
                name=slot.package.manifest.name,
                version=slot.package.manifest.version,
                title=slot.package.manifest.title,
                state=slot.state.value,
                backend=slot.package.manifest.backend,
                runtime=slot.runtime,
                memory_bytes=slot.memory_bytes if slot.loaded else 0,
                shared_bytes=slot.shared_bytes if slot.loaded else 0,
                load_seconds=round(slot.estimate.measured.load_seconds, 3),
                pinned=slot.pinned,
                jobs_done=slot.estimate.measured.jobs_done,
                jobs_failed=slot.estimate.measured.jobs_failed,
                run_seconds=round(slot.estimate.typical_seconds, 4),
                queued=self.engine.queued_of(slot.package.digest),
                running=self.engine.running_of(slot.package.digest),
                seats=slot.seats,
                error=slot.error.message if slot.error is not None else None,
                error_code=slot.error.code.value if slot.error is not None else None,
                workers=[
                    each.health
                    for each in self.engine.slots.workers(slot)
                    if each.loaded or (each.choice is not None and each.error is not None)
                ],
            )
            for slot in self.engine.slots
        ]

    def _broken_health(self) -> Sequence[PackageHealth]:
        return [
            PackageHealth(
                package=broken.digest,
                name=broken.folder.name,
                version="",
                title={"en": broken.folder.name},
                state="refused",
                backend="",
                error=broken.reason,
                error_code=broken.code,
            )
            for broken in self.catalogue.broken.values()
        ]

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(
            packages=self.engine.package_states(),
            queued=self.engine.queued,
            accepting=self._accepting,
            accepting_from=self.owner.accepting_from,
            version=artrator.__version__,
        )

    async def _look_after_packages(self) -> None:
        """Serve what was published meanwhile, and tell the registry when a package becomes warm or cold."""
        states: object = None
        while True:
            try:
                await self.catalogue.refresh()
            except Exception:  # neither a disk nor a bug may end this task: nothing published would be served any more
                _logger.exception("served_folder_unreadable")
            now = self.catalogue.serial, [(slot.package.digest, slot.state) for slot in self.engine.slots]
            if now != states:
                states = now
                self.engine.wake()
                self._changed.set()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _sweep_outputs(self) -> None:
        expired = await self.journal.expired(self.clock.now())
        for start in range(0, len(expired), _SWEPT_AT_ONCE):
            jobs = expired[start : start + _SWEPT_AT_ONCE]
            await asyncio.to_thread(self.outputs.remove, *jobs)
            await self.journal.swept(jobs)
        if expired:
            await self.journal.shrink()

    async def _sweep(self) -> None:
        """Remove outputs whose time is over and what was derived from packages that went; end overdue purchases."""
        pause = min(_SWEEP_SECONDS, self.settings.retention_hours * 3600 / 4)
        while True:
            try:
                await self.purchases.end_overdue()
                await self._sweep_outputs()
                known = [*self.catalogue.packages, *self.catalogue.broken]
                await asyncio.to_thread(self.derived.keep_only, known)
                await asyncio.to_thread(keep_only, self.paths.compiled, known)
            except ArtratorError as error:
                log(_logger, logging.WARNING, "sweep_failed", code=error.code.value)
            except Exception:  # as above: pictures would be kept for longer than was said
                _logger.exception("sweep_failed")
            await asyncio.sleep(pause)
