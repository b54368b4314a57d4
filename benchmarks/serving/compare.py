"""Our node beside LitServe, BentoML, Ray Serve, MLServer and plain FastAPI: same models, same PNG, same load, one run.

    uv run python benchmarks/serving/compare.py
    uv run python benchmarks/serving/compare.py --peer litserve --model wide --seconds 10

Every server has one model process with one thread, batches of at most 16, and is loaded by wrk (``apt install wrk``)
over the loopback: 1, 8 and 32 connections, for some seconds each, servers in turn. The node answers over TLS and does
all it does for money: ticket, proof, journal, confined worker, signed receipt. Peers are installed into environments
of their own below ``--folder`` the first time. Linux only.

After the load: what of the work is still computed when its clients have left, and what happens when the model process
dies. Figures are milliseconds of one request, and requests a second.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import bound
import faults
import httpx
import load
import models
import numpy as np
import onnxruntime
from own_node import OwnNode
from peer_servers import PEERS, Peer
from PIL import Image
from processes import Running, cpu_seconds, shared_mib

_AT_ONCE: Final = (1, 8, 32)
_START_SECONDS: Final = 90.0
_CHECKED: Final = 24


class Server(Protocol):
    """Anything that is loaded."""

    name: str

    @property
    def url(self) -> str: ...
    @property
    def pids(self) -> list[int]: ...
    def requests(self, seeds: Iterator[int], count: int) -> Iterator[bytes]: ...
    def check(self, seed: int) -> bytes: ...


class PeerServer:
    """A peer that runs."""

    def __init__(self, peer: Peer, process: Running, port: int) -> None:
        self.peer, self.process, self.port = peer, process, port
        self.name = peer.name

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return self.process.pids

    def requests(self, seeds: Iterator[int], count: int) -> Iterator[bytes]:
        """Requests as they go over the line; a few hundred are sent again and again."""
        for _ in range(min(count, 512)):
            yield load.post(f"127.0.0.1:{self.port}", self.peer.path, self.peer.body(next(seeds)))

    def check(self, seed: int) -> bytes:
        """The picture of one seed."""
        answer = httpx.post(
            self.url + self.peer.path,
            content=self.peer.body(seed),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        answer.raise_for_status()
        return self.peer.picture(answer.content)


@dataclass(frozen=True)
class Row:
    """One server, one model, one number of connections."""

    server: str
    model: str
    at_once: int
    answered: load.Answered
    cpu_ms: float
    memory_mib: float
    start_seconds: float


@contextmanager
def peer_server(peer: Peer, model: str, options: argparse.Namespace, **extra: str) -> Iterator[PeerServer]:
    """Start a peer and wait for its first picture."""
    place, port = peer.install(options.folder), _free_port()
    environment = peer.environment(model, options.folder / "models", port, options.encoder) | extra
    log = options.folder / "log" / f"{peer.name}-{model}.log"
    running = Running.start(peer.arguments(place, port), log, environment, options.folder)
    server = PeerServer(peer, running, port)
    try:
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                server.check(1)
                break
            except (httpx.HTTPError, ValueError) as error:
                if time.monotonic() > until or running.process.poll() is not None:
                    raise RuntimeError(f"{peer.name} does not answer; see {log}") from error
                time.sleep(0.1)
        yield server
    finally:
        running.stop()


@contextmanager
def own_server(model: str, options: argparse.Namespace) -> Iterator[OwnNode]:
    """Start our node and wait for its first picture."""
    with tempfile.TemporaryDirectory() as folder:
        node = OwnNode(Path(folder) / "federation", model, options.folder / "models")
        try:
            node.check(1)
            yield node
        finally:
            node.stop()


@contextmanager
def serving(name: str, model: str, options: argparse.Namespace) -> Iterator[Server]:
    """Any of them, by name."""
    if name == OwnNode.name:
        with own_server(model, options) as node:
            yield node
    else:
        with peer_server(next(peer for peer in PEERS if peer.name == name), model, options) as server:
            yield server


def measure(name: str, model: str, options: argparse.Namespace) -> list[Row]:
    """Check the answers, warm up, then load."""
    rows, started = [], time.monotonic()
    with serving(name, model, options) as server, tempfile.TemporaryDirectory() as folder:
        ready = time.monotonic() - started
        reference = bound.session(options.folder / "models" / f"{model}.onnx")
        for seed in range(_CHECKED):
            made = np.asarray(Image.open(io.BytesIO(server.check(seed)))).astype(int)
            if np.abs(made - bound.picture(reference, model, seed)).max() > 1:
                raise RuntimeError(f"{name} answers with a wrong picture for the seed {seed}")
        seeds, file = itertools.count(1000), Path(folder) / "requests"
        rate = 100.0
        for at_once, seconds in ((8, 1.0), *((at_once, options.seconds) for at_once in _AT_ONCE)):
            load.write(server.requests(seeds, int(rate * 4 * seconds) + 200), file)
            before = cpu_seconds(server.pids)
            answered = load.drive(server.url, file, at_once, seconds)
            spent = cpu_seconds(server.pids) - before
            rate = max(rate, answered.rate)
            if seconds == options.seconds:
                cpu_ms = spent * 1000 / max(1, answered.requests)
                rows.append(Row(name, model, at_once, answered, cpu_ms, shared_mib(server.pids), ready))
    return rows


def table(model: str, limit: bound.Bound, rows: list[Row]) -> Iterator[str]:
    """Markdown."""
    yield (
        f"\n**{model}**: run + encode alone {limit.alone_ms:.2f} ms; at best {limit.best_rate:.0f} pictures a second, "
        f"in batches of {limit.best_batch}\n"
    )
    yield "| server | added at 1, ms | p99 at 1 | 8: a second | p99 | 32: a second | of the bound | p99 |" + (
        " CPU ms a request at 1 | at 32 | MiB (PSS) | start s | failed |"
    )
    yield "|---|" + "---:|" * 12
    for name in dict.fromkeys(row.server for row in rows):
        one, eight, many = (
            next(row for row in rows if (row.server, row.at_once) == (name, at_once)) for at_once in _AT_ONCE
        )
        failed = sum(row.answered.failed for row in (one, eight, many))
        yield (
            f"| {name} | {one.answered.p50 - limit.alone_ms:+.2f} | {one.answered.p99:.1f} | {eight.answered.rate:.0f} "
            f"| {eight.answered.p99:.1f} | {many.answered.rate:.0f} | {many.answered.rate / limit.best_rate:.2f} "
            f"| {many.answered.p99:.1f} | {one.cpu_ms:.2f} | {many.cpu_ms:.2f} | {many.memory_mib:.0f} "
            f"| {one.start_seconds:.1f} | {failed} |"
        )


def _free_port() -> int:
    """One with two free ones behind it, which MLServer wants."""
    for port in range(18_100, 30_000, 10):
        if all(_is_free(port + number) for number in range(3)):
            return port
    raise RuntimeError("no free port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Command line."""
    names = [OwnNode.name, *(peer.name for peer in PEERS)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", choices=names, help="only these; all if none is named")
    parser.add_argument("--model", action="append", choices=sorted(models.NOISE))
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument(
        "--encoder", choices=sorted(bound.ENCODERS), default="pillow", help="of the peers and the bound"
    )
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "artrator-benchmarks")
    parser.add_argument("--no-faults", action="store_true", help="leave out clients that leave and models that die")
    options: Any = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is needed: apt install wrk")
    options.folder = options.folder.resolve()
    models.write(options.folder / "models")
    chosen = options.peer or names
    _say(
        f"{os.cpu_count()} cores ({platform.machine()}), load {os.getloadavg()[0]:.1f}, Python "
        f"{platform.python_version()}, onnxruntime {onnxruntime.__version__}, peers encode with {options.encoder}"
    )
    for model in options.model or ["small", "wide"]:
        limit = bound.measure(options.folder / "models" / f"{model}.onnx", model, options.encoder)
        rows: list[Row] = []
        for name in chosen:
            sys.stderr.write(f"{model}: {name}\n")
            try:
                rows += measure(name, model, options)
            except (RuntimeError, httpx.HTTPError) as error:
                _say(f"{name}: {error}")
        for line in table(model, limit, rows):
            _say(line)
    if not options.no_faults:
        for line in faults.table(chosen, options, own_server, peer_server):
            _say(line)


if __name__ == "__main__":
    main()
