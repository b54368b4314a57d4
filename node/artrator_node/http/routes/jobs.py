"""Jobs: send one, follow it, take what it made, acknowledge it."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from artrator.documents import proof
from artrator.errors import ArtratorError, Code
from artrator.messages.node import Job
from artrator_node.engine.live import LiveJob
from artrator_node.http.events import EVENTS, event_stream
from artrator_node.http.jobs import Jobs
from artrator_node.http.mixed import MAX_OUTPUT_BYTES, job_answer
from artrator_node.http.preference import Preference
from artrator_node.http.stored import stored_answer
from artrator_node.journal import JobRecord

#: Names of the routes that every job takes; they go by the express lane.
BUSY: Final = ("submit", "acknowledge")

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAX_ACKNOWLEDGEMENT: Final = 64 * 1024


def job_routes(jobs: Jobs) -> APIRouter:
    """What is at ``/v1/jobs``."""
    router = APIRouter(prefix="/v1/jobs/{job}")

    async def owned(job: str, request: Request) -> LiveJob | JobRecord:
        """The job, if the buyer who owns it asks."""
        return await jobs.owned(
            _job(job), method=request.method, path=request.url.path, proof_header=request.headers.get(proof.HEADER)
        )

    @router.put("", response_model=Job, summary="Send a job; Prefer: wait=N, outputs answers with its end")
    async def submit(job: str, request: Request) -> Response:
        wish = Preference.of(request.headers.getlist("prefer"))
        found = await jobs.submit(
            _job(job),
            path=request.scope["path"],
            proof_header=request.headers.get(proof.HEADER),
            content_type=request.headers.get("content-type", ""),
            content_length=request.headers.get("content-length"),
            body=request.stream(),
            promised=wish.wait is None,
        )
        if request.headers.get("accept") == EVENTS:
            return event_stream(jobs.followed(found, 0))
        if wish.wait is None:
            return job_answer(await jobs.show(found), ())
        outputs = await jobs.wait(found, wish.wait, _hung_up(request), limit=MAX_OUTPUT_BYTES * wish.outputs)
        return job_answer(await jobs.show(found), outputs, wish.applied)

    @router.get("", response_model=Job, summary="How a job stands")
    async def show(job: str, request: Request) -> Job:
        return await jobs.show(await owned(job, request))

    @router.delete("", response_model=Job, summary="Cancel a job")
    async def cancel(job: str, request: Request) -> Job:
        return await jobs.cancel(await owned(job, request))

    @router.get("/events", summary="A job's events, resumable by Last-Event-ID")
    async def events(job: str, request: Request) -> Response:
        record = await owned(job, request)
        last = request.headers.get("last-event-id", "0")
        return event_stream(jobs.followed(record, int(last) if last.isdecimal() and len(last) < 10 else 0))

    @router.get("/outputs/{index}", summary="One output's bytes")
    async def output(job: str, index: int, request: Request) -> Response:
        stored, content = await jobs.output(await owned(job, request), index)
        return await stored_answer(stored.output, content, request.headers.get("range"))

    @router.get("/preview", summary="The newest preview, a small JPEG")
    async def preview(job: str, request: Request) -> Response:
        data = jobs.preview(await owned(job, request))
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})

    @router.put("/acknowledgement", status_code=204, summary="The buyer's acknowledgement")
    async def acknowledge(job: str, request: Request) -> Response:
        record = await owned(job, request)
        await jobs.acknowledge(record, await _small_body(request))
        return Response(status_code=204)

    return router


def _job(text: str) -> str:
    """A job id names folders, so nothing but a UUID may pass."""
    if _UUID.fullmatch(text) is None:
        raise ArtratorError(Code.JOB_UNKNOWN, "A job's id is a UUID.")
    return text


async def _hung_up(request: Request) -> None:
    """Return once the sender is gone; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _small_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_ACKNOWLEDGEMENT:
            raise ArtratorError(Code.REQUEST_TOO_LARGE, f"At most {_MAX_ACKNOWLEDGEMENT:,} bytes are read here.")
    return bytes(body)
