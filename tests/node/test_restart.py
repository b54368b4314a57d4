"""The daemon killed, restarted, and cut off from its registry: nothing is lost, nothing runs twice for money."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState


async def until_progress(client: NodeClient, job: str) -> int:
    """Follow a job until it moves; returns the last serial that was seen."""
    async for event in client.events(job):
        if event.kind is EventKind.PROGRESS:
            return event.serial
    raise AssertionError("the job ended without progress")


def test_a_killed_node_takes_its_jobs_up_again_and_event_streams_resume(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(jobs_per_package=1)
    node.start()
    done = node.run({"steps": 1, "seed": 3})
    running, queued = node.request({"do": "slow", "steps": 40}), node.request({"steps": 2})
    lost = node.request({"steps": 2})

    async def begin(client: NodeClient) -> int:
        await node.submit(client, running)
        seen = await until_progress(client, running.job)
        for request in (queued, lost):
            await node.submit(client, request)
        return seen

    seen = node.ask(begin)
    node.kill()
    shutil.rmtree(node.data / "spool" / lost.job)
    node.start()

    async def go_on(client: NodeClient) -> None:
        # The same PUT answers with the same job, before and after it has ended.
        assert (await node.submit(client, running)).job == running.job
        rest = await node.finished(client, running.job, after=seen)
        assert all(event.serial > seen for event in rest)
        assert rest[-1].kind is EventKind.DONE
        assert (await node.finished(client, queued.job))[-1].kind is EventKind.DONE
        gone = (await node.finished(client, lost.job))[-1]
        assert (gone.kind, gone.data["code"]) == (EventKind.FAILED, "worker_died")
        # What was delivered before is there, byte for byte, with its events and its receipt.
        before = await client.job(done.job)
        assert before.receipt == done.receipt
        assert len(await client.output(done.job, 0)) == before.outputs[0].size
        again = await node.finished(client, done.job)
        assert again[-1].kind is EventKind.DONE
        assert again[-1].data["receipt"] == done.receipt

    node.ask(go_on)
    for job in (done.job, running.job, queued.job, lost.job):
        node.wait_for(lambda job=job: job in node.registry.claims, "a receipt was lost")


@pytest.mark.slow
def test_a_job_that_takes_the_node_down_twice_is_given_up(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    request = node.request({"do": "slow", "steps": 1000})

    async def begin(client: NodeClient) -> None:
        await node.submit(client, request)
        await until_progress(client, request.job)

    for _ in range(2):
        node.ask(begin)
        node.kill()
        node.start()
    job = node.ask(lambda client: client.job(request.job))
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["code"] == "worker_died"


@pytest.mark.slow
def test_a_stopped_node_finishes_what_runs_and_keeps_what_waits(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(jobs_per_package=1)
    node.start()
    running, queued = node.request({"do": "slow", "steps": 20}), node.request({"steps": 1})

    async def begin(client: NodeClient) -> None:
        await node.submit(client, running)
        await until_progress(client, running.job)
        await node.submit(client, queued)

    node.ask(begin)
    node.stop()
    assert '"event": "stopped"' in node.log
    assert not node.registry.heartbeats[-1]["accepting"]
    assert running.job in node.registry.claims
    assert queued.job not in node.registry.claims
    node.start()
    assert node.ask(lambda client: node.finished(client, queued.job))[-1].kind is EventKind.DONE
    assert node.ask(lambda client: client.job(running.job)).state is JobState.DELIVERED


@pytest.mark.slow
def test_receipts_and_acknowledgements_outlive_a_registry_that_is_away(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    first = node.run({"steps": 1})
    node.wait_for(lambda: first.job in node.registry.claims, "the first receipt was not sent")
    # The registry has it; the node may not have heard so yet, and would send it again.
    node.wait_for(lambda: node.ask(lambda client: client.health()).outbox == 0, "the first receipt is not done with")
    node.registry.stop()
    job = node.run({"steps": 1})
    assert job.state is JobState.DELIVERED
    acknowledgement = node.acknowledgement(job).sign(node.buyer)
    node.ask(lambda client: client.acknowledge(job.job, acknowledgement))
    node.kill()
    # Even a node that starts without its registry serves: the keys are on its disk.
    node.start()
    other = node.run({"steps": 1})
    assert other.state is JobState.DELIVERED
    node.wait_for(lambda: node.ask(lambda client: client.health()).outbox == 2, "a receipt is not kept")
    assert any("registry" in warning for warning in node.ask(lambda client: client.health()).warnings)
    node.registry.claims_at_once = 1  # both together are more than it takes
    node.registry.start()
    node.wait_for(lambda: {job.job, other.job} <= set(node.registry.claims), "a receipt was lost")
    assert node.registry.claims[job.job][0]["acknowledgement"] == acknowledgement
    node.wait_for(lambda: node.ask(lambda client: client.health()).outbox == 0, "the outbox was not emptied")


def test_a_receipt_that_the_registry_refuses_for_good_is_not_sent_for_ever(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.registry.refuse_claims = "order_closed"
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    node.wait_for(lambda: "receipt_refused" in node.log, "the refusal was not logged")
    node.wait_for(lambda: node.ask(lambda client: client.health()).outbox == 0, "it is to be sent again")
    shown = node.command("status")
    assert "order_closed" in shown.stdout, shown.stderr


def test_a_clock_that_is_an_hour_behind_is_said_and_does_no_harm(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.registry.ahead = 3600.0
    node.start()
    node.wait_for(lambda: len(node.registry.heartbeats) > 0, "no heartbeat came")
    health = node.ask(lambda client: client.health())
    assert any("3600 seconds behind" in warning for warning in health.warnings)
    # By the registry's clock, which is what counts, this ticket is long over.
    with pytest.raises(ArtratorError) as caught:
        node.run({"steps": 1})
    assert caught.value.code in (Code.TICKET_EXPIRED, Code.PROOF_INVALID)
