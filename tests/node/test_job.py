"""A whole job over TLS: sent, followed, fetched, receipted, acknowledged."""

from __future__ import annotations

import hashlib
import io
import time

from PIL import Image
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import Acknowledgement, Receipt, document_digest, ticket_digest
from artrator.keys import PublicKey
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
        acknowledgement = Acknowledgement(
            buyer=node.buyer.public.encode(),
            order=request.job,
            receipt=document_digest(job.receipt),
            verdict="accepted",
            at=time.time(),
        ).sign(node.buyer)
        await client.acknowledge(request.job, acknowledgement)

    node.ask(work)
    node.wait_for(
        lambda: any(claim.get("acknowledgement") for claim in node.registry.claims.get(request.job, [])),
        "the registry never got the acknowledgement",
    )
