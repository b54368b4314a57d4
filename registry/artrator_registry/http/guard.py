"""The outermost layer of the service.

It reads bodies within a limit and strictly, and turns every failure into the one error shape, so that nothing behind it
can answer with a traceback.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artrator.errors import ArtratorError, Code
from artrator_registry.http.problems import answer

_log = logging.getLogger("artrator_registry.http")

#: A body that takes longer than this is a stuck or a hostile client.
_BODY_SECONDS: Final = 60.0
#: A publication has its manifest as one text, which may be all commas, and little else: nine MB of empty lists would
#: take 300 MB and a second in which nobody else is answered.
_MOST_VALUES: Final = 300_000
_ESCAPE: Final = b"\\u"
#: Escapes that json accepts and that decode to text which no UTF-8 can hold (half a surrogate pair) ...
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
#: ... or which many programs cut short (a null character).
_NULL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Guard:
    """ASGI middleware. ``limits`` has the largest body by a part of the path; ``""`` is for all else.

    ``admit`` raises ArtratorError unless a bearer token is good; it is asked before a larger body is read. A path that
    ``raw`` matches takes bytes of any kind from anybody, so many at most: a webhook is signed as it came.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Mapping[str, int],
        admit: Callable[[str], Awaitable[object]],
        raw: tuple[re.Pattern[str], int],
    ) -> None:
        self._app = app
        self._limits = limits
        self._admit = admit
        self._raw, self._raw_limit = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            body = await self._body(scope, receive)
            if body is None:
                return  # the client went away
            await self._app(scope, _replay(body, receive), watched)
        except Exception as error:
            if isinstance(error, ArtratorError):
                problem = error
            else:
                # A mistake of ours: the log gets the traceback, the caller does not.
                _log.exception("%s %s failed", scope["method"], scope["path"])
                problem = ArtratorError(Code.INTERNAL, "The registry made a mistake.")
            if started:
                raise
            await answer(problem)(scope, receive, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        path: str = scope["path"]
        raw = self._raw.fullmatch(path) is not None
        limit = next((most for part, most in self._limits.items() if part and part in path), self._limits[""])
        limit = self._raw_limit if raw else limit
        headers = dict(scope["headers"])
        if not raw and limit > self._limits[""] and scope["method"] in ("PUT", "POST"):
            # Only who is signed in may make us hold megabytes.
            scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
            await self._admit(token.strip() if scheme.lower() == "bearer" else "")
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 15 or int(declared) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > limit:
                        raise _too_large(limit)
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        break
        except TimeoutError as error:
            raise ArtratorError(Code.REQUEST_INVALID, "The request took too long to arrive.") from error
        body = b"".join(chunks)
        if body and not raw:
            check_json(body)
        return body


def check_json(body: bytes) -> None:
    """Raise ArtratorError ``request_invalid`` unless every party would read these bytes as the same JSON."""
    if sum(body.count(mark) for mark in b",[{") > _MOST_VALUES:
        raise ArtratorError(Code.REQUEST_INVALID, "The body holds more values than any request needs.", field="")
    try:
        value = _DECODER.decode(body.decode(json.detect_encoding(body)))
        if _ESCAPE in body:
            if _SURROGATE.search(body):
                json.dumps(value, ensure_ascii=False).encode()  # half a pair fails here
            if _NULL.search(body):
                raise ValueError("a text holds a null character")
    except RecursionError as error:
        raise ArtratorError(Code.REQUEST_INVALID, "The body is nested too deeply.", field="") from error
    except ValueError as error:
        raise ArtratorError(Code.REQUEST_INVALID, f"The body is not valid JSON: {_reason(error)}.", field="") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


#: Made once: ``json.loads`` would make one for every body.
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeError):
        return "a text is not valid Unicode"
    return str(error).partition(";")[0]


def _too_large(limit: int) -> ArtratorError:
    return ArtratorError(
        Code.REQUEST_TOO_LARGE,
        f"The body is larger than {limit // 1024} KiB, the most this address takes.",
        limit=limit,
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()  # tells when the client goes away
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
