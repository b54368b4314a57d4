"""The node client against nodes that lie, stall, flood, hang up, or are somebody else."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hostile import Handler, answer, certificate, endless, hostile, says

from artrator.clients import node as node_module
from artrator.clients._events import read_events
from artrator.clients._http import MisbehavedError
from artrator.clients._mixed import read_mixed
from artrator.clients.node import JobEvent, NodeClient
from artrator.documents import NodeDescriptor
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import EventKind

SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
TLS_KEY = PrivateKey.generate()
CERTIFICATE, CONTEXT = certificate(TLS_KEY)


def descriptor(url: str, *, pin: str = CERTIFICATE) -> NodeDescriptor:
    encoded = TLS_KEY.public.encode()
    return NodeDescriptor(
        node=TLS_KEY.id,
        creator=encoded,
        name="toy",
        urls=[url],
        tls_certificate=pin,
        receipt_key=encoded,
        issued_at=0,
        expires_at=2**40,
    )


async def _listen(client: NodeClient, **how: Any) -> list[JobEvent]:
    return [event async for event in client.events("1", **how)]


def meets(
    handler: Handler,
    work: Callable[[NodeClient], Awaitable[object]] = lambda client: client.health(),
    *,
    pin: str = CERTIFICATE,
    tls: ssl.SSLContext | None = CONTEXT,
    timeout: float = 5.0,
) -> ArtratorError:
    """What a client says of this node."""

    async def run() -> None:
        async with hostile(handler, tls=tls) as url:
            address = url.replace("http:", "https:")
            async with NodeClient(descriptor(address, pin=pin), TLS_KEY, timeout=timeout) as client:
                await work(client)

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    assert caught.value.message
    assert caught.value.cure
    return caught.value


def hears(handler: Handler, **how: Any) -> list[JobEvent]:
    async def run() -> list[JobEvent]:
        async with hostile(handler, tls=CONTEXT) as url, NodeClient(descriptor(url), TLS_KEY) as client:
            return await _listen(client, **how)

    return asyncio.run(run())


# --- who answers


def test_another_certificate_is_not_the_node_and_hears_nothing() -> None:
    heard: list[str] = []

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        heard.append(asked)

    _, impostor = certificate(PrivateKey.generate())
    error = meets(handler, tls=impostor)
    assert error.code is Code.NODE_PIN_MISMATCH
    assert heard == []


def test_a_node_that_speaks_plain_http_is_not_understood() -> None:
    assert meets(says(b"HTTP/1.1 200 OK\r\n\r\n"), tls=None, timeout=0.5).code is Code.NODE_UNREACHABLE


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "", "node", "ftp://x", "https://", "https://[", "https://a:99999", "https://a:b"]
)
def test_only_https_addresses_are_spoken_to(url: str) -> None:
    with pytest.raises(ArtratorError) as caught:
        NodeClient(descriptor(url), TLS_KEY)
    assert caught.value.code is Code.DESCRIPTOR_INVALID


@pytest.mark.parametrize("pin", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_a_certificate_that_is_none_is_refused(pin: str) -> None:
    with pytest.raises(ArtratorError) as caught:
        NodeClient(descriptor("https://127.0.0.1:1", pin=pin), TLS_KEY)
    assert caught.value.code is Code.DESCRIPTOR_INVALID


def test_whether_anything_may_have_arrived_is_told() -> None:
    """Another node may be asked without risk only if this one was never reached."""

    async def run() -> None:
        async with NodeClient(descriptor("https://127.0.0.1:1"), TLS_KEY) as client:
            await client.health()

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    assert caught.value.code is Code.NODE_UNREACHABLE
    assert caught.value.details["reached"] is False
    assert meets(says(b"")).details["reached"] is True


# --- what it answers


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"null", b"[" * 200_000, b'{"node": 7}', b"\xff"])
def test_garbage_is_not_understood(body: bytes) -> None:
    assert meets(says(answer(body))).code is Code.INTERNAL


@pytest.mark.parametrize("body", [b"", b"{", b'{"error": {"details": {"cure": 1, "self": 2}}}'])
def test_garbage_with_an_error_status_is_an_error(body: bytes) -> None:
    assert meets(says(answer(body, status="500 Oops"))).code is Code.INTERNAL
    assert meets(says(answer(body, status="500 Oops")), _listen).code is Code.INTERNAL


def test_an_output_longer_than_signed_is_cut_off() -> None:
    flood = endless("HTTP/1.1 200 OK\r\n\r\n", b"\x00" * 65_536)
    error = meets(flood, lambda client: client.output("1", 0, limit=100_000))
    assert error.code is Code.OUTPUT_CORRUPT
    assert "more than 100000 bytes" in error.message


def test_a_preview_without_end_is_cut_off() -> None:
    flood = endless("HTTP/1.1 200 OK\r\n\r\n", b"\x00" * 65_536)
    assert meets(flood, lambda client: client.preview("1")).code is Code.INTERNAL


def test_silence_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    assert meets(handler, timeout=0.3).code is Code.NODE_UNREACHABLE
    monkeypatch.setattr(node_module, "_SILENCE_SECONDS", 0.3)
    assert meets(handler, _listen).code is Code.NODE_UNREACHABLE


# --- what it tells of a job


def event(kind: str, data: object, serial: object = 1) -> bytes:
    return f"id: {serial}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def test_events_are_heard_and_what_is_new_is_passed_over() -> None:
    heard = hears(
        says(
            SSE.encode()
            + b": hello\n\n"
            + event("queued", {"position": 2})
            + event("telepathy", {"from": "the future"}, 2)
            + event("progress", {"done": 1, "total": 4, "seconds_left": 2.5}, 3)
        )
    )
    assert [(one.serial, one.kind) for one in heard] == [(1, EventKind.QUEUED), (3, EventKind.PROGRESS)]
    assert heard[0].whole("position") == 2
    assert heard[1].seconds("seconds_left") == 2.5


@pytest.mark.parametrize(
    "data",
    [
        b"id: 1\nevent: progress\ndata: {\n\n",
        b"id: 1\nevent: progress\ndata: []\n\n",
        b"id: 1\nevent: progress\ndata: " + b"[" * 100_000 + b"\n\n",
        b"id: one\nevent: progress\ndata: {}\n\n",
        b"id: -1\nevent: progress\ndata: {}\n\n",
        b"id: " + b"9" * 6000 + b"\nevent: progress\ndata: {}\n\n",
        b"event: progress\ndata: \xff\n\n",
    ],
)
def test_events_that_make_no_sense_end_the_stream(data: bytes) -> None:
    assert meets(says(SSE.encode() + data), _listen).code is Code.INTERNAL


@pytest.mark.parametrize("value", ["many", -1, 10**30, True, None, [1], float("1e400")])
def test_strange_numbers_count_as_none(value: object) -> None:
    made = JobEvent(1, EventKind.PROGRESS, {"x": value})
    assert made.whole("x") is None
    assert made.seconds("x") is None


def test_a_job_that_is_none_is_not_understood() -> None:
    with pytest.raises(ArtratorError) as caught:
        _ = JobEvent(1, EventKind.DONE, {"job": 7}).job
    assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 65_536, b"data: " + b"x" * 6_000 + b"\n"])
def test_an_event_without_end_is_cut_off(piece: bytes) -> None:
    error = meets(endless(SSE, piece), _listen)
    assert error.code is Code.INTERNAL
    assert "without end" in error.message


def test_a_stream_that_lives_on_and_says_nothing_ends_with_the_jobs_time() -> None:
    chatter = endless(SSE, b": still here\n\n", pause=0.02)
    assert meets(chatter, lambda client: _listen(client, seconds=0.3)).code is Code.NODE_UNREACHABLE


def test_whoever_stops_listening_leaves_nothing_behind() -> None:
    async def run() -> None:
        async with (
            hostile(endless(SSE, event("progress", {}), pause=0.01), tls=CONTEXT) as url,
            NodeClient(descriptor(url), TLS_KEY) as client,
        ):
            stream = client.events("1")
            await anext(stream)
            await stream.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_read_however_they_are_cut(size: int, end: str) -> None:
    lines = [
        "\ufeff: c",
        "id: 7",
        "event: done",
        "data: {",
        'data:"그림": 1}',
        "",
        "data",
        "",
        "event: x",
        "",
        "data: 2",
        "",
    ]
    data = (end.join(lines) + end).encode()

    async def chunks() -> Any:
        for at in range(0, len(data), size):
            yield data[at : at + size]

    async def run() -> list[tuple[str, str, str]]:
        return [(one.kind, one.id, one.data) async for one in read_events(chunks())]

    heard = asyncio.run(run())
    assert heard == [("done", "7", '{\n"그림": 1}'), ("message", "7", ""), ("message", "7", "2")]


def test_a_line_in_very_many_pieces_is_read_in_one_go() -> None:
    """Each piece costs itself and not all that came before: or a few MB would keep a program busy for minutes."""

    def seconds(length: int) -> float:
        async def chunks() -> Any:
            yield b"data: "
            for _ in range(length):
                yield b"x"
            yield b"\n\n"

        async def run() -> list[int]:
            return [len(one.data) async for one in read_events(chunks())]

        began = time.process_time()
        assert asyncio.run(run()) == [length]
        return time.process_time() - began

    seconds(1_000)
    assert seconds(160_000) < 60 * seconds(10_000)  # sixteen times as long; it was more than two hundred times


@pytest.mark.parametrize("piece", [b"\n", b": \n\n", b"data: {}\n\n", b"x"])
def test_events_without_number_end_the_stream(piece: bytes) -> None:
    async def chunks() -> Any:
        while True:
            yield piece

    async def run() -> None:
        async for _ in read_events(chunks()):
            pass

    with pytest.raises(MisbehavedError, match=r"more than anybody could hear"):
        asyncio.run(run())


def test_events_that_are_not_text_are_refused() -> None:
    async def chunks() -> Any:
        yield b"data: \xff\n"

    async def run() -> None:
        async for _ in read_events(chunks()):
            pass

    with pytest.raises(MisbehavedError, match="not text"):
        asyncio.run(run())


# --- a job and its outputs in one answer


def mixed(*parts: bytes, boundary: str = "b0") -> bytes:
    """The parts as an honest node sends them."""
    whole = b"".join(
        f"--{boundary}\r\nContent-Type: x/y\r\nContent-Length: {len(part)}\r\n\r\n".encode() + part + b"\r\n"
        for part in parts
    )
    return whole + f"--{boundary}--\r\n".encode()


def test_parts_come_back_whatever_they_hold() -> None:
    parts = [b"{}", b"", b"\r\n--b0--\r\n", bytes(range(256))]
    assert read_mixed('multipart/mixed; boundary="b0"', mixed(*parts)) == parts
    assert read_mixed("multipart/mixed;boundary=b0", mixed()) == []
    assert read_mixed("application/json", b"{}") is None
    assert read_mixed("multipart/mixed; boundary=" + "b" * 71, mixed()) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--b0",
        mixed(b"abc")[:-8],
        mixed(b"abc").replace(b"Length: 3", b"Length: 2"),
        mixed(b"abc").replace(b"Length: 3", b"Length: 99999999999"),
        mixed(b"abc").replace(b"Length: 3", b"Length: -3"),
        mixed(b"abc").replace(b"Length: 3", b"Length: " + b"3" * 400),
        mixed(b"abc").replace(b"Content-Length", b"Content-Width"),
        mixed(b"abc", boundary="b1"),
        b"--b0\r\n" + b"x" * 5000,
        mixed(*[b""] * 1002),
    ],
)
def test_parts_that_are_not_as_they_say_are_refused(content: bytes) -> None:
    with pytest.raises(MisbehavedError):
        read_mixed("multipart/mixed; boundary=b0", content)
