"""A whole job over TLS: sent, followed, fetched, receipted, acknowledged."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import httpx
import pytest
from PIL import Image
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import Receipt, proof, ticket_digest
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages.node import EventKind, JobState


def test_a_job_is_run_and_delivered_with_a_receipt_that_names_it(node: ToyNode) -> None:
    request = node.request({"steps": 3, "seed": 7, "side": 20})

    async def work(client: NodeClient) -> None:
        first = await node.submit(client, request)
        assert first.state in (JobState.QUEUED, JobState.RUNNING)
        events = await node.finished(client, request.job)
        kinds = [event.kind for event in events]
        assert kinds[:2] == [EventKind.QUEUED, EventKind.STARTED]
        assert kinds[-2:] == [EventKind.OUTPUT, EventKind.DONE]
        assert [event.serial for event in events] == sorted({event.serial for event in events})
        job = await client.job(request.job)
        assert job.state is JobState.DELIVERED
        data = await client.output(request.job, 0)
        assert hashlib.sha256(data).hexdigest() == job.outputs[0].sha256
        picture = Image.open(io.BytesIO(data))
        assert picture.size == (20, 20)
        assert picture.info["Order"] == request.job
        receipt = Receipt.verify(job.receipt, PublicKey.decode(node.descriptor.receipt_key))
        assert (receipt.order, receipt.ticket) == (request.job, ticket_digest(request.request.ticket))
        assert (receipt.package, receipt.request) == (node.digest, request.digest)
        assert receipt.outcome == "delivered"
        assert receipt.measures == {"step": 3, "pixel": 0}
        assert receipt.outputs[0].sha256 == job.outputs[0].sha256
        await client.acknowledge(request.job, node.acknowledgement(job).sign(node.buyer))

    node.ask(work)
    node.wait_for(
        lambda: any(claim.get("acknowledgement") for claim in node.registry.claims.get(request.job, [])),
        "the registry never got the acknowledgement",
    )


def test_outputs_can_be_fetched_in_ranges_and_previews_while_the_job_runs(node: ToyNode) -> None:
    request = node.request({"do": "slow", "steps": 30})
    path = f"/v1/jobs/{request.job}/outputs/0"

    async def work(client: NodeClient) -> bytes:
        await node.submit(client, request)
        previews = 0
        async for event in client.events(request.job):
            if event.kind is EventKind.PREVIEW and not previews:
                previews += 1
                picture = Image.open(io.BytesIO(await client.preview(request.job)))
                assert picture.format == "JPEG"
                assert max(picture.size) <= 320
        assert previews
        return await client.output(request.job, 0)

    whole = node.ask(work)
    header = {proof.HEADER: proof.make(node.buyer, method="GET", path=path, node=node.descriptor.node)}
    part = httpx.get(f"{node.url}{path}", headers={**header, "Range": "bytes=10-19"}, verify=False)
    assert (part.status_code, part.content) == (206, whole[10:20])
    missing = path[:-1] + "7"
    header = {proof.HEADER: proof.make(node.buyer, method="GET", path=missing, node=node.descriptor.node)}
    assert httpx.get(f"{node.url}{missing}", headers=header, verify=False).json()["error"]["code"] == "not_found"


def test_buyers_choose_the_format(node: ToyNode) -> None:
    for image_format in ("jpeg", "webp"):
        job = node.run({"steps": 1}, image_format=image_format)
        assert job.outputs[0].media_type == f"image/{image_format}"
        data = node.ask(lambda client, job=job: client.output(job.job, 0))
        assert Image.open(io.BytesIO(data)).format == image_format.upper()


def test_outputs_go_when_their_time_is_over_and_the_receipt_stays(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(retention_hours=0.0005)
    node.start()
    job = node.run({"steps": 1})

    def expired() -> bool:
        try:
            node.ask(lambda client: client.output(job.job, 0))
        except ArtratorError as error:
            return error.code is Code.OUTPUT_EXPIRED
        return False

    node.wait_for(expired, "the output was kept")
    assert node.ask(lambda client: client.job(job.job)).receipt == job.receipt


def test_an_acknowledgement_of_something_else_is_refused(node: ToyNode) -> None:
    first, second = node.run({"steps": 1}), node.run({"steps": 1})
    said = node.acknowledgement(first)
    stranger = PrivateKey.generate()
    other = said.model_copy(update={"buyer": stranger.public.encode()})
    for document, job in (
        (said.sign(node.buyer), second.job),
        (said.sign(stranger), first.job),
        (other.sign(node.buyer), first.job),
    ):
        with pytest.raises(ArtratorError) as caught:
            node.ask(lambda client, job=job, document=document: client.acknowledge(job, document))
        assert caught.value.code is Code.DOCUMENT_INVALID
    node.ask(lambda client: client.acknowledge(first.job, said.sign(node.buyer)))
