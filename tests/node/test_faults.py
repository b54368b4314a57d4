"""Models, workers and machines that fail: each buyer hears a code, no hold stays, the node goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from toy_node import ToyNode, write_toy

from artrator.clients.node import NodeClient
from artrator.documents import Receipt
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages.node import EventKind, Job, JobState


def receipt_of(node: ToyNode, job: Job) -> Receipt:
    assert job.receipt is not None
    return Receipt.verify(job.receipt, PublicKey.decode(node.descriptor.receipt_key))


@pytest.mark.parametrize("do", ["complain", "bug", "float", "nothing"])
def test_a_model_that_fails_costs_nothing_and_says_why(node: ToyNode, do: str) -> None:
    job = node.run({"do": do, "prompt": "my secret"})
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["code"] == "model_failed"
    assert "my secret" not in str(job.error)
    if do == "complain":
        assert job.error["message"] == "The picture is too dark."
    receipt = receipt_of(node, job)
    assert (receipt.outcome, receipt.error, dict(receipt.measures), list(receipt.outputs)) == (
        "failed",
        "model_failed",
        {},
        [],
    )
    node.wait_for(lambda: job.job in node.registry.claims, "the registry was not told")


def test_a_worker_that_dies_is_replaced_and_its_job_is_tried_once_more_then_given_up(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node()
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    request = node.request({"do": "crash"})

    async def crash(client: NodeClient) -> list[EventKind]:
        await node.submit(client, request)
        return [event.kind for event in await node.finished(client, request.job)]

    kinds = node.ask(crash)
    assert kinds.count(EventKind.STARTED) == 2
    assert kinds[-1] is EventKind.FAILED
    job = node.ask(lambda client: client.job(request.job))
    assert job.error is not None
    assert job.error["code"] == "worker_died"
    assert receipt_of(node, job).error == "worker_died"
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def somebody() -> str:
    """The account of a buyer whom nobody has seen before."""
    return str(uuid.uuid4())


def test_a_package_whose_worker_dies_for_three_buyers_is_quarantined_until_its_owner_lets_it_out(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node()
    node.start()
    for _ in range(2):
        node.run({"do": "crash"}, sub=somebody())
    # Two in a row: one good run and the count begins anew.
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    for _ in range(2):
        assert node.run({"do": "crash"}, sub=somebody()).state is JobState.FAILED
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    for _ in range(3):
        assert node.run({"do": "crash"}, sub=somebody()).state is JobState.FAILED
    # The third in a row is the package's last: no further buyer pays with time for it.
    with pytest.raises(ArtratorError) as caught:
        node.run({"steps": 1}, sub=somebody())
    assert caught.value.code is Code.NO_NODE
    health = node.ask(lambda client: client.health())
    assert health.packages[0].state == "quarantined"
    assert "ended with status 7" in (health.packages[0].error or "")
    assert any("quarantine" in warning for warning in health.warnings)
    assert "ended with status 7" in node.command("status", "--url", node.url).stdout
    node.wait_for(
        lambda: node.registry.heartbeats[-1]["packages"][0]["state"] == "offline", "the registry was not told"
    )
    freed = node.command("release", "toy", "--url", node.url)
    assert freed.returncode == 0, freed.stderr
    state = lambda: node.ask(lambda client: client.health()).packages[0].state  # noqa: E731
    node.wait_for(lambda: state() != "quarantined", "the package was not let out")
    assert node.run({"steps": 1}, sub=somebody()).state is JobState.DELIVERED


def test_a_buyer_who_ends_the_worker_again_and_again_is_turned_away_and_nobody_else_is(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node()
    node.start()
    attacker, customer = somebody(), somebody()
    assert node.run({"steps": 1}, sub=customer).state is JobState.DELIVERED
    for _ in range(2):
        job = node.run({"do": "crash"}, sub=attacker)
        assert job.error is not None
        assert job.error["code"] == "worker_died"
    with pytest.raises(ArtratorError) as caught:
        node.run({"steps": 1}, sub=attacker)
    assert caught.value.code is Code.RATE_LIMITED
    assert "3 times" in caught.value.message or "4 times" in caught.value.message
    assert caught.value.details["retry_after"] > 60
    assert node.run({"steps": 1}, sub=customer).state is JobState.DELIVERED
    assert node.ask(lambda client: client.health()).packages[0].state == "warm"


@pytest.mark.parametrize("before", [0, 1])
def test_requests_that_take_too_long_quarantine_only_what_never_worked(
    make_node: Callable[..., ToyNode], before: int
) -> None:
    node = make_node(run_seconds=2)
    node.start()
    for _ in range(before):
        assert node.run({"steps": 1}).state is JobState.DELIVERED
    for _ in range(3):
        job = node.run({"do": "stubborn"}, sub=somebody())
        assert job.error is not None
        assert job.error["code"] == "worker_limit"
    health = node.ask(lambda client: client.health())
    assert (health.packages[0].state == "quarantined") is not bool(before)


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the worker in /proc")
def test_a_worker_killed_in_the_middle_of_a_job_costs_the_buyer_nothing_but_time(node: ToyNode) -> None:
    request = node.request({"do": "slow", "steps": 60})

    async def work(client: NodeClient) -> list[EventKind]:
        await node.submit(client, request)
        kinds = []
        async for event in client.events(request.job):
            kinds.append(event.kind)
            if kinds.count(EventKind.PROGRESS) == 1 and event.kind is EventKind.PROGRESS:
                for child in workers_of(node):
                    os.kill(child, signal.SIGKILL)
        return kinds

    kinds = node.ask(work)
    assert kinds.count(EventKind.STARTED) == 2
    assert kinds[-1] is EventKind.DONE


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the worker in /proc")
def test_a_worker_that_dies_while_idle_is_replaced_before_the_next_job(node: ToyNode) -> None:
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    killed = workers_of(node)
    for child in killed:
        os.kill(child, signal.SIGKILL)
    # Another one may be there at once.
    node.wait_for(lambda: not set(killed) & set(workers_of(node)), "the worker did not die")
    request = node.request({"steps": 1})

    async def work(client: NodeClient) -> list[EventKind]:
        await node.submit(client, request)
        return [event.kind for event in await node.finished(client, request.job)]

    kinds = node.ask(work)
    assert kinds.count(EventKind.STARTED) == 1
    assert kinds[-1] is EventKind.DONE


def workers_of(node: ToyNode) -> list[int]:
    """The process ids of a node's workers."""
    assert node.service is not None
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == node.service.pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("do", ["slow", "stubborn"])
def test_cancel_ends_a_running_job_within_seconds_and_releases_the_hold(node: ToyNode, do: str) -> None:
    request = node.request({"do": do, "steps": 1000})

    async def work(client: NodeClient) -> Job:
        await node.submit(client, request)
        async for event in client.events(request.job):
            if event.kind is EventKind.STARTED:
                break
        await client.cancel(request.job)
        events = await node.finished(client, request.job)
        assert events[-1].kind is EventKind.CANCELLED
        return await client.cancel(request.job)  # harmless once more

    job = node.ask(work)
    assert job.state is JobState.CANCELLED
    assert receipt_of(node, job).outcome == "cancelled"
    node.wait_for(lambda: request.job in node.registry.claims, "the hold was not released")
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def test_a_job_that_outruns_its_ticket_is_stopped(node: ToyNode) -> None:
    job = node.run({"do": "slow", "steps": 1000}, finish_by=int(time.time()) + 5)
    assert job.error is not None
    assert job.error["code"] == "job_deadline"
    assert receipt_of(node, job).outcome == "failed"


def test_a_full_queue_and_a_greedy_buyer_are_told_when_to_come_back(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(queue_limit=2, jobs_per_buyer=4, jobs_per_package=1)
    node.start()

    async def work(client: NodeClient) -> None:
        slow = {"do": "slow", "steps": 400}
        running = node.request(slow)
        await node.submit(client, running)
        async for event in client.events(running.job):
            if event.kind is EventKind.STARTED:
                break
        waiting = [node.request(slow) for _ in range(2)]
        for request in waiting:
            await node.submit(client, request)
        answers: list[httpx.Response] = []

        async def see(answer: httpx.Response) -> None:
            answers.append(answer)

        client._http.event_hooks = {"response": [see]}
        with pytest.raises(ArtratorError) as caught:
            await node.submit(client, node.request(slow))
        assert caught.value.code is Code.NODE_BUSY
        assert caught.value.details["retry_after"] >= 2
        assert "jobs are waiting already" in caught.value.message
        assert answers[-1].status_code == 503
        assert int(answers[-1].headers["Retry-After"]) == caught.value.details["retry_after"]
        assert (await client.job(waiting[1].job)).position is not None
        cancelled = await client.cancel(waiting[0].job)
        assert cancelled.state is JobState.CANCELLED
        await client.cancel(running.job)
        await client.cancel(waiting[1].job)

    node.ask(work)


def test_a_buyer_with_too_many_open_jobs_is_told_so(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(jobs_per_buyer=1)
    node.start()

    async def work(client: NodeClient) -> None:
        first = node.request({"do": "slow", "steps": 400})
        await node.submit(client, first)
        with pytest.raises(ArtratorError) as caught:
            await node.submit(client, node.request())
        assert caught.value.code is Code.RATE_LIMITED
        await client.cancel(first.job)
        await node.finished(client, first.job)
        await node.submit(client, node.request())

    node.ask(work)


def test_a_package_that_cannot_be_loaded_fails_its_job_with_the_reason(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(prewarm=False)
    folder = node.folder / "broken"
    digest = write_toy(folder, node.creator.identity, name="broken", weights=b"broken")
    offer = node.publish(folder, "broken")
    node.start()
    job = node.run(package=digest, offer=offer)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["message"]
    with pytest.raises(ArtratorError) as caught:
        node.run(package=digest, offer=offer)
    assert caught.value.code is Code.NO_NODE
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def test_a_package_that_was_changed_after_signing_is_not_served_and_the_owner_is_told(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node()
    (node.package / "weights.bin").write_bytes(b"other")
    node.start()
    with pytest.raises(ArtratorError) as caught:
        node.run()
    assert caught.value.code is Code.LISTING_UNKNOWN
    health = node.ask(lambda client: client.health())
    assert health.packages[0].state == "refused"
    assert "weights.bin" in (health.packages[0].error or "")


def test_buyers_that_hang_up_or_read_slowly_hold_up_nobody(node: ToyNode) -> None:
    async def work(client: NodeClient) -> None:
        request = node.request({"do": "slow", "steps": 20})
        await node.submit(client, request)
        for _ in range(20):  # hang up in the middle of the stream, again and again
            async for _event in client.events(request.job):
                break
        slow = client.events(request.job)
        await anext(slow)
        await asyncio.sleep(1.2)
        rest = [event.kind async for event in slow]
        assert rest[-1] is EventKind.DONE

    node.ask(work)
