"""What an order costs the registry: quote, order with hold and ticket, and settlement, through the real HTTP API.

A registry process (``artrator registry serve``) is loaded by this process over loopback, with 1, 8, 32 and 128 buyers
at once; each buyer runs jobs one after another: ``POST /v1/quotes``, ``PUT /v1/orders/{id}``, and the node's
``PUT /v1/orders/{id}/receipt`` with the buyer's acknowledgement, which settles at once. Beside it, in the same run and
on the same disk, stands the raw bound: the very statements that one such job ran, run again by bare ``sqlite3`` for
other ids, with group commit, without HTTP, JSON, checks, queries or signatures. ::

    uv run python benchmarks/registry/orders.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from recording import Recording, record
from registry_world import Node, acknowledge, make_package

from artrator.clients.registry import RegistryClient
from artrator.keys import PrivateKey
from artrator.messages import registry as m
from artrator.money import MICRO
from artrator_registry import Settings
from artrator_registry.rails.service import grant
from artrator_registry.storage import Transaction, connect

CREDITS = 10**14
#: What is timed, and its heading; p50 and p99.
STEPS = {"job_ms": "job p50 / p99 ms", "quote_ms": "quote", "order_ms": "order + ticket", "settle_ms": "settle"}
REGISTRY = [sys.executable, "-c", "from artrator_registry.cli import registry; registry()"]


class Connection:
    """One kept-open HTTP/1.1 connection: as little client as there can be, because it shares the machine."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"Host: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        data = json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n"
        self._writer.write(head.encode() + data)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n")[1:-2])
        value: dict[str, Any] = json.loads(await self._reader.readexactly(int(fields[b"content-length"])))
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(value)
        return value

    def close(self) -> None:
        self._writer.close()


async def buyer(
    key: PrivateKey, node: Node, listing: str, mine: Connection, creators: Connection, starts: Iterator[float]
) -> list[tuple[float, ...]]:
    """Jobs one after another; the seconds of each step, and of the whole since it should have started."""
    took = []
    for due in starts:
        await asyncio.sleep(due - time.perf_counter())
        start = time.perf_counter()
        quote = await mine.send(
            "POST", "/v1/quotes", {"listing": listing, "measures": {"step": 20}, "request": "ab" * 32}
        )
        quoted = time.perf_counter()
        order = str(uuid.uuid4())
        wanted = {"quote": quote["quote"], "node": node.id, "max_price": quote["cap"]}
        placed = await mine.send("PUT", f"/v1/orders/{order}", wanted)
        ordered = time.perf_counter()
        receipt = node.receipt(m.Order.model_validate(placed))
        both = {"receipt": receipt, "acknowledgement": acknowledge(key, order, receipt)}
        signed = time.perf_counter()
        settled = await creators.send("PUT", f"/v1/orders/{order}/receipt", both)
        assert settled["state"] == "settled"
        end = time.perf_counter()
        took.append((quoted - start, ordered - quoted, end - signed, end - due))
    return took


def closed_loop(until: float) -> Iterator[float]:
    """Now, again and again: each buyer is as fast as it can be."""
    while (now := time.perf_counter()) < until:
        yield now


def open_loop(start: float, until: float, rate: float) -> Iterator[float]:
    """At a rate, whoever is free: a job that is late does not make the next one late."""
    return takewhile(lambda due: due < until, (start + n / rate for n in count()))


async def through_http(
    port: int, data: Path, buyers: int, seconds: float, *, name: str = "", rate: float | None = None
) -> dict[str, Any]:
    """Load the registry with this many buyers at once, each as fast as it can, or all together at a rate of jobs/s.

    A rate is an open loop: a job that is late does not make the next one late, and its waiting counts.
    """
    url, creator_key = f"http://127.0.0.1:{port}", PrivateKey.generate()
    name = f"{name or 'atelier'}-{buyers}"
    made, node = make_package(creator_key), Node(creator_key)
    async with RegistryClient(url, creator_key, handle=name) as creator:
        creator_token = (await creator.sign_in()).token
        await creator.publish(f"{name}/painter", made.publication)
        await creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
        warm = m.PackageState(package=made.package, state=m.NodeState.WARM)
        await creator.heartbeat(node.id, m.Heartbeat(packages=[warm]))
    keys = [PrivateKey.generate() for _ in range(buyers)]
    pairs = []
    for i, key in enumerate(keys):
        async with RegistryClient(url, key, handle=f"{name}-{i}") as client:
            token = (await client.sign_in()).token
        db = connect(data / "registry.db")
        db.execute("BEGIN IMMEDIATE")
        grant(Transaction(db, time.time()), f"{name}-{i}", CREDITS, "", str(uuid.uuid4()))
        db.execute("COMMIT")
        db.close()
        pair = Connection(port, token), Connection(port, creator_token)
        for connection in pair:
            await connection.open()
        pairs.append(pair)
    start = time.perf_counter()
    arrivals = open_loop(start, start + seconds, rate) if rate else None
    done = await asyncio.gather(
        *(
            buyer(key, node, f"{name}/painter", mine, creators, arrivals or closed_loop(start + seconds))
            for key, (mine, creators) in zip(keys, pairs, strict=True)
        )
    )
    elapsed = time.perf_counter() - start
    for pair in pairs:
        for connection in pair:
            connection.close()
    jobs = [job for jobs in done for job in jobs]
    return {
        "buyers": buyers,
        "jobs": len(jobs),
        "jobs_per_second": len(jobs) / elapsed,
        **{step: _quantiles([job[i] for job in jobs]) for i, step in enumerate(("quote_ms", "order_ms", "settle_ms"))},
        "job_ms": _quantiles([job[3] for job in jobs]),
    }


def _quantiles(values: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100) if len(values) > 1 else values * 99
    return cuts[49] * 1000, cuts[98] * 1000


def raw_bound(path: Path, recording: Recording, group: int, seconds: float) -> float:
    """Jobs a second by bare sqlite3: what one real job wrote, again and again, in three commits for each ``group``."""
    db = connect(path)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for commit in zip(*(recording.again() for _ in range(group)), strict=True):
            db.execute("BEGIN IMMEDIATE")
            for statements in commit:
                for sql, parameters in statements:
                    db.execute(sql, parameters)
            db.execute("COMMIT")
        done += group
    elapsed = time.perf_counter() - start
    db.close()
    return done / elapsed


def serve(data: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [*REGISTRY, "serve", "--data", str(data), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("listening on "):
            return process, int(line.rpartition(":")[2])
    raise RuntimeError("the registry did not start")


def cpu_seconds(pid: int) -> float:
    """Processor time of a running process: the figure that a busy machine distorts least. NaN where unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each number of buyers")
    parser.add_argument("--buyers", type=int, nargs="*", default=[1, 8, 32, 128])
    parser.add_argument("--rate", type=float, default=200.0, help="of the open loop, in jobs a second")
    parser.add_argument("--folder", type=Path, help="where the databases are made: the disk that is measured")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    versions = f"python {platform.python_version()}, sqlite {sqlite3.sqlite_version}"
    print(f"{versions}, {os.cpu_count()} cores, load before {load:.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data = Path(folder) / "registry"
        raw = Settings(data=Path(folder) / "raw")
        recording = record(raw.data, CREDITS // MICRO)
        process, port = serve(data)
        try:
            columns = ("buyers", "jobs/s", "raw bound jobs/s", "share", "server CPU ms/job", *STEPS.values())
            print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
            for buyers in options.buyers:
                bound = raw_bound(raw.database, recording, buyers, options.seconds / 2)
                before = cpu_seconds(process.pid)
                got = asyncio.run(through_http(port, data, buyers, options.seconds))
                cells = [
                    str(buyers),
                    f"{got['jobs_per_second']:.0f}",
                    f"{bound:.0f}",
                    f"{got['jobs_per_second'] / bound:.0%}",
                    f"{(cpu_seconds(process.pid) - before) / got['jobs'] * 1000:.1f}",
                    *(f"{got[step][0]:.1f} / {got[step][1]:.1f}" for step in STEPS),
                ]
                print(f"| {' | '.join(cells)} |", flush=True)
            got = asyncio.run(through_http(port, data, 128, options.seconds, name="open", rate=options.rate))
            print(
                f"\nopen loop at {options.rate:.0f} jobs/s: {got['jobs_per_second']:.0f} done,"
                f" job p50 {got['job_ms'][0]:.1f} ms, p99 {got['job_ms'][1]:.1f} ms"
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        audited = subprocess.run([*REGISTRY, "audit", "--data", str(data)], capture_output=True, text=True, check=True)
        print(audited.stdout.strip())


if __name__ == "__main__":
    main()
