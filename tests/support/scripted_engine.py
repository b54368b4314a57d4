"""An engine whose workers do what the test says."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from toy_node import MANIFEST

from artrator.backend import Inspection, Value
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import JobBody, JobState
from artrator.package import read_manifest
from artrator.worker.death import Death
from artrator.worker.limits import WorkerInfo
from artrator_node.catalogue import ServedPackage
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.engine import Engine
from artrator_node.engine.devices import Choice
from artrator_node.engine.life import Workshop
from artrator_node.engine.live import LiveJob
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
        self.pid = 0
        self.death: Death | None = None
        self.resident_bytes = memory
        self.outdated = False
        self.runs: dict[str, asyncio.Future[Mapping[str, Value]]] = {}
        self.batches: Mapping[str, Any] | None = None
        self.recalled: Mapping[str, Any] | None = None
        self.whose: dict[str, Mapping[str, Any]] = {}
        self.cancelled: list[str] = []

    async def run(
        self,
        job_id: str,
        values: Mapping[str, Value],
        on_progress: Any = None,
        on_output: Any = None,
        **whose: Any,
    ) -> Mapping[str, Value]:
        self.whose[job_id] = whose
        self.runs[job_id] = asyncio.get_running_loop().create_future()
        return await self.runs[job_id]

    def recall(self, batches: Mapping[str, Any]) -> None:
        self.recalled = batches

    def finish(self, job: str, *, side: int = 2) -> None:
        picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        self.runs[job].set_result({"image": picture})

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        self.runs[job_id].set_exception(ArtratorError(Code.JOB_CANCELLED, "cancelled"))

    def die(self) -> None:
        self.alive = False
        self.death = Death("was ended by SIGSEGV", inside=[job for job, run in self.runs.items() if not run.done()])
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
        self.at: list[tuple[str, ScriptedWorker]] = []
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

    async def _start(self, package: ServedPackage, choice: Choice) -> ScriptedWorker:
        self.started.append(package.digest)
        worker = self.workers[package.digest] = ScriptedWorker(package, self.memory[package.digest] * MIB)
        self.at.append((choice.place.label, worker))
        return worker

    async def send(self, package: str, *, buyer: str = "mina", seconds: float = 600, **other: Any) -> LiveJob:
        job = str(uuid.uuid4())
        self.spool.keep(self.spool.begin(), job, JobBody(package=package, inputs={}))
        live = await self.engine.accept(record(package, job=job, buyer=buyer, finish_by=time.time() + seconds, **other))
        assert live is not None
        return live

    async def running(self, live: LiveJob) -> ScriptedWorker:
        """Wait until a job is in its worker."""
        await self.until(lambda: live.job in self.workers.get(live.record.package, NOBODY).runs)
        return self.workers[live.record.package]

    def worker_of(self, job: str) -> ScriptedWorker | None:
        """The living worker that has a job, whichever of its package's it is."""
        return next((worker for _, worker in self.at if worker.alive and job in worker.runs), None)

    async def working(self, live: LiveJob) -> ScriptedWorker:
        """Wait until a job is in a worker; answers with that one."""
        await self.until(lambda: self.worker_of(live.job) is not None)
        found = self.worker_of(live.job)
        assert found is not None
        return found

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(180):
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
        await made.journal.close()
