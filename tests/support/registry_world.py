"""A real registry in this process, spoken to over its HTTP API (ASGI), with a clock that tests can move."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

from artrator.canonical import b64, sha256, unb64
from artrator.clients.registry import RegistryClient
from artrator.documents import (
    Acknowledgement,
    NodeDescriptor,
    Offer,
    OutputDigest,
    Receipt,
    Seal,
    UnitPrice,
    document_digest,
    ticket_digest,
)
from artrator.errors import Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m
from artrator.package.signature import make_signature, package_digest
from artrator.rail import Rail
from artrator.sealing import commitment
from artrator_registry import Settings, create_app
from artrator_registry.core import Registry
from artrator_registry.ledger.audit import audit
from artrator_registry.rails.service import create_vouchers, grant

MICRO = 1_000_000
#: What the nodes of these tests seal packages with.
SEALING_KEY = bytes(range(32))

MANIFEST = """\
name = "{name}"
version = "{version}"
title = {{ en = "{title}", ko = "유화그림" }}
summary = "Paints what it is told."
task = "{task}"
backend = "onnx"
license = "Apache-2.0"
tags = ["paint", "test"]

[inputs.prompt]
type = "text"
label = "Prompt"

[inputs.steps]
type = "integer"
label = "Steps"
minimum = 1
maximum = 50
default = 20

[outputs.image]
type = "image"
label = "Picture"

[cost.step]
label = "Step"
factors = ["steps"]
"""


class Clock:
    """The registry's clock: real time plus what a test adds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


def certificate(key: PrivateKey) -> str:
    """A self-signed certificate in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "artrator-node")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.native.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key.native, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Made:
    """A package as its creator would publish it."""

    name: str
    package: str
    publication: m.Publication


def make_package(
    key: PrivateKey,
    name: str = "painter",
    version: str = "1.0",
    *,
    base: int = 1 * MICRO,
    step: int = MICRO // 10,
    title: str = "Painter",
    task: str = "text-to-image",
    samples: Mapping[str, bytes] | None = None,
    issued_at: int | None = None,
    weights: bytes = b"weights",
    base_models: Sequence[str] = (),
    template: str = MANIFEST,
    **terms: Any,
) -> Made:
    """A signed package and its offer; ``terms`` are more fields of the offer."""
    manifest = template.format(name=name, version=version, title=title, task=task)
    if base_models:
        manifest = f"base_models = {json.dumps(list(base_models))}\n{manifest}"
    for file in samples or {}:
        manifest += f'\n[[samples]]\nfile = "{file}"\ncaption = "A sample"\n'
    files = {"artrator.toml": sha256(manifest.encode()), "model.onnx": sha256(weights)}
    files |= {file: sha256(data) for file, data in (samples or {}).items()}
    package = package_digest(files)
    offer = Offer(
        creator=key.public.encode(),
        package=package,
        name=name,
        version=version,
        base=base,
        units={"step": UnitPrice(amount=step)},
        issued_at=int(time.time()) if issued_at is None else issued_at,
        **terms,
    )
    publication = m.Publication(
        manifest=manifest,
        signature=make_signature(files, key, subject=name),
        offer=offer.sign(key),
        samples=[
            m.SampleUpload(file=file, data=base64.b64encode(data).decode()) for file, data in (samples or {}).items()
        ],
    )
    return Made(name, package, publication)


@dataclass
class Node:
    """A node's keys and what it says; no HTTP of its own."""

    owner: PrivateKey
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    name: str = "test node"

    @property
    def id(self) -> str:
        return self.key.id

    def descriptor(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        values: dict[str, Any] = {
            "node": self.key.id,
            "creator": self.owner.public.encode(),
            "name": self.name,
            "urls": ["https://127.0.0.1:8751"],
            "tls_certificate": certificate(self.key),
            "receipt_key": self.key.public.encode(),
            "issued_at": now,
            "expires_at": now + 30 * 86_400,
        }
        return NodeDescriptor(**(values | changes)).sign(self.owner)

    def receipt(self, placed: m.Order, outcome: str = "delivered", **changes: Any) -> dict[str, Any]:
        """A signed receipt for an order that this node was given."""
        assert placed.ticket is not None
        claims = json.loads(unb64(placed.ticket.split(".")[1]))
        now = time.time()
        purchase = placed.kind == "purchase" and outcome == "delivered"
        values: dict[str, Any] = {
            "node": self.key.id,
            "order": placed.order,
            "ticket": ticket_digest(placed.ticket),
            "package": placed.package,
            "request": claims["request"],
            "outcome": outcome,
            "outputs": [OutputDigest(name="image", media_type="image/png", sha256="0" * 64, size=10)]
            if outcome == "delivered"
            else [],
            "measures": claims["measures"] if outcome == "delivered" else {},
            "runtime": "test",
            "sealed": Seal(key=commitment(SEALING_KEY), root="0" * 64) if purchase else None,
            "queued_at": now,
            "started_at": now,
            "finished_at": now,
        }
        return Receipt(**(values | changes)).sign(self.key)


def claim(
    order: m.Order, receipt: Mapping[str, Any], acknowledgement: Mapping[str, Any] | None = None, **changes: Any
) -> m.Claim:
    """What a node sends the registry: with the key, if it is of a purchase."""
    sealed = Receipt.peek(receipt).sealed
    values: dict[str, Any] = {"key": b64(SEALING_KEY) if order.kind == "purchase" and sealed is not None else None}
    return m.Claim(receipt=receipt, acknowledgement=acknowledgement, **(values | changes))


def acknowledge(
    key: PrivateKey, order: str, answered: Mapping[str, Any], verdict: str = "accepted", **changes: Any
) -> dict[str, Any]:
    """A buyer's signed answer to a receipt."""
    values: dict[str, Any] = {
        "buyer": key.public.encode(),
        "order": order,
        "receipt": document_digest(answered),
        "verdict": verdict,
        "at": time.time(),
    }
    return Acknowledgement(**(values | changes)).sign(key)


class ToldErrors:
    """The application, watched: what errors it answers, and which of them its documentation does not know."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.undocumented: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status, body = 0, b""

        async def watched(message: Any) -> None:
            nonlocal status, body
            status = message.get("status", status)
            if status >= 400:
                body += message.get("body", b"")
            await send(message)

        await self._app(scope, receive, watched)
        if body:
            code = json.loads(body)["error"]["code"]
            for path, answers in _documented().items():
                if path.fullmatch(f"{scope['method']} {scope['path']}"):
                    if code not in answers.get(status, ()) and code != Code.INTERNAL:
                        self.undocumented.add(f"{path.pattern}: {status} {code}")
                    break  # the first that fits is the one that answered


@functools.cache
def _documented() -> dict[re.Pattern[str], dict[int, set[str]]]:
    """What each route says of its errors: its codes by their status."""
    document = create_app(Settings(data=Path("nowhere"))).openapi()
    return {
        re.compile(f"{method.upper()} {re.sub('{[^}]+}', '[^/]+', path)}"): {
            int(status): set(answer.get("content", {}).get("application/json", {}).get("examples", {}))
            for status, answer in route["responses"].items()
        }
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    }


class Person(RegistryClient):
    """An account, signed in, speaking to the world's registry."""

    key: PrivateKey


class World:
    """A registry that runs in this process."""

    def __init__(
        self, settings: Settings, rails: Mapping[str, Rail] | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self.settings = settings
        self.clock = Clock()
        self.app = create_app(settings, clock=clock or self.clock, rails=rails)
        self.errors = ToldErrors(self.app)
        self._running: contextlib.AsyncExitStack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self.app.router.lifespan_context(self.app))
        return self

    async def __aexit__(self, *_: object) -> None:
        # Every test ends with an audit: whatever happened, the books must be whole.
        try:
            assert await self.audit() == []
            assert self.errors.undocumented == set(), "a route must say which errors it answers"
        finally:
            await self._running.aclose()

    @property
    def registry(self) -> Registry:
        found: Registry = self.app.state.registry
        return found

    @property
    def transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(self.errors)

    def http(self) -> httpx.AsyncClient:
        """A bare client, for requests that no honest client makes."""
        return httpx.AsyncClient(transport=self.transport, base_url="http://registry")

    async def person(self, handle: str, credits_: int = 0, key: PrivateKey | None = None) -> Person:
        """Someone signed in, with credits."""
        client = Person(
            "http://registry",
            key or PrivateKey.generate(),
            handle=handle,
            display_name=handle,
            transport=self.transport,
        )
        await client.sign_in()
        if credits_:
            await self.grant(handle, credits_ * MICRO)
        return client

    async def grant(self, handle: str, amount: int) -> None:
        await self.registry.database.write(grant, handle, amount, "", str(uuid.uuid4()))

    async def voucher(self, amount: int, expires_at: float | None = None, promotion: str | None = None) -> str:
        _, codes = await self.registry.database.write(create_vouchers, amount, 1, expires_at, promotion)
        return codes[0]

    async def audit(self) -> list[str]:
        return list(await self.registry.database.read(audit))

    async def sweep(self) -> int:
        """A sweep of a registry that has been up for long, whose clock did not jump but moved."""
        self.registry.sweeper.trust_the_clock()
        return await self.registry.sweeper.sweep(up_seconds=10**6)

    async def shop(self, handle: str = "atelier", **package: Any) -> Shop:
        """A creator with a package published and a node online that has it warm."""
        creator = await self.person(handle)
        made = make_package(creator.key, **package)
        await creator.publish(f"{handle}/{made.name}", made.publication)
        node = Node(creator.key)
        shop = Shop(self, creator, handle, made, node)
        await shop.online()
        return shop


@dataclass
class Shop:
    """A creator, a package and a node."""

    world: World
    creator: Person
    handle: str
    made: Made
    node: Node

    @property
    def listing(self) -> str:
        return f"{self.handle}/{self.made.name}"

    async def online(self, state: m.NodeState = m.NodeState.WARM, **beat: Any) -> m.HeartbeatAnswer:
        # Tests move the clock by months.
        expires_at = int(max(time.time(), self.world.clock())) + 30 * 86_400
        descriptor = self.node.descriptor(expires_at=expires_at)
        await self.creator.register_node(self.node.id, m.NodeRegistration(descriptor=descriptor))
        packages = [m.PackageState(package=self.made.package, state=state)]
        return await self.creator.heartbeat(self.node.id, m.Heartbeat(packages=packages, **beat))

    async def quote(self, buyer: RegistryClient, steps: int = 20) -> m.Quote:
        return await buyer.quote(m.QuoteRequest(listing=self.listing, measures={"step": steps}, request="ab" * 32))

    async def order(self, buyer: RegistryClient, steps: int = 20, order: str | None = None) -> m.Order:
        quote = await self.quote(buyer, steps)
        request = m.OrderRequest(quote=quote.quote, node=quote.nodes[0].node, max_price=quote.cap)
        return await buyer.order(order or str(uuid.uuid4()), request)

    async def claim(self, placed: m.Order, outcome: str = "delivered", **changes: Any) -> m.Order:
        return await self.creator.claim(placed.order, m.Claim(receipt=self.node.receipt(placed, outcome, **changes)))

    async def deliver(self, buyer: Person, order: m.Order) -> m.Order:
        """Receipt and acknowledgement together."""
        receipt = self.node.receipt(order)
        return await self.creator.claim(
            order.order, m.Claim(receipt=receipt, acknowledgement=acknowledge(buyer.key, order.order, receipt))
        )


async def gather(*work: Any) -> list[Any]:
    """Everything at once; exceptions are results."""
    return list(await asyncio.gather(*work, return_exceptions=True))
