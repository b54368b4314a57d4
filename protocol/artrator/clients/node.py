"""A node's HTTP API as an asynchronous client: TLS to the pinned certificate, each request signed by the buyer."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
import pydantic
from httpx_sse import aconnect_sse

from artrator.documents import NodeDescriptor, proof
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import EventKind, Health, Job, JobRequest


@dataclass(frozen=True)
class JobEvent:
    """One server-sent event. ``serial`` resumes the stream."""

    serial: int
    kind: EventKind
    data: Mapping[str, Any]


class NodeClient:
    """One node, as one buyer.

    Every failure is an ArtratorError: ``node_unreachable`` when nothing answers, ``node_pin_mismatch`` when
    something else than the node answers, else what the node said.
    """

    def __init__(self, descriptor: NodeDescriptor, key: PrivateKey, *, timeout: float = 20.0) -> None:
        self.descriptor = descriptor
        self._key = key
        context = ssl.create_default_context(cadata=descriptor.tls_certificate)
        # The certificate itself is pinned, so the name in it proves nothing more; nodes move between addresses.
        context.check_hostname = False
        self._http = httpx.AsyncClient(
            base_url=descriptor.urls[0].rstrip("/"), verify=context, timeout=timeout, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def health(self) -> Health:
        """How the node is."""
        return Health.model_validate(await self._json("GET", "/v1/health"))

    async def submit(self, job: str, request: JobRequest, files: Mapping[str, bytes], digest: str) -> Job:
        """Send a job. ``files`` are named by their hex SHA-256. Repeating it answers with the same job."""
        parts = {
            "job": ("job.json", request.model_dump_json().encode(), "application/json"),
            **{name: (name, data, "application/octet-stream") for name, data in files.items()},
        }
        return Job.model_validate(await self._json("PUT", f"/v1/jobs/{job}", body=digest, files=parts))

    async def job(self, job: str) -> Job:
        """How a job stands."""
        return Job.model_validate(await self._json("GET", f"/v1/jobs/{job}"))

    async def cancel(self, job: str) -> Job:
        """Cancel a job; harmless if it has ended."""
        return Job.model_validate(await self._json("DELETE", f"/v1/jobs/{job}"))

    async def output(self, job: str, index: int) -> bytes:
        """One output's bytes; check them against the receipt."""
        return (await self._send("GET", f"/v1/jobs/{job}/outputs/{index}")).content

    async def preview(self, job: str) -> bytes:
        """The newest preview, a small JPEG."""
        return (await self._send("GET", f"/v1/jobs/{job}/preview")).content

    async def acknowledge(self, job: str, acknowledgement: Mapping[str, Any]) -> None:
        """Hand the node the buyer's acknowledgement."""
        await self._send("PUT", f"/v1/jobs/{job}/acknowledgement", json=dict(acknowledgement))

    async def events(self, job: str, *, after: int = 0) -> AsyncGenerator[JobEvent, None]:
        """Events after serial ``after``, until the job ends or the connection does (then ask again)."""
        path = f"/v1/jobs/{job}/events"
        headers = self._proof("GET", path)
        if after:
            headers["Last-Event-ID"] = str(after)
        try:
            # The node sends a comment every 10 s: 30 s of silence is a lost connection.
            async with aconnect_sse(
                self._http, "GET", path, headers=headers, timeout=httpx.Timeout(20.0, read=30.0)
            ) as source:
                if source.response.is_error:
                    await source.response.aread()
                    raise _problem(source.response)
                async for event in source.aiter_sse():
                    try:
                        kind = EventKind(event.event)
                    except ValueError:  # a newer node may tell more
                        continue
                    yield JobEvent(int(event.id or 0), kind, event.json())
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    async def _json(self, method: str, path: str, **how: Any) -> Any:
        response = await self._send(method, path, **how)
        try:
            return response.json()
        except (ValueError, pydantic.ValidationError) as error:
            raise ArtratorError(Code.INTERNAL, "The node's answer could not be understood.") from error

    async def _send(self, method: str, path: str, *, body: str = "", **how: Any) -> httpx.Response:
        try:
            response = await self._http.request(method, path, headers=self._proof(method, path, body), **how)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _problem(response)
        return response

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


def _problem(response: httpx.Response) -> ArtratorError:
    try:
        body = response.json()
    except ValueError:
        body = None
    return ArtratorError.from_json(body, status=response.status_code)
