"""Purchases on this node: what went out to each, and the receipt once it was everything.

A purchase stands in the journal as a job of its own kind, with the key that its files are sealed with. Its receipt is
written when every byte of every file went out, or when the buyer says that all of it arrived. At the end of its time
without that, it says ``failed``, and the hold goes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from artrator.documents import Seal, Ticket
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import EventKind, JobState, Output
from artrator.sealing import new_key, sealed_size
from artrator_node.catalogue import ServedPackage
from artrator_node.clock import Clock
from artrator_node.fetching import ranges
from artrator_node.journal import Event, JobRecord, Journal
from artrator_node.journal.records import Ending
from artrator_node.logs import log
from artrator_node.receipts import sign_receipt

_logger = logging.getLogger(__name__)

#: A receipt of more files than this would be larger than a registry takes: it names the package as one output instead.
MAX_LISTED: Final = 1_000
#: After its time a purchase has this long for what is under way.
_GRACE_SECONDS: Final = 30.0


class Purchases:
    """What buyers of licences have fetched here."""

    def __init__(self, journal: Journal, clock: Clock, receipt_key: PrivateKey, on_end: asyncio.Event) -> None:
        self._journal = journal
        self._clock = clock
        self._receipt_key = receipt_key
        self._on_end = on_end
        self._spans: dict[str, dict[str, list[ranges.Span]]] = {}
        self._ending = asyncio.Lock()

    async def known(self, ticket: str) -> JobRecord | None:
        """The purchase of a ticket that was shown here before, by its digest."""
        return await self._journal.purchase(ticket)

    async def accept(self, ticket: Ticket, digest: str) -> JobRecord:
        """Write a purchase down before anything of it goes out.

        Raises:
            ArtratorError: ``conflict`` if its id stands for something else here.
        """
        now = self._clock.now()
        record = JobRecord(
            job=ticket.jti,
            state=JobState.RUNNING,
            package=ticket.package,
            offer=ticket.offer,
            listing=ticket.listing,
            buyer=ticket.sub,
            cnf=ticket.cnf,
            ticket=digest,
            request=ticket.request,
            measures={},
            image_format="png",
            finish_by=ticket.finish_by,
            capture_by=ticket.capture_by,
            queued_at=now,
            started_at=now,
            kind="purchase",
            sealing_key=new_key().hex(),
        )
        event = Event(1, EventKind.STARTED, {"node": self._receipt_key.id, "runtime": ""})
        kept = await self._journal.accept(record, event)
        if kept.kind != "purchase" or kept.ticket != digest:
            raise ArtratorError(Code.CONFLICT, "The order was used here before, with another ticket.")
        return kept

    async def went_out(self, job: str, served: ServedPackage, sha256: str, span: ranges.Span) -> bool:
        """So many sealed bytes of a file went out to a purchase; answers whether that is everything."""
        spans = self._spans.get(job)
        if spans is None:
            before = await self._journal.fetched(job)
            spans = self._spans.setdefault(job, {name: list(known) for name, known in before.items()})
        merged = ranges.add(spans.get(sha256, ()), span)
        if len(merged) > ranges.MAX_SPANS:
            return False
        spans[sha256] = merged
        self._journal.note_fetched(job, sha256, merged)
        return _whole(served, spans)

    async def delivered(self, job: str, served: ServedPackage, sealed: Seal) -> JobRecord:
        """All of it arrived: sign the receipt, bound to what was sent. Harmless if the purchase has ended."""
        return await self._end(job, JobState.DELIVERED, outputs=_outputs(served), sealed=sealed)

    async def give_up(self, job: str) -> JobRecord:
        """The buyer does not want it any more: the receipt gives the hold back. Harmless if the purchase has ended."""
        return await self._end(job, JobState.CANCELLED)

    async def end_overdue(self) -> None:
        """Give back what was not fetched in its time."""
        for record in await self._journal.overdue_purchases(self._clock.now() - _GRACE_SECONDS):
            late = ArtratorError(Code.JOB_DEADLINE, "The package was not fetched whole in the time of its ticket.")
            await self._end(record.job, JobState.FAILED, error=late)

    async def _end(
        self,
        job: str,
        state: JobState,
        *,
        outputs: Sequence[Output] = (),
        sealed: Seal | None = None,
        error: ArtratorError | None = None,
    ) -> JobRecord:
        async with self._ending:
            record = await self._journal.job(job)
            if record is None or record.ended:
                self._spans.pop(job, None)  # a piece that was under way when it ended
                return _known(record)
            now = self._clock.now()
            code = error.code.value if error is not None else None
            problem = error.to_json()["error"] if error is not None else None
            receipt = sign_receipt(
                self._receipt_key, record, state, finished_at=now, error=code, outputs=outputs, sealed=sealed
            )
            event = Event(await self._journal.next_serial(job), _EVENTS[state], {"receipt": receipt})
            await self._journal.end(Ending(job, state, now, receipt, now, "", problem), [event], None, now)
            self._spans.pop(job, None)
        self._on_end.set()
        log(_logger, logging.INFO, "purchase_ended", job=job, state=state.value, package=record.package)
        return replace(record, state=state, finished_at=now, receipt=receipt, error=problem, retained_until=now)


_EVENTS: Final[Mapping[JobState, EventKind]] = {
    JobState.DELIVERED: EventKind.DONE,
    JobState.FAILED: EventKind.FAILED,
    JobState.CANCELLED: EventKind.CANCELLED,
}


def _known(record: JobRecord | None) -> JobRecord:
    if record is None:
        raise ArtratorError(Code.JOB_UNKNOWN, "This node has no purchase of that id.")
    return record


def _whole(served: ServedPackage, spans: Mapping[str, Sequence[ranges.Span]]) -> bool:
    return all(ranges.covers(spans.get(file.sha256, ()), sealed_size(file.size)) for file in served.files.values())


def _outputs(served: ServedPackage) -> Sequence[Output]:
    files = sorted(served.files.items())
    if len(files) > MAX_LISTED:
        digest = served.digest.removeprefix("sha256:")
        kind = "application/vnd.artrator.package"
        return [Output(index=0, name="package", media_type=kind, sha256=digest, size=served.file_bytes)]
    return [
        Output(index=index, name=name, media_type="application/octet-stream", sha256=file.sha256, size=file.size)
        for index, (name, file) in enumerate(files)
    ]
