"""What the engine decides: who starts, who is evicted, who waits; with workers that do what the test says."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_engine import Catalogue, Scene, record, scene

from artrator import durable
from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobBody, JobState
from artrator_node.clock import Clock
from artrator_node.config import Paths, Settings
from artrator_node.engine import engine, life, scheduler, workers
from artrator_node.engine.devices import Choice, Place
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.engine.promise import first_written
from artrator_node.engine.queue import JobQueue
from artrator_node.journal.records import Ending
from artrator_node.owner.hold import Hold


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


#: A picture of noise with a side of this is a file of its own; one of two pixels is kept in the journal.
LARGE = 200


@pytest.mark.parametrize("side", [2, LARGE])
def test_a_full_disk_fails_the_job_with_a_receipt_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
            live = await it.send("a")
            worker = await it.running(live)

            def full(folder: Path) -> None:
                raise OSError(28, "No space left on device")

            ends = it.journal.end

            async def full_for_outputs(ending: Ending, *what: Any, **how: Any) -> None:
                if ending.outputs:
                    raise ArtratorError(Code.DISK_FULL, "full")
                await ends(ending, *what, **how)

            with monkeypatch.context() as patch:
                patch.setattr(durable, "sync_folder", full)
                patch.setattr(it.journal, "end", full_for_outputs)
                worker.finish(live.job, side=side)
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


def test_a_job_that_nobody_was_told_of_is_written_once_with_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOMENT_SECONDS", 60.0)

    async def work() -> None:
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
            live = await it.engine.accept(record("a"), JobBody(package="a", inputs={}), promised=False)
            assert live is not None
            # The same id is taken from the first moment on, though the journal does not know it.
            assert await it.engine.accept(live.record, JobBody(package="a", inputs={}), promised=False) is None
            worker = await it.running(live)
            assert await it.journal.job(live.job) is None
            assert not list((tmp_path / "spool").iterdir())
            worker.finish(live.job)
            await live.ended.wait()
            found = await it.journal.job(live.job)
            assert found is not None
            assert (found.state, found.attempts, found.receipt) == (JobState.DELIVERED, 1, live.record.receipt)
            kinds = [event.kind for event in await it.journal.events(live.job)]
            assert kinds == [EventKind.OUTPUT, EventKind.DONE]
            assert len(await it.journal.due(time.time() + 60)) == 1
            assert live.body is None  # the request is nobody's business any more

    asyncio.run(work())


def test_a_job_is_written_before_anybody_is_told_of_it_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOMENT_SECONDS", 60.0)

    async def work() -> None:
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
            live = await it.engine.accept(record("a"), JobBody(package="a", inputs={}), promised=False)
            assert live is not None
            await it.running(live)
            await asyncio.gather(*(it.engine.promise(live) for _ in range(3)))
            found = await it.journal.job(live.job)
            assert found is not None
            assert (found.state, found.attempts) == (JobState.RUNNING, 1)
        async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:  # the node was ended, and starts again
            again = it.engine.live(live.job)
            assert again is not None
            (await it.running(again)).finish(live.job)
            await again.ended.wait()
            assert again.record.state is JobState.DELIVERED
            assert again.record.attempts == 2
            await it.until(lambda: not list((tmp_path / "spool").iterdir()))

    asyncio.run(work())


def test_a_load_under_way_is_given_up_when_the_owner_needs_the_machine_and_made_up_for_afterwards(
    tmp_path: Path,
) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 10, "b": 10, "c": 10}) as it:
            slots, begun, given_up = it.engine.slots, asyncio.Event(), []
            start = slots._start_worker

            async def slowly(package: Any, choice: Any) -> Any:
                begun.set()
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    await asyncio.sleep(0.7)  # its process takes its time to end, and the engine looks meanwhile
                    given_up.append(package.digest)
                    raise

            slots._start_worker = slowly
            live = await it.send("a")
            await begun.wait()
            it.engine.keep_to(Hold("The owner plays.", lets_go=True))
            await it.until(lambda: slots.loading is None)
            assert given_up == ["a"]
            assert live.record.state is JobState.QUEUED
            slots._start_worker = start
            it.engine.keep_to(None)
            (await it.running(live)).finish(live.job)
            await live.ended.wait()
            assert live.record.state is JobState.DELIVERED

    asyncio.run(work())


def test_progress_and_previews_come_five_times_a_second_at_most_whatever_a_worker_says(tmp_path: Path) -> None:
    now = 1000.0
    shop = replace(Scene(tmp_path, {}).shop, clock=Clock(lambda: now, lambda: now))
    for told in ((3, 5), (5, 5), None):  # the last step, again and again; and in turns with another
        live = LiveJob(record(), EventLog())
        for number in range(1000):
            now += 0.001
            done, total = told or ((4, 5), (5, 5))[number % 2]
            life.tell_progress(shop, live, done, total, np.zeros((20, 20, 3), np.uint8))
        previews = [event for event in live.log.told if event.kind is EventKind.PREVIEW]
        assert 4 <= len(previews) <= 6  # a second, its first moment and its last step


def test_a_preview_that_comes_right_after_a_step_is_told_with_the_next(tmp_path: Path) -> None:
    now = 1000.0
    shop = replace(Scene(tmp_path, {}).shop, clock=Clock(lambda: now, lambda: now))
    live = LiveJob(record(), EventLog())
    life.tell_progress(shop, live, 1, 9, None)
    now += 0.1
    life.tell_progress(shop, live, 2, 9, np.zeros((20, 20, 3), np.uint8))
    assert live.preview is None
    now += 0.2
    life.tell_progress(shop, live, 3, 9, None)
    assert [event.kind for event in live.log.told] == [EventKind.PROGRESS, EventKind.PROGRESS, EventKind.PREVIEW]
    assert live.preview is not None
    now += 1
    life.tell_progress(shop, live, 4, 9, None)  # and it is not told twice
    assert live.log.told[-1].kind is EventKind.PROGRESS


def test_an_engine_that_closes_waits_for_workers_that_are_on_their_way_out(tmp_path: Path) -> None:
    async def work() -> None:
        told = []
        async with scene(tmp_path, {"a": 90, "b": 90}) as it:
            live = await it.send("a")
            (await it.running(live)).finish(live.job)
            await live.ended.wait()
            closing, may_end = asyncio.Event(), asyncio.Event()

            async def close() -> None:
                closing.set()
                await may_end.wait()
                told.append("worker")

            it.workers["a"].close = close  # type: ignore[method-assign]
            await it.send("b")  # whose load sends the other one away
            await closing.wait()
            asyncio.get_running_loop().call_later(0.1, may_end.set)
            await it.engine.close()
            told.append("engine")
        assert told.index("worker") < told.index("engine")

    asyncio.run(work())


def test_a_worker_that_was_let_go_in_the_last_moment_is_closed_all_the_same(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 1}) as it:
            live = await it.send("a")
            (await it.running(live)).finish(live.job)
            await live.ended.wait()
            await it.until(lambda: not it.engine.running)
            it.engine._scheduler.hold = Hold("The owner plays.", lets_go=True)
            it.engine._scheduler._look()
            assert not any(slot.loaded for slot in it.engine.slots)
            await it.engine.close()  # before whoever was to close it has begun
            assert not it.workers["a"].alive

    asyncio.run(work())


def test_what_keeps_a_first_write_from_the_journal_keeps_no_later_one() -> None:
    async def work() -> None:
        live = LiveJob(record(), EventLog())
        with pytest.raises(LookupError), first_written(live):
            raise LookupError
        assert live.writing is None
        assert not live.written

    asyncio.run(work())


def test_an_idle_worker_of_a_plugin_that_was_updated_goes_and_the_next_job_has_a_new_one(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 1}) as it:
            live = await it.send("a")
            first = await it.running(live)
            first.outdated = True
            await it.until(lambda: it.engine.running == 1)
            it.engine._scheduler._look()
            assert first.alive  # while a job is in it
            first.finish(live.job)
            await live.ended.wait()
            await it.until(lambda: not first.alive)
            again = await it.send("a")
            await it.until(lambda: len(it.started) == 2)
            (await it.running(again)).finish(again.job)
            await again.ended.wait()
            assert again.record.state is JobState.DELIVERED

    asyncio.run(work())


def test_a_plugin_that_is_updated_while_its_worker_starts_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces, started = iter([(1, 1), (2, 2), (2, 2), (2, 2)]), []

    async def start_worker(*_given: Any, **_how: Any) -> str:
        started.append(1)
        if len(started) != 2:
            raise ArtratorError(Code.PLUGIN_BROKEN, "Half of it is missing.")
        return "worker"

    monkeypatch.setattr(workers, "find_backend", lambda _: None)
    monkeypatch.setattr(workers, "verified_content", lambda *_: None)
    monkeypatch.setattr(workers, "trace", lambda _: next(traces))
    monkeypatch.setattr(workers, "start_worker", start_worker)
    settings = Settings(name="t", urls=("https://x",), registry="http://x")
    nothing: Any = None
    start = workers.worker_starter(settings, Paths(tmp_path), nothing)
    package, choice = Catalogue().packages["a"], Choice(Place("cpu"), "cpu")
    assert asyncio.run(start(package, choice)) == "worker"
    with pytest.raises(ArtratorError):  # it is as it was, and so is its fault
        asyncio.run(start(package, choice))


def test_a_job_whose_end_cannot_be_written_ends_when_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its buyer nor the next job waits for ever, whatever went wrong."""
    monkeypatch.setattr(scheduler, "_AGAIN_SECONDS", 0.01)

    async def work() -> None:
        async with scene(tmp_path, {"a": 1}) as it:
            write, tried = it.journal.end, []

            async def end(*what: Any, **how: Any) -> None:
                tried.append(what)
                if len(tried) < 4:
                    raise sqlite3.DatabaseError("database disk image is malformed")
                await write(*what, **how)

            monkeypatch.setattr(it.journal, "end", end)
            live = await it.send("a")
            (await it.running(live)).finish(live.job)
            await live.ended.wait()
            assert (live.record.state, (live.record.error or {})["code"]) == (JobState.FAILED, Code.INTERNAL)
            await it.until(lambda: not it.engine.running)

            tried.clear()
            busy = await it.send("a")
            await it.running(busy)
            waiting = await it.send("a")
            await it.engine.cancel(waiting)
            assert waiting.record.state is JobState.CANCELLED
            assert len(tried) == 4
            it.workers["a"].finish(busy.job)
            await busy.ended.wait()
            await it.until(lambda: it.engine._roster.open_of("mina") == 0)
            assert not it.engine.running

    asyncio.run(work())
