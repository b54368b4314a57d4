"""The routes, thin: read, prove, ask the node, answer.

Every answer that is not a success has the one error shape, whoever refused: the gate, the router or the framework.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import artrator
from artrator.documents import proof
from artrator.errors import ArtratorError, Code
from artrator.messages.node import Health, Job, Output, PackageFiles
from artrator_node.daemon import Node
from artrator_node.fetching import ranges
from artrator_node.fetching.door import Shown
from artrator_node.http.events import EVENTS, event_stream
from artrator_node.http.express import Express
from artrator_node.http.jobs import Jobs
from artrator_node.http.mixed import MAX_OUTPUT_BYTES, PRIVATE, job_answer
from artrator_node.http.packages import Packages, shown
from artrator_node.http.preference import Preference
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LOOPBACK: Final = ("127.0.0.1", "::1")
_HTTP_CODES: Final = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}
_MAX_ACKNOWLEDGEMENT: Final = 64 * 1024


def create_app(node: Node) -> ASGIApp:
    """The API of one node."""
    app = FastAPI(title="Artrator node", version=artrator.__version__, docs_url=None, redoc_url=None)
    jobs = Jobs(node)
    packages = Packages(node)

    @app.exception_handler(ArtratorError)
    async def refuse(request: Request, error: ArtratorError) -> JSONResponse:
        node.metrics.refused.labels(error.code.value).inc()
        log(_logger, logging.INFO, "refused", code=error.code.value, method=request.method, route=_route(request))
        return problem(error)

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> JSONResponse:
        message = "Nothing is at this address." if error.status_code == 404 else str(error.detail)
        answer = problem(ArtratorError(_HTTP_CODES.get(error.status_code, Code.REQUEST_INVALID), message))
        answer.status_code = error.status_code
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(ArtratorError(Code.REQUEST_INVALID, f"{where} is wrong: {first['msg']}."))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        # Only the kind is logged: an exception's text may quote a request.
        log(_logger, logging.ERROR, "request_failed", kind=type(error).__name__, route=_route(request))
        return problem(ArtratorError(Code.INTERNAL, "The node made a mistake in answering."))

    @app.put("/v1/jobs/{job}", response_model=Job, summary="Send a job; Prefer: wait=N, outputs answers with its end")
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

    @app.get("/v1/jobs/{job}", response_model=Job, summary="How a job stands")
    async def show(job: str, request: Request) -> Job:
        return await jobs.show(await _owned(jobs, job, request))

    @app.delete("/v1/jobs/{job}", response_model=Job, summary="Cancel a job")
    async def cancel(job: str, request: Request) -> Job:
        return await jobs.cancel(await _owned(jobs, job, request))

    @app.get("/v1/jobs/{job}/events", summary="A job's events, resumable by Last-Event-ID")
    async def events(job: str, request: Request) -> Response:
        owned = await _owned(jobs, job, request)
        last = request.headers.get("last-event-id", "0")
        return event_stream(jobs.followed(owned, int(last) if last.isdecimal() and len(last) < 10 else 0))

    @app.get("/v1/jobs/{job}/outputs/{index}", summary="One output's bytes")
    async def output(job: str, index: int, request: Request) -> Response:
        stored, content = await jobs.output(await _owned(jobs, job, request), index)
        if isinstance(content, Path):
            return FileResponse(content, media_type=stored.output.media_type, headers=PRIVATE)
        return _kept(content, stored.output, request.headers.get("range"))

    @app.get("/v1/jobs/{job}/preview", summary="The newest preview, a small JPEG")
    async def preview(job: str, request: Request) -> Response:
        data = jobs.preview(await _owned(jobs, job, request))
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})

    @app.put("/v1/jobs/{job}/acknowledgement", status_code=204, summary="The buyer's acknowledgement")
    async def acknowledge(job: str, request: Request) -> Response:
        owned = await _owned(jobs, job, request)
        await jobs.acknowledge(owned, await _small_body(request))
        return Response(status_code=204)

    @app.get("/v1/packages/{package}", response_model=PackageFiles, summary="A bought package's signed list of files")
    async def files(package: str, request: Request) -> PackageFiles:
        return await packages.files(package, _shown(request))

    @app.get("/v1/packages/{package}/files/{sha256}", summary="One file of a bought package, or a range of it")
    async def file(package: str, sha256: str, request: Request) -> Response:
        return await packages.file(package, sha256, _shown(request), request.headers.get("range"))

    @app.get("/v1/packages/{package}/tables/{sha256}", summary="The digests of one sealed file's chunks")
    async def package_table(package: str, sha256: str, request: Request) -> Response:
        return Response(await packages.table(package, sha256, _shown(request)), media_type="application/octet-stream")

    @app.put("/v1/packages/{package}/fetched", response_model=Job, summary="The buyer has the whole package")
    async def fetched(package: str, request: Request) -> Job:
        return await packages.fetched(package, _shown(request))

    @app.get("/v1/health", response_model=Health, summary="How the node is")
    async def health(request: Request) -> Health:
        return node.health(to_owner=_from_here(request))

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if not node.settings.metrics_public and not _from_here(request):
            raise ArtratorError(
                Code.FORBIDDEN,
                "This node shows its metrics to its own machine only.",
                cure="Its owner can set metrics_public = true in node.toml.",
            )
        return PlainTextResponse(node.metrics.render(), media_type=CONTENT_TYPE_LATEST)

    busy = [route for route in app.routes if isinstance(route, APIRoute) and route.endpoint in (submit, acknowledge)]
    return Express(app, routes=busy, refuse=refuse, broken=broken)


def problem(error: ArtratorError) -> JSONResponse:
    """An error on the wire, with Retry-After where waiting helps."""
    retry_after = error.details.get("retry_after")
    headers = {"Retry-After": str(retry_after)} if isinstance(retry_after, int) else {}
    if error.code is Code.RANGE_INVALID and "size" in error.details:
        headers["Content-Range"] = f"bytes */{error.details['size']}"
    return JSONResponse(error.to_json(), error.status, headers)


async def _owned(jobs: Jobs, job: str, request: Request) -> Any:
    """The job, if the buyer who owns it asks."""
    return await jobs.owned(
        _job(job), method=request.method, path=request.url.path, proof_header=request.headers.get(proof.HEADER)
    )


def _kept(data: bytes, output: Output, wanted: str | None) -> Response:
    """An output from memory, or the range of it that is asked for."""
    begin, end = ranges.parse(wanted, len(data))
    headers = {**PRIVATE, "Accept-Ranges": "bytes", "ETag": f'"{output.sha256}"'}
    if wanted is not None and data:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
    status = 206 if "Content-Range" in headers else 200
    return Response(data[begin:end], status, media_type=output.media_type, headers=headers)


def _from_here(request: Request) -> bool:
    """Whether a program on this machine asks."""
    return request.client is not None and request.client.host in _LOOPBACK


def _shown(request: Request) -> Shown:
    return shown(request.method, request.url.path, request.headers)


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


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))
