"""A real buyer and a real registry against nodes that lie: the buyer is told why, and no micro-credit is lost.

The books are audited at the end of each test (see ``registry_world.World``).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import picture_sets
import pytest
from hostile import answer, certificate, hostile
from packages import encoded, noise
from registry_world import MICRO, Person, Shop, World

from artrator.clients import buyer as buyer_module
from artrator.clients import following
from artrator.clients.buyer import Buyer, Result
from artrator.documents import OutputDigest
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages import registry as m

pytestmark = pytest.mark.anyio

PICTURE = encoded(noise(8, 8))


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (buyer_module, following):
        monkeypatch.setattr(module, "_REACH_SECONDS", 0.3)
    monkeypatch.setattr(buyer_module, "_RELEASE_SECONDS", 0.3)


def output(data: bytes, **changes: Any) -> OutputDigest:
    facts = {
        "name": "image",
        "media_type": "image/png",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }
    return OutputDigest(**(facts | changes))


@dataclass
class LyingNode:
    """A node that speaks the protocol as it pleases. Each field is one of its lies; without any it is honest."""

    shop: Shop
    buyer: Person
    sends: bytes = PICTURE
    receipt_changes: dict[str, Any] = field(default_factory=dict)
    outcome: str = "delivered"
    signer: PrivateKey | None = None
    events: bytes | None = None
    hangs_up_on: str = ""
    listed: list[dict[str, Any]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    async def __call__(self, asked: str, writer: asyncio.StreamWriter) -> None:
        method, path = asked.split()[:2]
        what = path.split("/")[4] if path.count("/") > 3 else ""
        self.heard.append(f"{method} {what or 'job'}")
        if self.hangs_up_on == f"{method} {what or 'job'}":
            return
        writer.write(await self._answer(method, path.split("/")[3], what))
        await writer.drain()

    async def _answer(self, method: str, job: str, what: str) -> bytes:
        if what == "events":
            return await self._events(job)
        if what == "outputs":
            return answer(self.sends, kind="image/png", more="Connection: close\r\n")
        if what == "acknowledgement":
            return answer(b"{}", more="Connection: close\r\n")
        state = "cancelled" if method == "DELETE" else "queued"
        return answer(json.dumps({"job": job, "state": state}).encode(), more="Connection: close\r\n")

    async def _events(self, job: str) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        if self.events is not None:
            return head + self.events
        placed = await self.buyer.get_order(job)
        node = self.shop.node
        if self.signer is not None:
            node = type(node)(node.owner, self.signer)
            self.receipt_changes.setdefault("node", self.shop.node.id)
        changes = {"outputs": [output(self.sends)] if self.outcome == "delivered" else []} | self.receipt_changes
        receipt = node.receipt(placed, self.outcome, **changes)
        done = {"job": job, "state": "delivered", "outputs": self.listed, "receipt": receipt}
        return head + f"id: 1\nevent: done\ndata: {json.dumps(done)}\n\n".encode()


@dataclass
class Ending:
    """How a job ended: at once, and when the registry's clock has passed the order's last time."""

    result: Result | None
    error: ArtratorError | None
    order: m.Order
    balance: m.Balance
    order_later: m.Order
    balance_later: m.Balance


async def buy(
    world: World, package: Mapping[str, Any] | None = None, inputs: Mapping[str, object] | None = None, **lies: Any
) -> Ending:
    """One paid job with a node that tells these lies."""
    shop = await world.shop(**(package or {}))
    mina = await world.person("mina", credits_=10)
    node = LyingNode(shop, mina, **lies)
    pem, context = certificate(shop.node.key)
    async with hostile(node, tls=context) as url:
        descriptor = shop.node.descriptor(urls=[url], tls_certificate=pem)
        await shop.creator.register_node(shop.node.id, m.NodeRegistration(descriptor=descriptor))
        buyer = Buyer(mina, mina.key, PublicKey.decode((await mina.info()).root_key))
        prepared = buyer.prepare(await mina.listing(shop.listing), inputs or {"prompt": "a cat"})
        quote = await buyer.quote(prepared)
        order = str(uuid.uuid4())
        result, error = None, None
        try:
            async for update in buyer.run(prepared, quote, order=order):
                result = update.result or result
        except ArtratorError as told:
            error = told
        at_once = await mina.get_order(order), await mina.balance()
        world.clock.offset += at_once[0].capture_by - world.clock() + 1
        await world.sweep()
        return Ending(result, error, *at_once, await mina.get_order(order), await mina.balance())


def png_header(width: int, height: int) -> bytes:
    """A picture that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    )


async def test_an_honest_node_is_paid_at_once(world: World) -> None:
    ending = await buy(world)
    assert ending.error is None
    assert ending.result is not None
    assert ending.result.outputs[0].data == PICTURE
    assert (ending.order.state, ending.order.charged) == (m.OrderState.SETTLED, 3 * MICRO)
    assert ending.balance == m.Balance(available=7 * MICRO, held=0, pending=0)


async def test_of_an_output_only_what_is_signed_is_believed(world: World) -> None:
    listed = {
        "index": 0,
        "name": "../x",
        "media_type": "text/html",
        "sha256": "0" * 64,
        "size": 1,
        "width": 8,
        "height": 8,
    }
    ending = await buy(world, listed=[listed])
    assert ending.result is not None
    told = ending.result.outputs[0].output
    assert (told.name, told.media_type, told.size, told.width) == ("image", "image/png", len(PICTURE), 8)


@pytest.mark.parametrize(
    "lies",
    [
        {"receipt_changes": {"outputs": [output(PICTURE, sha256="0" * 64)]}},
        {"receipt_changes": {"outputs": [output(PICTURE, size=len(PICTURE) - 1)]}},
        {"receipt_changes": {"outputs": [output(PICTURE, size=len(PICTURE) + 1)]}},
        {"sends": PICTURE[:-40]},
        {"sends": b"not a picture"},
        {"sends": encoded(noise(8, 8), "EPS")},
        {"sends": png_header(100_000, 100_000)},
        {"receipt_changes": {"outputs": [output(PICTURE, size=2**40)]}},
        {"receipt_changes": {"outputs": [output(PICTURE)] * 1001}},
        {"receipt_changes": {"outputs": [output(b"x", media_type="text/plain")]}, "sends": b"x"},
        {"receipt_changes": {"outputs": [output(PICTURE, media_type="image/jpeg")]}},
        {"sends": encoded(noise(8, 8), "JPEG")},
        {"receipt_changes": {"outputs": [output(PICTURE, name="preview")]}},
        {"receipt_changes": {"outputs": [output(PICTURE, name="../image")]}},
        {"receipt_changes": {"outputs": [output(PICTURE), output(PICTURE)]}},
        {"sends": PICTURE[:33] + (b"\0\0\0\0aaAa" + zlib.crc32(b"aaAa").to_bytes(4, "big")) * 30_000 + PICTURE[33:]},
    ],
    ids=[
        *("digest", "longer", "shorter", "cut off", "no picture", "a program", "bomb", "a tebibyte", "too many"),
        *("a letter", "another label", "another format", "another name", "a path", "twice", "pieces"),
    ],
)
async def test_what_did_not_arrive_whole_is_disputed_and_not_paid(world: World, lies: dict[str, Any]) -> None:
    ending = await buy(world, **lies)
    assert ending.error is not None
    assert ending.error.code is Code.OUTPUT_CORRUPT
    assert ending.order.state is m.OrderState.DISPUTED
    assert ending.order.charged == 0
    assert ending.balance.available + ending.balance.held == 10 * MICRO


def pictures(*numbers: int) -> list[OutputDigest]:
    return [output(PICTURE, name=f"images-{number}") for number in numbers]


SETS = {"name": "sets", "template": picture_sets.manifest("steps", "count").replace('"node-toy"', '"onnx"')}


@pytest.mark.parametrize(
    "lies",
    [
        {"outputs": pictures(1, 2)},
        {"outputs": pictures(1, 2), "measures": {}},
        {"outputs": pictures(1, 2), "measures": {"step": 11}},
        {"outputs": pictures(1, 2, 3, 4, 5)},
        {"outputs": [*pictures(1, 2), output(PICTURE), output(PICTURE)]},
        {"outputs": pictures(1, 1, 1, 1)},
        {"outputs": pictures(1, 2, 4, 3)},
        {"outputs": [*pictures(1, 2, 3), output(PICTURE, name="images-../4")]},
    ],
    ids=[
        *("two for four", "two for nothing said", "two and a little more", "five", "other files"),
        *("one four times", "out of order", "a path"),
    ],
)
async def test_a_node_that_charges_for_more_pictures_than_it_delivered_is_disputed_by_its_own_receipt(
    world: World, lies: dict[str, Any]
) -> None:
    ending = await buy(world, SETS, {"count": 4}, receipt_changes=lies)
    assert ending.error is not None
    assert ending.error.code is Code.OUTPUT_CORRUPT
    assert ending.order.state is m.OrderState.DISPUTED
    assert ending.order.receipt is not None  # the evidence lies with the registry
    assert ending.order.charged == 0


async def test_a_node_that_measures_more_than_was_ordered_never_gets_a_hold(world: World) -> None:
    ending = await buy(world, SETS, {"count": 2}, receipt_changes={"outputs": pictures(1, 2), "measures": {"step": 11}})
    assert ending.error is not None
    assert ending.order.charged == 0
    assert ending.order_later.state is m.OrderState.RELEASED


async def test_two_of_four_pictures_are_paid_as_two(world: World) -> None:
    part = {"outputs": pictures(1, 2), "measures": {"step": 10}, "error": "job_deadline"}
    ending = await buy(world, SETS, {"count": 4}, receipt_changes=part)
    assert ending.result is not None
    assert (ending.result.ordered, ending.result.missing) == (4, 2)
    assert (ending.order.state, ending.order.charged, ending.order.reason) == (
        m.OrderState.SETTLED,
        2 * MICRO,
        "job_deadline",
    )
    assert ending.balance == m.Balance(available=8 * MICRO, held=0, pending=0)


def _failed(code: str, **details: object) -> bytes:
    """An end that says of itself what it likes."""
    return (
        f"id: 1\nevent: failed\ndata: {json.dumps({'code': code, 'message': 'No.', 'details': details})}\n\n".encode()
    )


def _impostor() -> dict[str, Any]:
    return {"signer": PrivateKey.generate()}


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        (lambda: {"receipt_changes": {"order": str(uuid.uuid4())}}, Code.RECEIPT_INVALID),
        (lambda: {"receipt_changes": {"request": "0" * 64}}, Code.RECEIPT_INVALID),
        (lambda: {"receipt_changes": {"package": "sha256:" + "0" * 64}}, Code.RECEIPT_INVALID),
        (lambda: {"outcome": "failed"}, Code.RECEIPT_INVALID),
        (lambda: {"receipt_changes": {"outputs": []}}, Code.OUTPUT_CORRUPT),
        (_impostor, Code.DOCUMENT_INVALID),
        (lambda: {"events": b"event: done\ndata: {}\n\n"}, Code.INTERNAL),
        (lambda: {"events": b"event: done\ndata: [\n\n"}, Code.INTERNAL),
        (lambda: {"events": b"event: failed\ndata: {}\n\n"}, Code.INTERNAL),
        (lambda: {"events": b"event: cancelled\ndata: {}\n\n"}, Code.JOB_CANCELLED),
        # What only the buyer's side can know would have it buy from another node as well, or fail in the middle.
        (lambda: {"events": _failed("node_unreachable", reached=False)}, Code.INTERNAL),
        (lambda: {"events": _failed("registry_unreachable")}, Code.INTERNAL),
        (lambda: {"events": _failed("model_failed", undecided=True, charged=5)}, Code.MODEL_FAILED),
        (lambda: {"hangs_up_on": "PUT job"}, Code.NODE_UNREACHABLE),
    ],
    ids=[
        *("order", "request", "package", "failed", "nothing", "key"),
        *("empty", "garbage", "failure", "cancelled", "unreached", "no registry", "undecided", "silence"),
    ],
)
async def test_a_node_that_proves_nothing_is_not_paid(
    world: World, lies: Callable[[], dict[str, Any]], code: Code
) -> None:
    ending = await buy(world, **lies())
    assert ending.error is not None
    assert ending.error.code is code
    assert ending.error.details.get("charged", 0) == 0
    # The node may have begun, so the hold stays until its last time to claim is over; then all of it comes back.
    assert ending.balance == m.Balance(available=7 * MICRO, held=3 * MICRO, pending=0)
    assert (ending.order_later.state, ending.order_later.charged) == (m.OrderState.RELEASED, 0)
    assert ending.balance_later == m.Balance(available=10 * MICRO, held=0, pending=0)


async def test_a_node_that_never_ends_is_given_up_when_its_time_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_GRACE_SECONDS", -(10.0**6))
    ending = await buy(world, events=b"id: 1\nevent: progress\ndata: {}\n\n")
    assert ending.error is not None
    assert ending.error.code is Code.JOB_DEADLINE
    assert ending.balance_later == m.Balance(available=10 * MICRO, held=0, pending=0)


async def test_nothing_is_bought_beside_an_order_that_a_node_claims_while_it_says_busy(world: World) -> None:
    """It would be paid for the first one in silence, and another node for the second."""
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    second = replace(shop, node=type(shop.node)(shop.creator.key))
    await second.online(m.NodeState.COLD)
    busy = json.dumps({"error": {"code": "node_busy", "message": "Full.", "cure": "", "details": {}}}).encode()

    async def claims_and_declines(asked: str, writer: asyncio.StreamWriter) -> None:
        method, path = asked.split()[:2]
        if method == "PUT" and path.count("/") == 3:
            await shop.claim(await mina.get_order(path.split("/")[3]))
        writer.write(answer(busy, status="503 Service Unavailable", more="Connection: close\r\n"))
        await writer.drain()

    pem, context = certificate(shop.node.key)
    async with hostile(claims_and_declines, tls=context) as url:
        descriptor = shop.node.descriptor(urls=[url], tls_certificate=pem)
        await shop.creator.register_node(shop.node.id, m.NodeRegistration(descriptor=descriptor))
        buyer = Buyer(mina, mina.key, PublicKey.decode((await mina.info()).root_key))
        prepared = buyer.prepare(await mina.listing(shop.listing), {"prompt": "a cat"})
        quote = await buyer.quote(prepared)
        assert [node.node for node in quote.nodes] == [shop.node.id, second.node.id]
        with pytest.raises(ArtratorError) as caught:
            async for _ in buyer.run(prepared, quote):
                pass
    assert caught.value.code is Code.NODE_BUSY
    assert caught.value.details["disputed"] is True
    (only,) = (await mina.orders()).items
    assert only.state is m.OrderState.DISPUTED  # refused at once: the claim is of a delivery that never came
    assert await mina.balance() == m.Balance(available=7 * MICRO, held=3 * MICRO, pending=0)
