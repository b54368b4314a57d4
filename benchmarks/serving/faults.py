"""Two bad minutes in a server's life: its clients leave, and its model process dies."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from own_node import OwnNode
from peer_servers import PEERS
from processes import cpu_seconds

#: Clients that ask at once, and when they leave.
_CLIENTS: Final = 200
_LEAVE_SECONDS: Final = 0.6
#: How long a client waits for its answer before it counts as left hanging.
_PATIENCE_SECONDS: Final = 25.0
_DEADLY: Final = 666_666


@dataclass(frozen=True)
class Life:
    """What became of a server.

    Attributes:
        answered: Clients that had their answer before all left.
        computed: The share of the abandoned requests that was computed all the same, by processor time.
        heard: Seconds until a client heard of the death; None if it never did.
        heard_what: Its answer's first line.
        back: Seconds until pictures were made again; None if never.
    """

    answered: int
    computed: float
    heard: float | None
    heard_what: str
    back: float | None


async def ask(url: str, request: bytes) -> bytes:
    """Send one request on a connection of its own and read the answer's head and all that comes with it."""
    parts = urlsplit(url)
    tls = None
    if parts.scheme == "https":
        import ssl

        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = [int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
        return head + (await reader.readexactly(size[0]) if size else await reader.read(1 << 20))
    finally:
        writer.transport.abort()


async def leave(server: Any, seeds: Iterator[int]) -> tuple[int, float]:
    """All ask at once and hang up soon after: how many were answered, and how much was computed for nobody."""
    requests = list(server.requests(seeds, _CLIENTS + 20))
    before = cpu_seconds(server.pids)
    for request in requests[_CLIENTS:]:
        await ask(server.url, request)
    each = (cpu_seconds(server.pids) - before) / (len(requests) - _CLIENTS)
    before, answered = cpu_seconds(server.pids), 0

    async def client(request: bytes) -> None:
        nonlocal answered
        if (await ask(server.url, request)).startswith(b"HTTP/1.1 2"):
            answered += 1

    clients = [asyncio.create_task(client(request)) for request in requests[:_CLIENTS]]
    await asyncio.sleep(_LEAVE_SECONDS)
    for task in clients:
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    spent = cpu_seconds(server.pids) - before
    while True:  # until it rests
        await asyncio.sleep(1.0)
        now = cpu_seconds(server.pids) - before
        if now - spent < 0.15:
            break
        spent = now
    abandoned = _CLIENTS - answered
    return answered, max(0.0, now - answered * each) / (abandoned * each)


async def die(server: Any, kill: Callable[[], bytes]) -> tuple[float | None, str, float | None]:
    """The model process ends in the middle of a request."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            answer = await ask(server.url, kill())
        heard, what = time.monotonic() - started, answer.split(b"\r\n", 1)[0].decode()
    except TimeoutError:
        heard, what = None, "nothing"
    except (OSError, EOFError):
        heard, what = time.monotonic() - started, "connection closed"
    back = None
    while time.monotonic() - started < _PATIENCE_SECONDS:
        try:
            if (await asyncio.wait_for(asyncio.to_thread(server.check, 7), 5)) is not None:
                back = time.monotonic() - started
                break
        except Exception:  # whatever a broken server says
            await asyncio.sleep(0.05)
    return heard, what, back


def life(name: str, options: argparse.Namespace, own: Callable[..., Any], peer: Callable[..., Any]) -> Life:
    """Both, on the model that takes longer."""
    seeds = itertools.count(5000)
    if name == OwnNode.name:
        with own("small", options) as server:
            answered, computed = asyncio.run(leave(server, seeds))
            worker = next(pid for pid in server.pids if _is_worker(pid))

            def kill() -> bytes:
                # The request is on its way when the process that computes is killed.
                request = next(iter(server.requests(seeds, 1)))
                loop = asyncio.get_running_loop()
                loop.call_later(0.005, os.kill, worker, signal.SIGKILL)
                return request

            return Life(answered, computed, *asyncio.run(die(server, kill)))
    found = next(entry for entry in PEERS if entry.name == name)
    context: AbstractContextManager[Any] = peer(found, "small", options, DEADLY="1")
    with context as server:
        answered, computed = asyncio.run(leave(server, seeds))
        deadly = next(iter(server.requests(iter([_DEADLY]), 1)))
        return Life(answered, computed, *asyncio.run(die(server, lambda: deadly)))


def _is_worker(pid: int) -> bool:
    return b"bootstrap" in Path(f"/proc/{pid}/cmdline").read_bytes()


def table(
    names: Sequence[str], options: argparse.Namespace, own: Callable[..., Any], peer: Callable[..., Any]
) -> Iterator[str]:
    """Markdown."""
    yield f"\n**{_CLIENTS} clients ask at once and leave after {_LEAVE_SECONDS} s; the model process dies**\n"
    yield "| server | answered before | of the rest still computed | a client hears of the death | serves again after |"
    yield "|---|---:|---:|---|---:|"
    for name in names:
        try:
            seen = life(name, options, own, peer)
        except Exception as error:  # a server that does not come through is a result
            yield f"| {name} | | | {error} | |"
            continue
        heard = "never" if seen.heard is None else f"{seen.heard * 1000:.0f} ms: {seen.heard_what}"
        back = "never" if seen.back is None else f"{seen.back:.1f} s"
        yield f"| {name} | {seen.answered} | {seen.computed:.0%} | {heard} | {back} |"
