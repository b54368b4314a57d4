"""What the routes ask of a job: submit, wait, show, cancel, follow, fetch, acknowledge.

Whoever is told anything of a job is told what a crash cannot take back: see ``engine.promise``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.requests import ClientDisconnect

from artrator.documents import Acknowledgement, document_digest
from artrator.errors import ArtratorError, Code
from artrator.messages.node import Job, JobState
from artrator_node.daemon import Node
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.http.reception import Reception, record_of
from artrator_node.journal import Event, JobRecord, StoredOutput
from artrator_node.waiting import set_within

#: A reader of events hears something this often.
_PING_SECONDS: Final = 10.0
#: How long DELETE waits for a running job to stop before it answers that it has not yet.
_CANCEL_SECONDS: Final = 3.0


class Jobs:
    """Jobs as buyers meet them."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reception = Reception(node)

    async def submit(self, job: str, **sent: Any) -> LiveJob | JobRecord:
        """Receive a job; see ``Reception.receive``."""
        return await self._reception.receive(job, **sent)

    async def wait(
        self, found: LiveJob | JobRecord, seconds: float, hung_up: Coroutine[Any, Any, None], *, limit: int
    ) -> Sequence[bytes]:
        """Wait until a job has ended, for at most ``seconds``; its outputs, unless they take more than ``limit`` bytes.

        Raises:
            ClientDisconnect: Whoever waits has ``hung_up``.
        """
        if isinstance(found, JobRecord) or found.record.ended:
            hung_up.close()
            return await self._stored(record_of(found), limit)
        with self._node.engine.listening(found, limit=limit):
            await self._ended(found, hung_up, seconds)
            return (found.delivery or ()) if limit else ()

    @staticmethod
    async def _ended(live: LiveJob, hung_up: Coroutine[Any, Any, None], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()

        def settle(ended: bool) -> None:
            if not over.done():
                over.set_result(ended)

        gone = loop.create_task(hung_up)
        gone.add_done_callback(lambda _: settle(live.ended.is_set()))
        late = loop.call_later(seconds, settle, True)
        live.when_ended(lambda: settle(True))
        try:
            if not await over:  # neither has it ended nor is its time over
                raise ClientDisconnect
        finally:
            late.cancel()
            gone.cancel()

    async def _stored(self, record: JobRecord, limit: int) -> Sequence[bytes]:
        stored = await self._node.journal.outputs(record.job) if record.state is JobState.DELIVERED else ()
        if sum(one.output.size for one in stored) > limit:
            return ()
        try:
            return [await self._bytes(record.job, one.file) for one in stored]
        except (ArtratorError, OSError):  # they have expired: the job stands all the same
            return ()

    async def _bytes(self, job: str, file: str) -> bytes:
        kept = await self._node.journal.kept(job, file)
        return kept if kept is not None else await asyncio.to_thread(self._node.outputs.path(job, file).read_bytes)

    # --- asking

    async def owned(self, job: str, *, method: str, path: str, proof_header: str | None) -> LiveJob | JobRecord:
        """The job, if the request is signed by its buyer.

        Raises:
            ArtratorError: ``job_unknown``, ``proof_invalid``.
        """
        found = await self._reception.known(job)
        self._node.gate.prove(record_of(found).cnf, proof_header, method=method, path=path)
        if isinstance(found, LiveJob):
            self._node.engine.wanted(found)
        await self._promise(found)
        return found

    async def _promise(self, found: LiveJob | JobRecord) -> None:
        if isinstance(found, LiveJob) and not found.record.ended:
            await self._node.engine.promise(found)

    async def show(self, found: LiveJob | JobRecord) -> Job:
        """The job as its buyer sees it."""
        await self._promise(found)
        record = record_of(found)
        live = found if isinstance(found, LiveJob) else None
        if live is not None:
            outputs = live.outputs
        else:
            outputs = [stored.output for stored in await self._node.journal.outputs(record.job)]
        waiting = live is not None and not record.ended
        return Job(
            job=record.job,
            state=record.state,
            position=live.position if live is not None and waiting else None,
            expected_seconds=live.expected_seconds if live is not None and waiting else None,
            done=live.done if live is not None else 0,
            total=live.total if live is not None else 0,
            outputs=outputs,
            receipt=record.receipt,
            error=record.error,
            retained_until=record.retained_until,
        )

    async def followed(self, found: LiveJob | JobRecord, after: int) -> AsyncIterator[Event | None]:
        """A job's events after a serial, as they happen or as the journal has them; None for a sign of life."""
        await self._promise(found)
        log = found.log if isinstance(found, LiveJob) else EventLog(await self._node.journal.events(found.job))
        async for event in log.follow(after, _PING_SECONDS):
            yield event

    async def cancel(self, found: LiveJob | JobRecord) -> Job:
        """Cancel; harmless if it has ended."""
        if isinstance(found, JobRecord) and found.kind == "purchase":
            return await self.show(await self._node.purchases.give_up(found.job))
        if isinstance(found, LiveJob) and not found.record.ended:
            await self._node.engine.cancel(found)
            await set_within(found.ended, _CANCEL_SECONDS)
        return await self.show(found)

    async def output(self, found: LiveJob | JobRecord, index: int) -> tuple[StoredOutput, bytes | Path]:
        """One output, and its bytes or its file.

        Raises:
            ArtratorError: ``output_expired``, ``not_found``.
        """
        record = record_of(found)
        outputs = await self._node.journal.outputs(record.job)
        if not 0 <= index < len(outputs):
            raise ArtratorError(Code.NOT_FOUND, "The job has no output of that number.")
        stored = outputs[index]
        kept = await self._node.journal.kept(record.job, stored.file)
        return stored, kept if kept is not None else self._node.outputs.path(record.job, stored.file)

    def preview(self, found: LiveJob | JobRecord) -> bytes:
        """The newest preview."""
        if not isinstance(found, LiveJob) or found.preview is None:
            raise ArtratorError(Code.NOT_FOUND, "The job has no preview.", cure="Wait for an event 'preview'.")
        return found.preview

    async def acknowledge(self, found: LiveJob | JobRecord, body: bytes) -> None:
        """Keep the buyer's acknowledgement for the registry, if it is about this job's receipt.

        Raises:
            ArtratorError: ``document_invalid``, ``conflict`` while the job has no receipt.
        """
        record = record_of(found)
        if record.receipt is None:
            raise ArtratorError(Code.CONFLICT, "The job has no receipt yet.", cure="Wait until it has ended.")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ArtratorError(Code.DOCUMENT_INVALID, "This is not a signed document.") from error
        buyer = self._node.gate.public_key(record.cnf)
        said = Acknowledgement.verify(document, buyer)
        if (said.order, said.receipt) != (record.job, document_digest(record.receipt)):
            raise ArtratorError(Code.DOCUMENT_INVALID, "The acknowledgement is about another receipt.")
        if said.buyer != buyer.encode():
            raise ArtratorError(Code.DOCUMENT_INVALID, "The acknowledgement names another buyer.")
        await self._node.journal.acknowledge(record.job, document, self._node.clock.now())
        self._node.engine.on_end.set()
