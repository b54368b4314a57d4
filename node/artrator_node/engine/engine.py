"""The engine's face: accept, cancel, look up, drain; and the loop that decides what starts when.

One pass of the loop, in the queue's order:

1. a job whose time is over, or whose package cannot run, ends;
2. a job whose package is warm and has a free place starts;
3. for the first one whose package is cold, room is made and a worker started. Where only busy workers are in the way,
   the least recently used of them takes no younger job, so that a cold package never starves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobBody, JobState
from artrator.messages.registry import PackageState
from artrator_node.catalogue import Catalogue
from artrator_node.config import Settings
from artrator_node.engine import run as life
from artrator_node.engine.attempt import MAX_ATTEMPTS, Outcome, attempt
from artrator_node.engine.devices.tuner import Tuner
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.engine.promise import MOMENT_SECONDS, promise
from artrator_node.engine.queue import JobQueue
from artrator_node.engine.ranks import SHARES, rank_of
from artrator_node.engine.roster import Roster
from artrator_node.engine.slot import Slot, StartWorker
from artrator_node.engine.slots import Slots
from artrator_node.engine.waits import Waits
from artrator_node.journal import JobRecord
from artrator_node.logs import log
from artrator_node.owner.hold import Hold, refusal

_logger = logging.getLogger(__name__)

#: Deadlines and broken packages are looked at this often when nothing else happens.
_TICK_SECONDS: Final = 0.5
#: What is loaded ahead of need is thought about this often at most: not after every job.
_AHEAD_SECONDS: Final = 0.25
_MIN_RETRY_AFTER: Final = 2
#: A connection that was lost is back by then, and whoever has really gone has the hold back soon.
_COME_BACK_SECONDS: Final = 10.0


class Engine:
    """The queue and the workers.

    Attributes:
        on_end: Set whenever a job has ended: there is a receipt to send.
        draining: Nothing more is accepted or started.
        hold: What the owner's rules say now; see ``keep_to``.
        closes_at: When the owner's hours are over, by the registry's clock: no ticket may reach beyond.
    """

    def __init__(
        self, settings: Settings, catalogue: Catalogue, shop: life.Workshop, start_worker: StartWorker
    ) -> None:
        self._settings = settings
        self._shop = shop
        self.slots = Slots(settings, catalogue, shop.journal, shop.clock, shop.metrics, start_worker)
        self._tuner = Tuner(
            self.slots.devices,
            shop.journal,
            shop.clock,
            start_worker,
            packages=lambda: [slot.package for slot in self.slots],
            idle=self._is_idle,
            make_room=self.slots.room_for_trial,
            learnt=self.wake,
        )
        self._roster = Roster()
        self._queue = JobQueue()
        self._waits = Waits(self.slots, self._queue)
        #: The next pass, if something has changed since the last one.
        self._next: asyncio.Handle | None = None
        self._ahead_at = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self.draining = False
        self.hold: Hold | None = None
        self.closes_at: float | None = None
        self._halted = False
        self.on_end = asyncio.Event()

    # --- opening and closing

    async def open(self) -> None:
        """Take up what the journal holds and begin."""
        await self.slots.open()
        await self._tuner.open()
        await self._recover()
        self._ticking = asyncio.create_task(self._tick(), name="engine")
        self._task(self._tuner.run())

    async def drain(self, seconds: float) -> None:
        """Start nothing more and let what runs finish, for at most ``seconds``. Queued jobs stay in the journal."""
        self.draining = True
        waits = [asyncio.ensure_future(live.ended.wait()) for live in self.slots.running]
        if waits:
            await asyncio.wait(waits, timeout=seconds)
        for wait in waits:
            wait.cancel()

    async def close(self) -> None:
        """End every worker. Jobs that have not ended are taken up by the next start."""
        self.draining = True
        tasks = [task for task in (self._ticking, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._next is not None:
            self._next.cancel()
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
                await self._give_up(live, self.slots.get(record.package), error)
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
        if self.draining:
            raise _busy("The node is about to stop.", 30)
        now = self._shop.clock.now()
        if self.hold is not None:
            raise self.hold.refusal(now)
        if self.closes_at is not None and finish_by > self.closes_at:
            raise refusal("The node's hours are over before the ticket's time is.", self.closes_at - now)
        wait = self._waits.of_newcomer(slot) if slot is not None else 0.0
        rank = rank_of(paid_by)
        if (crowd := self._queue.crowd(rank)) >= max(1, int(self._settings.queue_limit * SHARES[rank])):
            raise _busy(f"{crowd} jobs are waiting already.", wait / 2)
        if slot is not None and slot.estimate.known and self._shop.clock.now() + wait > finish_by:
            raise _busy("The queue is longer than the ticket's time.", wait)
        mine = self._roster.open_of(buyer)
        if mine >= self._settings.jobs_per_buyer:
            raise ArtratorError(
                Code.RATE_LIMITED,
                f"This buyer has {mine} open jobs here; {self._settings.jobs_per_buyer} are allowed.",
                retry_after=_retry_after(wait / 2),
            )

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
            self._task(work())

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
        live.cancel_wish.set()
        if live.stop is not None:
            live.stop()
        if live in self._queue:
            self._queue.remove(live)
            slot = self.slots.get(live.record.package)
            await life.end(self._shop, live, JobState.CANCELLED, slot=slot, error=life.cancelled())
            self._ended(live)

    def keep_to(self, hold: Hold | None) -> None:
        """The owner's rules have changed: hold still, or go on where nothing holds."""
        if hold != self.hold:
            self.hold = hold
            self.wake()

    def _is_idle(self) -> bool:
        """Whether the devices are free for trials."""
        free = not len(self._queue) and not self.slots.running and self.slots.loading is None
        return free and not self.draining and self.hold is None

    def wake(self) -> None:
        """Something has changed: look again at what may start."""
        if self._next is None and self._ticking is not None and not self._ticking.done():
            self._next = asyncio.get_running_loop().call_soon(self._look)

    # --- what others are told

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

    # --- the loop

    async def _tick(self) -> None:
        while True:
            self.wake()
            await asyncio.sleep(_TICK_SECONDS)

    def _look(self) -> None:
        self._next = None
        try:
            self._pass()
        except Exception:  # one job's bug must not stop every other job
            _logger.exception("scheduler_pass_failed")

    def _pass(self) -> None:
        now, monotonic = self._shop.clock.now(), self._shop.clock.monotonic()
        for worker in self.slots.dead():
            self._task(worker.close())
        waiting = self._queue.ordered(self.slots.running)
        blocked: set[Slot] = set()
        for live in waiting:
            slot = self.slots.get(live.record.package)
            error = self._hopeless(live, slot, now, monotonic)
            if error is not None or slot is None:
                self._queue.remove(live)
                self._task(self._give_up(live, slot, error or life.deadline()))
            elif live.left_at is not None:
                if monotonic - live.left_at > _COME_BACK_SECONDS:
                    self._task(self.cancel(live))
            elif self.draining or (self.hold is not None and not self.hold.starts):
                continue
            elif (free := self.slots.free(live, slot, blocked)) is not None:
                self._queue.start(live)
                free.take(live, monotonic)
                self._task(self._attempt(live, free))
            elif (cold := self.slots.to_load(slot, live)) is not None:
                room = self.slots.make_room(cold)
                if isinstance(room, Slot):
                    blocked.add(room)
                elif room is not None:
                    self._load(cold, room)
        self._obey(self.hold)
        may_load = not len(self._queue) and not self.draining and self.hold is None and not self._tuner.busy
        if may_load and monotonic >= self._ahead_at:
            self._ahead_at = monotonic + _AHEAD_SECONDS
            if (ahead := self.slots.to_prewarm()) is not None:
                self._load(*ahead)
            elif (slot := self.slots.to_improve()) is not None:
                self._load(slot, [worker for worker in (slot.evicted(),) if worker is not None])
        for worker in self.slots.unserved():
            self._task(worker.close())
        self._waits.tell_places(self._shop.journal, monotonic)
        metrics = self._shop.metrics
        metrics.queued.set(self.queued)
        metrics.running.set(self.running)
        metrics.memory_bytes.set(self.slots.memory_bytes)

    def _obey(self, hold: Hold | None) -> None:
        """What the owner's rules ask of the workers, said again in every pass: a worker that knows it does not mind."""
        halted = hold is not None and hold.halts_steps
        if halted or self._halted:
            for slot in self.slots.all:
                if slot.worker is not None:
                    slot.worker.halt(halted)
        self._halted = halted
        if hold is None:
            return
        for slot in self.slots.all:
            if hold.ends_running and slot.worker is not None:
                for live in slot.running.values():
                    live.put_back = True
                    slot.worker.cancel(live.job)
            if hold.lets_go and slot.idle and (worker := slot.evicted()) is not None:
                self.slots.warm_again(slot)
                self._task(worker.close())

    def _hopeless(self, live: LiveJob, slot: Slot | None, now: float, monotonic: float) -> ArtratorError | None:
        """Why a queued job can never run."""
        if slot is None:
            return ArtratorError(Code.LISTING_UNKNOWN, "The node does not serve this package any more.")
        if now >= live.record.finish_by:
            return life.deadline()
        if self.hold is not None and self.hold.outlasts(live.record.finish_by):
            return self.hold.refusal(now)
        again = live.record.attempts > 0
        return slot.refusal(monotonic) or (None if again else slot.turned_away(live.record.buyer, monotonic))

    # --- tasks

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("engine_task_failed", exc_info=error)
        self.wake()

    def _load(self, slot: Slot, leaving: Sequence[Any]) -> None:
        self.slots.loading = slot
        slot.loading()
        self._task(self.slots.load(slot, leaving))

    async def _attempt(self, live: LiveJob, slot: Slot) -> None:
        def leave() -> None:
            slot.leave(live, self._shop.clock.monotonic())
            self.wake()

        try:
            outcome = await attempt(self._shop, live, slot, leave)
        finally:
            leave()
        if outcome is Outcome.RETRY:
            self._queue.add(live)
        else:
            self._ended(live)

    async def _give_up(self, live: LiveJob, slot: Slot | None, error: ArtratorError) -> None:
        await life.end(self._shop, live, JobState.FAILED, slot=slot, error=error)
        self._ended(live)

    def _ended(self, live: LiveJob) -> None:
        """Tell the outbox, and see who can begin now."""
        self.on_end.set()
        self._roster.ended(live)
        self.wake()


def _busy(why: str, retry_after: float) -> ArtratorError:
    """The node is full."""
    return ArtratorError(Code.NODE_BUSY, why, retry_after=_retry_after(retry_after))


def _retry_after(seconds: float) -> int:
    return max(_MIN_RETRY_AFTER, round(seconds))
