"""What comes with a job: files that are what they say, no more, no fewer, none too large."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from packages import encoded, noise
from PIL import Image
from toy_node import Request, ToyNode

from artrator.canonical import request_digest, sha256, unb64
from artrator.clients.node import NodeClient
from artrator.documents import proof
from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState


def send(node: ToyNode, request: Request, parts: list[tuple[str, bytes]]) -> tuple[int, str]:
    """Send hand-made parts; returns the status and the error's code."""
    path = f"/v1/jobs/{request.job}"
    header = {
        proof.HEADER: proof.make(node.buyer, method="PUT", path=path, node=node.descriptor.node, body=request.digest)
    }
    files = [(name, (name, data, "application/octet-stream")) for name, data in parts]
    answer = httpx.put(f"{node.url}{path}", headers=header, files=files, verify=False, timeout=240)
    return answer.status_code, (answer.json().get("error") or {}).get("code", "")


def job_part(request: Request) -> tuple[str, bytes]:
    return "job", request.request.model_dump_json().encode()


def test_an_image_goes_in_and_comes_out(node: ToyNode) -> None:
    picture = noise(40, 30)
    request = node.request({}, {"image": encoded(picture)})

    async def work(client: NodeClient) -> bytes:
        await node.submit(client, request)
        await node.finished(client, request.job)
        return await client.output(request.job, 0)

    made = np.asarray(Image.open(io.BytesIO(node.ask(work))))
    assert (made == 255 - np.asarray(picture)).all()


def test_parts_must_be_the_files_that_the_inputs_name(node: ToyNode) -> None:
    request = node.request({}, {"image": encoded(noise())})
    ((name, data),) = request.files.items()
    other = encoded(noise(seed=2))
    wrong = {
        "missing": [job_part(request)],
        "unknown": [job_part(request), (name, data), ("f" * 64, data)],
        "twice": [job_part(request), (name, data), (name, data)],
        "other bytes": [job_part(request), (name, other[: len(data)].ljust(len(data), b"x"))],
        "too long": [job_part(request), (name, data + b"x")],
        "too short": [job_part(request), (name, data[:-1])],
        "file first": [(name, data), job_part(request)],
        "no job": [(name, data)],
        "nonsense": [("job", b"{}")],
    }
    for what, parts in wrong.items():
        assert send(node, request, parts) == (422, "request_invalid"), what
    assert not list((node.data / "spool").iterdir())
    assert send(node, request, [job_part(request), (name, data)]) == (200, "")


def test_a_request_larger_than_the_limit_is_refused_before_it_is_read(node: ToyNode) -> None:
    request = node.request()
    assert send(node, request, [job_part(request), ("f" * 64, bytes(4 << 20))]) == (413, "request_too_large")
    assert send(node, request, [("job", b" " * 1_100_000)]) == (413, "request_too_large")


def test_files_that_are_together_too_large_are_refused_by_their_sizes_alone(node: ToyNode) -> None:
    data = encoded(noise())
    request = node.request({}, {"image": data})
    huge = {"image": {"sha256": sha256(data), "size": 3 << 20, "media_type": "image/png"}}
    body = request.request.body.model_copy(update={"inputs": {**request.request.body.inputs, **huge}})
    digest = request_digest(unb64(request.request.salt), body.model_dump(mode="json"))
    again = node.request({}, {"image": data}, request=digest)
    again.request = again.request.model_copy(update={"body": body, "salt": request.request.salt})
    again.digest = digest
    assert send(node, again, [job_part(again), (sha256(data), data)]) == (413, "request_too_large")


def bomb() -> bytes:
    """A tiny PNG whose header promises 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bomb(), Code.IMAGE_TOO_LARGE),
        (b"not an image", Code.IMAGE_CORRUPT),
        (encoded(noise(1500, 8)), Code.IMAGE_TOO_LARGE),
    ],
    ids=["bomb", "text", "too wide"],
)
def test_hostile_images_are_refused_before_they_are_decoded(node: ToyNode, data: bytes, code: Code) -> None:
    small = encoded(noise())
    request = node.request({}, {"image": small}, measures={"step": 10, "pixel": 10**12})
    status, said = send_file(node, request, data)
    assert said == code.value
    assert status in (413, 422)


def send_file(node: ToyNode, request: Request, data: bytes) -> tuple[int, str]:
    """Send ``data`` in place of the request's image, with a ticket that covers it."""
    reference = {"sha256": sha256(data), "size": len(data), "media_type": "image/png"}
    body = request.request.body.model_copy(update={"inputs": {**request.request.body.inputs, "image": reference}})
    digest = request_digest(unb64(request.request.salt), body.model_dump(mode="json"))
    again = node.request({}, {}, request=digest, measures={"step": 10, "pixel": 10**12})
    again.request = again.request.model_copy(update={"body": body, "salt": request.request.salt})
    again.digest = digest
    return send(node, again, [job_part(again), (sha256(data), data)])


def test_an_image_that_is_cut_short_fails_the_job_and_costs_nothing(node: ToyNode) -> None:
    data = encoded(noise(64, 64))[:-300]
    request = node.request({}, {"image": data})

    async def work(client: NodeClient) -> None:
        await node.submit(client, request)
        events = await node.finished(client, request.job)
        assert events[-1].kind is EventKind.FAILED
        assert events[-1].data["code"] == "image_corrupt"
        job = await client.job(request.job)
        assert job.state is JobState.FAILED
        assert job.receipt is not None

    node.ask(work)
    node.wait_for(lambda: request.job in node.registry.claims, "the hold was not released")


def test_inputs_out_of_bounds_are_refused_with_the_inputs_name(node: ToyNode) -> None:
    request = node.request()
    body = request.request.body.model_copy(update={"inputs": {**request.request.body.inputs, "side": 10**6}})
    digest = request_digest(unb64(request.request.salt), body.model_dump(mode="json"))
    again = node.request(request=digest)
    again.request = again.request.model_copy(update={"body": body, "salt": request.request.salt})
    again.digest = digest
    with pytest.raises(ArtratorError) as caught:
        node.ask(lambda client: node.submit(client, again))
    assert caught.value.code is Code.INPUT_INVALID
    assert caught.value.details["input"] == "side"


def test_a_prompt_is_in_no_log_and_gone_from_the_disk_when_its_job_has_ended(node: ToyNode) -> None:
    secret = "zyxwv-my-secret-prompt"
    assert node.run({"prompt": secret, "do": "bug"}).state is JobState.FAILED
    assert node.run({"prompt": secret}).state is JobState.DELIVERED
    request = node.request()
    assert send(node, request, [("job", b'{"ticket": 1, "salt": "' + secret.encode() + b'"}')])[0] == 422
    assert secret not in node.log
    node.wait_for(lambda: not list((node.data / "spool").iterdir()), "a request was left in the spool")
    for file in node.data.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file


def test_a_ticket_has_one_upload_at_a_time_and_the_newest_counts(node: ToyNode) -> None:
    request = node.request({}, {"image": encoded(noise())})
    ((name, data),) = request.files.items()
    path = f"/v1/jobs/{request.job}"
    made = {"method": "PUT", "path": path, "node": node.descriptor.node, "body": request.digest}
    release = threading.Event()
    answers: list[tuple[int, str]] = []

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="job"\r\n\r\n' + job_part(request)[1] + b"\r\n"
        yield b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + data[:100]
        release.wait(240)

    def hang() -> None:
        headers = {proof.HEADER: proof.make(node.buyer, **made), "Content-Type": "multipart/form-data; boundary=x"}
        answer = httpx.put(f"{node.url}{path}", headers=headers, content=body(), verify=False, timeout=240)
        answers.append((answer.status_code, answer.json()["error"]["code"]))

    stuck = threading.Thread(target=hang)
    stuck.start()
    node.wait_for(lambda: len(list((node.data / "spool").glob(".partial-*/*"))) == 1, "the upload did not begin")
    assert send(node, request, [job_part(request), (name, data)]) == (200, "")
    node.wait_for(lambda: not list((node.data / "spool").glob(".partial-*")), "the older upload was kept")
    release.set()
    stuck.join(240)
    assert answers == [(409, "conflict")]
