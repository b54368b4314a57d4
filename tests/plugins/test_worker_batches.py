"""What a worker learns of its batches leaves it, comes back to the next, and is believed as far as it makes sense."""

import asyncio
import copy
import json
import struct

import pytest
from one_worker import with_worker

from artrator import ArtratorError, Code
from artrator.worker.batches import MOST_PLACES, batches_of
from artrator.worker.wire import WireError

KNOWN = {
    "runtime": "numpy 2.4 (cpu), 0 threads",
    "places": 8,
    "rows": 1.0,
    "kernels": [{"kernel": "add", "row": "x:f4[2]", "sizes": [[1, 0.02], [4, 0.02]], "ceiling": 0, "tried": 4}],
}


async def crowd(worker, count, steps, prefix=""):
    runs = [
        worker.run(
            f"{prefix}{n}", {"do": "steps", "start": n, "steps": steps}, lambda *_: None, buyer=str(n % 7), rank=n % 3
        )
        for n in range(count)
    ]
    return await asyncio.gather(*runs)


def test_the_next_worker_begins_with_what_the_last_one_learnt(make_plugin, content):
    async def learn(worker):
        made = await crowd(worker, 12, 15)
        assert [outputs["value"] for outputs in made] == [n + 15 * 3 for n in range(12)]
        return worker.batches

    learnt = with_worker(learn, make_plugin(), content)
    (kernel,) = learnt["kernels"]
    assert kernel["kernel"] == "add"
    assert [size for size, _ in kernel["sizes"]][-1] == 4  # as many as the kernel takes
    assert learnt["places"] == 8
    assert learnt["rows"] == 1

    async def recall(worker):
        worker.recall({**learnt, "kernels": [{**kernel, "ceiling": 2}]})
        return await crowd(worker, 8, 6)

    told = with_worker(recall, make_plugin(), content)
    assert max(int(rows) for outputs in told for rows in outputs["text"].split(",")) == 2

    async def elsewhere(worker):
        worker.recall({**learnt, "runtime": "something else", "kernels": [{**kernel, "ceiling": 1}]})
        return await crowd(worker, 8, 6)

    told = with_worker(elsewhere, make_plugin(), content)
    assert max(int(rows) for outputs in told for rows in outputs["text"].split(",")) == 4


def test_many_jobs_that_tell_their_progress_are_no_flood(make_plugin, content):
    async def work(worker):
        made = await crowd(worker, 150, 4)
        return len(made), worker.alive

    assert with_worker(work, make_plugin(), content) == (150, True)


def test_a_cancelled_job_leaves_the_device_to_the_others_within_a_step(make_plugin, content):
    async def work(worker):
        long = [asyncio.create_task(worker.run(f"l{n}", {"do": "steps", "start": 1, "steps": 5000})) for n in range(8)]
        await asyncio.sleep(0.3)
        for task in long:
            task.cancel()
        await asyncio.gather(*long, return_exceptions=True)
        outputs = await worker.run("next", {"do": "steps", "start": 1, "steps": 3})
        return outputs["text"].split(",")[-2:]

    # Alone: nothing of the eight, which had minutes to go, is computed any more.
    assert with_worker(work, make_plugin(), content) == ["1", "1"]


def broken(*path, value):
    """What is known, with one thing in it that makes no sense."""
    made = copy.deepcopy(KNOWN)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


NONSENSE = [
    {},
    broken("places", value=-1),
    broken("places", value="8"),
    broken("rows", value=float("inf")),
    broken("rows", value=-1),
    broken("runtime", value="x" * 1000),
    broken("kernels", value=KNOWN["kernels"] * 100),
    broken("kernels", value=[None]),
    broken("kernels", 0, "kernel", value=3),
    broken("kernels", 0, "sizes", value=[[1, 0.0]]),
    broken("kernels", 0, "sizes", value=[[1, float("nan")]]),
    broken("kernels", 0, "sizes", value=[[-1, 1.0]]),
    broken("kernels", 0, "sizes", value=[[1 << 40, 1.0]]),
    broken("kernels", 0, "sizes", value=[[1, 1.0]] * 1000),
    broken("kernels", 0, "ceiling", value=-3),
    broken("kernels", 0, "tried", value=1 << 50),
]


@pytest.mark.parametrize("told", NONSENSE)
def test_batches_that_make_no_sense_are_not_believed(told):
    with pytest.raises(WireError):
        batches_of(told)


def test_a_worker_cannot_ask_for_any_number_of_jobs():
    assert batches_of({**KNOWN, "places": 10**9})["places"] == MOST_PLACES
    assert batches_of({**KNOWN, "surplus": "x" * 10**6}).keys() == KNOWN.keys()


def test_a_worker_that_tells_nonsense_of_its_batches_is_ended(make_plugin, content):
    header = json.dumps({"op": "batches", **broken("places", value=-1), "arrays": []}).encode()
    shout = {"do": "shout", "text": (struct.pack(">IQ", len(header), 0) + header).decode("latin-1")}

    async def work(worker):
        with pytest.raises(ArtratorError) as info:
            await worker.run("a", shout)
        return info.value.code, worker.batches

    assert with_worker(work, make_plugin(), content) == (Code.WORKER_DIED, None)
