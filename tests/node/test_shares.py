"""How many jobs a worker is given, who of them pays, and what of it a restart remembers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from scripted_engine import record, scene

from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobState
from artrator_node.engine.live import LiveJob

BATCHES = {
    "runtime": "onnxruntime 1.0 (cpu), 1 threads",
    "places": 32,
    "rows": 2.0,
    "kernels": [{"kernel": "unet", "row": "x", "sizes": [[2, 0.010], [32, 0.040]], "ceiling": 0, "tried": 32}],
}
PACKAGES = {"a": 1, "b": 1, "c": 1}


def test_a_worker_is_given_as_many_jobs_as_its_batches_are_worth(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, PACKAGES, jobs_per_package=0, jobs_per_buyer=100) as it:
            first = await it.send("a")
            worker = await it.running(first)
            others = [await it.send("a", buyer=f"b{n}") for n in range(20)]
            await it.until(lambda: len(worker.runs) == 4)  # nothing is known yet
            worker.batches = {**BATCHES, "places": 16}
            worker.finish(first.job)
            await it.until(lambda: len(worker.runs) == 1 + 16)
            assert sum(1 for live in others if live.record.state is JobState.QUEUED) == 4
            for live in others:
                await it.running(live)
                worker.finish(live.job)
                await live.ended.wait()
        async with scene(tmp_path, PACKAGES, jobs_per_package=0, jobs_per_buyer=100) as again:
            live = await again.send("a")
            worker = await again.running(live)
            assert worker.recalled is not None
            assert worker.recalled["places"] == 16
            assert worker.recalled["kernels"] == BATCHES["kernels"]
            slot = again.engine.slots.get("a")
            assert slot is not None
            assert slot.seats == 16
            worker.finish(live.job)
            await live.ended.wait()

    asyncio.run(work())


def test_what_a_dying_worker_was_about_to_try_is_told_to_the_next(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, PACKAGES, jobs_per_package=0) as it:
            live = await it.send("a")
            worker = await it.running(live)
            worker.batches = BATCHES
            worker.die()
            await it.until(lambda: it.workers["a"] is not worker)
            following = await it.running(live)
            assert following.recalled == BATCHES
            following.finish(live.job)
            await live.ended.wait()

    asyncio.run(work())


def test_who_pays_enters_a_worker_full_of_free_jobs_and_it_hears_of_his_rank(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, PACKAGES, jobs_per_package=2) as it:
            crowd = [await it.send("a", buyer=f"f{n}", paid_by="free") for n in range(5)]
            worker = await it.running(crowd[0])
            await it.until(lambda: len(worker.runs) == 2)
            payer = await it.send("a", buyer="payer", paid_by="credits")
            await it.running(payer)
            assert worker.whose[payer.job]["rank"] == 0
            assert worker.whose[crowd[0].job]["rank"] == 2
            assert worker.whose[payer.job]["buyer"] not in ("", "payer")
            assert len(worker.runs) == 3

    asyncio.run(work())


def test_free_jobs_leave_room_in_the_queue_for_who_pays(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, PACKAGES, queue_limit=8) as it:
            await it.running(await it.send("a", buyer="running"))
            for number in range(4):
                it.engine.check_room("a", f"f{number}", 2e9, "free")
                await it.send("a", buyer=f"f{number}", paid_by="free")
            for paid_by, full in (("free", True), ("pass", False), ("credits", False)):
                if full:
                    with pytest.raises(ArtratorError) as info:
                        it.engine.check_room("a", "new", 2e9, paid_by)
                    assert info.value.code is Code.NODE_BUSY
                    assert info.value.details["retry_after"] >= 2
                else:
                    it.engine.check_room("a", "new", 2e9, paid_by)
            for number in range(4):
                await it.send("a", buyer=f"p{number}", paid_by="credits")
            with pytest.raises(ArtratorError):
                it.engine.check_room("a", "new", 2e9, "credits")

    asyncio.run(work())


def test_a_restarted_node_knows_who_paid(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, PACKAGES) as it:
            await it.running(await it.send("a", buyer="running"))
            free = await it.send("a", buyer="free", paid_by="free")
            paid = await it.send("a", buyer="paid", paid_by="credits")
            order = [live.job for live in it.engine._queue.ordered([])]
            assert order == [paid.job, free.job]
        async with scene(tmp_path, PACKAGES) as again:
            kept = [live.record for live in again.engine._roster]
            assert {each.job: each.paid_by for each in kept}[free.job] == "free"
            assert {each.job: each.paid_by for each in kept}[paid.job] == "credits"

    asyncio.run(work())


def test_the_place_in_the_queue_is_the_one_that_a_rank_has(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, PACKAGES) as it:
            await it.running(await it.send("a", buyer="running"))
            free: list[LiveJob] = [await it.send("a", buyer=f"f{n}", paid_by="free") for n in range(3)]
            paid = await it.send("a", buyer="paid", paid_by="credits")
            assert [live.position for live in free] == [0, 1, 2]
            assert paid.position == 0
            assert record().paid_by == "credits"

    asyncio.run(work())
