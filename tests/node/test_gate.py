"""The ticket gate of a running node: only the right ticket, from the right registry, with the right request."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from toy_node import Request, ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import proof
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import Job, JobState


def refused(node: ToyNode, request: Request, key: PrivateKey | None = None) -> Code:
    """Why the node refuses a request."""
    with pytest.raises(ArtratorError) as caught:
        node.ask(lambda client: node.submit(client, request), key)
    assert caught.value.message
    assert caught.value.cure
    return caught.value.code


NOW = int(time.time())


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        ({"key": PrivateKey.generate()}, Code.TICKET_INVALID),
        ({"iss": "sha256:" + "1" * 64}, Code.TICKET_INVALID),
        ({"aud": "sha256:" + "1" * 64}, Code.TICKET_WRONG_NODE),
        ({"start_by": NOW - 3600}, Code.TICKET_EXPIRED),
        ({"finish_by": NOW - 3600}, Code.TICKET_EXPIRED),
        ({"request": "0" * 64}, Code.REQUEST_TAMPERED),
        ({"package_claim": "sha256:" + "1" * 64}, Code.REQUEST_TAMPERED),
        ({"offer": "sha256:" + "1" * 64}, Code.OFFER_INVALID),
        ({"measures": {"step": 1}}, Code.REQUEST_TAMPERED),
        ({"measures": {}}, Code.REQUEST_TAMPERED),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value.value,
)
def test_a_wrong_ticket_is_refused_by_name(node: ToyNode, ticket: dict[str, Any], code: Code) -> None:
    request = node.request({"steps": 2}, **ticket)
    if "request" in ticket:  # the proof covers the ticket's digest, so only the body differs from it
        request.digest = ticket["request"]
    assert refused(node, request) is code


def test_a_ticket_for_another_job_is_refused(node: ToyNode) -> None:
    request = node.request()
    request.job = node.request().job
    assert refused(node, request) is Code.TICKET_INVALID


def test_a_package_that_is_not_served_is_named(node: ToyNode) -> None:
    assert refused(node, node.request(package="sha256:" + "2" * 64)) is Code.LISTING_UNKNOWN


def test_whoever_steals_a_ticket_cannot_use_it(node: ToyNode) -> None:
    request = node.request()
    assert refused(node, request, PrivateKey.generate()) is Code.PROOF_INVALID
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def test_a_changed_prompt_is_noticed(node: ToyNode) -> None:
    request = node.request({"prompt": "a cat"})
    body = request.request.body.model_copy(update={"inputs": {**request.request.body.inputs, "prompt": "a dog"}})
    request.request = request.request.model_copy(update={"body": body})
    assert refused(node, request) is Code.REQUEST_TAMPERED


def test_a_repeat_is_the_same_job_and_runs_once(node: ToyNode) -> None:
    request = node.request({"steps": 1, "seed": 5})

    async def work(client: NodeClient) -> list[Job]:
        answers = [await node.submit(client, request) for _ in range(2)]
        await node.finished(client, request.job)
        answers.append(await node.submit(client, request))
        return answers

    first, second, last = node.ask(work)
    assert first.job == second.job == last.job
    assert last.state is JobState.DELIVERED
    assert last.receipt is not None
    node.wait_for(lambda: request.job in node.registry.claims, "no receipt was sent")
    assert len(node.registry.claims[request.job]) == 1


def test_a_repeat_with_another_request_is_a_conflict(node: ToyNode) -> None:
    request = node.request({"seed": 5})
    node.ask(lambda client: node.submit(client, request))
    other = node.request({"seed": 6}, jti=request.job)
    assert refused(node, other) is Code.CONFLICT
    body = other.request.body
    request.request = request.request.model_copy(update={"body": body})
    assert refused(node, request) is Code.CONFLICT


def test_a_job_is_shown_to_its_buyer_only(node: ToyNode) -> None:
    job = node.run({"steps": 1}).job
    with pytest.raises(ArtratorError) as caught:
        node.ask(lambda client: client.job(job), PrivateKey.generate())
    assert caught.value.code is Code.PROOF_INVALID
    for path in ("", "/events", "/outputs/0", "/preview"):
        answer = httpx.get(f"{node.url}/v1/jobs/{job}{path}", verify=False)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "proof_invalid")


def test_an_old_proof_and_one_for_another_path_are_refused(node: ToyNode) -> None:
    job = node.run({"steps": 1}).job
    path = f"/v1/jobs/{job}"
    for how in ({"now": time.time() - 3600}, {"path": "/v1/jobs/x"}, {"method": "DELETE"}, {"node": "another"}):
        made = {"method": "GET", "path": path, "node": node.descriptor.node, **how}
        header = {proof.HEADER: proof.make(node.buyer, **made)}
        answer = httpx.get(f"{node.url}{path}", headers=header, verify=False)
        assert answer.json()["error"]["code"] == "proof_invalid"


def test_unknown_jobs_and_addresses_have_the_one_error_shape(node: ToyNode) -> None:
    unknown = node.request().job
    for method, path, status, code in (
        ("GET", f"/v1/jobs/{unknown}", 404, "job_unknown"),
        ("GET", "/v1/jobs/..%2Fnode", 404, "not_found"),
        ("GET", "/v1/jobs/not-a-uuid", 404, "job_unknown"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/v1/health", 405, "method_not_allowed"),
        ("GET", f"/v1/jobs/{unknown}/outputs/x", 422, "request_invalid"),
        ("PUT", f"/v1/jobs/{unknown}", 422, "request_invalid"),
    ):
        answer = httpx.request(method, f"{node.url}{path}", verify=False)
        problem = answer.json()["error"]
        assert (answer.status_code, problem["code"]) == (status, code), path
        assert set(problem) == {"code", "message", "cure", "details"}


def test_a_new_ticket_key_is_learnt_with_the_next_heartbeat_and_the_old_one_is_dropped(node: ToyNode) -> None:
    registry = node.registry
    before = registry.ticket_key
    after = PrivateKey.generate()
    for key in (after, before):
        registry.ticket_key = key
        registry.serial += 1
        node.wait_for(lambda: f'"serial": {registry.serial}' in node.log, "the key set was not fetched")
        assert node.run({"steps": 1}).state is JobState.DELIVERED
    assert refused(node, node.request(key=after)) is Code.TICKET_INVALID
