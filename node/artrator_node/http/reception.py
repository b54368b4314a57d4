"""Receiving a job: one PUT from its first byte into the journal, or to the answer that it is there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from starlette.requests import ClientDisconnect

from artrator.errors import ArtratorError, Code
from artrator.inputs import complete
from artrator.manifest import InputType, Manifest
from artrator.messages.node import FileRef, JobRequest, JobState
from artrator_node.catalogue import ServedPackage
from artrator_node.daemon import Node
from artrator_node.engine.live import LiveJob
from artrator_node.files import free_bytes
from artrator_node.gate import Admission, measured
from artrator_node.http.antechamber import Antechamber, no_room
from artrator_node.http.multipart import part_events
from artrator_node.http.upload import Expected, Upload, file_references, receive, receive_alone
from artrator_node.journal import JobRecord

#: What the job part and the parts' own lines add to the files.
_OVERHEAD_BYTES: Final = 1 << 20
#: The whole upload, however slowly it comes: the frames of a film over a home line take minutes.
_UPLOAD_SECONDS: Final = 600.0
#: What is read and thrown away of a refused upload, so that the sender gets to read why.
_DRAINED_BYTES: Final = 4 << 20


class Reception:
    """Where jobs come in. One ticket has one upload at a time: a newer one ends the older."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._antechamber = Antechamber()
        self._receiving: dict[str, asyncio.Timeout] = {}

    async def known(self, job: str) -> LiveJob | JobRecord:
        """A job of this node.

        Raises:
            ArtratorError: ``job_unknown``.
        """
        found = self._node.engine.live(job) or await self._node.journal.job(job)
        if found is None:
            raise ArtratorError(Code.JOB_UNKNOWN, "This node has no job of that id.")
        return found

    async def receive(
        self,
        job: str,
        *,
        path: str,
        proof_header: str | None,
        content_type: str,
        content_length: str | None,
        body: AsyncIterator[bytes],
        promised: bool = True,
    ) -> LiveJob | JobRecord:
        """Take a job through the gate and into the queue; a repeat answers with the same job.

        It is in the journal before this returns if ``promised``, or if it has files.

        Raises:
            ArtratorError: Why it is refused.
        """
        limit = self._node.settings.request_bytes + _OVERHEAD_BYTES
        declared = (content_length or "").lstrip("0")
        if declared.isdecimal() and (len(declared) > 15 or int(declared) > limit):
            raise ArtratorError(Code.REQUEST_TOO_LARGE, f"The request is larger than {limit >> 20} MiB.", limit=limit)
        submission = _Submission(self._node, job, path, proof_header)
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS) as clock:
                with self._antechamber.enter(clock) as text:

                    async def examine(request: JobRequest) -> Expected | None:
                        expected = await submission.examine(request)
                        self._antechamber.leave(text)
                        if expected is not None:
                            self._supersede(job, clock)
                        return expected

                    if content_type.partition(";")[0].strip().lower() == "application/json":
                        upload = await receive_alone(body, text, examine)
                    else:
                        parts = part_events(body, content_type, limit)
                        upload = await receive(parts, self._node.spool, text, examine)
        except TimeoutError as error:
            if text.sent_away:
                await _drain(body)
                raise no_room() from error
            if self._receiving.get(job) not in (clock, None):
                raise ArtratorError(Code.CONFLICT, "The job was sent again meanwhile.") from error
            raise ArtratorError(Code.REQUEST_INVALID, "The request took too long to arrive.") from error
        except ClientDisconnect as error:
            raise ArtratorError(Code.REQUEST_INVALID, "The sender hung up in the middle of the request.") from error
        except ArtratorError:
            await _drain(body)
            raise
        finally:
            if self._receiving.get(job) is clock:
                del self._receiving[job]
        if not isinstance(upload, Upload):
            return await self.known(job)
        return await self._accept(job, submission, upload, promised)

    def _supersede(self, job: str, clock: asyncio.Timeout) -> None:
        """This upload passed the gate; an older one of the same job, perhaps of a lost connection, ends now.

        Otherwise one ticket could fill the disk with uploads that never end.
        """
        older = self._receiving.get(job)
        self._receiving[job] = clock
        if older is not None and not older.expired():
            older.reschedule(asyncio.get_running_loop().time())

    async def _accept(self, job: str, submission: _Submission, upload: Upload, promised: bool) -> LiveJob | JobRecord:
        spool, alone = self._node.spool, upload.folder is None
        record = await self._admitted(job, submission, upload)
        try:
            live = await self._node.engine.accept(
                record, upload.request.body if alone else None, promised=promised or not alone
            )
        except ArtratorError:
            await asyncio.to_thread(spool.remove, job)
            raise
        if live is not None:
            return live
        # The same job came twice at once, and the other was first.
        known = await self.known(job)
        if record_of(known).ended:
            await asyncio.to_thread(spool.remove, job)
        _same(known, submission.admission)
        return known

    async def _admitted(self, job: str, submission: _Submission, upload: Upload) -> JobRecord:
        """The job as it is agreed; its files, if it has any, are in its folder of the spool."""
        if upload.folder is None:
            return await submission.admit(upload)
        spool = self._node.spool
        try:
            record = await submission.admit(upload)
            await asyncio.to_thread(spool.keep, upload.folder, job, upload.request.body)
        except BaseException:
            spool.drop(upload.folder)
            raise
        return record


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
            if isinstance(known, LiveJob):
                node.engine.wanted(known)
            return None
        served = self._served = node.gate.admit(self.admission, request)
        ticket = self.admission.ticket
        node.owner.saw_ticket(ticket.finish_by)
        node.engine.check_room(served.digest, ticket.sub, ticket.finish_by, ticket.paid_by)
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
        if upload.folder is not None:
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
            paid_by=ticket.paid_by,
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
    images: dict[str, Iterable[bytes]] = {}
    for name, spec in manifest.inputs.items():
        if spec.type in (InputType.IMAGE, InputType.MASK, InputType.IMAGES) and inputs.get(name) is not None:
            value = inputs[name]
            items = value if isinstance(value, list | tuple) else [value]
            # One after the other, because a film's frames together may be large.
            assert upload.folder is not None  # noqa: S101  # a picture is a file
            images[name] = map(_reader(upload.folder), items)
    return measured(manifest, inputs, images, paid)


def _reader(folder: Path) -> Callable[[object], bytes]:
    return lambda item: (folder / FileRef.model_validate(item).sha256).read_bytes()


def record_of(found: LiveJob | JobRecord) -> JobRecord:
    return found.record if isinstance(found, LiveJob) else found


def _same(known: LiveJob | JobRecord, admission: Admission | None) -> None:
    """A repeat must be a repeat: the same ticket and the same request."""
    if admission is None or not admission.untampered or record_of(known).ticket != admission.ticket_digest:
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
