"""The buyer: one paid job from quote to verified picture.

The flow, as a list:

1. ``prepare``: check the listing's signatures, complete the inputs, salt and digest the request.
2. ``quote``: a price with a hard cap, checked against the creator-signed offer.
3. ``run``: keep the order on disk, place it (a hold), check the ticket, send the job to the node, follow its events,
   fetch the outputs, check digests and that they decode, check the receipt, acknowledge.
4. Whatever breaks before the outputs are here ends with the hold released, and says so.

An order that a crash interrupted is taken up again by ``resume``.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from artrator.canonical import request_digest
from artrator.clients._patience import patiently
from artrator.clients.delivery import check_receipt, fetch_outputs, tally
from artrator.clients.following import LAST_EVENTS, Following, delivered, job_error
from artrator.clients.news import Delivered, Result, Stage, Update
from artrator.clients.node import JobEvent, NodeClient
from artrator.clients.orders import NullOrderStore, OrderStore, PendingOrder
from artrator.clients.prepared import Prepared, check_descriptor, read_listing
from artrator.clients.promised import promised
from artrator.clients.registry import RegistryClient
from artrator.documents import Acknowledgement, NodeDescriptor, QuotedPrice, Ticket, document_digest
from artrator.documents import ticket as tickets
from artrator.dsse import Envelope
from artrator.errors import ArtratorError, Code
from artrator.ids import new_id
from artrator.inputs import Counted, request_body
from artrator.keys import PrivateKey, PublicKey
from artrator.messages import registry as m
from artrator.messages.node import EventKind, Job

__all__ = ["Buyer", "Delivered", "Prepared", "Result", "Stage", "Update", "read_listing"]

#: An order in one of these states needs nothing more of its buyer.
_ENDED: Final = {m.OrderState.SETTLED, m.OrderState.RELEASED, m.OrderState.REFUNDED, m.OrderState.DISPUTED}
#: A delivery that cannot be fetched for so long is refused: well inside the day in which a buyer may object.
_FETCH_SECONDS: Final = 6 * 3600.0
_UNDECIDED: Final = (
    "Nothing has been charged. The order is kept here and taken up again by `artrator orders resume` or the next start "
    "of the app; what cannot be fetched is refused, and a hold comes back by itself."
)
#: How long a registry may stay silent before an order is left for later.
_REACH_SECONDS: Final = 20.0
#: How long after a failed job the buyer waits to see the hold released.
_RELEASE_SECONDS: Final = 10.0


class Buyer:
    """One account that buys.

    Args:
        registry: Signed in with ``key`` (or with an API key of the same account).
        key: Signs proofs of possession and acknowledgements.
        root: The registry's pinned root key.
        store: Where orders are kept until they end.
        pin_creator: Called with (handle, key) of each listing's creator; raises if the key has changed.
    """

    def __init__(
        self,
        registry: RegistryClient,
        key: PrivateKey,
        root: PublicKey,
        *,
        store: OrderStore | None = None,
        pin_creator: Callable[[str, PublicKey], None] | None = None,
    ) -> None:
        self.registry = registry
        self._key = key
        self._root = root
        self._store: OrderStore = store if store is not None else NullOrderStore()
        self._pin_creator = pin_creator

    def prepare(
        self,
        listing: m.Listing,
        inputs: Mapping[str, object],
        files: Mapping[str, bytes | Sequence[bytes]] | None = None,
        *,
        image_format: str = "png",
        pay: Literal["any", "credits"] = "any",
    ) -> Prepared:
        """Check and complete a request. ``files`` holds the bytes of image, mask and images inputs by name.

        ``pay`` ``any`` takes what costs least: a free run, then a pass, then credits.

        Raises:
            ArtratorError: ``input_invalid``, ``input_unknown``, ``image_corrupt``, ``image_too_large``, and whatever
                ``read_listing`` raises.
        """
        manifest, offer, creator = read_listing(listing)
        if self._pin_creator is not None:
            self._pin_creator(listing.card.creator, creator)
        request = request_body(manifest, listing.card.package, inputs, files or {}, image_format=image_format)
        salt = secrets.token_bytes(32)
        return Prepared(
            listing=listing,
            manifest=manifest,
            offer=offer,
            creator=creator,
            body=request.body,
            files=request.files,
            measures=request.measures,
            salt=salt,
            digest=request_digest(salt, request.body.model_dump(mode="json")),
            pay=pay,
        )

    async def quote(self, prepared: Prepared) -> m.Quote:
        """A price, checked against the offer: a registry cannot ask more than the creator does."""
        quote = await self.registry.quote(
            m.QuoteRequest(
                listing=prepared.listing.card.listing,
                version=prepared.listing.card.version,
                measures=prepared.measures,
                pay=prepared.pay,
                request=prepared.digest,
            )
        )
        await self._check_signed(quote, prepared)
        fair = sum(prepared.offer.breakdown(prepared.measures).values())
        if max(quote.cap, quote.worth) > fair or quote.price > quote.cap or quote.package != prepared.body.package:
            raise ArtratorError(Code.PRICE_ABOVE_CAP, "The registry asks for more than the creator's signed offer.")
        if quote.cap and quote.paid_by != "credits":
            raise ArtratorError(Code.PRICE_ABOVE_CAP, "The registry asks for credits, and says that none are needed.")
        if prepared.pay == "credits" and quote.paid_by == "pass":
            raise ArtratorError(Code.PRICE_ABOVE_CAP, "The registry would use up a pass, although it was not to.")
        return quote

    async def _check_signed(self, quote: m.Quote, prepared: Prepared) -> None:
        keyset = await self.registry.keyset(self._root)
        signers = {name for name, _ in Envelope.from_json(quote.signed).signatures}
        key = next((key for key in keyset.keys if key.kid in signers), None)
        if key is None:
            raise ArtratorError(Code.DOCUMENT_INVALID, "The price is signed by a key that the registry does not list.")
        signed = QuotedPrice.verify(quote.signed, PublicKey.decode(key.public_key))
        asked = (prepared.digest, dict(prepared.measures))
        told = (quote.quote, quote.package, quote.offer, quote.cap, quote.worth, quote.paid_by, *asked)
        if told != (
            *(signed.quote, signed.package, signed.offer, signed.cap, signed.worth, signed.paid_by),
            *(signed.request, dict(signed.measures)),
        ):
            raise ArtratorError(Code.DOCUMENT_INVALID, "The registry signed another price than the one it told.")

    async def run(
        self,
        prepared: Prepared,
        quote: m.Quote,
        *,
        max_price: int | None = None,
        order: str | None = None,
        progress: bool = True,
    ) -> AsyncGenerator[Update, None]:
        """Buy and run. The last update is ``done`` and carries the result.

        Keep the outputs when it comes, and then let the iteration end: the order stays on disk until it does, so that
        a crash or a full disk in between loses no picture that was paid for.

        A node that cannot be reached, or is full, costs nothing: the hold is given back and the next candidate is
        asked, under a new order of at most the same price.

        Without ``progress`` nothing is told between order and outputs, and the node does all in one exchange; who then
        hangs up while the job is queued has taken it back.

        Raises:
            ArtratorError: Why there is no picture. ``details["charged"]`` is what it cost: 0 unless it says otherwise.
        """
        limit = quote.cap if max_price is None else max_price
        avoided: set[str] = set()
        while True:
            candidates = [node for node in quote.nodes if node.node not in avoided]
            if not candidates:
                raise ArtratorError(Code.NO_NODE, "No node that offers this model can be reached.", charged=0)
            try:
                check_descriptor(candidates[0], prepared.creator)
            except ArtratorError as error:  # found out before money is held
                if len(candidates) == 1:
                    raise ArtratorError(error.code, error.message, cure=error.cure, charged=0) from error
                avoided.add(candidates[0].node)
                continue
            pending = self._pending(prepared, quote, candidates[0], limit, order or new_id())
            await asyncio.to_thread(self._store.save, pending)
            try:
                async for update in self.resume(pending, progress=progress):
                    yield update
                return
            except ArtratorError as error:
                unreached = error.code is Code.NODE_UNREACHABLE and error.details.get("reached") is False
                elsewhere = unreached or error.code in (Code.NODE_BUSY, Code.NODE_PAUSED)
                # Money of an order that has not ended, or is disputed, is not back: nothing else is bought beside it.
                held = error.details.get("undecided") or error.details.get("disputed")
                if not elsewhere or len(candidates) == 1 or held:
                    raise
                avoided.add(candidates[0].node)
                order = None
                quote = await self.quote(prepared)

    async def resume(self, pending: PendingOrder, *, progress: bool = True) -> AsyncGenerator[Update, None]:
        """Take an order up where it stands. Raises as ``run`` does; the order is forgotten once it has ended."""
        try:
            placed = await self._place(pending)
            creator = PublicKey.decode(pending.creator_key)
            descriptor = NodeDescriptor.verify(pending.candidate.descriptor, creator)
            ticket = await self._check_ticket(placed, pending, descriptor)
            yield Update(Stage.ORDERED, pending.order, node=descriptor.name)
            async with NodeClient(descriptor, self._key) as node:
                following = Following(self.registry, node, pending, placed, ticket)
                sent = await following.send(progress=progress)
                final = delivered(sent.job)
                if final is None:
                    async for event in following.events(sent.events):
                        if isinstance(event, JobEvent) and event.kind in LAST_EVENTS:
                            if event.kind is not EventKind.DONE:
                                raise job_error(event)
                            final = event.job
                        elif update := await following.update(event):
                            yield update
                yield Update(Stage.FETCHING, pending.order, node=descriptor.name)
                assert final is not None  # noqa: S101  # events ends with done or raises
                result = await self._collect(node, final, pending, placed, sent.outputs)
            yield Update(Stage.DONE, pending.order, node=descriptor.name, result=result)
            # Only now has whoever listens had the time to keep the outputs; who fails to, resumes and gets them again.
            await asyncio.to_thread(self._store.forget, pending.order)
        except ArtratorError as error:
            if error.code is Code.REGISTRY_UNREACHABLE:
                raise  # nothing is known of its end yet: it stays on disk and is taken up again
            standing = await self._give_up(pending, error)
            details = error.details | {"charged": standing.charged if standing else 0}
            if standing is not None and standing.state is m.OrderState.DISPUTED:
                details["disputed"] = True
            if standing is None or standing.state in _ENDED:
                await asyncio.to_thread(self._store.forget, pending.order)
                raise ArtratorError(error.code, error.message, cure=error.cure, **details) from error
            # Nothing is lost, but it has not ended either: whoever resumes it later fetches, refuses or is paid back.
            raise ArtratorError(error.code, error.message, cure=_UNDECIDED, undecided=True, **details) from error

    def pending(self) -> Sequence[PendingOrder]:
        """Orders that have not reached their end."""
        return self._store.pending()

    async def cancel(self, pending: PendingOrder) -> None:
        """Ask the node, or failing that the registry, to stop; whoever follows the job then hears ``job_cancelled``."""
        descriptor = NodeDescriptor.verify(pending.candidate.descriptor, PublicKey.decode(pending.creator_key))
        async with NodeClient(descriptor, self._key) as node:
            with contextlib.suppress(ArtratorError):
                await node.cancel(pending.order)
                return
        with contextlib.suppress(ArtratorError):
            await self.registry.cancel_order(pending.order)

    # --- the steps

    @staticmethod
    def _counted(prepared: Prepared) -> Mapping[str, Any] | None:
        counted = Counted.of(prepared.manifest, prepared.body.inputs)
        return None if counted is None else asdict(counted)

    def _pending(
        self, prepared: Prepared, quote: m.Quote, node: m.NodeCandidate, limit: int, order: str
    ) -> PendingOrder:
        return PendingOrder(
            order=order,
            registry=self.registry.url,
            listing=prepared.listing.card.listing,
            creator_key=prepared.listing.creator_key,
            quote=quote.quote,
            max_price=limit,
            package=prepared.body.package,
            request=prepared.digest,
            measures=dict(prepared.measures),
            body=prepared.body.model_dump(mode="json"),
            salt=prepared.salt,
            node=node.model_dump(mode="json"),
            files=prepared.files,
            created_at=time.time(),
            counted=self._counted(prepared),
            promised=promised(prepared.manifest),
        )

    async def _place(self, pending: PendingOrder) -> m.Order:
        request = m.OrderRequest(quote=pending.quote, node=pending.candidate.node, max_price=pending.max_price)
        placed = await patiently(lambda: self.registry.order(pending.order, request), seconds=_REACH_SECONDS)
        if placed.state in (m.OrderState.RELEASED, m.OrderState.REFUNDED):
            raise ArtratorError(Code.ORDER_CLOSED, f"The order has ended: {placed.reason or placed.state.value}.")
        return placed

    async def _check_ticket(self, placed: m.Order, pending: PendingOrder, descriptor: NodeDescriptor) -> Ticket:
        keyset = await self.registry.keyset(self._root)
        # A resumed order may carry a ticket whose key has just been rotated out; the node decides on that one.
        keys = {key.kid: PublicKey.decode(key.public_key) for key in keyset.keys}
        ticket = tickets.read(placed.ticket or "", keys)
        promised = (pending.order, descriptor.node, pending.package, pending.request, self._key.public.encode())
        if (ticket.jti, ticket.aud, ticket.package, ticket.request, ticket.cnf) != promised:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket is for another job than the one that was ordered.")
        if ticket.kind != "run":
            raise ArtratorError(Code.TICKET_INVALID, "The ticket is for a purchase, not for a run.")
        if ticket.cap > pending.max_price:
            raise ArtratorError(Code.PRICE_ABOVE_CAP, "The ticket allows more than the price that was accepted.")
        return ticket

    async def _collect(
        self, node: NodeClient, job: Job, pending: PendingOrder, placed: m.Order, at_hand: Sequence[bytes]
    ) -> Result:
        receipt_document = dict(job.receipt or {})
        receipt = check_receipt(receipt_document, node.descriptor, pending, placed.ticket or "")
        outputs: Sequence[Delivered] = ()
        problem = tally(receipt, pending)
        if not problem:
            outputs, problem = await fetch_outputs(node, receipt, at_hand)
        acknowledgement = self._acknowledgement(pending.order, receipt_document, problem)
        settled = await self._acknowledge(node, pending.order, receipt_document, acknowledgement)
        if problem:
            raise ArtratorError(Code.OUTPUT_CORRUPT, problem)
        return Result(
            order=pending.order,
            listing=pending.listing,
            node=node.descriptor.name,
            outputs=outputs,
            receipt=receipt,
            receipt_document=receipt_document,
            acknowledgement_document=acknowledgement,
            descriptor_document=pending.candidate.descriptor,
            charged=settled.charged if settled else placed.cap,
            paid_by=placed.paid_by,
            settled=settled is not None and settled.state is m.OrderState.SETTLED,
            ordered=None if pending.count is None else pending.count.ordered,
        )

    async def _acknowledge(
        self, node: NodeClient, order: str, receipt: Mapping[str, Any], acknowledgement: Mapping[str, Any]
    ) -> m.Order | None:
        """Tell both; either one is enough, and the node's outbox is the more patient of the two."""
        with contextlib.suppress(ArtratorError):
            await node.acknowledge(order, acknowledgement)
        with contextlib.suppress(ArtratorError):
            both = m.Acknowledge(receipt=receipt, acknowledgement=acknowledgement)
            return await patiently(lambda: self.registry.acknowledge(order, both), seconds=_REACH_SECONDS)
        return None

    async def _give_up(self, pending: PendingOrder, why: ArtratorError) -> m.Order | None:
        """Get the hold back, or refuse what was claimed and never arrived. Answers how the order stands at last.

        A node may say "delivered" to the registry while nothing reached the buyer. Silence would be taken for consent
        when the time to object is over; so a delivery that cannot be had is refused, with the reason.
        """
        deadline = time.monotonic() + _RELEASE_SECONDS
        standing: m.Order | None = None
        while True:
            try:
                standing = await self.registry.get_order(pending.order)
                if standing.state is m.OrderState.CLAIMED:
                    waits = why.code is Code.NODE_UNREACHABLE and time.time() - pending.created_at < _FETCH_SECONDS
                    return standing if waits else await self._refuse(standing, why.message)
                if standing.state not in _ENDED:
                    standing = await self.registry.cancel_order(pending.order)
                if standing.state in _ENDED:
                    return standing
            except ArtratorError as error:
                if error.code is Code.ORDER_UNKNOWN:
                    return None
            if time.monotonic() > deadline:
                if standing is None:
                    # Not a word from the registry: the node may have claimed it, so it must not be forgotten here.
                    details = why.details | {"charged": 0, "undecided": True}
                    raise ArtratorError(why.code, why.message, cure=_UNDECIDED, **details) from why
                return standing  # the registry releases it by its own clock
            await asyncio.sleep(0.5)

    async def _refuse(self, standing: m.Order, reason: str) -> m.Order:
        receipt = dict(standing.receipt or {})
        refusal = self._acknowledgement(standing.order, receipt, reason)
        return await self.registry.acknowledge(standing.order, m.Acknowledge(receipt=receipt, acknowledgement=refusal))

    def _acknowledgement(self, order: str, receipt: Mapping[str, Any], problem: str) -> dict[str, Any]:
        """The buyer's signed answer to a receipt: accepted, unless there is a problem."""
        return Acknowledgement(
            buyer=self._key.public.encode(),
            order=order,
            receipt=document_digest(receipt),
            verdict="refused" if problem else "accepted",
            reason=problem,
            at=time.time(),
        ).sign(self._key)
