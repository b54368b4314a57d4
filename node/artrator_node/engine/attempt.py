"""One attempt at one job: into its worker, and out of it to an end or back into the queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState
from artrator_node.engine import life, part
from artrator_node.engine.live import LiveJob
from artrator_node.engine.slot import Slot, WorkerHandle
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: A job that saw its worker or the daemon die this often is given up.
MAX_ATTEMPTS: Final = 2
#: How the end of a run that was put back is told: it was asked to stop, and some only stop with their worker.
_PUT_BACK: Final = (Code.JOB_CANCELLED, Code.WORKER_DIED)


class Outcome(StrEnum):
    """What became of an attempt."""

    ENDED = "ended"
    RETRY = "retry"


async def attempt(shop: life.Workshop, live: LiveJob, slot: Slot, leave: Callable[[], None]) -> Outcome:
    """Run a job in its slot's worker and end it, unless it is to be tried again.

    What it finished before it failed is delivered if it can be sold alone.

    Args:
        shop: What every job needs.
        live: The job; it has its place in ``slot`` already.
        slot: A warm slot.
        leave: Gives the place in the worker free; called once the model is done, before outputs are encoded.
    """
    worker = slot.worker
    if worker is None:
        raise RuntimeError("a job was started in a cold slot")
    cause: ArtratorError | None = None
    try:
        _begin(shop, live, slot)
        body, values = await life.prepare(shop, slot, live)
        try:
            before = shop.clock.monotonic()
            made = await life.compute(shop, live, worker, values)
            seconds = shop.clock.monotonic() - before
            slot.ran(live, seconds, worker.resident_bytes, shop.clock.monotonic())
            shop.metrics.run_seconds.labels(slot.package.manifest.name).observe(seconds)
        except ArtratorError as error:
            await _look_after(shop, slot, worker, error)
            if live.put_back and not live.cancel_wish and error.code in _PUT_BACK:
                return _put_back(shop, live)
            if error.code is Code.WORKER_DIED and _may_retry(shop, live):
                return _retry(shop, live)
            cause, made = error, part.finished(slot, live, body)
            if not made:
                raise
        leave()
        measures, short = part.tally(slot, live, body, made)
        outputs = await life.finish(shop, slot, live, body, made)
    except ArtratorError as error:
        if cause is None:
            await _look_after(shop, slot, worker, error)
        why = cause or error
        state = JobState.CANCELLED if why.code is Code.JOB_CANCELLED else JobState.FAILED
        await life.end(shop, live, state, slot=slot, error=why)
    except Exception as error:
        # A bug of ours: the buyer hears it all the same, and nothing is charged. Its text may quote a request.
        log(_logger, logging.ERROR, "job_failed_unexpectedly", job=live.job, kind=type(error).__name__)
        wrapped = ArtratorError(Code.INTERNAL, "The node made a mistake in this job; nothing was charged.")
        await life.end(shop, live, JobState.FAILED, slot=slot, error=wrapped)
    else:
        why_less = cause or short
        try:
            await life.end(
                shop, live, JobState.DELIVERED, slot=slot, error=why_less, outputs=outputs, measures=measures
            )
        except ArtratorError as error:
            if error.code is not Code.DISK_FULL:
                raise
            await life.end(shop, live, JobState.FAILED, slot=slot, error=error)
    return Outcome.ENDED


def _begin(shop: life.Workshop, live: LiveJob, slot: Slot) -> None:
    """Count the attempt, before anything of the request is even decoded; the write is under way meanwhile."""
    now = shop.clock.now()
    event = live.log.prepare(EventKind.STARTED, {"node": shop.receipt_key.id, "runtime": slot.runtime})
    if live.written:
        shop.journal.start(live.job, now, event)
    started = live.record.started_at
    live.record = replace(
        live.record,
        state=JobState.RUNNING,
        started_at=now if started is None else started,
        attempts=live.record.attempts + 1,
    )
    live.position, live.expected_seconds = None, slot.estimate.run_seconds(live.work, len(slot.running))
    live.log.publish([event])
    shop.metrics.wait_seconds.observe(max(0.0, now - live.record.queued_at))


async def _look_after(shop: life.Workshop, slot: Slot, worker: WorkerHandle, error: ArtratorError) -> None:
    """Notice a worker that is gone, and one that has only said no."""
    if worker.alive:
        if error.code in (Code.MODEL_FAILED, Code.INPUT_INVALID):
            slot.survived()
        return
    if slot.died(worker, shop.clock.monotonic()):
        shop.metrics.deaths.inc()
        await worker.close()


def _may_retry(shop: life.Workshop, live: LiveJob) -> bool:
    """Nothing was delivered, the buyer still wants it, and the time allows one more attempt."""
    return 0 < live.record.attempts < MAX_ATTEMPTS and not live.cancel_wish and shop.clock.now() < live.record.finish_by


def _retry(shop: life.Workshop, live: LiveJob) -> Outcome:
    shop.metrics.retried.inc()
    live.alone = True
    live.begin_anew()
    live.record = replace(live.record, state=JobState.QUEUED)
    live.tell_place(shop.journal)
    log(_logger, logging.WARNING, "job_retried", job=live.job, attempts=live.record.attempts)
    return Outcome.RETRY


def _put_back(shop: life.Workshop, live: LiveJob) -> Outcome:
    """The owner's rules ended the attempt: it waits again as if it had not begun."""
    live.put_back = False
    live.begin_anew()
    live.record = replace(live.record, state=JobState.QUEUED, attempts=max(0, live.record.attempts - 1))
    event = live.log.prepare(EventKind.QUEUED, live.place())
    if live.written:
        shop.journal.put_back(live.job, event)
    live.log.publish([event])
    log(_logger, logging.INFO, "job_put_back", job=live.job)
    return Outcome.RETRY
