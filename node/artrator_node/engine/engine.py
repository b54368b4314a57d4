"""The engine's face: what the rest of the node asks of it, and what it tells of itself.

What starts when is the scheduler's business; what is in memory, and where, is that of the slots.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobBody
from artrator.messages.registry import PackageState
from artrator_node.catalogue import Catalogue
from artrator_node.config import Settings
from artrator_node.engine.attempt import MAX_ATTEMPTS
from artrator_node.engine.life import Workshop
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.engine.promise import MOMENT_SECONDS, promise
from artrator_node.engine.queue import JobQueue
from artrator_node.engine.ranks import SHARES, rank_of
from artrator_node.engine.roster import Roster
from artrator_node.engine.scheduler import Scheduler
from artrator_node.engine.slot import Slot, StartWorker
from artrator_node.engine.slots import Slots
from artrator_node.engine.waits import Waits
from artrator_node.journal import JobRecord
from artrator_node.logs import log
from artrator_node.owner.hold import Hold, refusal

_logger = logging.getLogger(__name__)

#: Whoever comes back sooner finds the node as it was.
_MIN_RETRY_AFTER: Final = 2


class Engine:
    """Jobs in, jobs out: the queue, the workers, and what is told of them.

    Attributes:
        slots: The packages' places in memory.
        on_end: Set whenever a job has ended: there is a receipt to send.
        closes_at: When the owner's hours are over, by the registry's clock: no ticket may reach beyond.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, shop: Workshop, start_worker: StartWorker) -> None:
        self._settings = settings
        self._shop = shop
        self.slots = Slots(settings, catalogue, shop.journal, shop.clock, shop.metrics, start_worker)
        self._roster = Roster()
        self._queue = JobQueue()
        self._waits = Waits(self.slots, self._queue)
        self._scheduler = Scheduler(shop, self.slots, self._queue, self._roster, self._waits, start_worker)
        self.on_end = self._scheduler.on_end
        self.closes_at: float | None = None

    # --- opening and closing

    async def open(self) -> None:
        """Take up what the journal holds and begin."""
        await self.slots.open()
        await self._recover()
        await self._scheduler.open()

    async def drain(self, seconds: float) -> None:
        """Start nothing more and let what runs finish, for at most ``seconds``. Queued jobs stay in the journal."""
        self._scheduler.draining = True
        waits = [asyncio.ensure_future(live.ended.wait()) for live in self.slots.running]
        if waits:
            await asyncio.wait(waits, timeout=seconds)
        for wait in waits:
            wait.cancel()

    async def close(self) -> None:
        """End every worker. Jobs that have not ended are taken up by the next start."""
        await self._scheduler.close()
        await self.slots.close()

    async def _recover(self) -> None:
        journal = self._shop.journal
        records = await journal.open_jobs()
        jobs = [record.job for record in records]
        await asyncio.to_thread(self._shop.spool.sweep, set(jobs))
        await asyncio.to_thread(self._shop.outputs.sweep, await journal.with_outputs())
        for record in records:
            events = await journal.events(record.job)
            live = LiveJob(record, EventLog(events, await journal.next_serial(record.job)))
            live.written = True
            self._roster.add(live)
            if record.attempts >= MAX_ATTEMPTS:
                error = ArtratorError(Code.WORKER_DIED, "The node stopped twice in the middle of this job.")
                await self._scheduler.give_up(live, self.slots.get(record.package), error)
            else:
                self._queue.add(live)
        if records:
            log(_logger, logging.INFO, "jobs_taken_up", jobs=len(records))

    # --- what the API asks

    def live(self, job: str) -> LiveJob | None:
        """A job that is in memory."""
        return self._roster.get(job)

    def check_room(self, package: str, buyer: str, finish_by: float, paid_by: str = "credits") -> None:
        """Whether one more job can be taken.

        A rank may fill its share of the queue only, so that there is room for who pays.

        Raises:
            ArtratorError: ``node_busy`` or ``node_paused`` with ``retry_after``, ``rate_limited``, ``no_node``.
        """
        slot = self.slots.get(package)
        if slot is not None and (error := slot.refusal(self._shop.clock.monotonic())) is not None:
            raise ArtratorError(Code.NO_NODE, f"This node cannot run the model now: {error.message}")
        if slot is not None and (error := slot.turned_away(buyer, self._shop.clock.monotonic())) is not None:
            raise error
        if self._scheduler.draining:
            raise _busy("The node is about to stop.", 30)
        now = self._shop.clock.now()
        if (hold := self._scheduler.hold) is not None:
            raise hold.refusal(now)
        if self.closes_at is not None and finish_by > self.closes_at:
            raise refusal("The node's hours are over before the ticket's time is.", self.closes_at - now)
        rank = rank_of(paid_by)
        if (crowd := self._queue.crowd(rank)) >= max(1, int(self._settings.queue_limit * SHARES[rank])):
            raise _busy(f"{crowd} jobs are waiting already.", self._wait(slot) / 2)
        if slot is not None and not self._waits.fits_newcomer(slot, finish_by - now):
            raise _busy("The queue is longer than the ticket's time.", self._wait(slot))
        mine = self._roster.open_of(buyer)
        if mine >= self._settings.jobs_per_buyer:
            raise ArtratorError(
                Code.RATE_LIMITED,
                f"This buyer has {mine} open jobs here; {self._settings.jobs_per_buyer} are allowed.",
                retry_after=_retry_after(self._wait(slot) / 2),
            )

    def _wait(self, slot: Slot | None) -> float:
        return self._waits.of_newcomer(slot) if slot is not None else 0.0

    async def accept(self, record: JobRecord, body: JobBody | None = None, *, promised: bool = True) -> LiveJob | None:
        """Queue a new job; None if there is a job of that id already.

        Args:
            record: The job.
            body: Its request, if it has no files and is not in the spool.
            promised: It is in the journal before this returns. Otherwise it is once it has ended, has taken longer than
                a moment, or somebody is to be told of it: see ``promise``.
        """
        if record.job in self._roster:
            return None
        live = LiveJob(record, EventLog(), body)
        self._roster.add(live)
        if promised:
            self._queue.add(live)
            self._waits.tell_first_place(live)
            self._queue.remove(live)  # until it is written it must not start
            try:
                await self.promise(live)
            except BaseException as error:
                self._roster.refused(live)
                if isinstance(error, ArtratorError) and error.code is Code.CONFLICT:
                    return None
                raise
        else:
            asyncio.get_running_loop().call_later(MOMENT_SECONDS, self._promise_late, live)
        self._queue.add(live)
        self._shop.metrics.accepted.inc()
        self.wake()
        return live

    async def promise(self, live: LiveJob) -> None:
        """Return once a crash cannot lose the job; whoever is told of it is told after this.

        Raises:
            ArtratorError: ``disk_full``.
        """
        if live in self._queue and not live.log.told:
            self._waits.tell_first_place(live)
        await promise(self._shop.journal, self._shop.spool, live)

    def _promise_late(self, live: LiveJob) -> None:
        async def work() -> None:
            try:
                await self.promise(live)
            except ArtratorError as error:  # it runs all the same, and its end waits for room on the disk
                log(_logger, logging.WARNING, "job_not_written", job=live.job, code=error.code.value)

        if live.writing is None:
            self._scheduler.task(work())

    @contextlib.contextmanager
    def listening(self, live: LiveJob, *, limit: int = 0) -> Iterator[None]:
        """While somebody waits for a job in one exchange; outputs of at most ``limit`` bytes are kept at hand for them.

        Whoever hangs up (any exception) while the job is queued, and was the only one, does not want it any more,
        unless they come back soon.
        """
        live.listeners += 1
        live.takes = max(live.takes, limit)
        self.wanted(live)
        try:
            yield
        except BaseException:
            if live.listeners == 1 and live in self._queue:
                live.left_at = self._shop.clock.monotonic()
            raise
        finally:
            live.listeners -= 1
            if not live.listeners:
                live.takes, live.delivery = 0, None

    def wanted(self, live: LiveJob) -> None:
        """Somebody asks for it: a job that was left takes its old place again."""
        if live.left_at is not None:
            live.left_at = None
            self.wake()

    async def cancel(self, live: LiveJob) -> None:
        """The buyer wants it no more. A queued job ends at once, a running one as soon as its worker lets go."""
        await self._scheduler.cancel(live)

    def keep_to(self, hold: Hold | None) -> None:
        """The owner's rules have changed: hold still, or go on where nothing holds."""
        if hold != self._scheduler.hold:
            self._scheduler.hold = hold
            self.wake()

    def wake(self) -> None:
        """Something has changed: look again at what may start."""
        self._scheduler.wake()

    # --- what others are told

    @property
    def draining(self) -> bool:
        """Whether nothing more is accepted or started."""
        return self._scheduler.draining

    @property
    def queued(self) -> int:
        """How many jobs wait."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many jobs are in workers."""
        return len(self.slots.running)

    def queued_of(self, package: str) -> int:
        """How many jobs of one package wait."""
        return len(self._queue.of_package(package))

    def running_of(self, package: str) -> int:
        """How many jobs of one package are in workers."""
        return sum(1 for live in self.slots.running if live.record.package == package)

    def worker_pids(self) -> Sequence[int]:
        """The process ids of the workers."""
        return [slot.worker.pid for slot in self.slots.all if slot.worker is not None]

    def package_states(self) -> Sequence[PackageState]:
        """What a heartbeat says."""
        states = []
        for slot in self.slots:
            slot.refusal(self._shop.clock.monotonic())
            states.append(
                PackageState(
                    package=slot.package.digest,
                    state=slot.node_state,
                    expected_wait=round(self._waits.of_newcomer(slot), 3),
                    load_seconds=round(slot.estimate.measured.load_seconds, 3),
                    run_seconds=round(slot.estimate.typical_seconds, 3),
                    devices=[str(each.choice) for each in self.slots.workers(slot) if each.loaded],
                )
            )
        return states


def _busy(why: str, retry_after: float) -> ArtratorError:
    """The node is full."""
    return ArtratorError(Code.NODE_BUSY, why, retry_after=_retry_after(retry_after))


def _retry_after(seconds: float) -> int:
    return max(_MIN_RETRY_AFTER, round(seconds))
