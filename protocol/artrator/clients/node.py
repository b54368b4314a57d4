"""A node's HTTP API as an asynchronous client: TLS to the pinned certificate, each request signed by the buyer."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from artrator.canonical import b64, sha256
from artrator.clients._events import RawEvent, read_events
from artrator.clients._http import Answer, Connected, MisbehavedError, fetch, not_understood, read, read_json, stream
from artrator.clients._mixed import read_mixed
from artrator.documents import NodeDescriptor, proof
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import (
    LICENCE_HEADER,
    TICKET_HEADER,
    EventKind,
    Health,
    Job,
    JobRequest,
    PackageFiles,
)

#: The largest output that is fetched, whatever the node says of it.
MAX_OUTPUT: Final = 512 * 2**20
_MAX_PREVIEW: Final = 2 * 2**20
#: The node sends a comment every 10 s: 30 s of silence is a lost connection.
_SILENCE_SECONDS: Final = 30.0
#: Small answers come at once; pictures may go over a slow line: 64 MiB at 2 Mbit/s take four and a half minutes.
_ANSWER_SECONDS: Final = 60.0
_TRANSFER_SECONDS: Final = 600.0
_SERVER: Final = "The node"
_EVENTS: Final = "text/event-stream"


@dataclass(frozen=True)
class JobEvent:
    """One server-sent event. ``serial`` resumes the stream."""

    serial: int
    kind: EventKind
    data: Mapping[str, Any]

    @property
    def job(self) -> Job:
        """What ``done`` carries; raises ``internal`` if it is not a job."""
        return read(self.data, Job, _SERVER)

    def whole(self, name: str) -> int | None:
        """A whole number among the data, or None: a node may send anything."""
        value = self.data.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None

    def seconds(self, name: str) -> float | None:
        """A time span among the data, or None."""
        value = self.data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
            return None
        return float(value)


@dataclass(frozen=True)
class Performed:
    """How a job stood when the node answered; ``outputs`` are all of them, or none: check them against the receipt."""

    job: Job
    outputs: Sequence[bytes] = ()


@dataclass(frozen=True)
class Access:
    """What opens a bought package on a node: the ticket of its purchase, or the licence."""

    header: str
    text: str

    @classmethod
    def by_ticket(cls, ticket: str) -> Access:
        """While the purchase is under way."""
        return cls(TICKET_HEADER, ticket)

    @classmethod
    def by_licence(cls, licence: Mapping[str, Any]) -> Access:
        """Ever after, on every node that has the package."""
        return cls(LICENCE_HEADER, b64(json.dumps(licence, separators=(",", ":")).encode()))


class NodeClient(Connected):
    """One node, as one buyer.

    Every failure is an ArtratorError: ``node_unreachable`` when nothing answers, ``node_pin_mismatch`` when
    something else than the node answers, ``internal`` when the answer makes no sense, else what the node said.

    Raises:
        ArtratorError: ``descriptor_invalid`` if the descriptor names no https address or no certificate.
    """

    def __init__(self, descriptor: NodeDescriptor, key: PrivateKey, *, timeout: float = 20.0) -> None:
        super().__init__(_address(descriptor), verify=_pinned(descriptor), timeout=timeout, trust_env=False)
        self.descriptor = descriptor
        self._key = key
        self._silence = timeout

    async def health(self) -> Health:
        """How the node is."""
        return read(await self._json("GET", "/v1/health"), Health, _SERVER)

    async def submit(self, job: str, request: JobRequest, files: Mapping[str, bytes], digest: str) -> Job:
        """Send a job. ``files`` are named by their hex SHA-256. Repeating it answers with the same job."""
        sent = await self._send(
            "PUT", f"/v1/jobs/{job}", body=digest, seconds=_TRANSFER_SECONDS, **_request(request, files)
        )
        return read(sent.json(), Job, _SERVER)

    async def perform(
        self, job: str, request: JobRequest, files: Mapping[str, bytes], digest: str, *, wait: float
    ) -> Performed:
        """Send a job and wait for its end, for at most ``wait`` seconds; small outputs come along.

        Hanging up while the job is queued takes it back, unless it is asked for again within seconds. A node that does
        not know of waiting answers at once.
        """
        path, how = f"/v1/jobs/{job}", _request(request, files)
        prefer = {"Prefer": f"wait={round(wait)}, outputs"}
        answer = await self._send(
            "PUT",
            path,
            body=digest,
            extra=prefer,
            seconds=_TRANSFER_SECONDS + wait,
            timeout=wait + self._silence,
            **how,
        )
        try:
            parts = read_mixed(answer.content_type, answer.content)
        except MisbehavedError as error:
            raise ArtratorError(Code.INTERNAL, f"The node {self.descriptor.name} {error}.") from error
        if parts is None:
            return Performed(read(answer.json(), Job, _SERVER))
        if not parts:
            raise not_understood(_SERVER)
        return Performed(read(Answer(200, parts[0], _SERVER).json(), Job, _SERVER), parts[1:])

    async def send(
        self,
        job: str,
        request: JobRequest,
        files: Mapping[str, bytes],
        digest: str,
        *,
        seconds: float | None = None,
    ) -> AsyncGenerator[JobEvent, None]:
        """Send a job and follow it in the same exchange; like ``submit`` and then ``events``.

        A node that does not know of this takes the job and tells nothing: then ask for the ``events``.
        """
        path = f"/v1/jobs/{job}"
        how = _request(request, files)
        headers = {**self._proof("PUT", path, digest), **how.pop("headers", {}), "Accept": _EVENTS}
        async with aclosing(self._stream("PUT", path, seconds, headers=headers, **how)) as events:
            async for event in events:
                yield event

    async def job(self, job: str) -> Job:
        """How a job stands."""
        return read(await self._json("GET", f"/v1/jobs/{job}"), Job, _SERVER)

    async def cancel(self, job: str) -> Job:
        """Cancel a job; harmless if it has ended."""
        return read(await self._json("DELETE", f"/v1/jobs/{job}"), Job, _SERVER)

    async def output(self, job: str, index: int, *, limit: int = MAX_OUTPUT) -> bytes:
        """One output's bytes; check them against the receipt.

        Raises:
            ArtratorError: ``output_corrupt`` if the node sends more than ``limit`` bytes.
        """
        path = f"/v1/jobs/{job}/outputs/{index}"
        return (await self._send("GET", path, limit=min(limit, MAX_OUTPUT), seconds=_TRANSFER_SECONDS)).content

    async def preview(self, job: str) -> bytes:
        """The newest preview, a small JPEG."""
        return (await self._send("GET", f"/v1/jobs/{job}/preview", limit=_MAX_PREVIEW)).content

    async def acknowledge(self, job: str, acknowledgement: Mapping[str, Any]) -> None:
        """Hand the node the buyer's acknowledgement."""
        await self._send("PUT", f"/v1/jobs/{job}/acknowledgement", json=dict(acknowledgement))

    async def events(self, job: str, *, after: int = 0, seconds: float | None = None) -> AsyncGenerator[JobEvent, None]:
        """Events after serial ``after``, until the job ends or the connection does (then ask again).

        ``seconds`` is how long to listen at most: a node could keep a stream alive for ever and say nothing.
        """
        path = f"/v1/jobs/{job}/events"
        headers = self._proof("GET", path)
        if after:
            headers["Last-Event-ID"] = str(after)
        async with aclosing(self._stream("GET", path, seconds, headers=headers)) as events:
            async for event in events:
                yield event

    async def _stream(
        self, method: str, path: str, seconds: float | None, **how: Any
    ) -> AsyncGenerator[JobEvent, None]:
        until = None if seconds is None else time.monotonic() + seconds
        try:
            async with stream(self._http, method, path, timeout=_SILENCE_SECONDS, **how) as (answer, chunks):
                if answer.is_error:
                    raise await self._problem_of(answer.status_code, chunks)
                if not answer.headers.get("content-type", "").startswith(_EVENTS):
                    return
                async with aclosing(read_events(_until(chunks, until))) as raw_events:
                    async for raw in raw_events:
                        event = _event(raw)
                        if event is not None:
                            yield event
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        except MisbehavedError as error:
            raise ArtratorError(Code.INTERNAL, f"The node {self.descriptor.name} {error}.") from error

    # --- bought packages

    async def package(self, package: str, access: Access) -> PackageFiles:
        """The signed list of a bought package's files; believe it after ``verify_signature``."""
        path = f"/v1/packages/{package}"
        return read(await self._json("GET", path, access=access, seconds=_TRANSFER_SECONDS), PackageFiles, _SERVER)

    async def package_table(self, package: str, sha256: str, access: Access, *, size: int) -> bytes:
        """The digests of a sealed file's chunks, ``size`` bytes in all."""
        path = f"/v1/packages/{package}/tables/{sha256}"
        return (await self._send("GET", path, access=access, limit=size, seconds=_TRANSFER_SECONDS)).content

    async def fetched(self, package: str, access: Access) -> Job:
        """Say that all of a purchase arrived; answers with its receipt."""
        return read(await self._json("PUT", f"/v1/packages/{package}/fetched", access=access), Job, _SERVER)

    async def package_file(
        self, package: str, sha256: str, access: Access, *, begin: int, size: int
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a file of ``size`` bytes from ``begin`` on, as they arrive; check their digest.

        It ends early when the connection does: ask again from there.

        Raises:
            ArtratorError: ``node_unreachable``; ``package_changed`` if the node sends another piece, or more, than was
                asked for; else what the node said.
        """
        path = f"/v1/packages/{package}/files/{sha256}"
        headers = self._headers("GET", path, access=access)
        if begin:
            headers["Range"] = f"bytes={begin}-"
        left = size - begin
        try:
            async with stream(self._http, "GET", path, headers=headers, timeout=_SILENCE_SECONDS) as (answer, chunks):
                if answer.is_error:
                    raise await self._problem_of(answer.status_code, chunks)
                promised = f"bytes {begin}-{size - 1}/{size}" if begin else None
                if (answer.status_code, answer.headers.get("content-range")) != (206 if begin else 200, promised):
                    raise MisbehavedError("sends another piece of a file than the one that was asked for")
                async for chunk in chunks:
                    left -= len(chunk)
                    if left < 0:
                        raise MisbehavedError("sends more of a file than was signed")
                    yield chunk
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        except MisbehavedError as error:
            raise ArtratorError(Code.PACKAGE_CHANGED, f"The node {self.descriptor.name} {error}.") from error

    async def _json(self, method: str, path: str, **how: Any) -> Any:
        return (await self._send(method, path, **how)).json()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: str = "",
        access: Access | None = None,
        extra: Mapping[str, str] = MappingProxyType({}),
        seconds: float = _ANSWER_SECONDS,
        **how: Any,
    ) -> Answer:
        headers = {**self._headers(method, path, body, access=access), **how.pop("headers", {}), **extra}
        try:
            answer = await fetch(self._http, method, path, server=_SERVER, seconds=seconds, headers=headers, **how)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        except MisbehavedError as error:
            code = Code.OUTPUT_CORRUPT if "/outputs/" in path else Code.INTERNAL
            raise ArtratorError(code, f"The node {self.descriptor.name} {error}.") from error
        if answer.is_error:
            raise answer.problem()
        return answer

    async def _problem_of(self, status: int, chunks: AsyncIterator[bytes]) -> ArtratorError:
        content = b""
        async for chunk in chunks:
            content += chunk
            if len(content) > 2**20:
                break
        return Answer(status, content, _SERVER).problem()

    def _headers(self, method: str, path: str, body: str = "", *, access: Access | None = None) -> dict[str, str]:
        if access is None:
            return self._proof(method, path, body)
        return {access.header: access.text, **self._proof(method, path, sha256(access.text.encode()))}

    def _proof(self, method: str, path: str, body: str = "") -> dict[str, str]:
        return {proof.HEADER: proof.make(self._key, method=method, path=path, node=self.descriptor.node, body=body)}

    def _unreachable(self, error: httpx.HTTPError) -> ArtratorError:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return ArtratorError(
                Code.NODE_PIN_MISMATCH,
                f"What answers at {self.descriptor.urls[0]} is not the node {self.descriptor.name}.",
            )
        # Whether the request may have arrived decides if another node may be asked without risk of paying twice.
        reached = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        return ArtratorError(
            Code.NODE_UNREACHABLE, f"The node {self.descriptor.name} does not answer.", reached=reached
        )


def _address(descriptor: NodeDescriptor) -> str:
    """The first address; only TLS keeps prompts and pictures between the two, so nothing else is spoken."""
    for url in descriptor.urls:
        try:
            parts = urlsplit(url)
            if parts.scheme == "https" and parts.hostname and (parts.port or 1) > 0:
                httpx.URL(url)
                return url.rstrip("/")
        except (ValueError, httpx.InvalidURL):
            continue
    raise ArtratorError(Code.DESCRIPTOR_INVALID, f"The node {descriptor.name} names no https address.")


def _pinned(descriptor: NodeDescriptor) -> ssl.SSLContext:
    """Trust in the one certificate that the descriptor names."""
    # Not create_default_context(cadata=…): given an empty certificate, that one trusts every public authority.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The certificate itself is pinned, so the name in it proves nothing more; nodes move between addresses.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the pinned certificate need not be an authority's
    try:
        context.load_verify_locations(cadata=descriptor.tls_certificate)
    except (ssl.SSLError, ValueError) as error:
        raise ArtratorError(
            Code.DESCRIPTOR_INVALID, f"The certificate of the node {descriptor.name} cannot be read."
        ) from error
    return context


def _request(request: JobRequest, files: Mapping[str, bytes]) -> dict[str, Any]:
    """A job as httpx sends it: JSON alone, or in parts with its files."""
    text = request.model_dump_json().encode()
    if not files:
        return {"content": text, "headers": {"Content-Type": "application/json"}}
    parts = {name: (name, data, "application/octet-stream") for name, data in files.items()}
    return {"files": {"job": ("job.json", text, "application/json"), **parts}}


def _event(raw: RawEvent) -> JobEvent | None:
    try:
        kind = EventKind(raw.kind)
    except ValueError:  # a newer node may tell more
        return None
    try:
        serial, data = int(raw.id or 0), read_json(raw.data)
    except (ValueError, RecursionError) as error:
        raise not_understood(_SERVER) from error
    if not isinstance(data, dict) or not 0 <= serial < 2**53:
        raise not_understood(_SERVER)
    return JobEvent(serial, kind, data)


async def _until(chunks: AsyncIterator[bytes], until: float | None) -> AsyncGenerator[bytes, None]:
    """The chunks that come before a moment of the monotonic clock; then a timeout like any other."""
    while True:
        left = None if until is None else until - time.monotonic()
        try:
            async with asyncio.timeout(left):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise httpx.ReadTimeout("the job's time is over") from error
        yield chunk
