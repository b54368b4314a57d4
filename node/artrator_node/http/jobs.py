"""What the routes ask of a job: submit, show, cancel, follow, fetch, acknowledge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from artrator.documents import Acknowledgement, document_digest
from artrator.errors import ArtratorError, Code
from artrator.inputs import complete
from artrator.manifest import InputType, Manifest
from artrator.messages.node import FileRef, Job, JobRequest, JobState
from artrator_node.catalogue import ServedPackage
from artrator_node.daemon import Node
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.files import free_bytes
from artrator_node.gate import Admission, measured
from artrator_node.http.multipart import part_events
from artrator_node.http.upload import Expected, Upload, file_references, receive
from artrator_node.journal import JobRecord, StoredOutput
from artrator_node.waiting import set_within

#: What the job part and the parts' own lines add to the files.
_OVERHEAD_BYTES: Final = 1 << 20
#: The whole upload, however slowly it comes.
_UPLOAD_SECONDS: Final = 300.0
#: What is read and thrown away of a refused upload, so that the sender gets to read why.
_DRAINED_BYTES: Final = 4 << 20
#: How long DELETE waits for a running job to stop before it answers that it has not yet.
_CANCEL_SECONDS: Final = 3.0


class Jobs:
    """Jobs as buyers meet them."""

    def __init__(self, node: Node) -> None:
        self._node = node

    # --- sending

    async def submit(
        self,
        job: str,
        *,
        path: str,
        proof_header: str | None,
        content_type: str,
        content_length: str | None,
        body: AsyncIterator[bytes],
    ) -> Job:
        """Receive a job, through the gate and into the journal; a repeat answers with the same job."""
        limit = self._node.settings.request_bytes + _OVERHEAD_BYTES
        if content_length is not None and content_length.isdecimal() and int(content_length) > limit:
            raise ArtratorError(Code.REQUEST_TOO_LARGE, f"The request is larger than {limit >> 20} MiB.", limit=limit)
        submission = _Submission(self._node, job, path, proof_header)
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                upload = await receive(part_events(body, content_type, limit), self._node.spool, submission.examine)
        except TimeoutError as error:
            raise ArtratorError(Code.REQUEST_INVALID, "The request took too long to arrive.") from error
        except ArtratorError:
            await _drain(body)
            raise
        if not isinstance(upload, Upload):
            return await self.show(await self._known(job))
        try:
            record = await submission.admit(upload)
        except BaseException:
            self._node.spool.drop(upload.folder)
            raise
        await asyncio.to_thread(self._node.spool.keep, upload.folder, job, upload.request.body)
        try:
            live = await self._node.engine.accept(record)
        except ArtratorError:
            await asyncio.to_thread(self._node.spool.remove, job)
            raise
        if live is None:  # the same job came twice at once, and the other was first
            known = await self._known(job)
            if _record(known).ended:
                await asyncio.to_thread(self._node.spool.remove, job)
            _same(known, submission.admission)
            return await self.show(known)
        return await self.show(live)

    async def _known(self, job: str) -> LiveJob | JobRecord:
        found = self._node.engine.live(job) or await self._node.journal.job(job)
        if found is None:
            raise ArtratorError(Code.JOB_UNKNOWN, "This node has no job of that id.")
        return found

    # --- asking

    async def owned(self, job: str, *, method: str, path: str, proof_header: str | None) -> LiveJob | JobRecord:
        """The job, if the request is signed by its buyer.

        Raises:
            ArtratorError: ``job_unknown``, ``proof_invalid``.
        """
        found = await self._known(job)
        self._node.gate.prove(_record(found).cnf, proof_header, method=method, path=path)
        return found

    async def show(self, found: LiveJob | JobRecord) -> Job:
        """The job as its buyer sees it."""
        record = _record(found)
        live = found if isinstance(found, LiveJob) else None
        outputs = await self._node.journal.outputs(record.job) if record.state is JobState.DELIVERED else ()
        waiting = live is not None and not record.ended
        return Job(
            job=record.job,
            state=record.state,
            position=live.position if live is not None and waiting else None,
            expected_seconds=live.expected_seconds if live is not None and waiting else None,
            done=live.done if live is not None else 0,
            total=live.total if live is not None else 0,
            outputs=[stored.output for stored in outputs],
            receipt=record.receipt,
            error=record.error,
            retained_until=record.retained_until,
        )

    async def event_log(self, found: LiveJob | JobRecord) -> EventLog:
        """The job's events, as they happen or as the journal has them."""
        return found.log if isinstance(found, LiveJob) else EventLog(await self._node.journal.events(found.job))

    async def cancel(self, found: LiveJob | JobRecord) -> Job:
        """Cancel; harmless if it has ended."""
        if isinstance(found, LiveJob) and not found.record.ended:
            await self._node.engine.cancel(found)
            await set_within(found.ended, _CANCEL_SECONDS)
        return await self.show(found)

    async def output(self, found: LiveJob | JobRecord, index: int) -> tuple[StoredOutput, Path]:
        """One output and its file.

        Raises:
            ArtratorError: ``output_expired``, ``not_found``.
        """
        record = _record(found)
        outputs = await self._node.journal.outputs(record.job)
        if not 0 <= index < len(outputs):
            raise ArtratorError(Code.NOT_FOUND, "The job has no output of that number.")
        return outputs[index], self._node.outputs.path(record.job, outputs[index].file)

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
        record = _record(found)
        if record.receipt is None:
            raise ArtratorError(Code.CONFLICT, "The job has no receipt yet.", cure="Wait until it has ended.")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ArtratorError(Code.DOCUMENT_INVALID, "This is not a signed document.") from error
        said = Acknowledgement.verify(document, self._node.gate.public_key(record.cnf))
        if (said.order, said.receipt) != (record.job, document_digest(record.receipt)):
            raise ArtratorError(Code.DOCUMENT_INVALID, "The acknowledgement is about another receipt.")
        await self._node.journal.acknowledge(record.job, document, self._node.clock.now())
        self._node.engine.on_end.set()


class _Submission:
    """One PUT on its way: what the gate said of it."""

    def __init__(self, node: Node, job: str, path: str, proof_header: str | None) -> None:
        self._node = node
        self._job = job
        self._path = path
        self._proof = proof_header
        self.admission: Admission | None = None
        self._served: ServedPackage | None = None

    async def examine(self, request: JobRequest) -> Expected | None:
        """Everything that can be decided before a file is read."""
        node = self._node
        self.admission = await node.gate.identify(self._job, self._path, self._proof, request)
        known = node.engine.live(self._job) or await node.journal.job(self._job)
        if known is not None:
            _same(known, self.admission)
            return None
        served = self._served = node.gate.admit(self.admission, request)
        ticket = self.admission.ticket
        node.engine.check_room(served.digest, ticket.sub, ticket.finish_by)
        complete(served.manifest, request.body.inputs)
        files = file_references(request.body.inputs)
        size = sum(reference.size for reference in files.values())
        if size > node.settings.request_bytes:
            raise ArtratorError(
                Code.REQUEST_TOO_LARGE,
                f"The request's files are larger than {node.settings.request_mib} MiB.",
                limit=node.settings.request_bytes,
            )
        if free_bytes(node.paths.root) < node.settings.reserve_bytes + size:
            raise ArtratorError(Code.DISK_FULL, "The node has too little free disk space to take another job.")
        return Expected(files)

    async def admit(self, upload: Upload) -> JobRecord:
        """With the files at hand: measure, and write down what was agreed."""
        assert self.admission is not None  # noqa: S101  # examine ran before any file was read
        assert self._served is not None  # noqa: S101
        ticket, served = self.admission.ticket, self._served
        if file_references(upload.request.body.inputs):
            measures = await asyncio.to_thread(_measure, served.manifest, upload, ticket.measures)
        else:  # numbers only: done before a thread would have begun
            measures = _measure(served.manifest, upload, ticket.measures)
        return JobRecord(
            job=self._job,
            state=JobState.QUEUED,
            package=ticket.package,
            offer=ticket.offer,
            listing=ticket.listing,
            buyer=ticket.sub,
            cnf=ticket.cnf,
            ticket=self.admission.ticket_digest,
            request=ticket.request,
            measures=measures,
            image_format=upload.request.body.format,
            finish_by=ticket.finish_by,
            capture_by=ticket.capture_by,
            queued_at=self._node.clock.now(),
        )


def _measure(manifest: Manifest, upload: Upload, paid: Mapping[str, int]) -> Mapping[str, int]:
    inputs = complete(manifest, upload.request.body.inputs)
    images: dict[str, list[bytes]] = {}
    for name, spec in manifest.inputs.items():
        if spec.type in (InputType.IMAGE, InputType.MASK, InputType.IMAGES) and inputs.get(name) is not None:
            value = inputs[name]
            items = value if isinstance(value, list | tuple) else [value]
            images[name] = [(upload.folder / FileRef.model_validate(item).sha256).read_bytes() for item in items]
    return measured(manifest, inputs, images, paid)


def _record(found: LiveJob | JobRecord) -> JobRecord:
    return found.record if isinstance(found, LiveJob) else found


def _same(known: LiveJob | JobRecord, admission: Admission | None) -> None:
    """A repeat must be a repeat: the same ticket and the same request."""
    if admission is None or not admission.untampered or _record(known).ticket != admission.ticket_digest:
        raise ArtratorError(Code.CONFLICT, "The job was sent before, with another request.")


async def _drain(body: AsyncIterator[bytes]) -> None:
    """Read on a little: a connection that is closed on a sender takes the answer with it."""
    left = _DRAINED_BYTES
    try:
        async with asyncio.timeout(5):
            async for chunk in body:
                left -= len(chunk)
                if left < 0:
                    return
    except Exception:  # the sender is gone, or too slow to be told
        return
