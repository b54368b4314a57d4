"""Jobs of many steps that arrive one by one: batching of steps against batching of requests, and against perfection.

uv run python benchmarks/serving/diffusion.py [--litserve PYTHON] [--rounds 5]

``--litserve`` names the interpreter of an environment that has litserve, onnxruntime and numpy; without it, that row is
left out. Every round draws other arrivals and steps; each system gets the same ones, one system after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from processes import children, cpu_seconds
from registry_double import RegistryDouble
from toy_node import ToyNode

from artrator.backend import Device
from artrator.keys import PrivateKey
from artrator.onnx_runtime import Session, session
from artrator.package import sign
from artrator.plugins import find_backend
from artrator.worker.host import Worker

HERE = Path(__file__).resolve().parent
JOBS, STEPS, SHAPE, LAYERS = 16, (20, 50), (1, 32, 64), 8
WIDTH = int(np.prod(SHAPE))
#: The peers' window, and their largest batch.
WINDOW_SECONDS, MOST = 0.005, 16
MANIFEST = """
name = "steps"
version = "1"
title = "Steps"
summary = "Goes its steps."
task = "text-to-image"
backend = "diffusion"
license = "Apache-2.0"

[inputs]
prompt = { type = "text", label = "Prompt", default = "a cat" }
seed = { type = "integer", label = "Seed" }
steps = { type = "integer", label = "Steps", minimum = 1, maximum = 100 }

[outputs.image]
type = "image"
label = "Picture"

[cost.step]
label = "Step"
factors = ["steps"]

[settings]
pipeline = "flow"

[settings.sampling]
steps = "steps"
guidance = 1.0
seed = "seed"
preview_every = 0

[settings.text]
input = "prompt"
graph = "text.onnx"
tokenizer = "tokenizer.json"
max_length = 16
output = "hidden"
pooling = "mean"

[settings.denoiser]
graph = "denoiser.onnx"

[settings.denoiser.conditions.condition]
input = "prompt"
"""


Floats = np.ndarray
Tensors = dict[str, tuple[int, list[str | int]]]


@dataclass(frozen=True)
class Job:
    """One request."""

    seed: int
    steps: int
    arrives: float


@dataclass(frozen=True)
class Outcome:
    """What became of a round.

    Attributes:
        whole: Seconds from the first arrival to the last end.
        each: Seconds of each job from its arrival to its end.
        processor: Seconds of processor that the system took; on a machine that does other things, these are to be
            trusted more than the others.
    """

    whole: float
    each: Sequence[float]
    processor: float


Serve = Callable[[Job], Awaitable[None]]


def graph(nodes: Sequence[tuple[str, list[str], list[str]]], reads: Tensors, makes: Tensors, **stored: Floats) -> bytes:
    """An ONNX model."""
    made = helper.make_graph(
        [helper.make_node(*node) for node in nodes],
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in reads.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in makes.items()],
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def denoiser() -> bytes:
    """Dense layers: memory-bound, as large networks on a card are, so that 16 rows cost little more than one."""
    numbers = np.random.default_rng(5)
    stored: dict[str, Floats] = {
        f"w{layer}": numbers.standard_normal((WIDTH, WIDTH), dtype=np.float32) / np.float32(WIDTH**0.5)
        for layer in range(LAYERS)
    }
    stored["from_text"] = numbers.standard_normal((4, WIDTH), dtype=np.float32)
    stored |= {"flat": np.array([-1, WIDTH]), "column": np.array([-1, 1]), "square": np.array([-1, *SHAPE])}
    nodes = [
        ("Reshape", ["sample", "flat"], ["s"]),
        ("Reshape", ["time", "column"], ["t"]),
        ("MatMul", ["condition", "from_text"], ["c"]),
        ("Add", ["s", "t"], ["st"]),
        ("Add", ["st", "c"], ["h0"]),
    ]
    for layer in range(LAYERS):
        nodes.append(("MatMul", [f"h{layer}", f"w{layer}"], [f"m{layer}"]))
        nodes.append(("Tanh", [f"m{layer}"], [f"h{layer + 1}"]))
    nodes.append(("Reshape", [f"h{LAYERS}", "square"], ["velocity"]))
    sample = (TensorProto.FLOAT, ["n", *SHAPE])
    reads = {"sample": sample, "time": (TensorProto.FLOAT, ["n"]), "condition": (TensorProto.FLOAT, ["n", 4])}
    return graph(nodes, reads, {"velocity": sample}, **stored)


def write_package(folder: Path, key: PrivateKey) -> str:
    """A signed package of the diffusion backend around that denoiser."""
    folder.mkdir(parents=True)
    words = {"[PAD]": 0, "[UNK]": 1, "a": 2, "cat": 3}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
    }
    (folder / "artrator.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "denoiser.onnx").write_bytes(denoiser())
    text = graph(
        [("Gather", ["table", "input_ids"], ["hidden"])],
        {"input_ids": (TensorProto.INT64, ["n", "t"])},
        {"hidden": (TensorProto.FLOAT, ["n", "t", 4])},
        table=np.random.default_rng(6).standard_normal((4, 4), dtype=np.float32),
    )
    (folder / "text.onnx").write_bytes(text)
    return sign(folder, key)


def feeds(rows: int) -> dict[str, Floats]:
    """What the denoiser is given."""
    return {
        "sample": np.ones((rows, *SHAPE), np.float32),
        "time": np.ones(rows, np.float32),
        "condition": np.ones((rows, 4), np.float32),
    }


def step_seconds(model: Session) -> tuple[list[float], list[float]]:
    """What a step takes with 1, 2, … rows, the median of several: seconds, and seconds of processor."""
    found, spent = [0.0], [0.0]
    for rows in range(1, MOST + 1):
        given = feeds(rows)
        times, costs = [], []
        for _ in range(9):
            begun, cost = time.perf_counter(), time.thread_time()
            model.run(given, ["velocity"])
            times.append(time.perf_counter() - begun)
            costs.append(time.thread_time() - cost)
        found.append(statistics.median(times))
        spent.append(statistics.median(costs))
    return found, spent


def draw(number: int, seconds: Sequence[float], share: float) -> list[Job]:
    """The jobs of a round: they arrive at random within a share of the time that the longest takes in a full batch."""
    chance = random.Random(number)
    within = share * STEPS[1] * seconds[MOST]
    jobs = [
        Job(chance.randrange(1 << 30), chance.randint(*STEPS), chance.uniform(0, within) if place else 0.0)
        for place in range(JOBS)
    ]
    return sorted(jobs, key=lambda job: job.arrives)


# --- what there is to compare


def perfect(jobs: Sequence[Job], seconds: Sequence[float], costs: Sequence[float]) -> Outcome:
    """Reckoned: every step takes all that are there, and nothing but the step takes time."""
    now, spent, waiting, ends = 0.0, 0.0, list(jobs), {}
    left: dict[Job, int] = {}
    while waiting or left:
        if not left:
            now = max(now, waiting[0].arrives)
        while waiting and waiting[0].arrives <= now:
            job = waiting.pop(0)
            left[job] = job.steps
        now += seconds[len(left)]
        spent += costs[len(left)]
        for job in list(left):
            left[job] -= 1
            if not left[job]:
                del left[job]
                ends[job] = now
    return Outcome(max(ends.values()), [ends[job] - job.arrives for job in jobs], spent)


async def served(jobs: Sequence[Job], serve: Serve, pids: Callable[[], Sequence[int]]) -> Outcome:
    """Send each job at its time."""
    loop = asyncio.get_running_loop()
    before = cpu_seconds(pids())
    begun = loop.time()

    async def one(job: Job) -> float:
        await asyncio.sleep(begun + job.arrives - loop.time())
        await serve(job)
        return loop.time() - begun - job.arrives

    each = await asyncio.gather(*(one(job) for job in jobs))
    whole = max(job.arrives + seconds for job, seconds in zip(jobs, each, strict=True))
    return Outcome(whole, each, cpu_seconds(pids()) - before)


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
        samples = np.stack([np.random.default_rng(j.seed).standard_normal(SHAPE, dtype=np.float32) for j in jobs])
        wanted = np.array([job.steps for job in jobs], np.float32)
        each = wanted[:, None, None, None]
        given = feeds(len(jobs))
        for step in range(int(wanted.max())):
            given |= {"sample": samples, "time": np.minimum(1, step / wanted).astype(np.float32)}
            velocity = self._model.run(given, ["velocity"])["velocity"]
            samples = np.where(step < each, samples + velocity / each, samples)


async def start_litserve(python: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """LitServe in its own environment, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, str(HERE / "steps_litserve.py"), str(folder / "denoiser.onnx"), str(port)]
    # In a session of its own: it leaves processes behind when it alone is asked to end.
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
    url = f"http://127.0.0.1:{port}/predict"
    async with httpx.AsyncClient(timeout=60) as client:
        for _ in range(300):
            try:
                if (await client.post(url, json={"seed": 1, "steps": 20})).status_code == 200:
                    return process, url
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    raise SystemExit("LitServe did not start.")


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litserve", help="the interpreter of an environment with litserve")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--within", type=float, default=0.5, help="arrivals, as a share of the longest job's time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        registry = RegistryDouble(next_in=15.0)
        registry.start()
        settings = {"threads": 1, "device": "cpu", "log_level": "warning", "jobs_per_buyer": 100_000}
        node = ToyNode(folder / "node", registry, settings=settings, write=write_package)
        key = node.creator.identity.public
        plugin = find_backend("diffusion")
        worker = await Worker.start(plugin, node.package, key, device=Device(threads=1))
        model = session((node.package / "denoiser.onnx").read_bytes(), Device(threads=1))
        await asyncio.to_thread(node.start)
        numbers = iter(range(1 << 30))

        async def in_worker(job: Job) -> None:
            number = str(next(numbers))
            await worker.run(number, {"prompt": "a cat", "seed": job.seed, "steps": job.steps}, buyer=number)

        async def in_node(job: Job) -> None:
            request = node.request({"seed": job.seed, "steps": job.steps})
            await node.submit(buyer, request)
            await node.finished(buyer, request.job)

        requests = RequestBatches(model)
        service = node.service
        assert service is not None
        systems: dict[str, tuple[Serve, Callable[[], Sequence[int]]]] = {
            "our worker": (in_worker, lambda: [worker.pid]),
            "our node": (in_node, lambda: children(service.pid)),
            "whole requests, in process": (requests.run, lambda: [os.getpid()]),
        }
        lit = await start_litserve(given.litserve, node.package) if given.litserve else None
        client = httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=JOBS))
        if lit is not None:
            process, url = lit

            async def in_litserve(job: Job) -> None:
                (await client.post(url, json={"seed": job.seed, "steps": job.steps})).raise_for_status()

            systems["LitServe"] = in_litserve, lambda: children(process.pid)
        found: dict[str, list[Outcome]] = {name: [] for name in ("perfect", *systems)}
        seconds, costs = step_seconds(model)
        try:
            async with node.client() as buyer:
                for serve, pids in systems.values():  # nobody is measured cold
                    for number in range(3):
                        await served(draw(-1 - number, seconds, given.within), serve, pids)
                for number in range(given.rounds):
                    seconds, costs = step_seconds(model)
                    jobs = draw(number, seconds, given.within)
                    found["perfect"].append(perfect(jobs, seconds, costs))
                    for name, (serve, pids) in systems.items():
                        found[name].append(await served(jobs, serve, pids))
        finally:
            await client.aclose()
            await requests.close()
            await worker.close()
            await asyncio.to_thread(node.stop)
            registry.stop()
            if lit is not None:
                os.killpg(lit[0].pid, signal.SIGKILL)
                lit[0].wait(20)
    print(
        f"{given.rounds} rounds of {JOBS} jobs of {STEPS[0]} to {STEPS[1]} steps within {given.within:g} of the "
        f"longest; a step of one {seconds[1] * 1e3:.1f} ms, of {MOST} {seconds[MOST] * 1e3:.1f} ms\n"
    )
    print("| | images/s | share of perfect | p50 s | p95 s | processor ms/image |\n|---|---|---|---|---|---|")
    best = rate(found["perfect"])
    for name, outcomes in found.items():
        each = sorted(seconds for outcome in outcomes for seconds in outcome.each)
        p50, p95 = each[len(each) // 2], each[int(len(each) * 0.95)]
        cost = sum(outcome.processor for outcome in outcomes) / len(each) * 1e3
        share = rate(outcomes) / best
        print(f"| {name} | {rate(outcomes):.1f} | {share:.2f} | {p50:.2f} | {p95:.2f} | {cost:.1f} |")


def rate(outcomes: Sequence[Outcome]) -> float:
    """Pictures a second over all rounds."""
    return sum(len(outcome.each) for outcome in outcomes) / sum(outcome.whole for outcome in outcomes)


if __name__ == "__main__":
    # What it has started is ended with it, also where a time limit ends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    asyncio.run(main())
