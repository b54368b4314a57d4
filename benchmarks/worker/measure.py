"""What a worker costs: its start, a hand-off and its end; and what merging the steps of different jobs gains.

uv run python benchmarks/worker/measure.py
"""

from __future__ import annotations

import asyncio
import statistics
import sysconfig
import tempfile
import time
from pathlib import Path

import numpy as np

from artrator.package import read_manifest
from artrator.plugins import PluginInfo
from artrator.plugins.environment import interpreter
from artrator.worker.host import SignedContent, Worker

MANIFEST = """
name = "toy"
version = "1"
title = "Toy"
summary = "Hands its picture back."
task = "image-to-image"
backend = "toy"
license = "Apache-2.0"

[outputs.image]
type = "image"
label = "Picture"
"""
PLUGIN = PluginInfo(
    name="toy",
    version="1",
    distribution="toy",
    origin="environment",
    entry_points={"toy": "toy_backend"},
    interpreter=interpreter(),
    sys_path=(Path(__file__).resolve().parent, Path(sysconfig.get_path("purelib"))),
)
STEPS, JOBS = 25, 8


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        content = SignedContent(Path(folder), read_manifest(MANIFEST), "sha256:" + "0" * 64, {})
        starts = []
        for _ in range(5):
            begun = time.perf_counter()
            worker = await Worker.start_verified(PLUGIN, content)
            starts.append(time.perf_counter() - begun)
            await worker.close()
        print(f"start to ready          median {statistics.median(starts) * 1e3:8.1f} ms")
        worker = await Worker.start_verified(PLUGIN, content)
        missing = " ".join(worker.info.confinement)
        print(f"confined                       {f'not wholly: {missing}' if missing else 'wholly'}")
        for side in (16, 512, 1024):
            await hand_off(worker, side)
        await merged_steps(worker)
        begun = time.perf_counter()
        worker.kill()
        await worker.close()
        print(f"SIGKILL to reaped              {(time.perf_counter() - begun) * 1e3:8.1f} ms")


async def hand_off(worker: Worker, side: int) -> None:
    """A picture to the worker and back."""
    image = np.zeros((side, side, 3), np.uint8)
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        await worker.run("job", {"image": image})
        times.append((time.perf_counter() - begun) * 1e6)
    times.sort()
    print(f"{side:4} x {side:4} there and back median {times[100]:8.0f} us  p10 {times[20]:.0f}  p99 {times[197]:.0f}")


async def merged_steps(worker: Worker) -> None:
    """Jobs of many steps that come one after another, against the same jobs one at a time."""
    image = np.zeros((64, 64, 3), np.uint8)

    async def job(number: int) -> None:
        await asyncio.sleep(number * 0.037)  # nobody arrives in step with anybody
        await worker.run(str(number), {"image": image, "steps": STEPS})

    begun = time.perf_counter()
    await asyncio.gather(*(job(number) for number in range(JOBS)))
    seconds = time.perf_counter() - begun
    alone = JOBS * STEPS * 0.011
    perfect = STEPS * (0.010 + 0.001 * JOBS) + (JOBS - 1) * 0.037
    print(f"{JOBS} jobs of {STEPS} steps             {seconds:8.2f} s")
    print(f"  one at a time {alone:.2f} s, the best there is {perfect:.2f} s")


if __name__ == "__main__":
    asyncio.run(main())
