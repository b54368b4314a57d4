"""The batcher merges, splits, is fair, and lets one bad job fail alone."""

import asyncio
import json
import threading
import time

import numpy as np
import pytest

from artrator import ArtratorError, Code, Kernel, ModelError
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.context import JobContext
from artrator.worker.child.turns import Party


class Device:
    """A kernel that doubles, notes its batches, and waits for the test to let it go."""

    def __init__(self, max_batch=8, memory=None, fails=None, seconds=0, words="Failed to allocate memory"):
        self.words = words
        self.batches = []
        self.seconds = seconds
        self.memory, self.fails = memory, fails
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.kernel = Kernel("double", self.run, max_batch=max_batch)

    def run(self, feeds):
        self.entered.set()
        assert self.free.wait(60)
        time.sleep(self.seconds)
        x = feeds["x"]
        self.batches.append([int(value) for value in x[:, 0]])
        if self.memory is not None and len(x) > self.memory:
            raise RuntimeError(self.words)
        if self.fails is not None and self.fails in x[:, 0]:
            raise ZeroDivisionError("bad row")
        return {"y": x * 2}


def rows(*values, width=3, dtype=np.float32):
    return {"x": np.tile(np.array(values, dtype)[:, None], (1, width))}


def run(main):
    async def with_batcher():
        batcher = Batcher()
        try:
            return await asyncio.wait_for(main(batcher), 120)
        finally:
            await batcher.close()

    return asyncio.run(with_batcher())


async def while_busy(batcher, device, calls):
    """Hold the device with a first call, queue ``calls`` behind it, let go; the results of ``calls``."""
    device.entered.clear()
    device.free.clear()
    first = asyncio.create_task(batcher.submit(Party("first", "first"), device.kernel, rows(0)))
    while not device.entered.is_set():
        await asyncio.sleep(0.001)
    parties = {job: job if isinstance(job, Party) else Party(job, job) for job, _ in calls}
    tasks = [asyncio.create_task(batcher.submit(parties[job], device.kernel, feeds)) for job, feeds in calls]
    await asyncio.sleep(0.01)
    device.free.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await first
    return results


def test_an_idle_device_starts_at_once():
    device = Device()
    outputs = run(lambda batcher: batcher.submit(Party("a", "a"), device.kernel, rows(1, 2)))
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
    outputs = run(lambda batcher: batcher.submit(Party("a", "a"), device.kernel, rows(1, 2, 3, 4, 5)))
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


@pytest.mark.parametrize(
    "words",
    [
        "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1",
        "BFCArena::AllocateRawInternal Available memory of 4 is smaller than requested bytes of 8",
        "CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc",
        "[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
        "std::bad_alloc",
        "Exception(3) tid(4304) 8007000E Not enough memory resources are available to complete this operation.",
        "[GPU] out of GPU resources",
        "[GPU] clEnqueueNDRangeKernel, error code: -5 CL_OUT_OF_RESOURCES",
    ],
)
def test_out_of_memory_halves_the_batch_and_is_remembered_however_it_is_worded(words):
    device = Device(memory=2, words=words)
    calls = [(str(n), rows(n)) for n in range(1, 9)]

    async def main(batcher):
        results = await while_busy(batcher, device, calls)
        device.batches.clear()
        await batcher.submit(Party("later", "later"), device.kernel, rows(1, 2, 3, 4))
        return results

    results = run(main)
    assert [result["y"][0, 0] for result in results] == [2 * n for n in range(1, 9)]
    # What failed is not tried again. Whether two together are worth it is learnt by seconds, of which a busy machine
    # may take any number.
    assert max(map(len, device.batches)) <= 2
    assert sorted(row for batch in device.batches for row in batch) == [1, 2, 3, 4]


def test_a_single_row_that_does_not_fit_says_so():
    device = Device(memory=0)
    with pytest.raises(ArtratorError) as info:
        run(lambda batcher: batcher.submit(Party("a", "a"), device.kernel, rows(1, 2)))
    assert info.value.code == Code.WORKER_LIMIT


def test_a_cancelled_call_leaves_the_queue():
    device = Device()

    async def main(batcher):
        device.free.clear()
        first = asyncio.create_task(batcher.submit(Party("first", "first"), device.kernel, rows(0)))
        while not device.entered.is_set():
            await asyncio.sleep(0.001)
        gone = asyncio.create_task(batcher.submit(Party("gone", "gone"), device.kernel, rows(1)))
        stays = asyncio.create_task(batcher.submit(Party("stays", "stays"), device.kernel, rows(2)))
        await asyncio.sleep(0.01)
        gone.cancel()
        first.cancel()
        # The device is still at it, but the jobs need not wait.
        await asyncio.wait_for(asyncio.wait({gone, first}), 60)
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
        run(lambda batcher: batcher.submit(Party("a", "a"), device.kernel, feeds))


def test_a_kernel_that_loses_rows_is_told_off():
    kernel = Kernel("loses", lambda feeds: {"y": feeds["x"][:1]})
    with pytest.raises(ModelError, match="was given 2 rows but y has shape"):
        run(lambda batcher: batcher.submit(Party("a", "a"), kernel, rows(1, 2)))


def test_jobs_that_fell_into_two_groups_find_together_again():
    """The first job is alone on the device; when it comes back, the others wait for the moment that it takes."""

    async def main(batcher):
        device = Device(max_batch=16)
        inner = device.run

        def slow(feeds):
            device.entered.set()
            time.sleep(0.004)
            return inner(feeds)

        kernel = Kernel("slow", slow, max_batch=16)

        async def job(number):
            party = Party(str(number), str(number))
            x = rows(number)["x"]
            if number:
                while not device.entered.is_set():
                    await asyncio.sleep(0.001)
            for _ in range(30):
                await batcher.submit(party, kernel, {"x": x})

        await asyncio.gather(*(job(number) for number in range(8)))
        return [len(batch) for batch in device.batches]

    # The moment is a few milliseconds: a machine that is busy elsewhere may keep jobs away for longer.
    for _ in range(10):
        sizes = run(main)
        assert sum(sizes) == 8 * 30
        assert sizes[0] == 1
        if sizes.count(8) >= 20:
            break
    assert sizes.count(8) >= 20


def test_one_long_pause_between_two_steps_does_not_keep_jobs_apart():
    """The machine did something else for a second; what jobs take between two steps is as short as before."""
    device = Device(max_batch=16, seconds=0.03)

    async def job(batcher, number, steps, pause=0):
        party = Party(str(number), str(number))
        for step in range(steps):
            await batcher.submit(party, device.kernel, rows(number))
            time.sleep(0 if step else pause)

    async def main(batcher):
        await asyncio.gather(*(job(batcher, number, 2) for number in range(6)))  # sizes are learnt
        device.batches.clear()
        first = asyncio.create_task(job(batcher, 0, 30, pause=1))
        while len(device.batches) < 2:
            await asyncio.sleep(0.001)
        await asyncio.gather(first, *(job(batcher, number, 30) for number in range(1, 6)))

    run(main)
    assert sum(len(batch) for batch in device.batches) == 6 * 30
    assert sum(len(batch) == 6 for batch in device.batches) >= 10


def test_a_call_is_not_cut_where_it_fits_whole():
    """Half of a call would have to wait for the other half, and gain nothing."""
    device = Device(max_batch=3)
    calls = [("a", rows(1, 2)), ("b", rows(3, 4)), ("c", rows(5))]

    async def main(batcher):
        for _ in range(3):
            await batcher.submit(Party("w"), device.kernel, rows(7, 8, 9))  # three are worth it
        device.batches.clear()
        return await while_busy(batcher, device, calls)

    run(main)
    assert device.batches == [[0], [1, 2, 5], [3, 4]]


def test_who_pays_goes_first_and_who_does_not_is_not_forgotten():
    device = Device(max_batch=1, seconds=0.002)
    payers = [(Party(f"p{n}", f"p{n}", 0), rows(1)) for n in range(40)]
    crowd = [(Party(f"f{n}", f"f{n}", 2), rows(2)) for n in range(40)]
    run(lambda batcher: while_busy(batcher, device, crowd + payers))
    order = [batch[0] for batch in device.batches[1:]]
    assert order[:40].count(2) <= 8  # a sixteenth of the time, and calls are not all as long as each other
    assert order.count(1) == order.count(2) == 40


def test_a_mistake_in_merging_fails_its_own_calls_and_no_others():
    """An output that cannot be copied, or a kernel that ends the process, must not leave everybody waiting."""

    class Odd(np.ndarray):
        def copy(self, order="C"):
            raise MemoryError("no")

    def leave(feeds):
        raise SystemExit(3)

    odd = Kernel("odd", lambda feeds: {"y": feeds["x"].view(Odd)})
    names = iter("ab")
    differing = Kernel("differing", lambda feeds: {next(names): feeds["x"]}, max_batch=1)
    device = Device()

    async def main(batcher):
        bad = [batcher.submit(Party("x"), Kernel("leaves", leave), rows(1)), batcher.submit(Party("y"), odd, rows(1))]
        bad += [batcher.submit(Party("z"), differing, rows(1, 2))]
        results = await asyncio.gather(*bad, return_exceptions=True)
        return results, await batcher.submit(Party("after"), device.kernel, rows(4))

    results, after = run(main)
    assert after["y"][0, 0] == 8
    assert isinstance(results[0], ModelError)
    assert isinstance(results[2], ModelError)


def test_a_graph_that_cannot_take_several_rows_is_given_one_at_a_time():
    device = Device()

    def single(feeds):
        if len(feeds["x"]) > 1:
            raise RuntimeError("Reshape: 2 rows do not fit")
        return device.run(feeds)

    kernel = Kernel("single", single, max_batch=8)
    tries = []

    async def main(batcher):
        for _ in range(20):
            before = len(device.batches)
            parties = [Party(str(n)) for n in range(4)]
            made = await asyncio.gather(*(batcher.submit(p, kernel, rows(n)) for n, p in enumerate(parties)))
            assert [int(each["y"][0, 0]) for each in made] == [0, 2, 4, 6]
            tries.append(len(device.batches) - before)

    run(main)
    assert tries == [4] * 20


def test_waiting_calls_end_when_the_batcher_does():
    async def main(batcher):
        device = Device()
        device.free.clear()
        first = asyncio.create_task(batcher.submit(Party("first"), device.kernel, rows(0)))
        while not device.entered.is_set():
            await asyncio.sleep(0.001)
        waiting = asyncio.create_task(batcher.submit(Party("waiting"), device.kernel, rows(1)))
        await asyncio.sleep(0.01)
        await batcher.close()
        device.free.set()
        assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], asyncio.CancelledError)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return device.batches

    run(main)


def test_what_was_learnt_is_told_and_taken_up_by_the_next():
    told = []

    async def tell(known):
        told.append(json.loads(json.dumps(known)))

    device = Device(max_batch=16, memory=4)

    async def main(recalled):
        batcher = Batcher(tell=tell)
        batcher.recall(recalled)
        try:
            await while_busy(batcher, device, [(str(n), rows(n)) for n in range(1, 9)])
        finally:
            await batcher.close()

    asyncio.run(main([]))
    (kernel,) = told[-1]["kernels"]
    assert kernel["kernel"] == "double"
    assert kernel["ceiling"] == 4
    assert told[-1]["places"] >= 2
    device.batches.clear()
    asyncio.run(main([kernel]))
    assert max(len(batch) for batch in device.batches) == 4  # nothing ran out of memory this time


def test_a_size_that_killed_the_worker_is_not_tried_again():
    """It was told before it was tried, and its end never was."""
    told = []

    async def tell(known):
        told.append(json.loads(json.dumps(known)))

    device = Device(max_batch=16)

    async def first():
        batcher = Batcher(tell=tell)
        await while_busy(batcher, device, [(str(n), rows(n)) for n in range(1, 9)])
        await batcher.close()

    asyncio.run(first())
    before_the_eight = next(t for t in told if t["kernels"] and t["kernels"][0]["tried"] == 8)
    assert [size for size, _ in before_the_eight["kernels"][0]["sizes"]] == [1]
    device.batches.clear()

    async def second():
        batcher = Batcher()
        batcher.recall(before_the_eight["kernels"])
        await while_busy(batcher, device, [(str(n), rows(n)) for n in range(1, 9)])
        await batcher.close()

    asyncio.run(second())
    assert max(len(batch) for batch in device.batches) <= 4


@pytest.mark.parametrize("ending", [StopIteration, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_a_kernel_that_raises_what_ends_loops_ends_its_job_alone(ending):
    def end(_feeds):
        raise ending

    async def main(batcher):
        with pytest.raises(ModelError, match="tried to end"):
            await batcher.submit(Party("a", "a"), Kernel("end", end), rows(1))
        return await batcher.submit(Party("b", "b"), Device().kernel, rows(2))

    assert run(main)["y"][:, 0].tolist() == [4]


def test_calls_whose_feeds_stand_in_another_order_go_together():
    batches = []

    def add(feeds):
        batches.append(len(feeds["x"]))
        return {"y": feeds["x"] + feeds["z"]}

    kernel = Kernel("add", add)

    async def main(batcher):
        a, b = np.ones((1, 2), np.float32), np.full((1, 2), 2, np.float32)
        for _ in range(3):  # sizes are learnt one by one
            made = await asyncio.gather(
                batcher.submit(Party("a", "a"), kernel, {"x": a, "z": b}),
                batcher.submit(Party("b", "b"), kernel, {"z": a, "x": b}),
            )
        return made

    assert [outputs["y"].tolist() for outputs in run(main)] == [[[3, 3]], [[3, 3]]]
    assert max(batches) == 2


def test_previews_are_made_only_when_they_are_shown():
    made, told = [], []

    def picture():
        made.append(1)
        return np.zeros((640, 4, 3), np.uint8)

    async def main(batcher):
        context = JobContext("a", batcher, lambda done, _total, preview: told.append((done, preview)))
        for step in range(1, 40):
            context.progress(step, 40, picture)
        context.progress(40, 40, None)
        assert context.untold == (40, 40)  # it came too soon, and goes with the end

    run(main)
    assert len(made) == 1
    assert [(done, preview is not None) for done, preview in told] == [(1, True)]
    assert told[0][1].shape == (320, 2, 3)


def test_jobs_that_come_one_by_one_end_up_in_one_batch():
    """Each is alone or between two others when it comes, and has something else to compute first."""
    device = Device(max_batch=16, seconds=0.004)
    first = Kernel("first", lambda feeds: dict(feeds))

    async def job(batcher, number):
        party = Party(str(number), str(number))
        await asyncio.sleep(0.02 * number)
        await batcher.submit(party, first, rows(number))
        for _ in range(60):
            await batcher.submit(party, device.kernel, rows(number))

    run(lambda batcher: asyncio.gather(*(job(batcher, number) for number in range(6))))
    assert max(len(batch) for batch in device.batches) == 6
    assert sum(len(batch) for batch in device.batches) == 360
    assert len(device.batches) < 180


def test_a_first_batch_that_was_slow_keeps_nobody_apart():
    """It may have prepared something, or been disturbed."""
    batches = []

    def compute(feeds):
        batches.append(len(feeds["x"]))
        time.sleep(0.1 if batches.count(2) == 1 and batches[-1] == 2 else 0.005)
        return {"y": feeds["x"] * 2}

    kernel = Kernel("double", compute, max_batch=2)

    async def job(batcher, number):
        for _ in range(40):
            await batcher.submit(Party(str(number), str(number)), kernel, rows(number))

    run(lambda batcher: asyncio.gather(job(batcher, 1), job(batcher, 2)))
    assert batches.count(2) > 20


@pytest.mark.parametrize(
    ("rank", "order"),
    [(0, ["words", "steps", "words", "steps"]), (2, ["steps", "steps", "words", "words"])],
    ids=["of the same rank", "of who pays less"],
)
def test_the_words_of_who_has_just_come_go_before_the_steps_of_who_is_there(rank, order):
    """So that the steps of both go together soon; but never twice in a row, nor for who pays less."""
    device, begun = Device(seconds=0.05), []
    words = Kernel("words", lambda feeds: (begun.append("words"), dict(feeds))[1], max_batch=1)

    def compute(feeds):
        begun.append("steps")
        return device.run(feeds)

    steps = Kernel("steps", compute, max_batch=1)
    old, new = Party("old", "old"), [Party(str(number), str(number), rank) for number in range(2)]

    async def main(batcher):
        for _ in range(4):  # what they take is learnt
            await batcher.submit(old, steps, rows(1))
            await batcher.submit(old, words, rows(1))
        begun.clear()
        calls = [(old, steps), (old, steps), *[(party, words) for party in new]]
        await asyncio.gather(*(batcher.submit(party, kernel, rows(1)) for party, kernel in calls))

    run(main)
    assert begun == order


@pytest.mark.parametrize(
    ("any_thread", "others", "seconds", "on_the_loop"),
    [(True, 0, 0, True), (False, 0, 0, False), (True, 1, 0, False), (True, 0, 0.05, False)],
    ids=["brief", "the kernel needs its thread", "the loop has other things to do", "long"],
)
def test_what_is_brief_is_computed_on_the_loop_while_everybody_waits_for_it(any_thread, others, seconds, on_the_loop):
    threads = []

    def compute(feeds):
        threads.append(threading.current_thread())
        time.sleep(seconds)
        return {"y": feeds["x"] * 2}

    kernel = Kernel("double", compute, max_batch=8, any_thread=any_thread)

    async def job(batcher, number):
        for _ in range(10):
            made = await batcher.submit(Party(str(number), str(number)), kernel, rows(number))
            assert made["y"][0, 0] == 2 * number

    async def main():
        batcher = Batcher(at_work=lambda: 1 + others)
        try:
            await job(batcher, 1)
        finally:
            await batcher.close()

    asyncio.run(main())
    assert len(threads) == 10
    assert threads[0] is not threading.main_thread()  # nobody knew how long it takes
    beside = [thread for thread in threads if thread is not threading.main_thread()]
    assert len(set(beside)) == 1
    assert (len(beside) < 10) == on_the_loop


def test_what_the_loop_does_in_one_turn_sends_no_batch_to_the_other_thread():
    threads, reports = [], []

    def compute(feeds):
        threads.append(threading.current_thread())
        return {"y": feeds["x"] * 2}

    kernel = Kernel("double", compute, max_batch=8, any_thread=True)

    async def main():
        batcher = Batcher(at_work=lambda: 1 + len(reports))
        try:
            for _ in range(10):
                reports.append("on its way out")
                asyncio.get_running_loop().call_soon(reports.clear)
                await batcher.submit(Party("a", "a"), kernel, rows(1))
        finally:
            await batcher.close()

    asyncio.run(main())
    assert threads.count(threading.main_thread()) > 5


def test_a_kernel_that_fails_on_the_loop_fails_its_own_call_alone():
    device = Device(fails=3)
    kernel = Kernel("double", device.run, max_batch=8, any_thread=True)

    async def main():
        batcher = Batcher(at_work=lambda: 1)
        party = Party("a", "a")
        try:
            for _ in range(5):
                await batcher.submit(party, kernel, rows(1))
            with pytest.raises(ZeroDivisionError):
                await batcher.submit(party, kernel, rows(3))
            return await batcher.submit(party, kernel, rows(4))
        finally:
            await batcher.close()

    assert asyncio.run(main())["y"][0, 0] == 8
