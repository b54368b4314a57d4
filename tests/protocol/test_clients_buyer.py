"""A buyer against a registry that lies: nothing is sent, and nothing is paid beyond what the creator signed."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hostile import certificate
from packages import MANIFEST

from artrator.canonical import sha256
from artrator.clients import buyer as buyer_module
from artrator.clients.buyer import Buyer
from artrator.clients.orders import PendingOrder
from artrator.clients.prepared import read_listing
from artrator.clients.registry import RegistryClient
from artrator.documents import (
    KeySet,
    NodeDescriptor,
    Offer,
    QuotedPrice,
    Ticket,
    TicketKey,
    UnitPrice,
    document_digest,
)
from artrator.documents import ticket as tickets
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m
from artrator.package.signature import make_signature, package_digest

CREATOR, STRANGER, BUYER, NODE, ROOT, TICKETS = (PrivateKey.generate() for _ in range(6))
CERTIFICATE, _ = certificate(NODE)
FILES = {"artrator.toml": sha256(MANIFEST.encode()), "model.onnx": "1" * 64}
PACKAGE = package_digest(FILES)
PRICE = 1000 + 25 * 10  # base, and 25 steps


def offer(**changes: Any) -> Offer:
    facts: dict[str, Any] = {
        "creator": CREATOR.public.encode(),
        "package": PACKAGE,
        "name": "test-model",
        "version": "1.2.0",
        "base": 1000,
        "units": {"step": UnitPrice(amount=10)},
        "issued_at": 1,
    }
    return Offer(**(facts | changes))


def listing(**changes: Any) -> m.Listing:
    """The listing as its creator published it."""
    card = m.ListingCard(
        listing="mina/test-model",
        title={"en": "Test"},
        summary={"en": "Test"},
        task="x",
        creator="mina",
        creator_name="Mina",
        version="1.2.0",
        package=changes.pop("package", PACKAGE),
        license="Apache-2.0",
        commercial=True,
        tags=(),
        samples=(),
        price=PRICE,
        state=m.NodeState.WARM,
        nodes=1,
        runs=0,
        published_at=1.0,
    )
    facts: dict[str, Any] = {
        "card": card,
        "manifest": MANIFEST,
        "offer": offer().sign(CREATOR),
        "creator_key": CREATOR.public.encode(),
        "signature": make_signature(FILES, CREATOR, subject="x"),
        "versions": (),
    }
    return m.Listing(**(facts | changes))


def descriptor(signer: PrivateKey = CREATOR, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "node": NODE.id,
        "creator": CREATOR.public.encode(),
        "name": "toy",
        "urls": ["https://127.0.0.1:1"],
        "tls_certificate": CERTIFICATE,
        "receipt_key": NODE.public.encode(),
        "issued_at": 1,
        "expires_at": int(time.time()) + 60,
    }
    return NodeDescriptor(**(facts | changes)).sign(signer)


@dataclass
class Lies:
    """What the registry changes in its answers."""

    quote: dict[str, Any] = field(default_factory=dict)
    signed: dict[str, Any] = field(default_factory=dict)
    quote_signer: PrivateKey = TICKETS
    ticket: dict[str, Any] = field(default_factory=dict)
    ticket_signer: PrivateKey = TICKETS
    root: PrivateKey = ROOT
    descriptor: dict[str, Any] = field(default_factory=descriptor)


class LyingRegistry(RegistryClient):
    """A registry client whose registry is right here; counts the orders."""

    def __init__(self, lies: Lies) -> None:
        super().__init__("http://registry", BUYER)
        self.lies = lies
        self.ordered: list[str] = []
        self.request = ""

    async def quote(self, request: m.QuoteRequest) -> m.Quote:
        self.request = request.request
        node = m.NodeCandidate(
            node=NODE.id,
            name="toy",
            urls=["https://127.0.0.1:1"],
            state=m.NodeState.WARM,
            expected_wait=0,
            run_seconds=0,
            descriptor=self.lies.descriptor,
        )
        facts: dict[str, Any] = {
            "quote": str(uuid.uuid4()),
            "listing": request.listing,
            "package": PACKAGE,
            "offer": document_digest(listing().offer),
            "price": PRICE,
            "cap": PRICE,
            "breakdown": (),
            "nodes": [node],
            "expires_at": time.time() + 60,
        }
        told = facts | self.lies.quote
        signed = QuotedPrice(
            registry=ROOT.id,
            buyer="buyer",
            request=request.request,
            measures=request.measures,
            worth=told.get("worth", 0),
            paid_by=told.get("paid_by", "credits"),
            **{name: told[name] for name in ("quote", "listing", "package", "offer", "cap", "expires_at")},
        ).model_copy(update=self.lies.signed)
        return m.Quote(**({"signed": signed.sign(self.lies.quote_signer)} | told))

    async def order(self, order: str, request: m.OrderRequest) -> m.Order:
        self.ordered.append(order)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ROOT.id,
            "aud": NODE.id,
            "sub": "buyer",
            "cnf": BUYER.public.encode(),
            "jti": order,
            "iat": now,
            "listing": "mina/test-model",
            "package": PACKAGE,
            "offer": document_digest(listing().offer),
            "request": self.request,
            "measures": {"step": 25},
            "cap": PRICE,
            "start_by": now + 300,
            "finish_by": now + 600,
            "capture_by": now + 900,
        }
        text = tickets.issue(Ticket(**(claims | self.lies.ticket)), self.lies.ticket_signer)
        return self._order(order, m.OrderState.HELD, text)

    async def keyset(self, root: object) -> KeySet:
        key = TicketKey(kid=TICKETS.id, public_key=TICKETS.public.encode(), not_before=0, not_after=2**40)
        document = KeySet(registry=ROOT.id, serial=1, keys=[key]).sign(self.lies.root)
        return KeySet.verify(document, ROOT.public)

    async def get_order(self, order: str) -> m.Order:
        return self._order(order, m.OrderState.RELEASED)

    def _order(self, order: str, state: m.OrderState, ticket: str | None = None) -> m.Order:
        return m.Order(
            order=order,
            state=state,
            listing="mina/test-model",
            package=PACKAGE,
            node=NODE.id,
            cap=PRICE,
            charged=0,
            created_at=1.0,
            capture_by=2.0,
            ticket=ticket,
        )


def buy(lies: Lies, **how: Any) -> tuple[ArtratorError, LyingRegistry]:
    """What a buyer says of these lies, and the registry that told them."""
    registry = LyingRegistry(lies)

    async def run() -> None:
        async with registry:
            buyer = Buyer(registry, BUYER, ROOT.public)
            prepared = buyer.prepare(listing(), {"prompt": "a cat"})
            async for _ in buyer.run(prepared, await buyer.quote(prepared), **how):
                pass

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    return caught.value, registry


def test_an_order_that_the_registry_says_nothing_of_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its node may have claimed it meanwhile; forgotten here, it would be paid for what nobody fetches."""

    class Deaf(LyingRegistry):
        async def get_order(self, order: str) -> m.Order:
            raise ArtratorError(Code.REGISTRY_UNREACHABLE, "The registry does not answer.")

    class Kept:
        def __init__(self) -> None:
            self.orders: dict[str, PendingOrder] = {}

        def save(self, order: PendingOrder) -> None:
            self.orders[order.order] = order

        def forget(self, order: str) -> None:
            del self.orders[order]

        def pending(self) -> list[PendingOrder]:
            return list(self.orders.values())

    monkeypatch.setattr(buyer_module, "_RELEASE_SECONDS", 0.1)
    kept = Kept()

    async def run() -> None:
        async with Deaf(Lies(ticket={"jti": "another"})) as registry:
            buyer = Buyer(registry, BUYER, ROOT.public, store=kept)
            prepared = buyer.prepare(listing(), {"prompt": "a cat"})
            async for _ in buyer.run(prepared, await buyer.quote(prepared)):
                pass

    with pytest.raises(ArtratorError) as caught:
        asyncio.run(run())
    assert caught.value.code is Code.TICKET_INVALID
    assert caught.value.details["undecided"] is True
    assert len(kept.orders) == 1


def test_a_listing_that_its_creator_signed_is_read() -> None:
    manifest, signed_offer, creator = read_listing(listing())
    assert (manifest.name, signed_offer.base, creator) == ("test-model", 1000, CREATOR.public)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"manifest": MANIFEST.replace("maximum = 50", "maximum = 500")}, Code.PACKAGE_CHANGED),
        ({"creator_key": STRANGER.public.encode()}, Code.PACKAGE_CHANGED),
        ({"creator_key": "no key"}, Code.DOCUMENT_INVALID),
        ({"signature": {}}, Code.PACKAGE_INVALID),
        ({"signature": make_signature(FILES, STRANGER, subject="x")}, Code.PACKAGE_CHANGED),
        ({"offer": offer().sign(STRANGER)}, Code.DOCUMENT_INVALID),
        ({"offer": {}}, Code.DOCUMENT_INVALID),
        ({"offer": offer(package="sha256:" + "9" * 64).sign(CREATOR)}, Code.OFFER_INVALID),
        ({"package": "sha256:" + "9" * 64}, Code.OFFER_INVALID),
    ],
)
def test_a_listing_that_its_creator_did_not_sign_is_refused(change: dict[str, Any], code: Code) -> None:
    with pytest.raises(ArtratorError) as caught:
        read_listing(listing(**change))
    assert caught.value.code is code


def test_a_creator_with_another_key_than_before_is_refused() -> None:
    def pinned(handle: str, key: object) -> None:
        raise ArtratorError(Code.DOCUMENT_INVALID, f"Another key for {handle}.")

    buyer = Buyer(LyingRegistry(Lies()), BUYER, ROOT.public, pin_creator=pinned)
    with pytest.raises(ArtratorError, match="Another key for mina"):
        buyer.prepare(listing(), {"prompt": "x"})


@pytest.mark.parametrize(
    "quote",
    [
        {"cap": PRICE + 1},
        {"price": PRICE + 1},
        {"package": "sha256:" + "9" * 64},
        {"worth": PRICE + 1},  # a pass would be used up faster than its creator says
        {"paid_by": "free"},
        {"paid_by": "pass"},
    ],
    ids=["cap", "price", "package", "worth", "not free", "not by pass"],
)
def test_a_quote_above_the_creators_offer_is_not_ordered(quote: dict[str, Any]) -> None:
    error, registry = buy(Lies(quote=quote))
    assert error.code is Code.PRICE_ABOVE_CAP
    assert registry.ordered == []


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: descriptor(STRANGER), Code.DOCUMENT_INVALID),
        (lambda: descriptor(node=STRANGER.id), Code.DESCRIPTOR_INVALID),
        (lambda: descriptor(expires_at=int(time.time()) - 7200), Code.DESCRIPTOR_INVALID),
        (dict, Code.DOCUMENT_INVALID),
    ],
    ids=["stranger", "another node", "expired", "empty"],
)
def test_a_node_that_the_creator_does_not_vouch_for_costs_no_hold(
    made: Callable[[], dict[str, Any]], code: Code
) -> None:
    error, registry = buy(Lies(descriptor=made()))
    assert error.code is code
    assert error.details["charged"] == 0
    assert registry.ordered == []


@pytest.mark.parametrize(
    "lies",
    [
        Lies(signed={"cap": PRICE - 1}),
        Lies(signed={"worth": PRICE + 1}),
        Lies(signed={"request": "9" * 64}),
        Lies(signed={"measures": {"step": 24}}),
        Lies(signed={"paid_by": "free"}),
        Lies(quote_signer=STRANGER),
        Lies(quote={"signed": {}}),
        Lies(root=STRANGER),
    ],
    ids=["cap", "worth", "request", "measures", "paid by", "signer", "unsigned", "root"],
)
def test_a_price_that_the_registry_did_not_sign_is_not_accepted(lies: Lies) -> None:
    error, registry = buy(lies)
    assert error.code is Code.DOCUMENT_INVALID
    assert registry.ordered == []


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        (Lies(ticket={"jti": str(uuid.uuid4())}), Code.TICKET_INVALID),
        (Lies(ticket={"aud": STRANGER.id}), Code.TICKET_INVALID),
        (Lies(ticket={"package": "sha256:" + "9" * 64}), Code.TICKET_INVALID),
        (Lies(ticket={"request": "9" * 64}), Code.TICKET_INVALID),
        (Lies(ticket={"cnf": STRANGER.public.encode()}), Code.TICKET_INVALID),
        (Lies(ticket={"cap": PRICE + 1}), Code.PRICE_ABOVE_CAP),
        (Lies(ticket={"kind": "purchase"}), Code.TICKET_INVALID),
        (Lies(ticket_signer=STRANGER), Code.TICKET_INVALID),
    ],
    ids=["job", "node", "package", "request", "buyer", "cap", "kind", "signer"],
)
def test_a_ticket_for_something_else_is_never_sent_to_a_node(lies: Lies, code: Code) -> None:
    error, _ = buy(lies)
    assert error.code is code
    assert error.details["charged"] == 0


def test_a_price_below_the_cap_that_was_accepted_binds_the_ticket() -> None:
    error, _ = buy(Lies(), max_price=PRICE - 1)
    assert error.code is Code.PRICE_ABOVE_CAP
