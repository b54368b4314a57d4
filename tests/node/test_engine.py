"""What the engine decides: who starts, who is evicted, who waits; with workers that do what the test says."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_node import MANIFEST

from artrator.backend import Inspection, Value
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import JobBody, JobState
from artrator.package import read_manifest
from artrator.worker.limits import WorkerInfo
from artrator_node.catalogue import ServedPackage
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.engine import Engine
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.engine.queue import JobQueue
from artrator_node.engine.run import Workshop
from artrator_node.files import Outputs, Spool
from artrator_node.journal import JobRecord, Journal
from artrator_node.metrics import Metrics

MIB = 1 << 20


class ScriptedWorker:
    """A worker whose runs end when the test lets them."""

    def __init__(self, package: ServedPackage, memory: int) -> None:
        self.package = package
        self.info = WorkerInfo(Inspection(memory), memory, "scripted 1.0 (cpu)", 0.01)
        self.alive = True
        self.resident_bytes = memory
        self.runs: dict[str, asyncio.Future[Mapping[str, Value]]] = {}
        self.cancelled: list[str] = []

    async def run(
        self, job_id: str, values: Mapping[str, Value], on_progress: Any = None, on_output: Any = None
    ) -> Mapping[str, Value]:
        self.runs[job_id] = asyncio.get_running_loop().create_future()
        return await self.runs[job_id]

    def finish(self, job: str) -> None:
        self.runs[job].set_result({"image": np.zeros((2, 2, 3), np.uint8)})

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        self.runs[job_id].set_exception(ArtratorError(Code.JOB_CANCELLED, "cancelled"))

    def die(self) -> None:
        self.alive = False
        for run in self.runs.values():
            if not run.done():
                run.set_exception(ArtratorError(Code.WORKER_DIED, "died"))

    async def close(self) -> None:
        self.alive = False


class Catalogue:
    """Packages a, b and c, without folders."""

    def __init__(self) -> None:
        key = PrivateKey.generate().public
        self.packages = {
            name: ServedPackage(Path(name), key, name, read_manifest(MANIFEST.format(name=name)), f"x/{name}", 0)
            for name in "abc"
        }


class Scene:
    """An engine with its workers in reach."""

    def __init__(self, folder: Path, memory: Mapping[str, int], **settings: Any) -> None:
        self.folder = folder
        self.memory = memory
        self.workers: dict[str, ScriptedWorker] = {}
        self.started: list[str] = []
        self.journal = Journal(folder / "journal.db")
        self.spool = Spool(folder / "spool")
        self.shop = Workshop(
            self.journal,
            self.spool,
            Outputs(folder / "outputs"),
            Clock(),
            Metrics(),
            PrivateKey.generate(),
            1.0,
        )
        given = {"prewarm": False, "memory_mib": 100, "jobs_per_package": 1, **settings}
        self.settings = Settings(name="t", urls=("https://x",), registry="http://x", **given)
        self.engine = Engine(self.settings, Catalogue(), self.shop, self._start)  # type: ignore[arg-type]

    async def _start(self, package: ServedPackage) -> ScriptedWorker:
        self.started.append(package.digest)
        self.workers[package.digest] = ScriptedWorker(package, self.memory[package.digest] * MIB)
        return self.workers[package.digest]

    async def send(self, package: str, *, buyer: str = "mina", seconds: float = 600) -> LiveJob:
        job = str(uuid.uuid4())
        self.spool.keep(self.spool.begin(), job, JobBody(package=package, inputs={}))
        live = await self.engine.accept(record(package, job=job, buyer=buyer, finish_by=time.time() + seconds))
        assert live is not None
        return live

    async def running(self, live: LiveJob) -> ScriptedWorker:
        """Wait until a job is in its worker."""
        await self.until(lambda: live.job in self.workers.get(live.record.package, NOBODY).runs)
        return self.workers[live.record.package]

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)


class _Nobody:
    runs: Mapping[str, Any] = {}


NOBODY: Any = _Nobody()


def record(package: str = "a", **other: Any) -> JobRecord:
    values: dict[str, Any] = {
        "job": str(uuid.uuid4()),
        "state": JobState.QUEUED,
        "package": package,
        "offer": "o",
        "listing": "x/y",
        "buyer": "mina",
        "cnf": "k",
        "ticket": "t" + str(uuid.uuid4()),
        "request": "r",
        "measures": {"step": 1},
        "image_format": "png",
        "finish_by": 2e9,
        "capture_by": 2e9,
        "queued_at": time.time(),
    }
    return JobRecord(**(values | other))


@asynccontextmanager
async def scene(folder: Path, memory: Mapping[str, int], **settings: Any) -> AsyncIterator[Scene]:
    made = Scene(folder, memory, **settings)
    made.journal.open()
    await made.engine.open()
    try:
        yield made
    finally:
        await made.engine.close()
        made.journal.close()


def test_the_least_recently_used_idle_worker_makes_room_by_measured_memory(tmp_path: Path) -> None:
    async def work() -> None:
        # Before it was measured a package counts as its files twice and a runtime: 150 MiB.
        async with scene(tmp_path, {"a": 40, "b": 40, "c": 40}, memory_mib=200) as it:
            for package in "abab":
                live = await it.send(package)
                (await it.running(live)).finish(live.job)
                await live.ended.wait()
            assert it.started == ["a", "b"]
            live = await it.send("c")
            (await it.running(live)).finish(live.job)
            await live.ended.wait()
            assert not it.workers["a"].alive  # a was used before b
            assert it.workers["b"].alive
            assert it.shop.metrics.evictions._value.get() == 1

    asyncio.run(work())


def test_a_cold_package_waits_for_a_busy_worker_but_not_for_ever(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 90, "b": 90, "c": 1}) as it:
            first = await it.send("a", buyer="one")
            worker = await it.running(first)
            cold = await it.send("b", buyer="two")
            younger = await it.send("a", buyer="three")
            worker.finish(first.job)
            await it.running(cold)  # and not the younger job of the warm package
            assert younger.record.state is JobState.QUEUED
            assert not worker.alive
            it.workers["b"].finish(cold.job)
            await cold.ended.wait()
            (await it.running(younger)).finish(younger.job)
            await younger.ended.wait()

    asyncio.run(work())


def test_a_package_larger_than_the_budget_is_loaded_alone(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 500, "b": 1, "c": 1}) as it:
            live = await it.send("a")
            (await it.running(live)).finish(live.job)
            await live.ended.wait()
            assert live.record.state is JobState.DELIVERED

    asyncio.run(work())


def test_packages_are_loaded_ahead_of_need_as_far_as_memory_goes(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 100, "b": 100, "c": 100}, memory_mib=300, prewarm=True) as it:
            await it.until(lambda: it.started == ["a", "b"])
            await asyncio.sleep(0.05)
            assert it.started == ["a", "b"]

    asyncio.run(work())


def test_a_job_that_saw_its_worker_die_runs_alone(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}, jobs_per_package=4) as it:
            jobs = [await it.send("a", buyer=str(number)) for number in range(2)]
            for live in jobs:
                worker = await it.running(live)
            worker.die()
            await it.until(lambda: it.workers["a"] is not worker and len(it.workers["a"].runs) == 1)
            await asyncio.sleep(0.05)
            second = it.workers["a"]
            assert len(second.runs) == 1  # one retried job, the other one waits for it
            second.finish(next(iter(second.runs)))
            await it.until(lambda: len(second.runs) == 2)
            for live in jobs:
                if not second.runs[live.job].done():
                    second.finish(live.job)
                await live.ended.wait()
                assert live.record.state is JobState.DELIVERED
                assert live.record.attempts == 2

    asyncio.run(work())


def test_places_in_the_queue_are_told_as_they_change(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
            first = await it.send("a")
            worker = await it.running(first)
            others = [await it.send("a", buyer=str(number)) for number in range(3)]
            assert [live.position for live in others] == [0, 1, 2]
            worker.finish(first.job)
            await it.running(others[0])
            await it.until(lambda: others[2].position == 1)
            await it.engine.cancel(others[2])
            assert others[2].record.state is JobState.CANCELLED

    asyncio.run(work())


def test_a_full_disk_fails_the_job_with_a_receipt_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
            live = await it.send("a")
            worker = await it.running(live)

            def full(self: Path, target: Path) -> Path:
                raise OSError(28, "No space left on device")

            with monkeypatch.context() as patch:
                patch.setattr(Path, "replace", full)
                worker.finish(live.job)
                await live.ended.wait()
            assert live.record.state is JobState.FAILED
            assert live.record.error is not None
            assert live.record.error["code"] == "disk_full"
            assert not list((tmp_path / "outputs").rglob("*"))
            assert len(await it.journal.due(time.time())) == 1
            following = await it.send("a")
            (await it.running(following)).finish(following.job)
            await following.ended.wait()
            assert following.record.state is JobState.DELIVERED

    asyncio.run(work())


def test_a_buyer_of_many_lets_others_in_between_and_nobody_starves() -> None:
    def job(buyer: str, at: float, **other: Any) -> LiveJob:
        return LiveJob(record(buyer=buyer, queued_at=at, **other), EventLog())

    queue = JobQueue()
    greedy = [job("greedy", at) for at in (0.0, 1.0, 2.0)]
    modest, late = job("modest", 3.0), job("late", 60.0)
    retried = job("retried", 70.0, attempts=1)
    for live in (*greedy, modest, late, retried):
        queue.add(live)
    ordered = list(queue.ordered([]))
    assert ordered == [retried, greedy[0], modest, greedy[1], greedy[2], late]
    assert next(iter(queue.ordered([greedy[0]]))) is retried
    queue.remove(retried)
    assert next(iter(queue.ordered([job("greedy", 0.0)]))) is modest
