"""The batcher merges, splits, is fair, and lets one bad job fail alone."""

import asyncio
import threading

import numpy as np
import pytest

from artrator import ArtratorError, Code, Kernel, ModelError
from artrator.worker.child.batcher import Batcher


class Device:
    """A kernel that doubles, notes its batches, and waits for the test to let it go."""

    def __init__(self, max_batch=8, memory=None, fails=None):
        self.batches = []
        self.memory, self.fails = memory, fails
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.kernel = Kernel("double", self.run, max_batch=max_batch)

    def run(self, feeds):
        self.entered.set()
        assert self.free.wait(10)
        x = feeds["x"]
        self.batches.append([int(value) for value in x[:, 0]])
        if self.memory is not None and len(x) > self.memory:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")
        if self.fails is not None and self.fails in x[:, 0]:
            raise ZeroDivisionError("bad row")
        return {"y": x * 2}


def rows(*values, width=3, dtype=np.float32):
    return {"x": np.tile(np.array(values, dtype)[:, None], (1, width))}


def run(main):
    async def with_batcher():
        batcher = Batcher()
        try:
            return await asyncio.wait_for(main(batcher), 20)
        finally:
            await batcher.close()

    return asyncio.run(with_batcher())


async def while_busy(batcher, device, calls):
    """Hold the device with a first call, queue ``calls`` behind it, let go; the results of ``calls``."""
    device.free.clear()
    first = asyncio.create_task(batcher.submit("first", device.kernel, rows(0)))
    while not device.entered.is_set():
        await asyncio.sleep(0.001)
    tasks = [asyncio.create_task(batcher.submit(job, device.kernel, feeds)) for job, feeds in calls]
    await asyncio.sleep(0.01)
    device.free.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await first
    return results


def test_an_idle_device_starts_at_once():
    device = Device()
    outputs = run(lambda batcher: batcher.submit("a", device.kernel, rows(1, 2)))
    assert outputs["y"][:, 0].tolist() == [2, 4]
    assert device.batches == [[1, 2]]


def test_what_queued_while_the_device_was_busy_goes_together():
    device = Device()
    results = run(lambda batcher: while_busy(batcher, device, [(str(n), rows(n)) for n in range(1, 6)]))
    assert device.batches == [[0], [1, 2, 3, 4, 5]]
    assert [result["y"][0, 0] for result in results] == [2, 4, 6, 8, 10]


def test_other_shapes_and_dtypes_go_apart_and_keep_their_turn():
    device = Device()
    calls = [("a", rows(1)), ("b", rows(2, width=5)), ("c", rows(3)), ("d", rows(4, dtype=np.float64))]
    results = run(lambda batcher: while_busy(batcher, device, calls))
    assert device.batches == [[0], [1, 3], [2], [4]]
    assert results[1]["y"].shape == (1, 5)
    assert results[3]["y"].dtype == np.float64


def test_more_rows_than_a_batch_are_split_and_joined_again():
    device = Device(max_batch=2)
    outputs = run(lambda batcher: batcher.submit("a", device.kernel, rows(1, 2, 3, 4, 5)))
    assert device.batches == [[1, 2], [3, 4], [5]]
    assert outputs["y"][:, 0].tolist() == [2, 4, 6, 8, 10]


def test_a_greedy_job_does_not_keep_others_out_of_the_batch():
    device = Device(max_batch=2)
    calls = [("greedy", rows(1)), ("greedy", rows(2)), ("greedy", rows(3)), ("modest", rows(9))]
    run(lambda batcher: while_busy(batcher, device, calls))
    assert device.batches == [[0], [1, 9], [2, 3]]


def test_a_bad_job_fails_alone():
    device = Device(fails=3)
    results = run(lambda batcher: while_busy(batcher, device, [(str(n), rows(n)) for n in range(1, 6)]))
    assert isinstance(results[2], ZeroDivisionError)
    assert [result["y"][0, 0] for result in results[:2] + results[3:]] == [2, 4, 8, 10]


def test_out_of_memory_halves_the_batch_and_is_remembered():
    device = Device(memory=2)
    calls = [(str(n), rows(n)) for n in range(1, 9)]

    async def main(batcher):
        results = await while_busy(batcher, device, calls)
        device.batches.clear()
        await batcher.submit("later", device.kernel, rows(1, 2, 3, 4))
        return results

    results = run(main)
    assert [result["y"][0, 0] for result in results] == [2 * n for n in range(1, 9)]
    assert device.batches == [[1, 2], [3, 4]]


def test_a_single_row_that_does_not_fit_says_so():
    device = Device(memory=0)
    with pytest.raises(ArtratorError) as info:
        run(lambda batcher: batcher.submit("a", device.kernel, rows(1, 2)))
    assert info.value.code == Code.WORKER_LIMIT


def test_a_cancelled_call_leaves_the_queue():
    device = Device()

    async def main(batcher):
        device.free.clear()
        first = asyncio.create_task(batcher.submit("first", device.kernel, rows(0)))
        while not device.entered.is_set():
            await asyncio.sleep(0.001)
        gone = asyncio.create_task(batcher.submit("gone", device.kernel, rows(1)))
        stays = asyncio.create_task(batcher.submit("stays", device.kernel, rows(2)))
        await asyncio.sleep(0.01)
        gone.cancel()
        first.cancel()
        await asyncio.sleep(0.01)
        assert gone.done()
        assert first.done()  # the device is still at it, but the job need not wait
        device.free.set()
        return await stays

    assert run(main)["y"][0, 0] == 4
    assert device.batches == [[0], [2]]


@pytest.mark.parametrize(
    "feeds", [{}, {"x": np.float32(1)}, {"x": np.ones((2, 1)), "t": np.ones(3)}, {"x": np.ones((0, 3))}]
)
def test_feeds_that_are_no_batch_are_refused(feeds):
    device = Device()
    with pytest.raises(ModelError):
        run(lambda batcher: batcher.submit("a", device.kernel, feeds))


def test_a_kernel_that_loses_rows_is_told_off():
    kernel = Kernel("loses", lambda feeds: {"y": feeds["x"][:1]})
    with pytest.raises(ModelError, match="was given 2 rows but y has shape"):
        run(lambda batcher: batcher.submit("a", kernel, rows(1, 2)))
