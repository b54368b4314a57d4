"""What an order costs the registry: quote, order with hold and ticket, and settlement, through the real HTTP API.

A registry process (``artrator registry serve``) is loaded by this process over loopback, with 1, 8, 32 and 128 buyers
at once; each buyer runs jobs one after another: ``POST /v1/quotes``, ``PUT /v1/orders/{id}``, and the receipt with the
buyer's acknowledgement, which settles at once and which the one node of all these buyers brings as real nodes do: one
``POST /v1/receipts`` after another, each with what waits by then. Beside it, in the same run and on the same disk,
stands the raw bound: the very statements that one such job ran, run again by bare ``sqlite3`` for other ids, with as
many jobs in a commit as there are buyers, without HTTP, JSON, checks, queries or signatures.

Then an open loop, jobs at a fixed rate whoever is free, beside what a bare ``fdatasync`` takes on that disk. ::

    uv run python benchmarks/registry/orders.py
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from load import CREDITS, Load, Took
from recording import Recording, record

from artrator.money import MICRO
from artrator_registry import Settings
from artrator_registry.storage import connect

#: What is timed, and its heading; p50 and p99.
STEPS = {"job": "job p50 / p99 ms", "quote": "quote", "order": "order + ticket", "settle": "settle"}
REGISTRY = [sys.executable, "-c", "from artrator_registry.cli import registry; registry()"]
UNLIMITED = ("--quotes-per-minute", "100000000", "--orders-per-day", "100000000")
#: What a group of commits writes at once, about.
_SYNCED = b"\0" * 65_536


@dataclass(frozen=True)
class Measured:
    """A load, and the processor time per job of the registry and of the generator, in ms."""

    took: Took
    registry: float
    generator: float

    def cells(self) -> list[str]:
        return [quantiles(getattr(self.took, step)) for step in STEPS]


def measure(
    process: subprocess.Popen[str],
    port: int,
    data: Path,
    buyers: int,
    seconds: float,
    *,
    name: str = "atelier",
    rate: float | None = None,
) -> Measured:
    """Load a running registry; preparing the buyers is not counted."""

    async def loaded() -> Measured:
        load = await Load.prepare(port, data, buyers, f"{name}-{buyers}")
        before, mine = cpu_seconds(process.pid), time.process_time()
        took = await load.run(seconds, rate)
        spent = cpu_seconds(process.pid) - before, time.process_time() - mine
        load.close()
        return Measured(took, *(each / len(took.job) * 1000 for each in spent))

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(loaded())


def quantiles(seconds: Sequence[float]) -> str:
    """The median and the 99th percentile, in ms."""
    cuts = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [*seconds] * 99
    return f"{cuts[49] * 1000:.1f} / {cuts[98] * 1000:.1f}"


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not on Windows
        return None
    loop: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return loop


def sync_times(folder: Path, seconds: float) -> list[float]:
    """How long this disk takes to sync an append, a hundred times a second, with nobody else."""
    took, until = [], time.perf_counter() + seconds
    with (folder / "synced").open("wb", buffering=0) as file:
        while time.perf_counter() < until:
            file.write(_SYNCED)
            start = time.perf_counter()
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            took.append(time.perf_counter() - start)
            time.sleep(0.01)
    (folder / "synced").unlink()
    return took


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
        # A few buyers do here what thousands would.
        [*REGISTRY, "serve", "--init", "--data", str(data), "--port", "0", *UNLIMITED],
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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each number of buyers")
    parser.add_argument("--buyers", type=int, nargs="*", default=[1, 8, 32, 128])
    parser.add_argument("--rate", type=float, default=200.0, help="of the open loop, in jobs a second")
    parser.add_argument("--open-seconds", type=float, default=15.0, help="of the open loop")
    parser.add_argument("--folder", type=Path, help="where the databases are made: the disk that is measured")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    versions = f"python {platform.python_version()}, sqlite {sqlite3.sqlite_version}"
    print(f"{versions}, {os.cpu_count()} cores, load before {load:.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data = Path(folder) / "registry"
        raw = Settings(data=Path(folder) / "raw")
        recording = record(raw.data, CREDITS // MICRO)
        process, port = serve(data)
        try:
            costs = "registry CPU ms/job", "generator CPU ms/job"
            columns = ("buyers", "jobs/s", "raw bound jobs/s", "share", *costs, *STEPS.values())
            print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
            for buyers in options.buyers:
                # Half of the bound before and half after: a shared machine is not the same from minute to minute.
                bound = raw_bound(raw.database, recording, buyers, options.seconds / 4)
                got = measure(process, port, data, buyers, options.seconds)
                bound = (bound + raw_bound(raw.database, recording, buyers, options.seconds / 4)) / 2
                cells = [
                    str(buyers),
                    f"{got.took.rate:.0f}",
                    f"{bound:.0f}",
                    f"{got.took.rate / bound:.0%}",
                    f"{got.registry:.2f}",
                    f"{got.generator:.2f}",
                    *got.cells(),
                ]
                print(f"| {' | '.join(cells)} |", flush=True)
            synced = sync_times(Path(folder), 3.0)
            got = measure(process, port, data, 128, options.open_seconds, name="open", rate=options.rate)
            synced += sync_times(Path(folder), 3.0)
            print(
                f"\nopen loop at {options.rate:.0f} jobs/s: {got.took.rate:.0f} done, job p50 / p99"
                f" {quantiles(got.took.job)} ms, worst {max(got.took.job) * 1000:.0f} ms; a bare fdatasync p50 / p99"
                f" {quantiles(synced)} ms, worst {max(synced) * 1000:.0f} ms"
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        audited = subprocess.run([*REGISTRY, "audit", "--data", str(data)], capture_output=True, text=True, check=True)
        print(audited.stdout.strip())


if __name__ == "__main__":
    main()
