"""The life of one job from its place in a worker to its end: decode, run, encode, write, sign, journal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

import artrator
from artrator.backend import Image, Value
from artrator.encoding import Provenance, encode_outputs, encode_preview
from artrator.errors import ArtratorError, Code
from artrator.inputs import complete, decoded
from artrator.keys import PrivateKey
from artrator.messages.node import EventKind, JobBody, JobState
from artrator_node.clock import Clock
from artrator_node.engine.live import LiveJob
from artrator_node.engine.promise import first_written
from artrator_node.engine.ranks import mark_of
from artrator_node.engine.slot import Slot, WorkerHandle
from artrator_node.files import Outputs, Spool
from artrator_node.journal import JobRecord, Journal, StoredOutput
from artrator_node.journal.endings import last_events
from artrator_node.journal.records import Ending
from artrator_node.logs import log
from artrator_node.metrics import Metrics
from artrator_node.receipts import sign_receipt

_logger = logging.getLogger(__name__)

_HOUR: Final = 3600.0
#: A picture of 128 pixels squared.
_SMALL_BYTES: Final = 128 * 128 * 3
#: Outputs of so many bytes together go into the journal with the job's end: a file, its folder and a sync of each cost
#: more than that. Larger ones would be written twice, into the journal's log and into its pages.
_KEPT_BYTES: Final = 64 << 10
#: The receipt of a delivered job waits so long for the acknowledgement, so that most travel together; the end of any
#: other job goes to the registry at once, because it releases a hold.
_PATIENCE_SECONDS: Final = 1.0
#: Between attempts to write the end of a job to a full disk.
_FULL_DISK_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Workshop:
    """What every job needs."""

    journal: Journal
    spool: Spool
    outputs: Outputs
    clock: Clock
    metrics: Metrics
    receipt_key: PrivateKey
    retention_hours: float


async def prepare(shop: Workshop, slot: Slot, live: LiveJob) -> tuple[JobBody, dict[str, Value]]:
    """The job's request, and its inputs as the model gets them. Files are read and decoded in a thread."""
    if live.body is not None:  # no files: done before a thread would have begun
        return live.body, decoded(slot.package.manifest, complete(slot.package.manifest, live.body.inputs), _no_file)

    def work() -> tuple[JobBody, dict[str, Value]]:
        body = shop.spool.body(live.job)
        manifest = slot.package.manifest
        return body, decoded(
            manifest, complete(manifest, body.inputs), lambda digest: shop.spool.read(live.job, digest)
        )

    return await asyncio.to_thread(work)


async def compute(
    shop: Workshop, live: LiveJob, worker: WorkerHandle, values: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Run the model, for as long as the buyer wants it and the ticket allows.

    Raises:
        ArtratorError: ``job_cancelled``, ``job_deadline``, ``worker_died``, ``worker_limit``, or what the model says.
    """
    if live.cancel_wish:
        raise cancelled()
    record = live.record
    work = worker.run(
        live.job,
        values,
        lambda *news: tell_progress(shop, live, *news),
        live.keep,
        buyer=mark_of(record.buyer),
        rank=live.rank,
    )
    stopped = False

    def stop() -> None:
        # The worker answers within its grace, or is ended for it; then the run raises.
        nonlocal stopped
        if not stopped:
            stopped = True
            worker.cancel(live.job)

    left = live.record.finish_by - shop.clock.now()
    late = asyncio.get_running_loop().call_later(max(left, 0), stop)
    live.stop = stop
    try:
        made = await work
    except ArtratorError as error:
        if not stopped or error.code is not Code.JOB_CANCELLED:
            raise
    else:
        if not stopped:
            return made
    finally:
        late.cancel()
        live.stop = None
    raise cancelled() if live.cancel_wish else deadline()


async def finish(
    shop: Workshop, slot: Slot, live: LiveJob, body: JobBody, values: Mapping[str, Value]
) -> Sequence[StoredOutput]:
    """Encode the outputs, large ones in a thread, and write each one whole, unless they are small.

    Raises:
        ArtratorError: ``model_failed`` for an output that is none, ``disk_full``; then nothing is left behind.
    """
    package = slot.package
    provenance = Provenance(
        software=f"Artrator node {artrator.__version__}",
        model=f"{package.manifest.name}@{package.manifest.version}",
        package=package.digest,
        listing=live.record.listing,
        order=live.job,
        node=shop.receipt_key.id,
        created=shop.clock.now(),
    )
    started = shop.clock.monotonic()
    if _small(values):  # encoded before a thread would have begun
        encoded = encode_outputs(package.manifest, values, body.format, provenance)
    else:
        encoded = await asyncio.to_thread(encode_outputs, package.manifest, values, body.format, provenance)
    shop.metrics.encode_seconds.observe(shop.clock.monotonic() - started)
    size = sum(len(item.data) for item in encoded)
    if size <= live.takes:
        live.delivery = [item.data for item in encoded]
    shop.metrics.output_bytes.inc(size)
    if size <= _KEPT_BYTES:
        return [StoredOutput(item.output, item.file, item.data) for item in encoded]
    await asyncio.to_thread(shop.outputs.write, live.job, {item.file: item.data for item in encoded})
    return [StoredOutput(item.output, item.file) for item in encoded]


async def end(
    shop: Workshop,
    live: LiveJob,
    state: JobState,
    *,
    slot: Slot | None,
    error: ArtratorError | None = None,
    outputs: Sequence[StoredOutput] = (),
    measures: Mapping[str, int] | None = None,
) -> None:
    """Sign the receipt, write the end durably, then tell the buyer and forget the request.

    Args:
        shop: What every job needs.
        live: The job.
        state: How it ended.
        slot: Where it ran, if it did.
        error: Why it failed; of a delivered job, why it is less than what was ordered.
        outputs: What is delivered.
        measures: What a part of the order measures; None stands for all of it.

    Raises:
        ArtratorError: ``disk_full`` if there is no room for the outputs; then the job has not ended.
    """
    record, ending = _as_ended(shop, live, state, slot, error, outputs, measures)
    plain = [stored.output for stored in outputs]
    events = [live.log.prepare(*event) for event in last_events(record, plain, done=live.done, total=live.total)]
    measured = slot.estimate.count(done=state is JobState.DELIVERED) if slot is not None else None
    send_at = ending.finished_at + _PATIENCE_SECONDS * (state is JobState.DELIVERED)
    if live.writing is not None:
        with contextlib.suppress(Exception):  # what could not be written then is written now, with its end
            await asyncio.shield(live.writing)
    if live.written:
        await _commit(shop, live, ending, events, measured, send_at)
    else:  # nobody was told that it came, and whoever asks from now on waits until it has ended
        with first_written(live):
            await _commit(shop, live, ending, (), measured, send_at, new=record)
    live.end(record, plain, events)
    if live.spooled:
        await asyncio.to_thread(shop.spool.remove, live.job)
    code = error.code.value if error is not None else ""
    shop.metrics.ended.labels(state.value, code).inc()
    log(_logger, logging.INFO, "job_ended", job=live.job, state=state.value, code=code, package=live.record.package)


def _as_ended(
    shop: Workshop,
    live: LiveJob,
    state: JobState,
    slot: Slot | None,
    error: ArtratorError | None,
    outputs: Sequence[StoredOutput],
    measures: Mapping[str, int] | None,
) -> tuple[JobRecord, Ending]:
    """The job's record with its signed receipt, and what of it is new to the journal; see ``end``."""
    now = shop.clock.now()
    until = now + shop.retention_hours * _HOUR
    runtime = slot.runtime if slot is not None and live.record.started_at is not None else ""
    problem = error.to_json()["error"] if error is not None else None
    receipt = sign_receipt(
        shop.receipt_key,
        live.record,
        state,
        finished_at=now,
        runtime=runtime,
        error=error.code.value if error is not None else None,
        outputs=[stored.output for stored in outputs],
        measures=measures,
    )
    record = replace(
        live.record,
        state=state,
        finished_at=now,
        runtime=runtime,
        error=problem,
        receipt=receipt,
        retained_until=until,
    )
    return record, Ending(live.job, state, now, receipt, until, runtime, problem, outputs)


async def _commit(shop: Workshop, live: LiveJob, ending: Ending, *what: Any, **how: Any) -> None:
    """Write an end, on a full disk too: nothing may be told before it is durable, so wait until there is room.

    Raises:
        ArtratorError: ``disk_full`` if it is outputs that take the room.
    """
    while True:
        try:
            return await shop.journal.end(ending, *what, **how)
        except ArtratorError as full:
            if full.code is not Code.DISK_FULL or any(stored.data is not None for stored in ending.outputs):
                raise
            log(_logger, logging.CRITICAL, "journal_full", job=live.job)
            await asyncio.sleep(_FULL_DISK_SECONDS)


def tell_progress(shop: Workshop, live: LiveJob, done: int, total: int, preview: Image | None) -> None:
    """Pass a worker's progress on, seldom enough for any reader; a preview that came too soon goes with the next."""
    now = shop.clock.monotonic()
    live.done, live.total = done, total
    preview = live.untold = live.untold if preview is None else preview
    if not live.may_tell_progress(now, last=done >= total):
        return
    live.untold = None
    left = None
    if done and live.record.started_at is not None:
        left = round((shop.clock.now() - live.record.started_at) / done * (total - done), 2)
    events = [live.log.prepare(EventKind.PROGRESS, {"done": done, "total": total, "seconds_left": left})]
    if preview is not None:
        with contextlib.suppress(ArtratorError, ValueError):  # a preview that is no picture is not worth a job
            live.preview = encode_preview(preview)
            events.append(live.log.prepare(EventKind.PREVIEW, {"serial": events[0].serial + 1}))
    live.log.publish(events)
    for event in events if live.written else ():
        shop.journal.note(live.job, event)


def _small(values: Mapping[str, Value]) -> bool:
    """Whether the outputs are one picture of a thumbnail's size at most: a fraction of a millisecond to encode."""
    pictures = [value for value in values.values() if not isinstance(value, str | int | float)]
    return (
        all(isinstance(value, np.ndarray) and value.nbytes <= _SMALL_BYTES for value in pictures) and len(pictures) < 2
    )


def _no_file(_digest: str) -> bytes:
    raise AssertionError("a request without files asks for one")


def cancelled() -> ArtratorError:
    """The buyer does not want it any more."""
    return ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")


def deadline() -> ArtratorError:
    """The ticket's time is over."""
    return ArtratorError(Code.JOB_DEADLINE, "The job could not be finished in the time that its ticket allows.")
