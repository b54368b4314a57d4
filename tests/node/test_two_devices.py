"""Several devices for real: two halves of the processor, two workers of one package, and what befalls one of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from toy_node import Request, ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import Receipt
from artrator.keys import PublicKey
from artrator.messages.node import EventKind, Job, JobState

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or not Path("/proc").exists(), reason="pins processes and finds them in /proc"
)


@pytest.fixture
def node(make_node: Callable[..., ToyNode]) -> ToyNode:
    it = make_node(devices=["cpu:0", "cpu:1"], jobs_per_package=1)
    it.start()
    return it


def workers_of(node: ToyNode) -> Mapping[int, tuple[int, ...]]:
    """The workers' process ids, and the processors that each may use."""
    assert node.service is not None
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == node.service.pid:
                pid = int(stat.parent.name)
                found[pid] = tuple(sorted(os.sched_getaffinity(pid)))
        except OSError:
            continue
    return found


async def sent(node: ToyNode, client: NodeClient, count: int, steps: int) -> list[Request]:
    requests = [node.request({"do": "slow", "steps": steps, "seed": number}) for number in range(count)]
    for request in requests:
        await node.submit(client, request)
    return requests


async def ended(client: NodeClient, requests: list[Request]) -> list[Job]:
    async def one(request: Request) -> Job:
        async for event in client.events(request.job):
            if event.kind in (EventKind.DONE, EventKind.FAILED, EventKind.CANCELLED):
                break
        return await client.job(request.job)

    return await asyncio.gather(*(one(request) for request in requests))


async def both(node: ToyNode, client: NodeClient) -> None:
    """Wait until both devices have a job of the package."""
    for _ in range(2400):
        workers = (await client.health()).packages[0].workers
        if sum(worker.running for worker in workers) == 2:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the package got no second worker")


def test_two_workers_on_two_halves_of_the_processor_share_the_jobs_of_a_package(node: ToyNode) -> None:
    async def work(client: NodeClient) -> list[Job]:
        requests = await sent(node, client, 4, steps=60)
        await both(node, client)
        health = (await client.health()).packages[0]
        assert sorted(worker.device.split(",")[0] for worker in health.workers) == ["cpu:0", "cpu:1"]
        assert {worker.state for worker in health.workers} == {"warm"}
        if len(os.sched_getaffinity(0)) > 1:
            pinned = list(workers_of(node).values())
            assert len(pinned) == 2
            assert not set(pinned[0]) & set(pinned[1])
            assert set(pinned[0]) | set(pinned[1]) == os.sched_getaffinity(0)
        return await ended(client, requests)

    for job in node.ask(work):
        assert job.state is JobState.DELIVERED
    node.wait_for(
        lambda: len(node.registry.heartbeats[-1]["packages"][0]["devices"]) == 2, "the registry was not told of both"
    )


def test_one_of_two_workers_is_killed_and_no_job_is_lost(node: ToyNode) -> None:
    async def work(client: NodeClient) -> list[Job]:
        requests = await sent(node, client, 4, steps=60)
        await both(node, client)
        victim = sorted(workers_of(node))[0]
        os.kill(victim, signal.SIGKILL)
        return await ended(client, requests)

    jobs = node.ask(work)
    assert [job.state for job in jobs] == [JobState.DELIVERED] * 4
    for job in jobs:
        assert job.receipt is not None
        receipt = Receipt.verify(job.receipt, PublicKey.decode(node.descriptor.receipt_key))
        assert receipt.outcome == "delivered"


def test_a_request_that_kills_its_worker_does_not_take_the_other_one_along(node: ToyNode) -> None:
    async def work(client: NodeClient) -> tuple[list[Job], Job]:
        calm = await sent(node, client, 1, steps=100)
        deadly = node.request({"do": "crash"})
        await node.submit(client, deadly)
        (bad,) = await ended(client, [deadly])
        return await ended(client, calm), bad

    (good,), bad = node.ask(work)
    assert good.state is JobState.DELIVERED
    assert bad.state is JobState.FAILED
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def test_a_node_that_is_killed_takes_all_jobs_of_both_devices_up_again(node: ToyNode) -> None:
    async def begin(client: NodeClient) -> list[Request]:
        requests = await sent(node, client, 3, steps=60)
        await both(node, client)
        return requests

    requests = node.ask(begin)
    node.kill()
    node.start()
    jobs = node.ask(lambda client: ended(client, requests))
    assert [job.state for job in jobs] == [JobState.DELIVERED] * 3
