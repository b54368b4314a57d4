"""The registry client against registries that lie, stall, flood and hang up: one exception, in bounded time."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hostile import Handler, answer, certificate, endless, hostile, says

from artrator.clients import _connection
from artrator.clients._http import read_json
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m

INFO = {
    "name": "r",
    "registry": "sha256:x",
    "root_key": "k",
    "version": "1",
    "time": 1.0,
    "credit_note": {},
    "listings": 0,
    "nodes_online": 0,
}


def meets(
    handler: Handler,
    work: Callable[[RegistryClient], Awaitable[object]] = lambda client: client.info(),
    **how: Any,
) -> ArtratorError:
    """What a client says of this registry."""

    async def run() -> None:
        async with hostile(handler) as url, RegistryClient(url, timeout=how.pop("timeout", 5.0), **how) as client:
            await work(client)

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    assert caught.value.message
    assert caught.value.cure
    return caught.value


def test_an_honest_registry_is_understood() -> None:
    async def run() -> str:
        async with hostile(says(answer(json.dumps(INFO).encode()))) as url, RegistryClient(url) as client:
            return (await client.info()).name

    assert asyncio.run(run()) == "r"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<html>",
        b"[]",
        b"null",
        b"7",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b"9" * 5_000,
        b'{"name": 7}',
        json.dumps(INFO | {"time": "later"}).encode(),
        json.dumps(INFO).replace("1.0", "NaN").encode(),
        json.dumps(INFO | {"credit_note": [1]}).encode(),
    ],
)
def test_garbage_is_not_understood(body: bytes) -> None:
    assert meets(says(answer(body))).code is Code.INTERNAL


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "418 Teapot", "302 Found"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 200_000, b'{"error": 7}', b'{"error": {"code": "x"}}'])
def test_garbage_with_an_error_status_is_an_error(status: str, body: bytes) -> None:
    assert meets(says(answer(body, status=status, more="Location: http://127.0.0.1:1/\r\n"))).code is Code.INTERNAL


def test_an_error_of_the_catalogue_is_told_as_it_is() -> None:
    told = ArtratorError(Code.LISTING_UNKNOWN, "There is no such listing.", near="x").to_json()
    error = meets(says(answer(json.dumps(told).encode(), status="404 Not Found")))
    assert (error.code, error.details) == (Code.LISTING_UNKNOWN, {"near": "x"})


def test_control_characters_do_not_reach_a_terminal() -> None:
    escape = {"name": "\x1b]0;owned\x07Shop\x9b2J\x7f", "credit_note": {"en\x1b": "a\tb\nc\x00\rd\u202ee\u2067f\ud800"}}

    async def run() -> m.RegistryInfo:
        async with hostile(says(answer(json.dumps(INFO | escape).encode()))) as url, RegistryClient(url) as client:
            return await client.info()

    info = asyncio.run(run())
    assert (info.name, info.credit_note) == ("]0;ownedShop2J", {"en": "a\tb\ncdef"})
    told = ArtratorError(Code.LISTING_UNKNOWN, "There\x1b[2J is none.", cure="\x1b[31mRun").to_json()
    error = meets(says(answer(json.dumps(told).encode(), status="404 Not Found")))
    assert (error.message, error.cure) == ("There[2J is none.", "[31mRun")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000,
    ],
)
def test_what_is_no_http_is_no_answer(data: bytes) -> None:
    assert meets(says(data)).code is Code.REGISTRY_UNREACHABLE


def test_a_body_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "MAX_JSON", 2**20)
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    error = meets(endless(head, b" " * 65_536), timeout=30.0)
    assert error.code is Code.INTERNAL
    assert "more than 1048576 bytes" in error.message


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"0,", b'"",'])
def test_an_answer_of_very_many_values_is_not_read(piece: bytes) -> None:
    """Each byte of it takes sixty of memory: the bound on bytes alone lets a GB through."""
    body = b"[" + piece * 500_000 + b"0]"
    error = meets(says(answer(body)))
    assert error.code is Code.INTERNAL
    with pytest.raises(ValueError, match="more values"):
        read_json(body)
    with pytest.raises(ValueError, match="more values"):
        read_json(body.decode())


def test_a_packed_answer_is_not_unpacked() -> None:
    """A few KiB of gzip could be gigabytes; nobody asked for it."""
    asked_for: list[str] = []

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        asked_for.append(asked.lower())
        writer.write(answer(gzip.compress(bytes(10_000_000)), more="Content-Encoding: gzip\r\n"))

    assert meets(handler).code is Code.INTERNAL
    assert "accept-encoding: identity" in asked_for[0]


def test_a_certificate_that_is_not_trusted_is_called_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, tls = certificate(PrivateKey.generate())
    other, _ = certificate(PrivateKey.generate())
    (tmp_path / "other.pem").write_text(other)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))

    async def ask() -> None:
        async with hostile(says(b""), tls=tls) as url, RegistryClient(url) as client:
            await client.info()

    with pytest.raises(ArtratorError, match=r"certificate of the registry at https://.* is not trusted here") as caught:
        asyncio.run(ask())
    assert caught.value.code is Code.REGISTRY_UNREACHABLE


def test_what_a_proxy_says_for_itself_is_no_fault_of_ours() -> None:
    told = meets(says(b"HTTP/1.1 413 Too Large\r\nContent-Length: 13\r\n\r\n<html></html>"))
    assert "status 413" in told.message
    assert "a proxy" in told.cure


def test_silence_ends_by_itself() -> None:
    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    assert meets(handler, timeout=0.3).code is Code.REGISTRY_UNREACHABLE


def test_an_answer_that_drips_ends_by_itself() -> None:
    """Each byte comes in time, and the whole never does."""
    head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    assert meets(endless(head, b" ", pause=0.05), timeout=0.3).code is Code.REGISTRY_UNREACHABLE


def test_headers_that_drip_end_by_themselves() -> None:
    assert meets(endless("HTTP/1.1 200 OK\r\nX: ", b"a", pause=0.05), timeout=0.3).code is Code.REGISTRY_UNREACHABLE


def test_nobody_there_is_unreachable() -> None:
    async def run() -> None:
        async with RegistryClient("http://127.0.0.1:1") as client:
            await client.info()

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    assert caught.value.code is Code.REGISTRY_UNREACHABLE


@pytest.mark.parametrize("url", ["", "registry", "ftp://x", "http://", "http://[", "http://a b", "http://x:99999", "é"])
def test_what_is_no_address_is_said_so(url: str) -> None:
    async def run() -> None:
        async with RegistryClient(url, timeout=1.0) as client:
            await client.info()

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    assert caught.value.code in (Code.REQUEST_INVALID, Code.REGISTRY_UNREACHABLE)


def test_no_challenge_of_another_registry_is_signed(key: PrivateKey) -> None:
    """A registry that passes on another one's challenge could otherwise sign in there as its own user."""
    asked_for: list[str] = []
    challenge = {"challenge": "c", "nonce": "n", "registry": "sha256:another", "expires_at": 1.0}

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        asked_for.append(asked.splitlines()[0])
        writer.write(answer(json.dumps(challenge).encode()))

    error = meets(handler, lambda client: client.sign_in(), key=key, registry_id="sha256:pinned")
    assert error.code is Code.CHALLENGE_INVALID
    assert asked_for == ["POST /v1/challenges HTTP/1.1"]


def test_a_clock_that_is_a_day_ahead_does_not_sign_in_for_every_question(key: PrivateKey) -> None:
    asked_for: list[str] = []
    account = {
        "id": "00000000-0000-4000-8000-000000000000",
        "handle": "mina",
        "display_name": "Mina",
        "public_key": "k",
        "created_at": 1.0,
    }
    answers = {
        "/v1/challenges": {"challenge": "c", "nonce": "n", "registry": "r", "expires_at": 9e9},
        "/v1/sessions": {"token": "t", "expires_at": time.time() - 80_000, "account": account},
        "/v1/account/balance": {"available": 5, "held": 0, "pending": 0},
    }

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        path = asked.split()[1]
        asked_for.append(path)
        refused = ArtratorError(Code.NOT_FOUND, "No.").to_json()
        known = answers.get(path)
        status = "200 OK" if known else "404 Not Found"
        writer.write(answer(json.dumps(known or refused).encode(), status=status, more="Connection: close\r\n"))

    async def ask(client: RegistryClient) -> None:
        for _ in range(3):
            assert (await client.balance()).available == 5
        await client.get_order("nobody")

    assert meets(handler, ask, key=key).code is Code.NOT_FOUND
    assert asked_for.count("/v1/sessions") == 1


def test_a_registry_that_refuses_every_token_is_asked_twice_and_no_more(key: PrivateKey) -> None:
    asked_for: list[str] = []
    account = {
        "id": "00000000-0000-4000-8000-000000000000",
        "handle": "mina",
        "display_name": "Mina",
        "public_key": "k",
        "created_at": 1.0,
    }
    answers = {
        "/v1/challenges": {"challenge": "c", "nonce": "n", "registry": "r", "expires_at": 9e9},
        "/v1/sessions": {"token": "t", "expires_at": 9e9, "account": account},
    }

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        path = asked.split()[1]
        asked_for.append(path)
        refused = ArtratorError(Code.SESSION_INVALID, "No.").to_json()
        known = answers.get(path)
        status = "200 OK" if known else "401 Unauthorized"
        writer.write(answer(json.dumps(known or refused).encode(), status=status, more="Connection: close\r\n"))

    assert meets(handler, lambda client: client.balance(), key=key).code is Code.SESSION_INVALID
    assert asked_for.count("/v1/account/balance") == 2
