"""The line: how much passes in a second, who gets how much of it, and what it does to everybody else."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.messages.node import JobState
from artrator_node.connections.bandwidth import PIECE, Line


@pytest.fixture(scope="module")
def noise() -> bytes:
    """A picture that no format makes smaller: three megabytes."""
    pixels = np.random.default_rng(1).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def test_no_limit_lets_everything_through_at_once() -> None:
    async def work() -> None:
        line = Line(0, time.monotonic)
        assert not line.limited
        await asyncio.gather(*(line.take(who, 1 << 40) for who in range(100)))

    asyncio.run(work())


def test_who_wants_much_gets_no_more_of_the_line_than_who_wants_little() -> None:
    async def work() -> tuple[int, float]:
        line, passed = Line(4_000_000, time.monotonic), {"greedy": 0, "modest": 0}

        async def pull(who: str, count: int) -> None:
            for _ in range(count):
                await line.take(who, PIECE)
                passed[who] += 1

        # Five greedy tasks share one connection; the modest one came last.
        greedy = [asyncio.create_task(pull("greedy", 100)) for _ in range(5)]
        await asyncio.sleep(0.05)
        begun, before = time.monotonic(), passed["greedy"]
        await pull("modest", 20)
        seconds = time.monotonic() - begun
        for task in greedy:
            task.cancel()
        await asyncio.gather(*greedy, return_exceptions=True)
        return passed["greedy"] - before, seconds

    between, seconds = asyncio.run(work())
    assert 15 <= between <= 25
    assert seconds > 40 * PIECE / 4_000_000 * 0.8


def test_who_gives_up_waiting_keeps_nobody_waiting() -> None:
    async def work() -> None:
        line = Line(1000, time.monotonic)
        await line.take("first", 100)
        given_up = [asyncio.create_task(line.take(who, 1_000_000)) for who in range(50)]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        async with asyncio.timeout(240):
            await line.take("last", 100)

    asyncio.run(work())


def test_outputs_and_uploads_keep_to_the_owners_line_and_others_are_answered_meanwhile(
    make_node: Callable[..., ToyNode], noise: bytes
) -> None:
    node = make_node(upload_mbit=8, download_mbit=8)  # a megabyte a second each way
    node.start()

    async def work(client: NodeClient) -> None:
        begun = time.monotonic()
        request = node.request({}, {"image": noise})
        await node.submit(client, request)
        uploaded = time.monotonic() - begun
        await node.finished(client, request.job)
        job = await client.job(request.job)
        assert job.state is JobState.DELIVERED
        (output,) = job.outputs
        begun, answers = time.monotonic(), 0
        reading = [asyncio.create_task(client.output(request.job, output.index)) for _ in range(2)]
        while not all(task.done() for task in reading):
            await client.health()
            answers += 1
            await asyncio.sleep(0.05)
        downloaded = time.monotonic() - begun
        assert all(len(task.result()) == output.size for task in reading)
        # Never faster than the line; how much slower is the business of the machine that runs this.
        assert uploaded > len(noise) / 1e6 * 0.8
        assert downloaded > 2 * output.size / 1e6 * 0.8
        # Who waited behind the outputs would be answered once, after them.
        assert answers > 2

    node.ask(work)
