"""The engine's face: accept, cancel, look up, drain; and the loop that decides what starts when.

One pass of the loop, oldest job first:

1. a job whose time is over, or whose package cannot run, ends;
2. a job whose package is warm and has a free place starts;
3. for the first one whose package is cold, room is made and a worker started. Where only busy workers are in the way,
   the least recently used of them takes no younger job, so that a cold package never starves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState
from artrator.messages.registry import PackageState
from artrator_node.catalogue import Catalogue
from artrator_node.config import Settings
from artrator_node.engine import run as life
from artrator_node.engine.estimates import Estimate
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.engine.room import busy_victim, victims
from artrator_node.engine.slot import Slot, SlotState, StartWorker, WorkerHandle
from artrator_node.journal import Event, JobRecord
from artrator_node.journal.records import Measured
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: A job that saw its worker or the daemon die this often is given up.
MAX_ATTEMPTS: Final = 2
#: Deadlines and broken packages are looked at this often when nothing else happens.
_TICK_SECONDS: Final = 1.0
#: Jobs that have ended stay in memory for readers that follow them.
_REMEMBERED: Final = 256
_MIN_RETRY_AFTER: Final = 2


class Engine:
    """The queue and the workers."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, shop: life.Workshop, start_worker: StartWorker
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._shop = shop
        self._start_worker = start_worker
        self._slots: dict[str, Slot] = {}
        self._measured: Mapping[str, Measured] = {}
        self._live: dict[str, LiveJob] = {}
        self._queue: list[LiveJob] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop_task: asyncio.Task[None] | None = None
        self._loading: Slot | None = None
        self.draining = False
        self.on_end: asyncio.Event = asyncio.Event()

    # --- opening and closing

    async def open(self) -> None:
        """Take up what the journal holds and begin."""
        self._measured = await self._shop.journal.measured()
        await self._recover()
        self._loop_task = asyncio.create_task(self._run(), name="engine")

    async def drain(self, seconds: float) -> None:
        """Start nothing more and let what runs finish, for at most ``seconds``. Queued jobs stay in the journal."""
        self.draining = True
        running = [live for slot in self._slots.values() for live in slot.running.values()]
        if running and seconds > 0:
            waits = [asyncio.ensure_future(live.ended.wait()) for live in running]
            await asyncio.wait(waits, timeout=seconds)
            for wait in waits:
                wait.cancel()

    async def close(self) -> None:
        """End every worker. Jobs that have not ended are taken up by the next start."""
        self.draining = True
        tasks = [task for task in (self._loop_task, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        workers = [slot.worker for slot in self._slots.values() if slot.worker is not None]
        await asyncio.gather(*(worker.close() for worker in workers), return_exceptions=True)

    async def _recover(self) -> None:
        records = await self._shop.journal.open_jobs()
        await asyncio.to_thread(self._shop.spool.sweep, {record.job for record in records})
        await asyncio.to_thread(self._shop.outputs.sweep, [record.job for record in records])
        for record in records:
            events = await self._shop.journal.events(record.job)
            live = LiveJob(record, EventLog(events, await self._shop.journal.next_serial(record.job)))
            self._live[record.job] = live
            if record.attempts >= MAX_ATTEMPTS:
                error = ArtratorError(Code.WORKER_DIED, "The node stopped twice in the middle of this job.")
                await life.end(self._shop, live, JobState.FAILED, slot=self._slot(record.package), error=error)
            else:
                self._queue.append(live)
        if records:
            log(_logger, logging.INFO, "jobs_taken_up", jobs=len(records))

    # --- what the API asks

    def live(self, job: str) -> LiveJob | None:
        """A job that is in memory."""
        return self._live.get(job)

    def check_room(self, package: str, buyer: str, finish_by: float) -> None:
        """Whether one more job can be taken.

        Raises:
            ArtratorError: ``node_busy`` with ``retry_after``, ``rate_limited``, ``no_node``.
        """
        slot = self._slot(package)
        now = self._shop.clock.now()
        if slot is not None and (error := slot.refusal(self._shop.clock.monotonic())) is not None:
            raise ArtratorError(Code.NO_NODE, f"This node cannot run the model now: {error.message}")
        if self.draining:
            raise busy("The node is about to stop.", 30)
        wait = self._expected_wait(slot) if slot is not None else 0.0
        if len(self._queue) >= self._settings.queue_limit:
            raise busy(f"{len(self._queue)} jobs are waiting already.", wait / 2)
        if slot is not None and slot.estimate.known and now + wait > finish_by:
            raise busy("The queue is longer than the ticket's time.", wait)
        mine = sum(1 for live in self._live.values() if live.record.buyer == buyer and not live.record.ended)
        if mine >= self._settings.jobs_per_buyer:
            raise ArtratorError(
                Code.RATE_LIMITED,
                f"This buyer has {mine} open jobs here; {self._settings.jobs_per_buyer} are allowed.",
                retry_after=max(_MIN_RETRY_AFTER, round(wait / 2)),
            )

    async def accept(self, record: JobRecord) -> LiveJob | None:
        """Journal a new job and queue it; None if the id was taken meanwhile (the journal has it)."""
        events = EventLog()
        live = LiveJob(record, events)
        live.position = len(self._queue)
        slot = self._slot(record.package)
        live.expected_seconds = self._expected(slot, live, live.position)
        first = events.prepare(EventKind.QUEUED, _place(live))
        if (await self._shop.journal.accept(record, first)).ticket != record.ticket or record.job in self._live:
            return None
        events.publish([first])
        self._live[record.job] = live
        self._queue.append(live)
        self._shop.metrics.accepted.inc()
        self.wake()
        return live

    async def cancel(self, live: LiveJob) -> None:
        """The buyer wants it no more. A queued job ends at once, a running one as soon as its worker lets go."""
        live.cancel_wish.set()
        if live in self._queue:
            self._queue.remove(live)
            await life.end(
                self._shop, live, JobState.CANCELLED, slot=self._slot(live.record.package), error=life.cancelled()
            )
            self._ended(live)

    def wake(self) -> None:
        """Something has changed: look again at what may start."""
        self._wake.set()

    # --- what others are told

    @property
    def queued(self) -> int:
        """How many jobs wait."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many jobs are in workers."""
        return sum(len(slot.running) for slot in self._slots.values())

    @property
    def slots(self) -> Sequence[Slot]:
        """Every served package's place."""
        return [slot for digest in self._catalogue.packages if (slot := self._slot(digest)) is not None]

    def package_states(self) -> Sequence[PackageState]:
        """What a heartbeat says."""
        now = self._shop.clock.monotonic()
        states = []
        for slot in self.slots:
            slot.refusal(now)
            states.append(
                PackageState(
                    package=slot.package.digest,
                    state=slot.node_state,
                    expected_wait=round(self._expected_wait(slot), 3),
                    load_seconds=round(slot.estimate.measured.load_seconds, 3),
                    run_seconds=round(slot.estimate.run_seconds(1.0), 3) if slot.estimate.known else 0.0,
                )
            )
        return states

    # --- the loop

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._pass()
            except Exception:  # one job's bug must not stop every other job
                _logger.exception("scheduler_pass_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TICK_SECONDS)

    def _pass(self) -> None:
        now, monotonic = self._shop.clock.now(), self._shop.clock.monotonic()
        blocked: set[Slot] = set()
        for live in list(self._queue):
            slot = self._slot(live.record.package)
            if (error := self._hopeless(live, slot, now, monotonic)) is not None or slot is None:
                self._queue.remove(live)
                self._task(self._give_up(live, slot, error or life.deadline()))
            elif self.draining:
                continue
            elif slot.can_take(live) and slot not in blocked:
                self._queue.remove(live)
                slot.running[live.job] = live
                slot.last_used = monotonic
                self._task(self._live_through(live, slot))
            elif slot.state is SlotState.COLD and self._loading is None:
                chosen = victims(slot, self._slots.values(), self._settings.memory_bytes)
                if chosen is not None:
                    self._loading = slot
                    slot.loading()
                    leaving = [worker for victim in chosen if (worker := victim.evicted()) is not None]
                    self._task(self._load(slot, leaving))
                elif (victim := busy_victim(slot, self._slots.values())) is not None:
                    blocked.add(victim)
        self._tell_places(monotonic)
        self._shop.metrics.queued.set(self.queued)
        self._shop.metrics.running.set(self.running)
        self._shop.metrics.memory_bytes.set(sum(slot.memory_bytes for slot in self._slots.values() if slot.loaded))

    def _hopeless(self, live: LiveJob, slot: Slot | None, now: float, monotonic: float) -> ArtratorError | None:
        """Why a queued job can never run."""
        if slot is None:
            return ArtratorError(Code.LISTING_UNKNOWN, "The node does not serve this package any more.")
        if now >= live.record.finish_by:
            return life.deadline()
        return slot.refusal(monotonic)

    def _slot(self, package: str) -> Slot | None:
        """The place of a served package."""
        served = self._catalogue.packages.get(package)
        slot = self._slots.get(package)
        if served is None:
            return slot if slot is not None and slot.running else None
        if slot is None:
            estimate = Estimate(self._measured.get(package, Measured(package)))
            slot = self._slots[package] = Slot(served, estimate, self._settings.jobs_per_package)
        elif slot.package is not served:
            slot.package = served
        return slot

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

    async def _load(self, slot: Slot, leaving: Sequence[Any]) -> None:
        """Close evicted workers, then start this one."""
        started = self._shop.clock.monotonic()
        try:
            if leaving:
                self._shop.metrics.evictions.inc(len(leaving))
                await asyncio.gather(*(gone.close() for gone in leaving), return_exceptions=True)
            worker = await self._start_worker(slot.package)
        except ArtratorError as error:
            self._shop.metrics.load_failures.labels(error.code.value).inc()
            slot.load_failed(error, self._shop.clock.monotonic())
        except Exception as error:
            _logger.exception("load_failed_unexpectedly")
            wrapped = ArtratorError(Code.INTERNAL, f"The worker could not be started ({type(error).__name__}).")
            slot.load_failed(wrapped, self._shop.clock.monotonic())
        else:
            now = self._shop.clock.monotonic()
            memory = max(worker.info.memory_bytes, worker.resident_bytes)
            slot.ready(worker, now - started, memory, now)
            self._shop.metrics.loads.inc()
            self._shop.journal.keep_measured(slot.estimate.measured)
            log(
                _logger,
                logging.INFO,
                "package_loaded",
                package=slot.package.digest,
                seconds=round(now - started, 3),
                memory_bytes=memory,
                runtime=worker.info.runtime,
            )
        finally:
            if slot.state is SlotState.LOADING:  # cancelled in the middle
                slot.state = SlotState.COLD
            self._loading = None

    async def _give_up(self, live: LiveJob, slot: Slot | None, error: ArtratorError) -> None:
        await life.end(self._shop, live, JobState.FAILED, slot=slot, error=error)
        self._ended(live)

    async def _live_through(self, live: LiveJob, slot: Slot) -> None:
        """One attempt at a job in a worker, to its end or back into the queue."""
        worker = slot.worker
        assert worker is not None  # noqa: S101  # can_take saw it, and nothing has been awaited since
        try:
            body, values = await life.prepare(self._shop, slot, live)
            await self._begin(live, slot)
            before = self._shop.clock.monotonic()
            made = await life.compute(self._shop, live, worker, values)
            seconds = self._shop.clock.monotonic() - before
            slot.estimate.observe_run(seconds, live.work)
            slot.survived()
            self._shop.metrics.run_seconds.labels(slot.package.manifest.name).observe(seconds)
            # The next job may have the place while this one's outputs are encoded.
            self._leave(live, slot)
            outputs = await life.finish(self._shop, slot, live, body, made)
        except ArtratorError as error:
            self._look_after(slot, worker, error)
            if error.code is Code.WORKER_DIED and self._may_retry(live):
                self._requeue(live)
                return
            state = JobState.CANCELLED if error.code is Code.JOB_CANCELLED else JobState.FAILED
            await life.end(self._shop, live, state, slot=slot, error=error)
        except Exception as error:
            # A bug of ours: the buyer hears it all the same, and nothing is charged. Its message may quote a request.
            log(_logger, logging.ERROR, "job_failed_unexpectedly", job=live.job, kind=type(error).__name__)
            wrapped = ArtratorError(Code.INTERNAL, "The node made a mistake in this job; nothing was charged.")
            await life.end(self._shop, live, JobState.FAILED, slot=slot, error=wrapped)
        else:
            await life.end(self._shop, live, JobState.DELIVERED, slot=slot, outputs=outputs)
        finally:
            self._leave(live, slot)
        self._ended(live)

    async def _begin(self, live: LiveJob, slot: Slot) -> None:
        now = self._shop.clock.now()
        event = live.log.prepare(EventKind.STARTED, {"node": self._shop.receipt_key.id, "runtime": slot.runtime})
        await self._shop.journal.start(live.job, now, event)
        first = live.record.started_at is None
        live.record = replace(
            live.record,
            state=JobState.RUNNING,
            started_at=now if first else live.record.started_at,
            attempts=live.record.attempts + 1,
        )
        live.position, live.expected_seconds = None, slot.estimate.run_seconds(live.work)
        live.log.publish([event])
        self._shop.metrics.wait_seconds.observe(max(0.0, now - live.record.queued_at))

    def _look_after(self, slot: Slot, worker: WorkerHandle, error: ArtratorError) -> None:
        """Notice a worker that is gone."""
        if worker.alive:
            if error.code in (Code.MODEL_FAILED, Code.INPUT_INVALID):
                slot.survived()
            return
        if slot.worker is worker:
            self._shop.metrics.deaths.inc()
            self._task(worker.close())
        slot.died(worker, crashed=error.code is Code.WORKER_DIED)

    def _may_retry(self, live: LiveJob) -> bool:
        """Nothing was delivered and the time allows one more attempt."""
        return (
            live.record.attempts < MAX_ATTEMPTS
            and not live.cancel_wish.is_set()
            and self._shop.clock.now() < live.record.finish_by
        )

    def _requeue(self, live: LiveJob) -> None:
        self._shop.metrics.retried.inc()
        live.alone = True
        live.position, live.done, live.total = 0, 0, 0
        event = live.log.prepare(EventKind.QUEUED, _place(live))
        live.log.publish([event])
        self._shop.journal.note(live.job, event)
        live.record = replace(live.record, state=JobState.QUEUED)
        self._queue.insert(0, live)
        log(_logger, logging.WARNING, "job_retried", job=live.job, attempts=live.record.attempts)

    def _leave(self, live: LiveJob, slot: Slot) -> None:
        if slot.running.pop(live.job, None) is not None:
            slot.last_used = self._shop.clock.monotonic()
            self.wake()

    def _ended(self, live: LiveJob) -> None:
        """Tell the outbox, and forget the oldest ended jobs."""
        self.on_end.set()
        ended = [job for job, other in self._live.items() if other.record.ended]
        for job in ended[:-_REMEMBERED]:
            del self._live[job]
        self.wake()

    # --- estimates

    def _expected_wait(self, slot: Slot) -> float:
        """Seconds until a new job of this package would start."""
        waiting = [live for live in self._queue if live.record.package == slot.package.digest]
        return self._wait(slot, [*slot.running.values(), *waiting])

    def _wait(self, slot: Slot, ahead: Sequence[LiveJob]) -> float:
        load = slot.estimate.load_seconds if slot.worker is None else 0.0
        places = self._settings.jobs_per_package
        if len(ahead) < places:
            return load
        return load + sum(slot.estimate.run_seconds(live.work) for live in ahead) / places

    def _expected(self, slot: Slot | None, live: LiveJob, position: int) -> float | None:
        if slot is None:
            return None
        ahead = [other for other in self._queue[:position] if other.record.package == live.record.package]
        return round(self._wait(slot, [*slot.running.values(), *ahead]) + slot.estimate.run_seconds(live.work), 2)

    def _tell_places(self, now: float) -> None:
        """Tell queued buyers that they have moved up."""
        for position, live in enumerate(self._queue):
            if position == live.position or not live.may_tell_place(now):
                continue
            live.position = position
            live.expected_seconds = self._expected(self._slot(live.record.package), live, position)
            event = live.log.prepare(EventKind.QUEUED, _place(live))
            live.log.publish([event])
            self._shop.journal.note(live.job, event)


def busy(why: str, retry_after: float) -> ArtratorError:
    """The node is full."""
    return ArtratorError(Code.NODE_BUSY, why, retry_after=max(_MIN_RETRY_AFTER, round(retry_after)))


def _place(live: LiveJob) -> Mapping[str, Any]:
    return {"position": live.position, "expected_seconds": live.expected_seconds}


__all__ = ["MAX_ATTEMPTS", "Engine", "Event", "busy"]
