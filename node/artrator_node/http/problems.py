"""Errors on the wire: one shape, whoever refused: the gate, the router, the framework, or a mistake of ours."""

from __future__ import annotations

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from artrator.errors import ArtratorError, Code
from artrator_node.logs import log
from artrator_node.metrics import Metrics

_logger = logging.getLogger(__name__)

_HTTP_CODES: Final = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}


class Problems:
    """The answers to what is raised, each counted or logged.

    Args:
        metrics: Where refusals are counted.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def install(self, app: FastAPI) -> None:
        """Answer for everything that ``app`` raises."""
        handlers: dict[Any, Any] = {
            ArtratorError: self.refuse,
            HTTPException: self._http_error,
            RequestValidationError: self._invalid,
            Exception: self.broken,
        }
        for kind, handler in handlers.items():
            app.add_exception_handler(kind, handler)

    async def refuse(self, request: Request, error: ArtratorError) -> JSONResponse:
        """What was refused, with its reason."""
        self._metrics.refused.labels(error.code.value).inc()
        log(_logger, logging.INFO, "refused", code=error.code.value, method=request.method, route=_route(request))
        return problem(error)

    async def broken(self, request: Request, error: Exception) -> JSONResponse:
        """A mistake of ours."""
        # Only the kind is logged: an exception's text may quote a request.
        log(_logger, logging.ERROR, "request_failed", kind=type(error).__name__, route=_route(request))
        return problem(ArtratorError(Code.INTERNAL, "The node made a mistake in answering."))

    async def _http_error(self, _request: Request, error: HTTPException) -> JSONResponse:
        message = "Nothing is at this address." if error.status_code == 404 else str(error.detail)
        answer = problem(ArtratorError(_HTTP_CODES.get(error.status_code, Code.REQUEST_INVALID), message))
        answer.status_code = error.status_code
        answer.headers.update(error.headers or {})
        return answer

    async def _invalid(self, _request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(ArtratorError(Code.REQUEST_INVALID, f"{where} is wrong: {first['msg']}."))


def problem(error: ArtratorError) -> JSONResponse:
    """An error on the wire, with Retry-After where waiting helps."""
    retry_after = error.details.get("retry_after")
    headers = {"Retry-After": str(retry_after)} if isinstance(retry_after, int) else {}
    if error.code is Code.RANGE_INVALID and "size" in error.details:
        headers["Content-Range"] = f"bytes */{error.details['size']}"
    return JSONResponse(error.to_json(), error.status, headers)


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))
