"""Part of an order: what was finished before a job failed, was cancelled or came too late is delivered and measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from picture_sets import write_sets
from registry_double import RegistryDouble
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import Receipt
from artrator.keys import PublicKey
from artrator.messages.node import EventKind, Job, JobState


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyNode]:
    """A running node with a package that makes sets."""
    registry = RegistryDouble()
    registry.start()
    it = ToyNode(tmp_path_factory.mktemp("sets"), registry, write=write_sets)
    it.start()
    yield it
    it.stop()
    registry.stop()


def receipt_of(node: ToyNode, job: Job) -> Receipt:
    return Receipt.verify(job.receipt, PublicKey.decode(node.descriptor.receipt_key))


def test_all_that_was_ordered_is_measured_as_it_was_ordered(sets: ToyNode) -> None:
    job = sets.run()
    receipt = receipt_of(sets, job)
    assert [output.name for output in job.outputs] == ["images-1", "images-2", "images-3", "images-4"]
    assert (receipt.outcome, receipt.measures, receipt.error) == ("delivered", {"step": 20}, None)
    assert job.error is None


@pytest.mark.parametrize("do", ["set-fail", "set-short"])
def test_a_job_that_fails_at_the_last_picture_delivers_the_others(sets: ToyNode, do: str) -> None:
    job = sets.run({"do": do})
    receipt = receipt_of(sets, job)
    assert (job.state, len(job.outputs)) == (JobState.DELIVERED, 3)
    assert (receipt.outcome, receipt.measures, receipt.error) == ("delivered", {"step": 15}, "model_failed")
    assert job.error is not None
    for output in job.outputs:
        assert len(sets.ask(lambda client, output=output: client.output(job.job, output.index))) == output.size


def test_a_job_that_fails_at_its_only_picture_delivers_nothing(sets: ToyNode) -> None:
    job = sets.run({"do": "set-fail", "count": 1})
    assert (job.state, job.outputs) == (JobState.FAILED, [])
    receipt = receipt_of(sets, job)
    assert (receipt.outcome, receipt.measures) == ("failed", {})


def test_a_job_whose_worker_is_lost_twice_delivers_what_it_had(sets: ToyNode) -> None:
    job = sets.run({"do": "set-crash"})
    receipt = receipt_of(sets, job)
    assert (receipt.outcome, receipt.measures, receipt.error) == ("delivered", {"step": 15}, "worker_died")
    assert sets.run().state is JobState.DELIVERED


def test_a_cancelled_job_delivers_what_was_finished(sets: ToyNode) -> None:
    request = sets.request({"do": "set-wait"})

    async def work(client: NodeClient) -> Job:
        await sets.submit(client, request)
        async for event in client.events(request.job):
            if event.kind is EventKind.PROGRESS and event.whole("done"):
                await client.cancel(request.job)
        return await client.job(request.job)

    receipt = receipt_of(sets, sets.ask(work))
    made = len(receipt.outputs)
    assert 1 <= made <= 3
    assert (receipt.outcome, receipt.measures, receipt.error) == ("delivered", {"step": 5 * made}, "job_cancelled")


def test_a_job_cancelled_before_its_first_picture_costs_nothing(sets: ToyNode) -> None:
    request = sets.request({"do": "set-wait", "count": 1})

    async def work(client: NodeClient) -> Job:
        await sets.submit(client, request)
        async for event in client.events(request.job):
            if event.kind is EventKind.STARTED:
                await client.cancel(request.job)
        return await client.job(request.job)

    receipt = receipt_of(sets, sets.ask(work))
    assert (receipt.outcome, receipt.measures, receipt.outputs) == ("cancelled", {}, [])


def test_a_job_whose_time_is_over_delivers_what_was_finished(sets: ToyNode) -> None:
    now = int(time.time())
    job = sets.run({"do": "set-wait"}, start_by=now + 60, finish_by=now + 7)
    receipt = receipt_of(sets, job)
    assert (receipt.outcome, receipt.measures, receipt.error) == ("delivered", {"step": 15}, "job_deadline")


def test_pictures_that_cost_no_less_alone_are_not_sold_alone(tmp_path: Path) -> None:
    registry = RegistryDouble()
    registry.start()
    node = ToyNode(tmp_path, registry, write=lambda folder, key: write_sets(folder, key, ("steps",)))
    node.start()
    try:
        job = node.run({"do": "set-fail"})
        assert (job.state, receipt_of(node, job).outcome) == (JobState.FAILED, "failed")
        assert node.run({"do": "set-short"}).state is JobState.FAILED
        assert node.run().state is JobState.DELIVERED
    finally:
        node.stop()
        registry.stop()
