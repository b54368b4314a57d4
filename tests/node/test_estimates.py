"""What buyers are told of waiting is measured, knows that jobs go side by side, and is near the truth."""

from __future__ import annotations

import asyncio
import json
import random
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from artrator.package import read_manifest
from artrator.plugins import PluginInfo
from artrator.plugins.environment import interpreter
from artrator.worker.host import SignedContent, Worker
from artrator_node.engine.company import Company
from artrator_node.engine.estimates import Estimate
from artrator_node.engine.pace import Pace, ends
from artrator_node.journal.records import Measured

BATCHES = {
    "runtime": "onnxruntime 1.0 (cpu), 1 threads",
    "places": 32,
    "rows": 2.0,
    "kernels": [
        {
            "kernel": "unet",
            "row": "x",
            "sizes": [[2, 0.010], [8, 0.016], [32, 0.040]],
            "ceiling": 0,
            "tried": 32,
        }
    ],
}


def test_what_a_newcomer_waits_at_most_is_never_less_than_what_it_is_told() -> None:
    chance = random.Random(1)
    for _ in range(500):
        estimate = Estimate(Measured("p"))
        for _ in range(chance.randint(1, 8)):
            estimate.observe_run(chance.uniform(0.01, 20), chance.uniform(0.5, 30), chance.uniform(1, 40))
        if chance.random() < 0.5:
            estimate.observe_batches(BATCHES)
        workers = chance.randint(1, 3)
        seats = workers * chance.randint(1, 40)
        left = [chance.uniform(0, 30) for _ in range(chance.randint(0, 3 * seats))]
        waiting = [chance.uniform(0.1, 30) for _ in range(chance.randint(0, 40))]
        told = estimate.wait_seconds(left, waiting, seats, workers)
        assert told <= estimate.wait_at_most(left, waiting, seats) * (1 + 1e-9)


def test_company_that_was_never_seen_is_read_from_the_batches() -> None:
    pace = Pace({1: 0.5}, BATCHES)
    assert pace.rate(1) == 0.5
    assert pace.rate(4) == pytest.approx(0.5 * 0.016 / 0.010)
    assert pace.rate(16) == pytest.approx(0.5 * 0.040 / 0.010)
    assert pace.rate(32) == pytest.approx(0.5 * 0.080 / 0.010)  # two batches, one after the other


def test_where_nothing_is_batched_jobs_are_thought_to_share_the_machine() -> None:
    pace = Pace({1: 0.5}, None)
    assert pace.rate(4) == 2.0
    for _ in range(10):
        pace.observe(0.6, 4.1)  # and if it is not so, that is learnt
    assert pace.rate(4) == pytest.approx(0.6)
    assert 0.5 < pace.rate(2) < 0.6


def test_ends_of_jobs_that_share_and_of_those_behind_them() -> None:
    def rate(company: float) -> float:
        return 1.0 + 0.1 * (company - 1)

    assert ends([], [10], seats=4, workers=1, rate=rate) == pytest.approx([10])
    assert ends([], [10, 10], seats=4, workers=1, rate=rate) == pytest.approx([11, 11])
    # One place: the second has to wait for the first.
    assert ends([], [10, 10], seats=1, workers=1, rate=rate) == pytest.approx([10, 20])
    # Two workers: as if alone.
    assert ends([], [10, 10], seats=2, workers=2, rate=rate) == pytest.approx([10, 10])
    assert ends([5], [10], seats=1, workers=1, rate=rate) == pytest.approx([15])
    assert ends([5], [10], seats=2, workers=1, rate=rate) == pytest.approx([5.5 + 5])


def test_what_was_learnt_outlives_a_restart_and_nonsense_does_no_harm() -> None:
    estimate = Estimate(Measured("a"))
    assert estimate.seats == 4
    estimate.observe_batches(BATCHES)
    estimate.observe_run(20.0, 40, company=1.0)
    estimate.observe_run(40.0, 40, company=8.0)
    again = Estimate(estimate.count(done=True))
    assert again.seats == 32
    assert again.run_seconds(40) == 20.0
    assert again.run_seconds(40, 8) == 40.0
    for learnt in ("", "{}", "[]", "null", '{"paces": 3, "batches": {}}', '{"paces": [["x", 1]], "batches": null}'):
        assert Estimate(Measured("a", learnt=learnt)).seats == 4
    hostile = json.dumps({"paces": [], "batches": {**BATCHES, "places": 10**9}})
    assert Estimate(Measured("a", learnt=hostile)).seats <= 256


def test_company_is_counted_over_the_time_of_a_job() -> None:
    company = Company()
    company.enter("a", 1, 0.0)
    company.enter("b", 2, 5.0)
    company.leave("b", 1, 7.0)
    assert company.of("a", 10.0) == pytest.approx(1.2)
    assert company.of("b", 10.0) >= 1.0


BACKEND = """
import time
import numpy as np
from artrator import Inspection, Kernel, hookimpl

class Model:
    memory_bytes = 0
    def __init__(self):
        self.kernel = Kernel("step", self.step, max_batch=16)
    def step(self, feeds):
        time.sleep(0.010 + 0.001 * len(feeds["x"]))  # a device: 10 ms a call and 1 ms a row
        return {"x": feeds["x"]}
    async def run(self, inputs, context):
        for _ in range(inputs["steps"]):
            await context.batch(self.kernel, {"x": np.zeros((1, 4), np.float32)})
        return {"text": "done"}
    def close(self):
        pass

class Stepping:
    name = "stepping"
    def inspect(self, package):
        return Inspection(0)
    def load(self, package, device):
        return Model()

@hookimpl
def register_backends(register):
    register(Stepping())
"""
MANIFEST = """
name = "stepping"
version = "1"
title = "Stepping"
summary = "Goes its steps."
task = "text-to-image"
backend = "stepping"
license = "Apache-2.0"

[inputs.steps]
type = "integer"
label = "Steps"

[outputs.text]
type = "text"
label = "Text"
"""


def near(told: Sequence[float], came: Sequence[float]) -> bool:
    """Whether the first and the last end are about where they were told to be."""
    return all(end(told) == pytest.approx(end(came), rel=0.6) for end in (min, max))


def test_the_end_that_is_told_is_near_the_one_that_comes() -> None:
    """A real worker, its batches learnt by running; then 24 jobs at once, some of which have to wait for a place.

    A device that takes as long for 16 as for two and a half would be misjudged eightfold by adding the jobs up.
    """
    steps = 25

    async def work(folder: Path) -> tuple[list[float], list[float], int, float]:
        (folder / "stepping_plugin.py").write_text(BACKEND, encoding="utf-8")
        plugin = PluginInfo(
            name="stepping",
            version="1",
            distribution="stepping",
            origin="environment",
            entry_points={"stepping": "stepping_plugin"},
            interpreter=interpreter(),
            sys_path=(folder, Path(sysconfig.get_path("purelib"))),
        )
        content = SignedContent(folder, read_manifest(MANIFEST), "sha256:" + "0" * 64, {})
        worker = await Worker.start_verified(plugin, content)
        loop, estimate, company = asyncio.get_running_loop(), Estimate(Measured("a")), Company()
        inside: set[str] = set()

        async def one(name: str) -> None:
            inside.add(name)
            begun = loop.time()
            company.enter(name, len(inside), begun)
            await worker.run(name, {"steps": steps}, buyer=name)
            estimate.observe_run(loop.time() - begun, steps, company.of(name, loop.time()))
            estimate.observe_batches(worker.batches)
            inside.discard(name)
            company.leave(name, len(inside), loop.time())

        async def crowd(names: Sequence[str], seats: int) -> list[float]:
            gate, begun = asyncio.Semaphore(seats), loop.time()

            async def through(name: str) -> float:
                async with gate:
                    await one(name)
                return loop.time() - begun

            return await asyncio.gather(*(through(name) for name in names))

        try:
            begun = loop.time()
            await one("alone")
            alone = loop.time() - begun
            for number in range(3):
                await crowd([f"warm{number}-{place}" for place in range(8)], 8)
            seats = min(estimate.seats, 16)
            # What else this machine does may change from one moment to the next: then what was told was true before.
            for attempt in range(5):
                told = estimate.ends([], [steps] * 24, seats, 1)
                came = await crowd([f"real{attempt}-{place}" for place in range(24)], seats)
                if near(told, came):
                    break
        finally:
            await worker.close()
        return told, came, seats, alone

    with tempfile.TemporaryDirectory() as place:
        told, came, seats, alone = asyncio.run(work(Path(place)))
    assert seats >= 8  # it was learnt that company is worth it
    assert near(told, came), (told, came)
    added_up = 24 * alone
    assert max(told) < added_up / 2
