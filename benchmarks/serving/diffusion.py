"""Jobs of many steps that arrive one by one: batching of steps against batching of requests, and against perfection.

uv run python benchmarks/serving/diffusion.py [--litserve PYTHON] [--rounds 5]

``--litserve`` names the interpreter of an environment that has litserve, onnxruntime and numpy; without it, that row is
left out. Every round draws other arrivals and steps; each system gets the same ones, one system after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from artrator.backend import Device
from artrator.onnx_runtime import Session, session
from artrator.package import read_manifest
from artrator.plugins import PluginInfo
from artrator.plugins.environment import interpreter
from artrator.worker.host import SignedContent, Worker

HERE = Path(__file__).resolve().parent
JOBS, STEPS, WIDTH, LAYERS = 16, (20, 50), 2048, 5
#: The peers' window, and the largest batch of every system.
WINDOW_SECONDS, MOST = 0.005, 16
MANIFEST = """
name = "steps"
version = "1"
title = "Steps"
summary = "Goes its steps."
task = "text-to-image"
backend = "steps"
license = "Apache-2.0"

[inputs]
seed = { type = "integer", label = "Seed" }
steps = { type = "integer", label = "Steps" }

[outputs.image]
type = "image"
label = "Picture"
"""


@dataclass(frozen=True)
class Job:
    """One request."""

    seed: int
    steps: int
    arrives: float


@dataclass(frozen=True)
class Outcome:
    """What became of a round: seconds from the first arrival to the last end, and of each job from arrival to end."""

    whole: float
    each: Sequence[float]


Serve = Callable[[Job], Awaitable[None]]


def denoiser() -> bytes:
    """Dense layers: memory-bound, as large networks on a card are, so that 16 rows cost little more than one."""
    numbers = np.random.default_rng(5)
    weights = [numbers.standard_normal((WIDTH, WIDTH), dtype=np.float32) / WIDTH**0.5 for _ in range(LAYERS)]
    nodes = [helper.make_node("Add", ["sample", "time"], ["h0"])]
    for layer in range(LAYERS):
        nodes.append(helper.make_node("MatMul", [f"h{layer}", f"w{layer}"], [f"m{layer}"]))
        nodes.append(helper.make_node("Tanh", [f"m{layer}"], [f"h{layer + 1}" if layer < LAYERS - 1 else "noise"]))
    graph = helper.make_graph(
        nodes,
        "denoiser",
        [
            helper.make_tensor_value_info("sample", TensorProto.FLOAT, ["n", WIDTH]),
            helper.make_tensor_value_info("time", TensorProto.FLOAT, ["n", 1]),
        ],
        [helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["n", WIDTH])],
        [numpy_helper.from_array(weight, f"w{layer}") for layer, weight in enumerate(weights)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def step_seconds(model: Session) -> list[float]:
    """What a step takes with 1, 2, … rows, the median of several."""
    found = [0.0]
    for rows in range(1, MOST + 1):
        feeds = {"sample": np.ones((rows, WIDTH), np.float32), "time": np.ones((rows, 1), np.float32)}
        times = []
        for _ in range(9):
            begun = time.perf_counter()
            model.run(feeds, ["noise"])
            times.append(time.perf_counter() - begun)
        found.append(statistics.median(times))
    return found


def draw(number: int, seconds: Sequence[float]) -> list[Job]:
    """The jobs of a round: they arrive at random within the time in which the longest of them would be made."""
    chance = random.Random(number)
    within = STEPS[1] * seconds[MOST]
    jobs = [
        Job(chance.randrange(1 << 30), chance.randint(*STEPS), chance.uniform(0, within) if place else 0.0)
        for place in range(JOBS)
    ]
    return sorted(jobs, key=lambda job: job.arrives)


# --- what there is to compare


def perfect(jobs: Sequence[Job], seconds: Sequence[float]) -> Outcome:
    """Reckoned: every step takes all that are there, and nothing but the step takes time."""
    now, waiting, ends = 0.0, list(jobs), {}
    left: dict[Job, int] = {}
    while waiting or left:
        if not left:
            now = max(now, waiting[0].arrives)
        while waiting and waiting[0].arrives <= now:
            job = waiting.pop(0)
            left[job] = job.steps
        now += seconds[len(left)]
        for job in list(left):
            left[job] -= 1
            if not left[job]:
                del left[job]
                ends[job] = now
    return Outcome(max(ends.values()), [ends[job] - job.arrives for job in jobs])


async def served(jobs: Sequence[Job], serve: Serve) -> Outcome:
    """Send each job at its time."""
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def one(job: Job) -> float:
        await asyncio.sleep(begun + job.arrives - loop.time())
        await serve(job)
        return loop.time() - begun - job.arrives

    each = await asyncio.gather(*(one(job) for job in jobs))
    return Outcome(max(job.arrives + seconds for job, seconds in zip(jobs, each, strict=True)), each)


class RequestBatches:
    """Batching of whole requests in this very process: what comes within the window goes together, for the longest."""

    def __init__(self, model: Session) -> None:
        self._model = model
        self._queue: asyncio.Queue[tuple[Job, asyncio.Future[None]]] = asyncio.Queue()
        self._task = asyncio.create_task(self._serve())

    async def run(self, job: Job) -> None:
        done = asyncio.get_running_loop().create_future()
        await self._queue.put((job, done))
        await done

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            batch = [await self._queue.get()]
            until = time.monotonic() + WINDOW_SECONDS
            while len(batch) < MOST and (left := until - time.monotonic()) > 0:
                try:
                    batch.append(await asyncio.wait_for(self._queue.get(), left))
                except TimeoutError:
                    break
            await asyncio.to_thread(self._predict, [job for job, _ in batch])
            for _, done in batch:
                done.set_result(None)

    def _predict(self, jobs: Sequence[Job]) -> None:
        samples = np.stack([np.random.default_rng(j.seed).standard_normal(WIDTH, dtype=np.float32) for j in jobs])
        wanted = np.array([[job.steps] for job in jobs], np.float32)
        for step in range(int(wanted.max())):
            times = np.maximum(0, 1 - step / wanted).astype(np.float32)
            noise = self._model.run({"sample": samples, "time": times}, ["noise"])["noise"]
            samples = np.where(step < wanted, samples - noise / wanted, samples)


async def start_worker(folder: Path) -> Worker:
    """Our worker process, confined and with the batcher that every package gets."""
    plugin = PluginInfo(
        name="steps",
        version="1",
        distribution="steps",
        origin="environment",
        entry_points={"steps": "steps_backend"},
        interpreter=interpreter(),
        sys_path=(HERE, Path(sysconfig.get_path("purelib"))),
    )
    import hashlib

    hashes = {"denoiser.onnx": hashlib.sha256((folder / "denoiser.onnx").read_bytes()).hexdigest()}
    content = SignedContent(folder, read_manifest(MANIFEST), "sha256:" + "0" * 64, hashes)
    return await Worker.start_verified(plugin, content, device=Device(threads=1))


async def start_litserve(python: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """LitServe in its own environment, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, str(HERE / "steps_litserve.py"), str(folder / "denoiser.onnx"), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/predict"
    async with httpx.AsyncClient(timeout=60) as client:
        for _ in range(300):
            try:
                if (await client.post(url, json={"seed": 1, "steps": 20})).status_code == 200:
                    return process, url
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    process.terminate()
    raise SystemExit("LitServe did not start.")


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litserve", help="the interpreter of an environment with litserve")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.joinpath("denoiser.onnx").write_bytes(denoiser())
        model = session(folder.joinpath("denoiser.onnx").read_bytes(), Device(threads=1))
        worker = await start_worker(folder)
        numbers = iter(range(1 << 30))

        async def in_worker(job: Job) -> None:
            number = str(next(numbers))
            await worker.run(number, {"seed": job.seed, "steps": job.steps}, buyer=number)

        requests = RequestBatches(model)
        systems: dict[str, Serve] = {"our worker": in_worker, "whole requests, in process": requests.run}
        lit = await start_litserve(given.litserve, folder) if given.litserve else None
        client = httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=JOBS))
        if lit is not None:
            url = lit[1]

            async def in_litserve(job: Job) -> None:
                (await client.post(url, json={"seed": job.seed, "steps": job.steps})).raise_for_status()

            systems["LitServe"] = in_litserve
        found: dict[str, list[Outcome]] = {name: [] for name in ("perfect", *systems)}
        seconds = step_seconds(model)
        try:
            for serve in systems.values():  # nobody is measured cold
                await served(draw(-1, seconds), serve)
            for number in range(given.rounds):
                seconds = step_seconds(model)
                jobs = draw(number, seconds)
                found["perfect"].append(perfect(jobs, seconds))
                for name, serve in systems.items():
                    found[name].append(await served(jobs, serve))
        finally:
            await client.aclose()
            await requests.close()
            await worker.close()
            if lit is not None:
                lit[0].terminate()
                lit[0].wait(20)
    print(
        f"{given.rounds} rounds of {JOBS} jobs of {STEPS[0]} to {STEPS[1]} steps; a step alone "
        f"{seconds[1] * 1e3:.1f} ms, of {MOST} {seconds[MOST] * 1e3:.1f} ms\n"
    )
    print("| | images/s | share of perfect | p50 s | p95 s |\n|---|---|---|---|---|")
    best = rate(found["perfect"])
    for name, outcomes in found.items():
        each = sorted(seconds for outcome in outcomes for seconds in outcome.each)
        p50, p95 = each[len(each) // 2], each[int(len(each) * 0.95)]
        print(f"| {name} | {rate(outcomes):.1f} | {rate(outcomes) / best:.2f} | {p50:.2f} | {p95:.2f} |")


def rate(outcomes: Sequence[Outcome]) -> float:
    """Pictures a second over all rounds."""
    return sum(len(outcome.each) for outcome in outcomes) / sum(outcome.whole for outcome in outcomes)


if __name__ == "__main__":
    asyncio.run(main())
