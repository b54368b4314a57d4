"""A paid job over a line that breaks after any number of bytes: run once, signed once, fetched again; nothing stays."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from relay import Relay
from toy_node import Request, ToyNode

from artrator.clients.node import NodeClient, Performed
from artrator.documents import Receipt
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages.node import JobState

#: A handshake, a request and its answer are some four thousand bytes each way; one more than a round number, so that
#: no cut falls on the same byte of a record twice.
STEP = 331
MOST = 5000


@pytest.fixture
def relay(node: ToyNode) -> Iterator[Relay]:
    """A line to the node."""
    line = Relay()
    line.target = int(node.url.rpartition(":")[2])
    yield line
    line.close()


async def _perform(node: ToyNode, url: str, request: Request) -> Performed | Code:
    async with NodeClient(node.descriptor.model_copy(update={"urls": [url]}), node.buyer) as client:
        try:
            return await client.perform(request.job, request.request, request.files, request.digest, wait=30)
        except ArtratorError as error:
            return error.code


async def _output(node: ToyNode, request: Request) -> bytes:
    async with node.client() as client:
        return await client.output(request.job, 0)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_line_that_breaks_anywhere_costs_one_run_and_loses_nothing(
    node: ToyNode, relay: Relay, direction: str
) -> None:
    through = f"https://127.0.0.1:{relay.port}"
    key = PublicKey.decode(node.descriptor.receipt_key)
    jobs = []
    node.run({"steps": 1})  # the worker is warm: no job waits, so none is taken back by who seems to have left

    async def work() -> list[bool]:
        whole = []
        for cut in range(0, MOST, STEP):
            request = node.request({"steps": 1})
            jobs.append(request.job)
            relay.cut_next(**{direction: cut})
            first = await _perform(node, through, request)
            assert not relay.cut_pending
            again = await _perform(node, through, request)
            assert isinstance(again, Performed), (cut, again)
            assert again.job.state is JobState.DELIVERED
            receipt = Receipt.verify(again.job.receipt, key)
            data = await _output(node, request)
            assert receipt.order == request.job
            assert [hashlib.sha256(data).hexdigest()] == [output.sha256 for output in receipt.outputs]
            # Outputs come with the answer or not; those that do are the same.
            assert list(again.outputs) in ([], [data])
            whole.append(isinstance(first, Performed))
            assert isinstance(first, Performed) or first is Code.NODE_UNREACHABLE, cut
        return whole

    whole = asyncio.run(work())
    assert not whole[0]
    assert whole == sorted(whole)  # broken up to some byte, and whole from there on
    with contextlib.closing(sqlite3.connect(node.data / "journal.db")) as journal:
        for job in jobs:
            assert journal.execute("SELECT state, attempts FROM jobs WHERE job = ?", (job,)).fetchall() == [
                ("delivered", 1)
            ]
    node.wait_for(lambda: all(job in node.registry.claims for job in jobs), "a receipt never reached the registry")
    assert all(len({str(claim["receipt"]) for claim in node.registry.claims[job]}) == 1 for job in jobs)
    node.wait_for(lambda: not any(Path(node.data / "spool").iterdir()), "something stays in the spool")
    assert "request_failed" not in node.log


def test_an_acknowledgement_that_breaks_off_is_no_mistake_of_the_nodes(node: ToyNode, relay: Relay) -> None:
    request = node.request({"steps": 1})

    async def work() -> None:
        assert isinstance(await _perform(node, node.url, request), Performed)
        descriptor = node.descriptor.model_copy(update={"urls": [f"https://127.0.0.1:{relay.port}"]})
        for cut in (2000, 2500, 3000):
            relay.cut_next(up=cut)
            async with NodeClient(descriptor, node.buyer) as client:
                with pytest.raises(ArtratorError) as caught:
                    await client.acknowledge(request.job, {"long": "x" * 50_000})
                assert caught.value.code is Code.NODE_UNREACHABLE

    asyncio.run(work())
    assert "request_failed" not in node.log
