"""Jobs of many steps that arrive one by one: batching of steps against batching of requests, and against perfection.

uv run python benchmarks/serving/diffusion.py [--model stable-diffusion] [--litserve PYTHON] [--rounds 5]

``--litserve`` names the interpreter of an environment that has litserve, onnxruntime and numpy; without it, that row is
left out. Every round draws other arrivals and steps; each system gets the same ones, one system after the other.

Our own rows differ by what stands around the same pipeline and the same batcher, and so tell what each layer costs:
*our engine* runs them in this very process, as a program with one trusted model would, without a worker, a sandbox, a
ticket or a receipt; *our worker* in its confined process; *our node* behind TLS, tickets, proofs, journal and receipts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from processes import children, cpu_seconds
from registry_double import RegistryDouble
from step_models import MODELS, StepModel
from toy_node import ToyNode
from whole_requests import PREDICT

from artrator.backend import Device, Model
from artrator.keys import PublicKey
from artrator.onnx_runtime import Session, session
from artrator.package import verify
from artrator.plugins import find_backend
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.context import JobContext
from artrator.worker.child.package_files import SignedFolder
from artrator.worker.host import Worker
from artrator_diffusion.backend import DiffusionBackend

HERE = Path(__file__).resolve().parent
JOBS, STEPS = 16, (20, 50)
#: The peers' window, and their largest batch.
WINDOW_SECONDS, MOST = 0.005, 16
#: How far a step may be from what it took when the step times were taken; how often a round is tried until it is so.
_STEADY, _TRIES = 0.06, 4


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


Figures = tuple[list[float], list[float]]


def step_seconds(model: StepModel, sessions: Mapping[str, Session]) -> Figures:
    """What is run once takes, and a step with 1, 2, … jobs: medians of seconds, and of seconds of processor."""
    found, spent = [0.0], [0.0]
    for path, feeds, output in model.besides:
        taken, cost = _median(sessions[path], feeds, output)
        found[0] += taken
        spent[0] += cost
    for jobs in range(1, MOST + 1):
        taken, cost = _median(sessions[model.denoiser], model.feeds(jobs), model.output)
        found.append(taken)
        spent.append(cost)
    return found, spent


def _median(loaded: Session, feeds: Mapping[str, Any], output: str) -> tuple[float, float]:
    times, costs = [], []
    for _ in range(7):
        begun, cost = time.perf_counter(), time.thread_time()
        loaded.run(feeds, [output])
        times.append(time.perf_counter() - begun)
        costs.append(time.thread_time() - cost)
    return statistics.median(times), statistics.median(costs)


class Steadiness:
    """Whether the machine is as it was while the step times were taken, on each of its processors.

    Other guests of the same host, and whatever else runs here, make one processor or all a third slower for seconds.
    Such a round would tell of them and not of us, whichever row it falls upon.
    """

    def __init__(self, model: StepModel, loaded: Session) -> None:
        self._model, self._loaded = model, loaded
        self._feeds = model.feeds(MOST // 2)
        self.unsteady = 0

    async def round(
        self, jobs: Sequence[Job], seconds: Sequence[float], serve: Serve, pids: Callable[[], Sequence[int]]
    ) -> Outcome:
        """A round between two looks at the machine, taken once more if they saw something else than before."""
        for _ in range(_TRIES):
            fair = self.holds(seconds)
            # Nobody begins with what the one before left to do, nor, in the real-time class, with its seconds used up.
            await asyncio.sleep(0.3)
            outcome = await served(jobs, serve, pids)
            if fair and self.holds(seconds):
                return outcome
        self.unsteady += 1
        return outcome

    def holds(self, seconds: Sequence[float]) -> bool:
        """Whether a step takes what it took, wherever it is computed."""
        if sys.platform != "linux":
            return True  # nobody can be asked to compute on a given processor
        allowed = os.sched_getaffinity(0)
        try:
            for processor in allowed:
                os.sched_setaffinity(0, {processor})
                found = _median(self._loaded, self._feeds, self._model.output)[0]
                if abs(found / seconds[MOST // 2] - 1) > _STEADY:
                    return False
            return True
        finally:
            os.sched_setaffinity(0, allowed)


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
    """Reckoned: every step takes all that are there, and nothing takes time but steps and what each job runs once."""
    now, spent, waiting, ends = 0.0, 0.0, list(jobs), {}
    left: dict[Job, int] = {}
    while waiting or left:
        if not left:
            now = max(now, waiting[0].arrives)
        while waiting and waiting[0].arrives <= now:
            job = waiting.pop(0)
            left[job] = job.steps
            now, spent = now + seconds[0], spent + costs[0]
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

    def __init__(self, name: str, sessions: Mapping[str, Session]) -> None:
        self._predict_all, self._sessions = PREDICT[name], sessions
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
        def run(path: str, feeds: dict[str, Any]) -> Any:
            loaded = self._sessions[path]
            output = next(iter(loaded.outputs))
            return loaded.run(feeds, [output])[output]

        self._predict_all(run, [(job.seed, job.steps) for job in jobs])


class Engine:
    """What a worker runs, in this very process and without its confinement."""

    def __init__(self, folder: Path, key: PublicKey) -> None:
        verified = verify(folder, key)
        hashes = {name: signed.sha256 for name, signed in verified.files.items()}
        package = SignedFolder(folder, verified.manifest, verified.digest, hashes)
        self._model: Model = DiffusionBackend().load(package, Device(threads=1))
        self._running = 0
        self._batcher = Batcher(at_work=lambda: self._running)
        self._numbers = iter(range(1 << 30))

    async def run(self, job: Job) -> None:
        number = str(next(self._numbers))
        context = JobContext(number, self._batcher, lambda *_: None)
        self._running += 1
        await self._model.run({"prompt": "a cat", "seed": job.seed, "steps": job.steps}, context)
        self._running -= 1

    async def close(self) -> None:
        await self._batcher.close()
        self._model.close()


async def start_litserve(python: str, folder: Path, name: str) -> tuple[subprocess.Popen[bytes], str]:
    """LitServe in its own environment, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, str(HERE / "steps_litserve.py"), str(folder), name, str(port)]
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
    parser.add_argument("--model", choices=sorted(MODELS), default="dense")
    parser.add_argument("--litserve", help="the interpreter of an environment with litserve")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--within", type=float, default=0.5, help="arrivals, as a share of the longest job's time")
    given = parser.parse_args()
    shown = MODELS[given.model]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        registry = RegistryDouble(next_in=15.0)
        registry.start()
        settings = {"threads": 1, "device": "cpu", "log_level": "warning", "jobs_per_buyer": 100_000}
        node = ToyNode(folder / "node", registry, settings=settings, write=shown.write)
        key = node.creator.identity.public
        plugin = find_backend("diffusion")
        worker = await Worker.start(plugin, node.package, key, device=Device(threads=1))
        sessions = {
            str(path.relative_to(node.package)): session(path.read_bytes(), Device(threads=1))
            for path in node.package.rglob("*.onnx")
        }
        await asyncio.to_thread(node.start)
        numbers = iter(range(1 << 30))

        async def in_worker(job: Job) -> None:
            number = str(next(numbers))
            await worker.run(number, {"prompt": "a cat", "seed": job.seed, "steps": job.steps}, buyer=number)

        async def in_node(job: Job) -> None:
            request = node.request({"seed": job.seed, "steps": job.steps})
            await node.submit(buyer, request)
            await node.finished(buyer, request.job)

        requests, engine = RequestBatches(given.model, sessions), Engine(node.package, key)
        service = node.service
        assert service is not None
        systems: dict[str, tuple[Serve, Callable[[], Sequence[int]]]] = {
            "our engine": (engine.run, lambda: [os.getpid()]),
            "our worker": (in_worker, lambda: [worker.pid]),
            "our node": (in_node, lambda: children(service.pid)),
            "whole requests, in process": (requests.run, lambda: [os.getpid()]),
        }
        lit = await start_litserve(given.litserve, node.package, given.model) if given.litserve else None
        client = httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=JOBS))
        if lit is not None:
            process, url = lit

            async def in_litserve(job: Job) -> None:
                (await client.post(url, json={"seed": job.seed, "steps": job.steps})).raise_for_status()

            systems["LitServe"] = in_litserve, lambda: children(process.pid)
        found: dict[str, list[Outcome]] = {name: [] for name in ("perfect", *systems)}
        seconds, costs = step_seconds(shown, sessions)
        steady = Steadiness(shown, sessions[shown.denoiser])
        try:
            async with node.client() as buyer:
                for serve, pids in systems.values():  # nobody is measured cold
                    for number in range(3):
                        await served(draw(-1 - number, seconds, given.within), serve, pids)
                for number in range(given.rounds):
                    for _ in range(_TRIES):
                        seconds, costs = step_seconds(shown, sessions)
                        if steady.holds(seconds):
                            break
                    jobs = draw(number, seconds, given.within)
                    found["perfect"].append(perfect(jobs, seconds, costs))
                    for name, (serve, pids) in systems.items():
                        found[name].append(await steady.round(jobs, seconds, serve, pids))
        finally:
            await client.aclose()
            await requests.close()
            await engine.close()
            await worker.close()
            await asyncio.to_thread(node.stop)
            registry.stop()
            if lit is not None:
                os.killpg(lit[0].pid, signal.SIGKILL)
                lit[0].wait(20)
    print(
        f"{given.model}, {given.rounds} rounds of {JOBS} jobs of {STEPS[0]} to {STEPS[1]} steps within "
        f"{given.within:g} of the longest; a step of one {seconds[1] * 1e3:.1f} ms, "
        f"of {MOST} {seconds[MOST] * 1e3:.1f} ms; "
        f"once a job {seconds[0] * 1e3:.1f} ms; {steady.unsteady} rounds on an unsteady machine\n"
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
    if sys.platform == "linux" and "GLIBC_TUNABLES" not in os.environ:
        # Everybody's weights lie in large pages, as those of workers do: perfection and rivals would else be slower.
        os.environ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    asyncio.run(main())
