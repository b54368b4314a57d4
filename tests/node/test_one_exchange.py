"""A whole job in one exchange: the answer waits for its end and brings the outputs; who hangs up does not want it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence

import httpx
import pytest
from idle_line import outlasts_clients
from PIL import Image
from toy_node import Request, ToyNode

from artrator.clients._mixed import read_mixed
from artrator.clients.node import NodeClient
from artrator.documents import Receipt, proof
from artrator.keys import PrivateKey, PublicKey
from artrator.messages.node import EventKind, JobState
from artrator_node.http.preference import Preference


def put(
    node: ToyNode, request: Request, headers: Mapping[str, str], *, buyer: PrivateKey | None = None
) -> httpx.Response:
    """Send a request as JSON, with other headers."""
    path = f"/v1/jobs/{request.job}"
    signed = proof.make(buyer or node.buyer, method="PUT", path=path, node=node.descriptor.node, body=request.digest)
    given = {proof.HEADER: signed, "Content-Type": "application/json", **headers}
    text = request.request.model_dump_json()
    with httpx.Client(verify=False, timeout=240) as http:
        return http.put(f"{node.url}{path}", content=text, headers=given)


@pytest.fixture(scope="module")
def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 30), (9, 99, 199)).save(buffer, "PNG")
    return buffer.getvalue()


def rows(node: ToyNode, sql: str, *values: object) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(node.data / "journal.db")) as connection:
        return connection.execute(sql, values).fetchall()


def test_one_exchange_brings_the_receipt_and_the_outputs(node: ToyNode) -> None:
    request = node.request({"steps": 2, "side": 24})

    async def work(client: NodeClient) -> None:
        done = await client.perform(request.job, request.request, request.files, request.digest, wait=30)
        assert done.job.state is JobState.DELIVERED
        receipt = Receipt.verify(done.job.receipt, PublicKey.decode(node.descriptor.receipt_key))
        assert [hashlib.sha256(data).hexdigest() for data in done.outputs] == [one.sha256 for one in receipt.outputs]
        # Again, it is the same job, from memory or from the disk, and nothing runs twice.
        again = await client.perform(request.job, request.request, request.files, request.digest, wait=30)
        assert (again.job, again.outputs) == (done.job, done.outputs)
        assert (await client.job(request.job)).receipt == done.job.receipt
        assert await client.output(request.job, 0) == done.outputs[0]
        kinds = [event.kind for event in await node.finished(client, request.job)]
        assert (kinds.count(EventKind.OUTPUT), kinds[-1]) == (1, EventKind.DONE)

    node.ask(work)
    assert rows(node, "SELECT state, attempts FROM jobs WHERE job = ?", request.job) == [("delivered", 1)]
    node.wait_for(lambda: request.job in node.registry.claims, "the receipt never reached the registry")
    assert not (node.data / "spool" / request.job).exists()


def test_files_come_in_parts_and_outputs_go_back_in_the_same_exchange(node: ToyNode, picture: bytes) -> None:
    request = node.request({}, {"image": picture})
    done = node.ask(lambda client: client.perform(request.job, request.request, request.files, request.digest, wait=30))
    assert done.job.state is JobState.DELIVERED
    assert len(done.outputs) == 1
    alone = node.request({}, {"image": picture})
    refused = put(node, alone, {"Prefer": "wait=30"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "request_invalid")


@pytest.mark.parametrize("do", ["complain", "crash"])
def test_a_failure_is_told_in_the_same_exchange(node: ToyNode, do: str) -> None:
    buyer = PrivateKey.generate()  # whose requests end workers is turned away after a while
    request = node.request({"do": do}, buyer=buyer)
    answer = put(node, request, {"Prefer": "wait=30, outputs"}, buyer=buyer)
    assert answer.headers["preference-applied"] == "wait=30, outputs"
    job = answer.json()
    assert job["state"] == "failed"
    assert job["error"]["code"] == {"complain": "model_failed", "crash": "worker_died"}[do]
    receipt = Receipt.verify(job["receipt"], PublicKey.decode(node.descriptor.receipt_key))
    assert receipt.outcome == "failed"


def test_without_a_wish_for_outputs_the_answer_is_the_job_alone(node: ToyNode) -> None:
    answer = put(node, node.request({"steps": 1}), {"Prefer": "wait=30"})
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["state"], answer.headers["preference-applied"]) == ("delivered", "wait=30")


def test_an_answer_that_comes_before_the_end_is_a_promise(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    request = node.request({"do": "slow", "steps": 60})
    answer = put(node, request, {"Prefer": "wait=0, outputs"})
    assert answer.json()["state"] in ("queued", "running")
    node.kill()
    node.start()

    async def follow(client: NodeClient) -> None:
        assert (await node.finished(client, request.job))[-1].kind is EventKind.DONE

    node.ask(follow)


def test_what_was_answered_is_not_run_again_after_a_crash(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    request = node.request({"steps": 1})
    first = put(node, request, {"Prefer": "wait=30, outputs"})
    node.kill()
    node.start()
    again = put(node, request, {"Prefer": "wait=30, outputs"})
    first_job, *first_outputs = parts(first)
    again_job, *again_outputs = parts(again)
    assert again_outputs == first_outputs
    assert json.loads(again_job)["receipt"] == json.loads(first_job)["receipt"]
    assert rows(node, "SELECT attempts FROM jobs WHERE job = ?", request.job) == [(1,)]


def parts(answer: httpx.Response) -> Sequence[bytes]:
    found = read_mixed(answer.headers["content-type"], answer.content)
    assert found is not None
    return found


def test_a_job_that_takes_longer_than_a_moment_survives_a_crash_though_nobody_was_told_of_it(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node()
    node.start()
    request = node.request({"do": "slow", "steps": 60})
    asked = asyncio.run(_cut_off(node, request))
    assert asked
    node.kill()
    node.start()

    async def follow(client: NodeClient) -> None:
        assert (await node.finished(client, request.job))[-1].kind is EventKind.DONE

    node.ask(follow)


async def _cut_off(node: ToyNode, request: Request) -> bool:
    """Send it, wait until the journal has it, and hang up."""
    async with node.client() as client:
        task = asyncio.create_task(client.perform(request.job, request.request, request.files, request.digest, wait=60))
        async with asyncio.timeout(240):
            while not rows(node, "SELECT 1 FROM jobs WHERE job = ? AND state = 'running'", request.job):
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return True


def test_who_hangs_up_while_queued_is_not_computed_and_gets_the_hold_back(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(jobs_per_package=1)
    node.start()
    long = node.request({"do": "slow", "steps": 100})
    left, back = (node.request({"steps": 1}) for _ in range(2))

    async def work(client: NodeClient) -> None:
        await node.submit(client, long)
        async for event in client.events(long.job):
            if event.kind is EventKind.STARTED:  # from here on, only the two are queued
                break
        for before, request in enumerate((left, back)):
            asking = asyncio.create_task(
                client.perform(request.job, request.request, request.files, request.digest, wait=60)
            )
            async with asyncio.timeout(240):
                while (await client.health()).queued <= before:
                    await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        # One of the two comes back, and is served; the other is never begun.
        done = await client.perform(back.job, back.request, back.files, back.digest, wait=60)
        assert done.job.state is JobState.DELIVERED

    node.ask(work)
    node.wait_for(lambda: left.job in node.registry.claims, "the hold was not released")
    job = node.ask(lambda client: client.job(left.job))
    assert job.state is JobState.CANCELLED
    assert rows(node, "SELECT attempts FROM jobs WHERE job = ?", left.job) == [(0,)]


def test_a_job_can_be_sent_and_followed_in_one_exchange(node: ToyNode) -> None:
    request = node.request({"do": "slow", "steps": 8})

    async def work(client: NodeClient) -> None:
        sent = client.send(request.job, request.request, request.files, request.digest)
        events = [event async for event in sent]
        kinds = [event.kind for event in events]
        assert kinds[0] is EventKind.QUEUED
        assert EventKind.PROGRESS in kinds
        assert events[-1].job.state is JobState.DELIVERED
        again = [event async for event in client.send(request.job, request.request, request.files, request.digest)]
        assert again[-1].data == events[-1].data

    node.ask(work)


def test_the_same_job_sent_twice_at_once_runs_once_and_answers_both(node: ToyNode) -> None:
    request = node.request({"do": "slow", "steps": 10})

    async def work(client: NodeClient) -> None:
        first, second = await asyncio.gather(
            *(client.perform(request.job, request.request, request.files, request.digest, wait=60) for _ in range(2))
        )
        assert first.job.receipt == second.job.receipt
        assert first.outputs == second.outputs != ()

    node.ask(work)
    assert rows(node, "SELECT attempts FROM jobs WHERE job = ?", request.job) == [(1,)]


def test_nothing_of_a_short_request_reaches_the_disk(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    words = "a fox that nobody shall ever read about"
    answer = put(node, node.request({"prompt": words, "steps": 1}), {"Prefer": "wait=30"})
    assert answer.json()["state"] == "delivered"
    node.kill()
    for path in node.data.rglob("*"):
        if path.is_file():
            assert words.encode() not in path.read_bytes(), path.name
    assert words not in node.log


@pytest.mark.parametrize(
    ("headers", "wait", "outputs"),
    [
        ([], None, False),
        (["wait=10"], 10, False),
        (["WAIT = 10 , Outputs"], 10, True),
        (["outputs", 'wait="7"; x=y'], 7, True),
        (["respond-async, wait=5, wait=9"], 5, False),
        (["wait=99999"], 300, False),
        (["wait=-1"], None, False),
        (["wait=1e3"], None, False),
        (["wait=" + "9" * 5000], None, False),
        (["outputs"], None, False),
        (["wait=²"], None, False),
    ],
)
def test_a_preference_that_makes_no_sense_is_none(headers: list[str], wait: float | None, outputs: bool) -> None:
    assert Preference.of(headers) == Preference(wait, outputs)


def test_a_connection_is_kept_for_longer_than_buyers_keep_it(node: ToyNode) -> None:
    assert outlasts_clients(node.url)
