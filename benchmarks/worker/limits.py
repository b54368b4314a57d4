"""How soon a worker is ended once it has passed a limit, and what the watch costs.

uv run python benchmarks/worker/limits.py

*late* is the time from the moment at which the limit was passed, seen by looking at the process every millisecond,
until it runs no more; *answered* until whoever waits for the run has the error.
"""

from __future__ import annotations

import asyncio
import statistics
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from artrator.errors import ArtratorError
from artrator.package import read_manifest
from artrator.plugins import PluginInfo, Wants
from artrator.plugins.environment import interpreter
from artrator.worker.guard import THREADS
from artrator.worker.host import Limits, SignedContent, Worker
from artrator.worker.usage import Usage, folder_bytes

MANIFEST = """
name = "greedy"
version = "1"
title = "Greedy"
summary = "Takes what it can."
task = "image-to-image"
backend = "greedy"
license = "Apache-2.0"

[outputs.image]
type = "image"
label = "Picture"
"""
FILES = Wants(files=True)
PLUGIN = PluginInfo(
    name="greedy",
    version="1",
    distribution="greedy",
    origin="environment",
    entry_points={"greedy": "greedy_backend"},
    interpreter=interpreter(),
    sys_path=(Path(__file__).resolve().parent, Path(sysconfig.get_path("purelib"))),
    wants=FILES,
    allowed=FILES,
)
IMAGE = np.zeros((8, 8, 3), np.uint8)
MIB = 1 << 20
TIMES = 7


class Witness(threading.Thread):
    """Looks at a process every millisecond: when ``passed`` first says yes, and when it ran last."""

    def __init__(self, pid: int, passed: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.pid, self.passed = pid, passed
        self.at: float | None = None
        self.end = 0.0
        self.start()

    def run(self) -> None:
        state = Path(f"/proc/{self.pid}/stat")
        while True:
            now = time.monotonic()
            try:
                alive = state.read_text().rpartition(")")[2].split()[0] not in "ZX"
            except OSError:
                alive = False
            if not alive:
                self.end = now
                return
            if self.at is None and self.passed():
                self.at = now
            time.sleep(0.001)


async def main() -> None:
    """Measure and print."""
    print(f"{'limit':28} {'late, ms':>22}   {'answered, ms':>22}")
    with tempfile.TemporaryDirectory() as folder:
        content = SignedContent(Path(folder), read_manifest(MANIFEST), "sha256:" + "0" * 64, {})
        for name, do, limits in (
            ("wall clock of a run", "block", {"run_seconds": 0.5}),
            ("memory, 4 threads growing", "grow", {"memory_bytes": 1024 * MIB}),
            ("threads", "threads", {}),
            ("scratch folder", "write", {"scratch_bytes": 64 * MIB}),
            ("size of the outputs", "announce", {"output_bytes": 64 * MIB}),
        ):
            await limit(name, content, do, limits)
        slow = SignedContent(Path(folder), content.manifest, content.digest, {"slow": "0" * 64})
        await load(slow)
        await cost(content)


async def limit(name: str, content: SignedContent, do: str, limits: Mapping[str, Any]) -> None:
    """Pass one limit several times."""
    late, answered, most = [], [], 0
    for _ in range(TIMES):
        worker = await Worker.start_verified(PLUGIN, content, limits=Limits(**limits))
        usage, began, peak = Usage(worker.pid), time.monotonic(), 0

        def passed(worker: Worker = worker, usage: Usage = usage, began: float = began) -> bool:
            nonlocal peak
            if do == "block":
                return time.monotonic() - began >= limits["run_seconds"]
            if do == "grow":
                peak = max(peak, usage.now()[0] or 0)
                return peak > limits["memory_bytes"]
            if do == "threads":
                return usage.now()[1] > THREADS
            if do == "write":
                return folder_bytes(worker._process.scratch, 1 << 40) > limits["scratch_bytes"]
            return bool(worker.output)

        # What has passed once has passed; the peak goes on being measured.
        witness = Witness(worker.pid, passed)
        try:
            await worker.run("job", {"image": IMAGE, "do": do})
        except ArtratorError:
            done = time.monotonic()
        await worker.close()
        witness.join()
        at = float(worker.output.split()[0]) if do == "announce" else witness.at
        if at is None:
            continue  # it was ended between two looks
        late.append((witness.end - at) * 1e3)
        answered.append((done - at) * 1e3)
        most = max(most, peak)
        usage.close()
    more = f"   at most {most / MIB:.0f} MiB of {limits['memory_bytes'] / MIB:.0f} were seen" if most else ""
    print(f"{name:28} {shown(late):>22}   {shown(answered):>22}{more}")


async def load(content: SignedContent) -> None:
    """The time to load."""
    late = []
    for _ in range(TIMES):
        began = time.monotonic()
        try:
            await Worker.start_verified(PLUGIN, content, limits=Limits(load_seconds=1.0))
        except ArtratorError:
            late.append((time.monotonic() - began - 1.0) * 1e3)
    print(f"{'time to load':28} {'':>22}   {shown(late):>22}   the start of the process included")


async def cost(content: SignedContent) -> None:
    """What watching costs the parent, in processor time."""
    bare = replace(PLUGIN, wants=Wants(), allowed=Wants())
    for name, plugin, busy, seconds in (
        ("idle", bare, False, 20.0),
        ("in a run", bare, True, 10.0),
        ("in a run, with a folder", PLUGIN, True, 10.0),
    ):
        worker = await Worker.start_verified(plugin, content, limits=Limits(memory_bytes=1024 * MIB))
        run = asyncio.create_task(worker.run("job", {"image": IMAGE, "do": "block"})) if busy else None
        await asyncio.sleep(2.5)
        used = time.process_time()
        await asyncio.sleep(seconds)
        share = (time.process_time() - used) / seconds
        print(f"watching a worker {name:24} {share * 100:.3f} % of a core")
        worker.kill()
        await worker.close()
        if run is not None:
            await asyncio.gather(run, return_exceptions=True)


def shown(times: list[float]) -> str:
    """The median and the worst."""
    return f"{statistics.median(times):.0f} (worst {max(times):.0f})" if times else "-"


if __name__ == "__main__":
    asyncio.run(main())
