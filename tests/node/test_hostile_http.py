"""Malformed HTTP at a running node: a stable answer or a clean close, nothing is kept, and the node serves on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import re
import socket
import ssl
import uuid
import weakref

import pytest
import uvicorn
from hostile import certificate
from starlette.types import Receive, Send
from toy_node import JobState, ToyNode
from uvicorn.server import ServerState

from artrator.errors import CATALOGUE, Code
from artrator.keys import PrivateKey
from artrator_node.connections.crowd import Crowd, Guest
from artrator_node.connections.doorman import Doorman, PatientProtocol

JOB = f"/v1/jobs/{uuid.UUID(int=7)}".encode()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def talk(node: ToyNode, *said: bytes) -> bytes:
    """Everything that the node answers to these bytes, up to its close."""
    port = int(node.url.rpartition(":")[2])
    heard = b""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        _trusting().wrap_socket(plain, server_hostname="node") as connection,
    ):
        connection.settimeout(60)
        with contextlib.suppress(OSError):  # it may have had enough
            for each in said:
                connection.sendall(each)
        with contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                heard += data
    return heard


def get(path: bytes = b"/v1/health", *, more: bytes = b"", method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return method + b" " + path + b" HTTP/" + version + b"\r\nHost: x\r\nConnection: close\r\n" + more + b"\r\n"


def put(more: bytes, body: bytes = b"{}", *, kind: bytes = b"application/json") -> bytes:
    return get(JOB, method=b"PUT", more=b"Content-Type: " + kind + b"\r\n" + more) + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"0\r\n\r\n" + get(b"/v1/smuggled")
ODDITIES = {
    "both lengths": (put(b"Content-Length: 5\r\n" + CHUNKED, SMUGGLED), 400),
    "both lengths, turned": (put(CHUNKED + b"Content-Length: 5\r\n", SMUGGLED), 400),
    "two lengths": (put(b"Content-Length: 2\r\nContent-Length: 60\r\n", b"{}" + get(b"/v1/smuggled")), 400),
    "a list of lengths": (put(b"Content-Length: 2, 2\r\n"), 400),
    "less than nothing": (put(b"Content-Length: -1\r\n"), 400),
    "no length's digits": (put(b"Content-Length: \xb2\r\n"), 400),
    "a length of 5,000 digits": (put(b"Content-Length: " + b"0" * 5000 + b"2\r\n"), 422),
    "2^64 - 1 bytes": (put(b"Content-Length: 18446744073709551615\r\n"), 413),
    "more than 2^64": (put(b"Content-Length: 99999999999999999999999\r\n"), 400),
    "nearly chunked": (put(b"Transfer-Encoding: xchunked\r\n", SMUGGLED), 400),
    "a space before the colon": (put(b"Transfer-Encoding : chunked\r\n", SMUGGLED), 400),
    "no chunk's size": (put(CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"), 400),
    "too large a chunk's size": (put(CHUNKED, b"F" * 20 + b"\r\n{}\r\n0\r\n\r\n"), 400),
    "a chunk longer than it says": (put(CHUNKED, b"2\r\n{}xx0\r\n\r\n"), 400),
    "a folded header": (get(more=b"X-Folded: a\r\n b\r\n"), 400),
    "a header with a null": (get(more=b"X-Null: a\0b\r\n"), 400),
    "a path with a null": (get(b"/v1/\0"), 400),
    "an encoded null": (get(b"/v1/jobs/%00"), 404),
    "no UTF-8": (get(b"/v1/jobs/%ff%c0%af"), 404),
    "another host": (get(b"http://evil.example/v1/nothing"), 404),
    "a proxy's request": (get(b"evil.example:443", method=b"CONNECT"), 400),
    "no method": (get(method=b"A" * 8_000), 400),
    "another method": (get(method=b"PATCH"), 405),
    "another version": (get(version=b"9.9"), 400),
    "another protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a header in no letters": (get(JOB, more=b"Artrator-Proof: \xff\xfe\r\nPrefer: \xff=\xfe\r\n"), 404),
    "an index of 5,000 digits": (get(JOB + b"/outputs/" + b"9" * 5000), 422),
    "a boundary in no letters": (put(b"Content-Length: 2\r\n", kind=b"multipart/form-data; boundary=\xff"), 422),
    "deep brackets": (put(b"Content-Length: 900000\r\n", b"[" * 900_000), 422),
    "a number without end": (put(b"Content-Length: 900000\r\n", b"9" * 900_000), 422),
}


def test_whatever_is_sent_gets_a_stable_answer_and_never_a_second_one(node: ToyNode) -> None:
    for what, (said, status) in ODDITIES.items():
        heard = talk(node, said)
        assert re.findall(rb"HTTP/1\.1 (\d+)", heard) == [str(status).encode()], what
        code = Code(json.loads(heard.partition(b"\r\n\r\n")[2])["error"]["code"])
        assert CATALOGUE[code].status == status, what
    assert talk(node, get()).startswith(b"HTTP/1.1 200")
    assert "request_failed" not in node.log
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def test_an_answer_to_another_method_names_those_that_are(node: ToyNode) -> None:
    assert b"\r\nallow: GET\r\n" in talk(node, get(method=b"DELETE"))


@pytest.mark.parametrize("trailers", [b"X: y\r\n" * 200_000, b"X: " + b"y" * 1_200_000], ids=["many", "one"])
def test_headers_behind_a_body_are_not_kept(node: ToyNode, trailers: bytes) -> None:
    begun = put(CHUNKED, b"1\r\n{\r\n0\r\n")
    assert b"HTTP/1.1" not in talk(node, begun, trailers, b"\r\n")
    # A few are allowed, and do not become headers of a request that is under way.
    assert b"HTTP/1.1 422" in talk(node, begun, b"Accept: text/event-stream\r\n\r\n")
    assert talk(node, get()).startswith(b"HTTP/1.1 200")


@pytest.mark.anyio
async def test_a_connection_that_is_gone_leaves_nothing_for_the_collector() -> None:
    """With what refers to itself in a circle, half a MiB of TLS buffers would wait for it."""
    alive: list[weakref.ref[PatientProtocol]] = []

    async def app(_scope: object, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none")
    config.load()
    crowd, state = Crowd(10), ServerState()

    def make(guest: Guest) -> PatientProtocol:
        made = PatientProtocol(crowd, guest, config=config, server_state=state, app_state={})
        alive.append(weakref.ref(made))
        return made

    _, context = certificate(PrivateKey.generate())
    doorman = Doorman(crowd, make, context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        doorman.listen(listening)
        port = listening.getsockname()[1]
        gc.collect()
        gc.disable()
        try:
            for said in (b"", get()[:-20], put(b"Content-Length: 9\r\n"), put(b"Content-Length: 2\r\n"), b"\0" * 9):
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=_trusting())
                writer.write(said)
                await asyncio.sleep(0.1)
                writer.transport.abort()
            async with asyncio.timeout(240):
                while len(alive) < 5 or any(each() is not None for each in alive):
                    await asyncio.sleep(0.05)
        finally:
            gc.enable()
            doorman.close()
            await doorman.wait_closed()
    assert len(crowd) == 0
