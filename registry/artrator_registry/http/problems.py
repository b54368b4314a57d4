"""From every kind of failure to the one error shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from artrator.errors import CATALOGUE, ArtratorError, Code
from artrator.ids import ID_PATTERN

#: What a route that wants to know who calls can answer.
AUTH: Final = (Code.SESSION_INVALID, Code.API_KEY_INVALID, Code.SCOPE_MISSING)
#: What every route can answer, whatever it does. ``internal`` is a mistake of ours, so no route is meant to.
_ANY: Final = (Code.REQUEST_INVALID, Code.REQUEST_TOO_LARGE, Code.STORAGE_BUSY, Code.DISK_FULL)


class Problem(BaseModel):
    """What went wrong."""

    code: str
    message: str
    cure: str
    details: Mapping[str, Any]


class ProblemBody(BaseModel):
    """The one error shape of every Artrator service."""

    error: Problem


def answer(problem: ArtratorError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response that tells a problem."""
    all_headers = dict(headers or {})
    wait = problem.details.get("retry_after")
    if isinstance(wait, int | float):
        all_headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if problem.status == 401:
        all_headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.to_json(), status_code=problem.status, headers=all_headers)


def responses(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """What the API's documentation says of a route's errors: each status with the codes it can mean."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in sorted({*codes, *_ANY}, key=lambda code: (CATALOGUE[code].status, code)):
        entry = CATALOGUE[code]
        known = found.setdefault(entry.status, {"model": ProblemBody, "description": "", "content": {}})
        known["description"] = f"{known['description']}\n\n`{code}`: {entry.cure}".strip()
        examples = known["content"].setdefault("application/json", {"examples": {}})["examples"]
        examples[code.value] = {
            "value": {"error": {"code": code.value, "message": "…", "cure": entry.cure, "details": {}}}
        }
    return found


def install(app: FastAPI) -> None:
    """Teach an application the one error shape."""

    async def told(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ArtratorError)  # noqa: S101  # registered for this class only
        return answer(error)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this class only
        return answer(_invalid(error.errors()))

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class only
        if error.status_code == 405:
            problem = ArtratorError(Code.METHOD_NOT_ALLOWED, f"{request.method} does not work at this address.")
        elif error.status_code == 404:
            problem = ArtratorError(Code.NOT_FOUND, "There is nothing at this address.")
        else:
            problem = ArtratorError(Code.REQUEST_INVALID, str(error.detail), field="")
        return answer(problem, error.headers)

    app.add_exception_handler(ArtratorError, told)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> ArtratorError:
    if errors[0]["type"] == "missing" and tuple(errors[0]["loc"]) == ("body",):
        return ArtratorError(Code.REQUEST_INVALID, "The request has no body.", field="")
    problems = [{"field": _field(error["loc"]), "problem": _said(error)} for error in errors[:20]]
    first = problems[0]
    where = f"The field {first['field']}" if first["field"] else "The request"
    return ArtratorError(
        Code.REQUEST_INVALID,
        f"{where} is wrong: {first['problem'].rstrip('.')}.",
        field=first["field"],
        problems=problems,
    )


def _said(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == ID_PATTERN:
        return "This is no id, such as 01a20654-1f86-776b-92d9-110a19619c0e"
    return str(error["msg"])


def _field(location: Sequence[object]) -> str:
    # The first part says where the value was (body, query, path): a person knows, and a JSON pointer has no such part.
    parts = [str(part) for part in location]
    return ".".join(parts[1:] if parts and parts[0] in ("body", "query", "path", "header") else parts)[:200]
