"""A network for desktop tests: a registry and a buyer that do as they are told, with real keys, documents and pictures.

It stands at the seam below the desktop's state (``Session.network``). Paid jobs over the real registry and node are
tested in ``tests/end_to_end`` and ``tests/desktop/making/test_real_job.py``.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import PIL.Image

from artrator.canonical import request_digest
from artrator.clients.buyer import Delivered, Prepared, Result, Stage, Update
from artrator.clients.orders import PendingOrder
from artrator.documents import Acknowledgement, NodeDescriptor, Offer, OutputDigest, Receipt, UnitPrice, document_digest
from artrator.errors import ArtratorError, Code
from artrator.inputs import request_body
from artrator.keys import PrivateKey
from artrator.manifest import Manifest
from artrator.messages import registry as m
from artrator.messages.disputes import DisputeRates, Disputes
from artrator.messages.node import Output
from artrator.messages.payouts import Earnings
from artrator.messages.products import Pass, Plan, Purchase
from artrator.messages.rails import Rail
from artrator.package import read_manifest
from artrator.profile import Profile

DIGEST = "sha256:" + "9f3c" * 16

EMOJI = """\
name = "emoji"
version = "1.0.0"
title = { en = "Tiny Emoji", ko = "작은 이모지" }
summary = { en = "Small pictures from words.", ko = "말로 만드는 작은 그림." }
task = "text-to-image"
backend = "diffusion"
license = "Apache-2.0"

[rights]
commercial = true

[inputs.prompt]
type = "text"
label = { en = "Prompt", ko = "프롬프트" }
max_length = 200
multiline = true

[inputs.style]
type = "choice"
label = { en = "Style", ko = "화풍" }
choices = [
  { value = "noto", label = "Noto" }, { value = "fluent", label = "Fluent" }, { value = "twemoji", label = "Twemoji" },
]
default = "noto"

[inputs.steps]
type = "integer"
label = { en = "Steps", ko = "단계" }
minimum = 1
maximum = 50
default = 25

[inputs.guidance]
type = "number"
label = { en = "Prompt strength", ko = "프롬프트 강도" }
minimum = 0.0
maximum = 8.0
step = 0.5
default = 2.5

[inputs.seed]
type = "integer"
label = { en = "Seed", ko = "시드" }
random = true

[inputs.smooth]
type = "boolean"
label = { en = "Smooth edges", ko = "부드러운 윤곽" }
default = true
advanced = true

[inputs.avoid]
type = "text"
label = { en = "Avoid", ko = "제외할 것" }
default = ""
advanced = true

[outputs.image]
type = "image"
label = "Image"

[cost.step]
label = { en = "Step", ko = "단계" }
factors = ["steps"]

[settings]
graph = "model.onnx"
"""

UPSCALE = """\
name = "upscale-x4"
version = "1.0.0"
title = { en = "Upscale x4", ko = "4배 확대" }
summary = "Four times larger."
task = "upscaling"
backend = "onnx"
license = "BSD-3-Clause"

[inputs.image]
type = "image"
label = { en = "Picture", ko = "이미지" }
min_side = 8
max_side = 1024

[inputs.region]
type = "mask"
label = "Where"
required = false

[inputs.references]
type = "images"
label = "References"
required = false
max_items = 3

[outputs.image]
type = "image"
label = "Image"

[cost.pixel]
label = "Pixel"
factors = ["image.pixels"]

[settings]
graph = "model.onnx"
"""


def plain_picture(seed: int) -> bytes:
    """A PNG of one colour and a stripe, different for each seed."""
    colour = tuple(hashlib.sha256(str(seed).encode()).digest()[:3])
    picture = PIL.Image.new("RGB", (96, 64), colour)
    picture.paste((255, 255, 255), (seed % 80, 0, seed % 80 + 8, 64))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Script:
    """What the node does with the next jobs."""

    steps: int = 5
    #: Seconds between steps.
    pace: float = 0.0
    #: Stop at this step until ``go`` is set.
    pause_at: int | None = None
    #: Where it stops, the node does not answer.
    lose_node: bool = False
    #: Raise this when half of the steps are done.
    failure: ArtratorError | None = None
    #: Raise this before the order is placed.
    refusal: ArtratorError | None = None
    #: The registry is lost while the order is being placed.
    lose_registry_at_once: bool = False
    #: Nothing answers any more from this step on: the order stays where it is.
    lose_registry_at: int | None = None
    outputs: int = 1
    #: One more output, a text.
    text: str = ""


@dataclass
class World:
    """Everything behind the seam; outlives one start of the application, as the real world does."""

    paint: Callable[[int], bytes] = plain_picture
    script: Script = field(default_factory=Script)
    creator: PrivateKey = field(default_factory=PrivateKey.generate)
    receipt_key: PrivateKey = field(default_factory=PrivateKey.generate)
    offline: bool = False
    no_node: bool = False
    available: int = 50_000_000
    held: int = 0
    #: Orders by id: the price, or None when released.
    orders: dict[str, int | None] = field(default_factory=dict)
    quotes: list[m.QuoteRequest] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    delivered: dict[str, Result] = field(default_factory=dict)
    go: bool = True
    #: The node that was lost answers again; it has news only when ``go`` is set.
    found: bool = False
    samples: Sequence[str] = ()

    def descriptor(self) -> dict[str, Any]:
        now = int(time.time())
        return NodeDescriptor(
            node=self.receipt_key.id,
            creator=self.creator.public.encode(),
            name="seoul-07",
            urls=["https://127.0.0.1:8700"],
            tls_certificate="",
            receipt_key=self.receipt_key.public.encode(),
            issued_at=now,
            expires_at=now + 86_400,
        ).sign(self.creator)

    def candidate(self) -> m.NodeCandidate:
        return m.NodeCandidate(
            node=self.receipt_key.id,
            name="seoul-07",
            urls=["https://127.0.0.1:8700"],
            state=m.NodeState.WARM,
            expected_wait=1.5,
            run_seconds=4.0,
            descriptor=self.descriptor(),
        )

    def offer(self, manifest: Manifest) -> Offer:
        unit = manifest.cost.units[0].name
        return Offer(
            creator=self.creator.public.encode(),
            package=DIGEST,
            name=manifest.name,
            version=manifest.version,
            base=1_000_000,
            units={unit: UnitPrice(amount=40_000, per=1 if unit == "step" else 10_000)},
            issued_at=0,
        )

    def listing(self, name: str) -> m.Listing:
        texts = {"atelier/emoji": EMOJI, "atelier/upscale-x4": UPSCALE}
        if name not in texts:
            raise ArtratorError(Code.LISTING_UNKNOWN, f"There is no listing {name}.")
        manifest = read_manifest(texts[name])
        card = m.ListingCard(
            listing=name,
            title=manifest.title,
            summary=manifest.summary,
            task=manifest.task,
            creator="atelier",
            creator_name="lumen.studio",
            version=manifest.version,
            package=DIGEST,
            license=manifest.license,
            commercial=True,
            tags=(),
            samples=list(self.samples),
            price=2_000_000,
            state=m.NodeState.WARM,
            nodes=1,
            runs=12,
            published_at=0.0,
        )
        return m.Listing(
            card=card,
            manifest=texts[name],
            offer=self.offer(manifest).sign(self.creator),
            creator_key=self.creator.public.encode(),
            signature={},
            versions=[],
        )


class RegistryDouble:
    """The registry's client, answering from the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _reach(self) -> None:
        if self._world.offline:
            raise ArtratorError(Code.REGISTRY_UNREACHABLE, "The registry does not answer.")

    async def listing(self, name: str, version: str | None = None) -> m.Listing:
        self._reach()
        return self._world.listing(name)

    async def nodes(self, listing: str | None = None) -> Sequence[m.NodeCandidate]:
        return [self._world.candidate()]

    async def search(self, query: str = "", **how: Any) -> m.ListingPage:
        self._reach()
        cards = [self._world.listing(name).card for name in ("atelier/emoji", "atelier/upscale-x4")]
        return m.ListingPage(items=cards, total=len(cards), tasks={"text-to-image": 1, "upscaling": 1})

    async def balance(self) -> m.Balance:
        self._reach()
        return m.Balance(available=self._world.available, held=self._world.held, pending=0)

    async def statement(self, **how: Any) -> m.Statement:
        return m.Statement(lines=[])

    async def rails(self) -> Sequence[Rail]:
        self._reach()
        return ()

    async def passes(self) -> Sequence[Pass]:
        self._reach()
        return ()

    async def plans(self, listing: str | None = None, creator: str | None = None) -> Sequence[Plan]:
        self._reach()
        return ()

    async def purchases(self) -> Sequence[Purchase]:
        self._reach()
        return ()

    async def trust(self, listing: str) -> DisputeRates:
        self._reach()
        return DisputeRates(settled=0, failed=0, disputed=0, refunded=0, by_reason={})

    async def disputes(self, before: str | None = None) -> Disputes:
        self._reach()
        return Disputes(items=[])

    async def earnings(self, since: str, until: str) -> Earnings:
        self._reach()
        return Earnings(pending=0, maturing=0, available=0, requested=0, paid=0, next_matures_at=None, days=[])

    async def info(self) -> m.RegistryInfo:
        self._reach()
        return m.RegistryInfo(
            name="Double",
            registry="sha256:" + "ab" * 32,
            root_key="",
            version="0",
            time=time.time(),
            credit_note={"en": "Test credits"},
            listings=2,
            nodes_online=1,
        )

    async def quote(self, request: m.QuoteRequest) -> m.Quote:
        self._reach()
        self._world.quotes.append(request)
        if self._world.no_node:
            raise ArtratorError(Code.NO_NODE, "No node serves this model now.")
        listing = self._world.listing(request.listing)
        lines = Offer.peek(listing.offer).breakdown(request.measures)
        price = sum(lines.values())
        return m.Quote(
            quote=str(uuid.uuid4()),
            listing=request.listing,
            package=DIGEST,
            offer=DIGEST,
            price=price,
            cap=price,
            breakdown=[m.PriceLine(unit=name, measure=0, amount=amount) for name, amount in lines.items()],
            nodes=[self._world.candidate()],
            expires_at=time.time() + 300,
            signed={},  # the double of the buyer does not look at it
        )


class _Lost(ArtratorError):
    """Whoever raises this knows nothing of the order's end."""


class BuyerDouble:
    """The buyer, with the store's discipline of the real one: saved before it is sent, forgotten after its end."""

    def __init__(self, world: World, registry: RegistryDouble, key: PrivateKey, store: Any) -> None:
        self._world = world
        self.registry = registry
        self._key = key
        self._store = store

    def prepare(self, listing: m.Listing, inputs: Mapping[str, object], files: Mapping[str, Any]) -> Prepared:
        manifest = read_manifest(listing.manifest)
        request = request_body(manifest, DIGEST, inputs, files, image_format="png")
        salt = secrets.token_bytes(32)
        return Prepared(
            listing=listing,
            manifest=manifest,
            offer=Offer.peek(listing.offer),
            creator=self._world.creator.public,
            body=request.body,
            files=request.files,
            measures=request.measures,
            salt=salt,
            digest=request_digest(salt, request.body.model_dump(mode="json")),
        )

    async def quote(self, prepared: Prepared) -> m.Quote:
        if self._world.script.refusal is not None:
            raise self._world.script.refusal
        return await self.registry.quote(
            m.QuoteRequest(listing=prepared.listing.card.listing, measures=prepared.measures, request=prepared.digest)
        )

    async def run(
        self, prepared: Prepared, quote: m.Quote, *, max_price: int | None = None
    ) -> AsyncGenerator[Update, None]:
        pending = PendingOrder(
            order=str(uuid.uuid4()),
            registry="http://double",
            listing=prepared.listing.card.listing,
            creator_key=prepared.listing.creator_key,
            quote=quote.quote,
            max_price=max_price or quote.cap,
            package=DIGEST,
            request=prepared.digest,
            measures=dict(prepared.measures),
            body=prepared.body.model_dump(mode="json"),
            salt=prepared.salt,
            node=quote.nodes[0].model_dump(mode="json"),
            files=prepared.files,
            created_at=time.time(),
        )
        await asyncio.to_thread(self._store.save, pending)
        async for update in self.resume(pending):
            yield update

    async def resume(self, pending: PendingOrder) -> AsyncGenerator[Update, None]:
        order, script = pending.order, self._world.script
        if script.lose_registry_at_once:
            raise _Lost(Code.REGISTRY_UNREACHABLE, "The registry does not answer.")
        if order not in self._world.orders:  # placing an order twice is placing it once
            self._world.orders[order] = pending.max_price
            self._world.held += pending.max_price
            self._world.available -= pending.max_price
        try:
            yield Update(Stage.ORDERED, order, node="seoul-07")
            yield Update(Stage.QUEUED, order, node="seoul-07", position=2, expected_seconds=4.0)
            yield Update(Stage.STARTED, order, node="seoul-07", runtime="onnxruntime 1.31.1 cpu")
            for step in range(1, script.steps + 1):
                await asyncio.sleep(script.pace)
                if step == script.pause_at and script.lose_node:
                    yield Update(Stage.LOST, order, node="seoul-07")
                    while not self._world.found:
                        await asyncio.sleep(0.005)
                    yield Update(Stage.FOUND, order, node="seoul-07")
                while step == script.pause_at and not self._world.go and order not in self._world.cancelled:
                    await asyncio.sleep(0.005)
                if order in self._world.cancelled:
                    raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")
                if step == script.lose_registry_at:
                    raise _Lost(Code.REGISTRY_UNREACHABLE, "The registry does not answer.")
                if script.failure is not None and step * 2 > script.steps:
                    raise script.failure
                left = (script.steps - step) * 0.4
                yield Update(Stage.PROGRESS, order, "seoul-07", done=step, total=script.steps, seconds_left=left)
                yield Update(Stage.PREVIEW, order, "seoul-07", preview=self._world.paint(int(pending.created_at)))
            yield Update(Stage.FETCHING, order, node="seoul-07")
            yield Update(Stage.DONE, order, node="seoul-07", result=self._deliver(pending))
        except _Lost:
            raise
        except ArtratorError as error:
            price = self._world.orders[order] or 0
            self._world.orders[order] = None
            self._world.held -= price
            self._world.available += price
            await asyncio.to_thread(self._store.forget, order)
            raise ArtratorError(error.code, error.message, cure=error.cure, charged=0) from error
        await asyncio.to_thread(self._store.forget, order)

    async def cancel(self, pending: PendingOrder) -> None:
        self._world.cancelled.add(pending.order)

    def _deliver(self, pending: PendingOrder) -> Result:
        """The same result each time it is asked for: a node keeps its outputs."""
        known = self._world.delivered.get(pending.order)
        if known is not None:
            return known
        seed = int(pending.body["inputs"].get("seed") or 7)
        pictures = [self._world.paint(seed + number) for number in range(self._world.script.outputs)]
        digests = [
            OutputDigest(name="image", media_type="image/png", sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for data in pictures
        ]
        if self._world.script.text:
            words = self._world.script.text.encode()
            pictures.append(words)
            digests.append(
                OutputDigest(
                    name="caption",
                    media_type="text/plain; charset=utf-8",
                    sha256=hashlib.sha256(words).hexdigest(),
                    size=len(words),
                )
            )
        receipt = Receipt(
            node=self._world.receipt_key.id,
            order=pending.order,
            ticket=DIGEST,
            package=pending.package,
            request=pending.request,
            outcome="delivered",
            outputs=digests,
            measures=dict(pending.measures),
            runtime="onnxruntime 1.31.1 cpu",
            queued_at=pending.created_at,
            finished_at=pending.created_at + 2.4,
        )
        document = receipt.sign(self._world.receipt_key)
        acknowledgement = Acknowledgement(
            buyer=self._key.public.encode(),
            order=pending.order,
            receipt=document_digest(document),
            verdict="accepted",
            at=time.time(),
        ).sign(self._key)
        price = self._world.orders[pending.order] or 0
        self._world.held -= price
        outputs = []
        for index, data in enumerate(pictures):
            digest = digests[index]
            size = PIL.Image.open(io.BytesIO(data)).size if digest.media_type == "image/png" else (None, None)
            listed = Output(index=index, **digest.model_dump(), width=size[0], height=size[1])
            outputs.append(Delivered(listed, data))
        result = Result(
            order=pending.order,
            listing=pending.listing,
            node="seoul-07",
            outputs=outputs,
            receipt=receipt,
            receipt_document=document,
            acknowledgement_document=acknowledgement,
            descriptor_document=dict(pending.node["descriptor"]),
            charged=price,
            settled=True,
        )
        self._world.delivered[pending.order] = result
        return result


class NetworkDouble:
    """Stands where ``artrator_desktop.state.network.Network`` stands."""

    url = "http://double"

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self.profile = Profile(folder)
        self.key = self.profile.identity
        self.registry = RegistryDouble(world)

    def buyer(self, store: Any) -> BuyerDouble:
        return BuyerDouble(self._world, self.registry, self.key, store)

    async def connect(self) -> tuple[m.RegistryInfo, m.Account]:
        info = await self.registry.info()
        account = m.Account(
            id="00000000-0000-4000-8000-000000000001", handle="haeun", display_name="Ha-eun",
            public_key=self.key.public.encode(), created_at=0.0,
        )  # fmt: skip
        return info, account

    async def aclose(self) -> None:
        pass


def plug_in(monkeypatch: Any, world: World) -> None:
    """Put the double below the state, and skip the package signature that its listings do not have."""
    from artrator.clients import buyer

    def network(folder: Path, _url: str) -> NetworkDouble:
        return NetworkDouble(world, folder)

    def read_listing(listing: m.Listing) -> tuple[Manifest, Offer, Any]:
        return read_manifest(listing.manifest), Offer.verify(listing.offer, world.creator.public), world.creator.public

    monkeypatch.setattr("artrator_desktop.state.network.Network", network)
    monkeypatch.setattr(buyer, "read_listing", read_listing)
