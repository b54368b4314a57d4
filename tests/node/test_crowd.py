"""A thousand connections, slow headers, slow readers: a buyer with a ticket is served all the same."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import resource
import socket
import ssl
import sys
import threading
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.messages.node import EventKind
from artrator_node.connections.crowd import Crowd

if sys.platform == "win32":
    pytest.skip("counts open files as POSIX does", allow_module_level=True)

THOUSAND = 1000


@contextlib.asynccontextmanager
async def connections(
    node: ToyNode, count: int, first_words: bytes, *, tls: bool
) -> AsyncIterator[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    """So many connections to a node, each of which has said a few words."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = int(node.url.rpartition(":")[2])
    pairs: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def connect() -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context if tls else None)
            writer.write(first_words)
            pairs.append((reader, writer))

    for start in range(0, count, 50):
        await asyncio.gather(*(connect() for _ in range(start, min(start + 50, count))))
    try:
        yield pairs
    finally:
        for _, writer in pairs:
            writer.transport.abort()
        await asyncio.sleep(0.1)


@pytest.fixture
def many_files() -> None:
    """This process holds the other ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4 * THOUSAND:
        if hard < 4 * THOUSAND:
            pytest.skip("this system allows too few open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (4 * THOUSAND, hard))


def resident(pid: int) -> int:
    """The memory of a process, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)


async def paid_job(node: ToyNode, client: NodeClient) -> None:
    request = node.request({"steps": 2})
    await node.submit(client, request)
    assert (await node.finished(client, request.job))[-1].kind is EventKind.DONE


@pytest.mark.slow
@pytest.mark.parametrize("tls", [False, True], ids=["no handshake", "idle and slow headers"])
def test_a_thousand_connections_keep_no_buyer_out(node: ToyNode, many_files: None, tls: bool) -> None:
    async def work(client: NodeClient) -> None:
        half = THOUSAND // 2
        slow = b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: " if tls else b"\x16"
        async with connections(node, half, b"", tls=tls) as idle, connections(node, half, slow, tls=tls) as slow_ones:
            assert len(idle) + len(slow_ones) > THOUSAND * 0.9
            await paid_job(node, client)
            # None of them may stay: each is closed by the node, whose patience is over.
            async with asyncio.timeout(240):
                for reader, _ in (*idle, *slow_ones):
                    with contextlib.suppress(OSError):
                        await reader.read()
        await paid_job(node, client)

    node.ask(work)


def test_more_connections_than_there_is_room_for_push_each_other_out_but_no_buyer(
    make_node: Callable[..., ToyNode], many_files: None
) -> None:
    node = make_node(connections=100)
    node.start()

    async def work(client: NodeClient) -> None:
        request = node.request({"do": "slow", "steps": 200})
        await node.submit(client, request)
        events = client.events(request.job)
        await anext(events)
        async with connections(node, 300, b"", tls=True):
            await paid_job(node, client)
            assert connected(node) <= 101
        rest = [event.kind async for event in events]
        assert rest[-1] is EventKind.DONE  # the stream that was open all the while

    node.ask(work)


def connected(node: ToyNode) -> int:
    """How many connections the node says that it has, this question's own among them."""
    context = ssl.create_default_context(cadata=(node.data / "keys" / "tls.crt").read_text())
    context.check_hostname = False
    with urllib.request.urlopen(f"{node.url}/metrics", context=context, timeout=240) as answer:
        text = answer.read().decode()
    return int(float(re.findall(r"^artrator_node_connections ([0-9.]+)$", text, re.MULTILINE)[0]))


class SlowReader(threading.Thread):
    """Asks for something and takes one byte a second of the answer."""

    def __init__(self, node: ToyNode, path: str, headers: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self._words = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._path, self._port = path, int(node.url.rpartition(":")[2])
        self.stop, self.begun = threading.Event(), threading.Event()

    def run(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with contextlib.suppress(OSError), socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", self._port))
            with context.wrap_socket(plain) as secure:
                secure.sendall(f"GET {self._path} HTTP/1.1\r\nHost: x\r\n{self._words}\r\n".encode())
                while secure.recv(1):
                    self.begun.set()
                    if self.stop.wait(1):
                        return


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="measures memory in /proc")
def test_readers_who_take_a_byte_a_second_are_let_go_and_cost_little(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    assert node.service is not None
    pid = node.service.pid

    async def work(client: NodeClient) -> None:
        request = node.request({"side": 2048, "steps": 1})
        await node.submit(client, request)
        await node.finished(client, request.job)
        (output,) = (await client.job(request.job)).outputs
        assert output.size > 10_000_000
        assert len(await client.output(request.job, 0)) == output.size
        before = resident(pid)
        path = f"/v1/jobs/{request.job}/outputs/0"
        readers = [SlowReader(node, path, client._headers("GET", path, "")) for _ in range(16)]
        for reader in readers:
            reader.start()
        try:
            for reader in readers:
                assert await asyncio.to_thread(reader.begun.wait, 240)
            await paid_job(node, client)
            assert len(await client.output(request.job, 0)) == output.size
            assert resident(pid) - before < 48 << 20, "what nobody takes is kept in memory"
            await asyncio.to_thread(node.wait_for, lambda: connected(node) < 10, "they are still there")
        finally:
            for reader in readers:
                reader.stop.set()

    node.ask(work)


def test_strangers_leave_first_and_those_from_the_most_crowded_address() -> None:
    crowd, closed = Crowd(4), []

    def enter(name: str, address: str) -> object:
        return crowd.enter(address, lambda: closed.append(name))

    buyer = enter("buyer", "10.0.0.1")
    assert buyer is not None
    crowd.keep(buyer, "key")  # type: ignore[arg-type]
    for name, address in (("lonely", "10.0.0.2"), ("first", "10.0.0.3"), ("second", "10.0.0.3")):
        assert enter(name, address) is not None
    assert enter("new", "10.0.0.4") is not None
    assert closed == ["first"]
    assert enter("newer", "10.0.0.5") is not None
    assert closed == ["first", "lonely"]  # all alike: the oldest
    assert len(crowd) == 4


def test_all_addresses_of_one_home_are_one() -> None:
    crowd, closed = Crowd(3), []
    for name, address in (("v4", "192.0.2.1"), ("a", "2001:db8:1:2::1"), ("b", "2001:db8:1:2:ffff::9%eth0")):
        crowd.enter(address, functools.partial(closed.append, name))
    crowd.enter("192.0.2.2", lambda: None)
    assert closed == ["a"]


@pytest.mark.parametrize(
    ("first", "more"), [(b"X-Long: ", b"a" * 65_536), (b"", b"X: y\r\n" * 10_000)], ids=["one", "many"]
)
def test_headers_without_end_are_cut_off(node: ToyNode, first: bytes, more: bytes) -> None:
    """Long before anybody's patience ends: what a machine could send in ten seconds is many times as much."""

    async def work(client: NodeClient) -> None:
        async with connections(node, 1, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n" + first, tls=True) as (
            (reader, writer),
        ):
            hung_up = asyncio.ensure_future(reader.read())
            sent = 0
            with contextlib.suppress(OSError):
                while not hung_up.done() and sent < 64 << 20:
                    writer.write(more)
                    await writer.drain()
                    await asyncio.sleep(0)  # drain alone lets nothing else happen, so nobody would hear of the end
                    sent += len(more)
            assert sent < 64 << 20
            with contextlib.suppress(OSError):
                await hung_up
        await client.health()

    node.ask(work)


def test_one_buyer_cannot_keep_everybody_out_with_one_ticket() -> None:
    crowd = Crowd(100)
    guests = [crowd.enter("10.0.0.1", lambda: None) for _ in range(100)]
    for guest in guests:
        assert guest is not None
        crowd.keep(guest, "key")
    assert sum(guest is not None and guest.proven is not None for guest in guests) == 64
    assert crowd.enter("10.0.0.2", lambda: None) is not None
    for guest in guests:
        assert guest is not None
        crowd.leave(guest)
        crowd.leave(guest)
    assert len(crowd) == 1
