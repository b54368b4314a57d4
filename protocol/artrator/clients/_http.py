"""Talk with servers that need not be honest: answers are bounded in bytes and in time, and never unpacked."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import httpx

from artrator._pydantic import BaseModel, ValidationError
from artrator.errors import ArtratorError, Code
from artrator.keep_alive import CLIENT_SECONDS

_M = TypeVar("_M", bound=BaseModel)

#: Far more than any JSON answer has: a page of 48 listings with manifests stays below one MiB.
MAX_JSON: Final = 16 * 2**20
#: Sixteen MiB of empty lists take a GB to read, and seconds in which a window stands still; the longest list that is
#: asked for, the signed files of a package, has some ten thousand entries.
MAX_VALUES: Final = 500_000
#: A compressed answer of a few bytes can unpack to any size, so none is asked for and none is taken.
HEADERS: Final = {"Accept-Encoding": "identity"}
#: What only a client finds out: that nobody answers, or somebody else; and how its own order stands.
_OURS: Final = frozenset({Code.NODE_PIN_MISMATCH, Code.NODE_UNREACHABLE, Code.REGISTRY_UNREACHABLE})
_OUR_FACTS: Final = frozenset({"charged", "disputed", "purchase", "reached", "undecided"})
# All but tab and line breaks; a carriage return would write over what a line began with, characters that turn the
# direction make a price read as another, and half a character cannot be printed at all.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Connected:
    """A client of one server: its connections are closed with it, by ``async with`` or by ``aclose``."""

    def __init__(self, url: str, **how: Any) -> None:
        """Connect to nothing yet.

        Args:
            url: Of the server.
            how: Passed on to httpx.

        Raises:
            httpx.InvalidURL: ``url`` is none.
        """
        self._http = httpx.AsyncClient(base_url=url, limits=_limits(), **how)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_why: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _limits() -> httpx.Limits:
    """As httpx has them, but with our own word on idle connections: servers rely on it."""
    return httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=CLIENT_SECONDS)


class MisbehavedError(Exception):
    """A server broke the rules of HTTP or of ours; the message says how."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    content: bytes
    server: str
    content_type: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the status says so."""
        return self.status >= 400

    def json(self) -> Any:
        """The answer as JSON.

        Raises:
            ArtratorError: ``internal``.
        """
        try:
            return read_json(self.content)
        except (ValueError, RecursionError) as error:
            raise not_understood(self.server) from error

    def problem(self) -> ArtratorError:
        """What an answer of status 400 and above says."""
        try:
            return told(read_json(self.content), status=self.status)
        except (ValueError, RecursionError):
            return told(None, status=self.status)


def told(body: object, *, status: int = 500) -> ArtratorError:
    """An error that a server told, without what only this side can know.

    A node that answers "node_unreachable, and your request never reached me" would else have the job bought from
    another one beside it.
    """
    error = ArtratorError.from_json(body, status=status)
    code = Code.INTERNAL if error.code in _OURS else error.code
    details = {name: value for name, value in error.details.items() if name not in _OUR_FACTS}
    return ArtratorError(code, error.message, cure=None if code is not error.code else error.cure, **details)


def read_json(data: bytes | str) -> Any:
    """JSON whose texts hold no control characters: printed, those could take a terminal over.

    Nothing that is signed changes by this: documents travel in base64, and a manifest that held any would not pass.

    Raises:
        ValueError, RecursionError: It is not JSON, too deep, or of more values than any answer has.
    """
    encoded = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if sum(encoded.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise ValueError("more values than any answer has")
    return _plain(json.loads(data))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_CONTROL.sub("", name): _plain(item) for name, item in value.items()}
    return value


async def fetch(
    http: httpx.AsyncClient, method: str, path: str, *, server: str, limit: int = MAX_JSON, seconds: float, **how: Any
) -> Answer:
    """Ask, and read an answer of at most ``limit`` bytes within ``seconds``, however slowly it drips.

    Args:
        http: Whom to ask.
        method: Of HTTP.
        path: Below the client's base.
        server: Who answers, for messages: ``The registry``.
        limit: Bytes.
        seconds: For all of it.
        how: Passed on to httpx.

    Raises:
        httpx.HTTPError: Nothing answers; a timeout of ours is a ``httpx.ReadTimeout``.
        MisbehavedError: The answer is longer, or packed.
    """
    try:
        async with asyncio.timeout(seconds), stream(http, method, path, **how) as (response, chunks):
            content = bytearray()
            async for chunk in chunks:
                content += chunk
                if len(content) > limit:
                    raise MisbehavedError(f"sends more than {limit} bytes")
            return Answer(response.status_code, bytes(content), server, response.headers.get("content-type", ""))
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"no whole answer within {seconds} s") from error


@asynccontextmanager
async def stream(
    http: httpx.AsyncClient, method: str, path: str, **how: Any
) -> AsyncGenerator[tuple[httpx.Response, AsyncIterator[bytes]], None]:
    """An answer as its bytes arrive, unpacked by nobody."""
    headers = {**how.pop("headers", {}), **HEADERS}
    async with http.stream(method, path, headers=headers, **how) as response:
        if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise MisbehavedError("packs its answer although nobody asked it to")
        yield response, response.aiter_raw()


def read(value: object, kind: type[_M], server: str) -> _M:
    """A message; raises ``internal`` if the value is not one."""
    try:
        return kind.model_validate(value)
    except (ValidationError, RecursionError) as error:
        raise not_understood(server) from error


def not_understood(server: str) -> ArtratorError:
    """For an answer that makes no sense."""
    return ArtratorError(Code.INTERNAL, f"{server}'s answer could not be understood.")
