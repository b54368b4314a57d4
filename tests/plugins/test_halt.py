"""A worker that is told to compute nothing for a while: it stops between two steps, and loses nothing by it."""

import asyncio
import time

import pytest
from one_worker import with_worker

from artrator import ArtratorError, Code
from artrator.worker import guard


async def begun(worker, job, steps, seen):
    """A run that has done some steps."""
    moving = asyncio.Event()

    def note(done, total, preview):
        seen.append(done)
        if done > 3:
            moving.set()

    task = asyncio.create_task(worker.run(job, {"do": "steps", "start": 0, "steps": steps}, note))
    await asyncio.wait_for(moving.wait(), 240)
    return task


class Later:
    """The time as the guard sees it, which the test lets pass."""

    def __init__(self):
        self.ahead, self.asked, self.thread_time = 0.0, 0, time.thread_time

    def monotonic(self):
        self.asked += 1
        return time.monotonic() + self.ahead


def test_a_halted_run_stops_between_steps_and_goes_on_where_it_was(make_plugin, content, monkeypatch):
    seen, clock = [], Later()
    monkeypatch.setattr(guard, "time", clock)

    async def work(worker):
        task = await begun(worker, "a", 100, seen)
        worker.halt(True)
        worker.halt(True)
        before = -1
        while before != len(seen):  # the step that computed, and what was said of it
            before = len(seen)
            await asyncio.sleep(2)
        clock.ahead = 1000.0  # longer than a run may take: its clock stands still as well
        asked = clock.asked
        while clock.asked < asked + 10:  # the guard has looked
            await asyncio.sleep(0.05)
        assert len(seen) == before
        assert not task.done()
        waiting = asyncio.create_task(worker.run("b", {"do": "steps", "start": 0, "steps": 1}))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        worker.halt(False)
        await waiting
        return await task

    result = with_worker(work, make_plugin(), content)
    assert result["value"] == 300.0
    assert seen == sorted(seen)
    assert seen[-1] == 100


def test_a_halted_run_can_be_cancelled_and_its_worker_closed(make_plugin, content):
    async def work(worker):
        task = await begun(worker, "a", 1000, [])
        other = await begun(worker, "b", 1000, [])
        worker.halt(True)
        worker.cancel("a")
        with pytest.raises(ArtratorError) as caught:
            await asyncio.wait_for(task, 240)
        assert caught.value.code is Code.JOB_CANCELLED
        await worker.close()
        with pytest.raises(ArtratorError) as caught:
            await asyncio.wait_for(other, 240)
        assert caught.value.code is Code.WORKER_DIED

    with_worker(work, make_plugin(), content)
