"""The loop that decides what starts when, and sees every job that it started to its end.

One pass of the loop, in the queue's order:

1. a job whose time is over, or whose package cannot run, ends;
2. a job whose package is warm and has a free place starts;
3. for the first one whose package is cold, room is made and a worker started. Where only busy workers are in the way,
   the least recently used of them takes no younger job, so that a cold package never starves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobState
from artrator_node.engine import life
from artrator_node.engine.attempt import Outcome, attempt
from artrator_node.engine.live import LiveJob
from artrator_node.engine.queue import JobQueue
from artrator_node.engine.roster import Roster
from artrator_node.engine.slot import Slot, StartWorker, WorkerHandle
from artrator_node.engine.slots import Slots
from artrator_node.engine.trials.tuner import Tuner
from artrator_node.engine.waits import Waits
from artrator_node.logs import log
from artrator_node.owner.hold import Hold

_logger = logging.getLogger(__name__)

#: Deadlines and broken packages are looked at this often when nothing else happens.
_TICK_SECONDS: Final = 0.5
#: What is loaded ahead of need is thought about this often at most: not after every job.
_AHEAD_SECONDS: Final = 0.25
#: Between attempts to write the end of a job.
_AGAIN_SECONDS: Final = 5.0
#: A connection that was lost is back by then, and whoever has really gone has the hold back soon.
_COME_BACK_SECONDS: Final = 10.0


class Scheduler:
    """Starts workers and jobs, and ends jobs that will never start.

    Attributes:
        draining: Nothing more is started.
        hold: What the owner's rules say now.
        on_end: Set whenever a job has ended: there is a receipt to send.
    """

    def __init__(
        self,
        shop: life.Workshop,
        slots: Slots,
        queue: JobQueue,
        roster: Roster,
        waits: Waits,
        start_worker: StartWorker,
    ) -> None:
        self._shop = shop
        self._slots = slots
        self._queue = queue
        self._roster = roster
        self._waits = waits
        self._tuner = Tuner(
            slots.devices,
            shop.journal,
            shop.clock,
            start_worker,
            packages=lambda: [slot.package for slot in slots],
            idle=self._is_idle,
            make_room=slots.room_for_trial,
            learnt=self.wake,
        )
        #: The next pass, if something has changed since the last one.
        self._next: asyncio.Handle | None = None
        self._ahead_at = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._halted = self._closed = False
        shop.metrics.queued.set_function(lambda: len(queue))
        shop.metrics.running.set_function(lambda: len(slots.running))
        shop.metrics.memory_bytes.set_function(lambda: slots.memory_bytes)
        self.draining = False
        self.hold: Hold | None = None
        self.on_end = asyncio.Event()

    async def open(self) -> None:
        """Begin, with what is in the queue already."""
        await self._tuner.open()
        self._ticking = asyncio.create_task(self._tick(), name="engine")
        self.task(self._tuner.run())

    async def close(self) -> None:
        """Start nothing more, and look after nothing that runs."""
        self.draining = self._closed = True
        if self._next is not None:
            self._next.cancel()
        tasks = [task for task in (self._ticking, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something has changed: look again at what may start."""
        if self._next is None and self._ticking is not None and not self._closed:
            self._next = asyncio.get_running_loop().call_soon(self._look)

    async def cancel(self, live: LiveJob) -> None:
        """The buyer wants it no more. A queued job ends at once, a running one as soon as its worker lets go."""
        live.cancel_wish = True
        if live.stop is not None:
            live.stop()
        if live in self._queue:
            self._queue.remove(live)
            slot = self._slots.get(live.record.package)
            await self._end(live, JobState.CANCELLED, slot, life.cancelled())

    async def give_up(self, live: LiveJob, slot: Slot | None, error: ArtratorError) -> None:
        """End a job that is not in the queue (any more) and will never start."""
        await self._end(live, JobState.FAILED, slot, error)

    def task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something go on beside the loop, which looks again once it is done; ``close`` ends it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("engine_task_failed", exc_info=error)
        self.wake()

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
        for worker in self._slots.dead():
            self.task(worker.close())
        blocked: set[Slot] = set()
        for live in self._queue.ordered(self._slots.running):
            slot = self._slots.get(live.record.package)
            error = self._hopeless(live, slot, now, monotonic)
            if error is not None or slot is None:
                self._queue.remove(live)
                self.task(self.give_up(live, slot, error or life.deadline()))
            elif live.left_at is not None:
                if monotonic - live.left_at > _COME_BACK_SECONDS:
                    self.task(self.cancel(live))
            elif self.draining or (self.hold is not None and not self.hold.starts):
                continue
            elif (free := self._slots.free(live, slot, blocked)) is not None:
                self._queue.start(live)
                free.take(live, monotonic)
                self.task(self._attempt(live, free))
            elif (cold := self._slots.to_load(slot, live)) is not None:
                room = self._slots.make_room(cold)
                if isinstance(room, Slot):
                    blocked.add(room)
                elif room is not None:
                    self._load(cold, room)
        self._obey(self.hold)
        self._load_ahead(monotonic)
        for worker in self._slots.unserved():
            self.task(worker.close())
        self._waits.tell_places(self._shop.journal, monotonic)

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

    def _obey(self, hold: Hold | None) -> None:
        """What the owner's rules ask of the workers, said again in every pass: a worker that knows it does not mind."""
        halted = hold is not None and hold.halts_steps
        if halted or self._halted:
            for slot in self._slots.all:
                if slot.worker is not None:
                    slot.worker.halt(halted)
        self._halted = halted
        if hold is None:
            return
        if hold.lets_go and self._loading is not None and (loading := self._slots.loading) is not None:
            # A large model loads for minutes, and would leave again as soon as it is there.
            self._loading.cancel()
            self._loading = None  # a second time would break into the clearing up
            self._slots.warm_again(loading)
        for slot in self._slots.all:
            if hold.ends_running and slot.worker is not None:
                for live in slot.running.values():
                    live.put_back = True
                    slot.worker.cancel(live.job)
            if hold.lets_go and slot.idle and (worker := slot.evicted()) is not None:
                self._slots.warm_again(slot)
                self.task(worker.close())

    def _load_ahead(self, monotonic: float) -> None:
        """While nobody waits: load what will be wanted, and load again what is better computed in another way."""
        if len(self._queue) or self.draining or self.hold is not None or self._tuner.busy:
            return
        if monotonic < self._ahead_at:
            return
        self._ahead_at = monotonic + _AHEAD_SECONDS
        if (ahead := self._slots.to_prewarm()) is not None:
            self._load(*ahead)
        elif (slot := self._slots.to_improve()) is not None:
            self._load(slot, [worker for worker in (slot.evicted(),) if worker is not None])

    def _is_idle(self) -> bool:
        """Whether the devices are free for trials."""
        free = not len(self._queue) and not self._slots.running and self._slots.loading is None
        return free and not self.draining and self.hold is None

    def _load(self, slot: Slot, leaving: Sequence[WorkerHandle]) -> None:
        self._slots.loading = slot
        slot.loading()
        self._loading = self.task(self._slots.load(slot, leaving))

    # --- the jobs

    async def _attempt(self, live: LiveJob, slot: Slot) -> None:
        def leave() -> None:
            slot.leave(live, self._shop.clock.monotonic())
            self.wake()

        try:
            outcome = await attempt(self._shop, live, slot, leave)
        except Exception:
            _logger.exception("job_not_ended")
            leave()
            error = ArtratorError(Code.INTERNAL, "The node made a mistake in this job; nothing was charged.")
            await self._end(live, JobState.FAILED, slot, error)
            return
        finally:
            leave()
        if outcome is Outcome.RETRY:
            self._queue.add(live)
        else:
            self._ended(live)

    async def _end(self, live: LiveJob, state: JobState, slot: Slot | None, error: ArtratorError) -> None:
        """End a job that nothing else will end. If that cannot be written, then as soon as it can: its buyer waits."""
        while not live.record.ended:
            try:
                await life.end(self._shop, live, state, slot=slot, error=error)
            except Exception as failure:
                if isinstance(failure, ArtratorError) and failure.code is Code.CONFLICT:
                    raise  # the journal has its end already, and will not have another
                log(_logger, logging.CRITICAL, "job_not_ended", job=live.job, kind=type(failure).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
        self._ended(live)

    def _ended(self, live: LiveJob) -> None:
        """Tell the outbox, and see who can begin now."""
        self.on_end.set()
        self._roster.ended(live)
        self.wake()
