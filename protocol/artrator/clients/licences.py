"""Buying a licence: from the price to a package in the library, through crashes, lost nodes and nodes that lie.

1. The purchase is kept on disk, then placed: a hold, and a ticket for one node.
2. The package is fetched sealed, resumable at any byte, and compared with what the node binds itself to.
3. The node's receipt is checked and acknowledged. The registry captures the hold only if it has the key that the
   receipt names, and in that moment hands it out, with the licence.
4. The package is opened and compared with what its creator signed. If it is something else, the node's own signature
   proves what it sent, and the purchase is disputed. What does not arrive, or whose key does not come, is paid back.

A licence that was bought before fetches its package again, from any node that has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from artrator.canonical import unb64
from artrator.clients._patience import patiently
from artrator.clients.node import Access, NodeClient
from artrator.clients.package_download import OnDownload, PackageDownload
from artrator.clients.prepared import read_listing
from artrator.clients.purchases import PendingPurchase, Purchases
from artrator.clients.registry import RegistryClient
from artrator.clients.sealed_download import SealedDownload, SealedPackage
from artrator.clients.sealed_receipt import check_sealed_receipt
from artrator.documents import Acknowledgement, Licence, NodeDescriptor, Receipt, document_digest
from artrator.documents import ticket as tickets
from artrator.errors import ArtratorError, Code
from artrator.ids import new_id
from artrator.keys import PrivateKey, PublicKey
from artrator.local import Library, OwnedPackage
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator.messages.disputes import DisputeOpening, DisputeReason
from artrator.messages.node import Job
from artrator.package import read_manifest

__all__ = ["LicenceBuyer", "PendingPurchase", "Purchases"]

_REACH_SECONDS: Final = 20.0
_PAID: Final = {m.OrderState.SETTLED, m.OrderState.DISPUTED}
_OVER: Final = {m.OrderState.RELEASED, m.OrderState.REFUNDED}
#: What says that the node sends something else than what was bought.
_WRONG: Final = {Code.PACKAGE_CHANGED, Code.PACKAGE_INVALID, Code.RECEIPT_INVALID, Code.DOCUMENT_INVALID}
#: A node may hash for so long after a restart before it signs.
_HASHING_SECONDS: Final = 1200.0
#: Between two looks whether the node's key has come.
_KEY_WAIT: Final = 0.3
_LATER: Final = "Nothing is lost: `artrator licence download` goes on where it stands. What never arrives is paid back."


class LicenceBuyer:
    """One account that buys licences.

    Args:
        registry: Signed in with ``key`` (or with an API key of the same account).
        key: Signs proofs of possession and acknowledgements; licences are bound to it.
        root: The registry's pinned root key.
        library: Where packages go.
        store: Where purchases are kept until they end.
        pin_creator: Called with (handle, key) of each listing's creator; raises if the key has changed.
    """

    def __init__(
        self,
        registry: RegistryClient,
        key: PrivateKey,
        root: PublicKey,
        library: Library,
        store: Purchases,
        *,
        pin_creator: Callable[[str, PublicKey], None] | None = None,
    ) -> None:
        self.registry = registry
        self.library = library
        self._key = key
        self._root = root
        self._store = store
        self._pin_creator = pin_creator

    async def buy(
        self,
        listing: m.Listing,
        *,
        max_price: int | None = None,
        on_progress: OnDownload | None = None,
        purchase: str | None = None,
    ) -> OwnedPackage:
        """Buy a licence and fetch the package. The price is the offer's, and never more than ``max_price``.

        Raises:
            ArtratorError: ``not_for_sale``, ``price_above_cap``, ``already_owned``, ``seller_unverified``,
                ``credits_insufficient`` …: nothing was held. ``details["undecided"]``: the purchase stands, and
                ``resume`` goes on with it. ``package_changed``: refused, and not paid.
        """
        manifest, offer, creator = read_listing(listing)
        if self._pin_creator is not None:
            self._pin_creator(listing.card.creator, creator)
        if offer.licence is None:
            raise ArtratorError(Code.NOT_FOR_SALE, f"Licences of {listing.card.listing} are not sold.")
        limit = offer.licence if max_price is None else min(offer.licence, max_price)
        pending = PendingPurchase(
            purchase=purchase or new_id(),
            registry=self.registry.url,
            listing=listing.card.listing,
            version=manifest.version,
            package=listing.card.package,
            title=dict(manifest.title),
            creator_key=listing.creator_key,
            max_price=limit,
            created_at=time.time(),
        )
        await asyncio.to_thread(self._store.save, pending)
        return await self.resume(pending, on_progress)

    async def resume(self, pending: PendingPurchase, on_progress: OnDownload | None = None) -> OwnedPackage:
        """Take a purchase up where it stands. Raises as ``buy`` does."""
        bought: p.Purchase | None = None
        try:
            bought = await self._place(pending)
            if pending.problem:
                await self._insist(pending, bought)
                owned = await self.download(bought, on_progress)  # it was decided that this is what was sold
            else:
                owned = await self._fetch(pending, bought, on_progress)
        except ArtratorError as error:
            raise await self._gone_wrong(pending, bought, error) from error
        await asyncio.to_thread(self._forget, pending)
        return owned

    async def download(self, purchase: p.Purchase, on_progress: OnDownload | None = None) -> OwnedPackage:
        """Fetch the package of a paid licence, again or on another machine.

        Raises:
            ArtratorError: ``licence_missing`` if it is not paid; ``licence_revoked``; as of ``PackageDownload``.
        """
        order = purchase.order
        licence = self._licence(purchase)
        # The creator's key is not in the licence: the listing shows it, and it is pinned like any other.
        listing = await self.registry.listing(order.listing, purchase.version)
        manifest, _, creator = read_listing(listing)
        if self._pin_creator is not None:
            self._pin_creator(listing.card.creator, creator)
        if listing.card.package != order.package:
            raise ArtratorError(Code.DOCUMENT_INVALID, "The registry shows another package than the licence is for.")
        descriptor = NodeDescriptor.verify(purchase.descriptor, creator)
        async with NodeClient(descriptor, self._key) as node:
            access = Access.by_licence(licence)
            fetch = PackageDownload(
                node, access, order.package, creator, self.library.incoming(order.package), on_progress
            )
            folder, files = await fetch.run()
        owned = OwnedPackage(
            digest=order.package,
            listing=order.listing,
            version=manifest.version,
            title=dict(manifest.title),
            creator_key=listing.creator_key,
            order=order.order,
            registry=self.registry.url,
            size=sum(size for _, size in files.values()),
        )
        return await asyncio.to_thread(self._keep, folder, owned, licence)

    def pending(self) -> Sequence[PendingPurchase]:
        """Purchases that have not reached their end."""
        return self._store.pending()

    def _forget(self, pending: PendingPurchase) -> None:
        """It has ended: what is still sealed is of no use to anybody."""
        self._store.forget(pending.purchase)
        shutil.rmtree(self._sealed_at(pending), ignore_errors=True)

    async def give_up(self, pending: PendingPurchase) -> m.Order:
        """Get the money back: at once from a node that answers, else when the ticket's time is over."""
        bought = await self.registry.purchase(pending.purchase)
        return await self._cancel(pending, bought)

    # --- the steps

    async def _place(self, pending: PendingPurchase) -> p.Purchase:
        request = p.PurchaseRequest(listing=pending.listing, package=pending.package, max_price=pending.max_price)
        try:
            return await patiently(lambda: self.registry.buy_licence(pending.purchase, request), seconds=_REACH_SECONDS)
        except ArtratorError as error:
            if error.code is not Code.REGISTRY_UNREACHABLE:  # it was refused: nothing is held
                await asyncio.to_thread(self._store.forget, pending.purchase)
            raise

    async def _fetch(
        self, pending: PendingPurchase, bought: p.Purchase, on_progress: OnDownload | None
    ) -> OwnedPackage:
        order = bought.order
        if order.state in _OVER:
            raise ArtratorError(Code.ORDER_CLOSED, f"The purchase has ended: {order.reason or order.state.value}.")
        owned = self.library.owned(pending.package)
        creator = PublicKey.decode(pending.creator_key)
        if order.state in _PAID and bought.licence is not None:
            if owned is not None and owned.order == pending.purchase:
                return self._keep_licence(owned, self._licence(bought))
            sealed = SealedPackage.load(self._sealed_at(pending))
            if sealed is not None and bought.key is not None:
                return await self._open(pending, bought, sealed)
            return await self.download(bought, on_progress)
        descriptor = NodeDescriptor.verify(bought.descriptor, creator)
        if descriptor.node != order.node:
            raise ArtratorError(Code.NODE_UNREACHABLE, "The node of this purchase is away.", reached=False)
        whole = SealedPackage.load(self._sealed_at(pending))
        if whole is not None and order.receipt is not None:  # all is here: the node is not needed any more
            receipt = check_sealed_receipt(dict(order.receipt), descriptor, pending, bought, whole)
            return await self._open(pending, await self._pay(None, pending, receipt), whole)
        await self._check_ticket(bought, pending, descriptor)
        access = Access.by_ticket(order.ticket or "")
        async with NodeClient(descriptor, self._key) as node:
            fetch = SealedDownload(node, access, pending.package, creator, self._sealed_at(pending), on_progress)
            sealed = await fetch.fetch()
            job = await self._said_fetched(node, pending.package, access)
            receipt = check_sealed_receipt(dict(job.receipt or {}), descriptor, pending, bought, sealed)
            settled = await self._pay(node, pending, receipt)
        return await self._open(pending, settled, sealed)

    def _sealed_at(self, pending: PendingPurchase) -> Path:
        return self.library.incoming(pending.package) / f"sealed-{uuid.UUID(pending.purchase)}"

    async def _said_fetched(self, node: NodeClient, package: str, access: Access) -> Job:
        """Tell the node that all of it is here; after a restart it may first have to hash it again."""
        until = time.monotonic() + _HASHING_SECONDS
        while True:
            try:
                return await patiently(lambda: node.fetched(package, access), seconds=_REACH_SECONDS)
            except ArtratorError as error:
                if error.code is not Code.NODE_BUSY or time.monotonic() > until:
                    raise
            await asyncio.sleep(1.0)

    async def _pay(self, node: NodeClient | None, pending: PendingPurchase, receipt: Mapping[str, Any]) -> p.Purchase:
        """Acknowledge what arrived: the hold is captured once the node has deposited the key, and not before.

        Raises:
            ArtratorError: ``key_missing`` if it does not: nothing was paid, and what was fetched stays sealed.
        """
        until = time.monotonic() + _REACH_SECONDS
        while True:
            try:
                await self._acknowledge(node, pending.purchase, receipt, "")
                break
            except ArtratorError as error:
                if error.code is not Code.KEY_MISSING or time.monotonic() > until:
                    raise
            await asyncio.sleep(_KEY_WAIT)
        return await patiently(lambda: self.registry.purchase(pending.purchase), seconds=_REACH_SECONDS)

    async def _open(self, pending: PendingPurchase, paid: p.Purchase, sealed: SealedPackage) -> OwnedPackage:
        """Open what was paid for. What cannot be opened is disputed: the node's receipt proves what it sent."""
        licence = self._licence(paid)
        if paid.key is None:
            raise ArtratorError(Code.KEY_MISSING, "The registry has the licence and not the key.")
        incoming = self.library.incoming(pending.package)
        try:
            folder = await asyncio.to_thread(sealed.open, unb64(paid.key), incoming)
        except ArtratorError as error:
            if error.code is Code.OUTPUT_CORRUPT:  # our own disk: a licence fetches it again, as it is
                return await self.download(paid)
            if error.code is Code.PACKAGE_CHANGED:
                await self._dispute(pending, error)
            raise
        owned = await asyncio.to_thread(self._keep, folder, self._owned(pending, sealed.files), None)
        return self._keep_licence(owned, licence)

    async def _insist(self, pending: PendingPurchase, bought: p.Purchase) -> None:
        """What arrived was wrong: raises unless it was paid, and the dispute about it is decided or comes too late."""
        wrong = ArtratorError(Code.PACKAGE_CHANGED, pending.problem)
        if bought.order.state is not m.OrderState.SETTLED:
            raise wrong
        try:
            await self._dispute(pending, wrong)
        except ArtratorError as error:
            if error.code is Code.REGISTRY_UNREACHABLE:
                raise
            return
        raise wrong

    async def _dispute(self, pending: PendingPurchase, error: ArtratorError) -> None:
        await asyncio.to_thread(self._store.save, replace(pending, problem=error.message[:500]))
        opening = DisputeOpening(reason=DisputeReason.WRONG_MODEL, text=error.message[:500])
        await patiently(lambda: self.registry.open_dispute(pending.purchase, opening), seconds=_REACH_SECONDS)

    async def _check_ticket(self, bought: p.Purchase, pending: PendingPurchase, descriptor: NodeDescriptor) -> None:
        keyset = await self.registry.keyset(self._root)
        keys = {key.kid: PublicKey.decode(key.public_key) for key in keyset.keys}
        try:
            ticket = tickets.read(bought.order.ticket or "", keys)
        except ArtratorError:
            if time.time() - pending.created_at > 3600:  # its key may have ended; the node decides on that one
                return
            raise
        promised = (pending.purchase, descriptor.node, pending.package, self._key.public.encode(), "purchase")
        if (ticket.jti, ticket.aud, ticket.package, ticket.cnf, ticket.kind) != promised:
            raise ArtratorError(Code.TICKET_INVALID, "The ticket is for something else than what was bought.")
        if ticket.cap > pending.max_price:
            raise ArtratorError(Code.PRICE_ABOVE_CAP, "The ticket allows more than the price that was accepted.")

    def _licence(self, purchase: p.Purchase) -> Mapping[str, Any]:
        """The signed licence of a purchase, if the registry's root signed it for this key and package."""
        if purchase.licence is None:
            raise ArtratorError(
                Code.LICENCE_MISSING,
                "The purchase is not settled yet, so there is no licence.",
                cure="Try `artrator licence download` again in a moment.",
            )
        said = Licence.verify(purchase.licence, self._root)
        promised = (self._key.public.encode(), purchase.order.order, purchase.order.package)
        if (said.buyer, said.order, said.package) != promised:
            raise ArtratorError(Code.LICENCE_INVALID, "The registry's licence is for somebody or something else.")
        return purchase.licence

    def _owned(self, pending: PendingPurchase, files: Mapping[str, tuple[str, int]]) -> OwnedPackage:
        return OwnedPackage(
            digest=pending.package,
            listing=pending.listing,
            version=pending.version,
            title=pending.title,
            creator_key=pending.creator_key,
            order=pending.purchase,
            registry=pending.registry,
            size=sum(size for _, size in files.values()),
        )

    def _keep(self, folder: Path, owned: OwnedPackage, licence: Mapping[str, Any] | None) -> OwnedPackage:
        read_manifest((folder / "artrator.toml").read_text(encoding="utf-8"))
        kept = self.library.keep(folder, owned)
        return kept if licence is None else self._keep_licence(kept, licence)

    def _keep_licence(self, owned: OwnedPackage, licence: Mapping[str, Any]) -> OwnedPackage:
        self.library.keep_licence(owned.digest, licence)
        return replace(owned, licence=licence)

    # --- what both sides are told

    async def _acknowledge(self, node: NodeClient | None, purchase: str, receipt: Mapping[str, Any], why: str) -> None:
        """Accept a delivery, or refuse it for a reason; either of the two who hear it is enough."""
        document = Acknowledgement(
            buyer=self._key.public.encode(),
            order=purchase,
            receipt=document_digest(receipt),
            verdict="refused" if why else "accepted",
            reason=why,
            at=time.time(),
        ).sign(self._key)
        if node is not None:
            with contextlib.suppress(ArtratorError):
                await node.acknowledge(purchase, document)
        both = m.Acknowledge(receipt=receipt, acknowledgement=document)
        await patiently(lambda: self.registry.acknowledge(purchase, both), seconds=_REACH_SECONDS)

    async def _gone_wrong(
        self, pending: PendingPurchase, bought: p.Purchase | None, error: ArtratorError
    ) -> ArtratorError:
        """What a failed attempt means: refused and paid back, over already, or to be taken up again."""
        if bought is None:
            return error
        if error.code in _WRONG and bought.order.state not in _PAID:
            return await self._refuse(pending, bought, error)
        if bought.order.state in _OVER:
            await asyncio.to_thread(self._forget, pending)
            return ArtratorError(error.code, error.message, cure=error.cure, charged=bought.order.charged)
        details = error.details | {"undecided": True, "purchase": pending.purchase}
        cure = error.cure if error.code is Code.DISK_FULL else _LATER
        return ArtratorError(error.code, error.message, cure=cure, **details)

    async def _refuse(self, pending: PendingPurchase, bought: p.Purchase, error: ArtratorError) -> ArtratorError:
        """What arrived is not what was bought: nothing is accepted, on this or any later start."""
        pending = replace(pending, problem=error.message[:500])
        await asyncio.to_thread(self._store.save, pending)
        details = {**error.details, "purchase": pending.purchase}
        try:
            order = await self._cancel(pending, bought)
        except ArtratorError:
            return ArtratorError(error.code, error.message, cure=_LATER, undecided=True, **details)
        if order.state in _OVER | {m.OrderState.DISPUTED}:
            await asyncio.to_thread(self._forget, pending)
            return ArtratorError(error.code, error.message, charged=order.charged, **details)
        return ArtratorError(error.code, error.message, cure=_LATER, undecided=True, **details)

    async def _cancel(self, pending: PendingPurchase, bought: p.Purchase) -> m.Order:
        """Ask the node for a receipt that gives the hold back; refuse one that claims a delivery."""
        with contextlib.suppress(ArtratorError):
            descriptor = NodeDescriptor.verify(bought.descriptor, PublicKey.decode(pending.creator_key))
            async with NodeClient(descriptor, self._key) as node:
                job = await node.cancel(pending.purchase)
            if job.receipt is not None and Receipt.peek(job.receipt).outcome == "delivered":
                await self._acknowledge(None, pending.purchase, job.receipt, pending.problem or "It did not arrive.")
        order = await self.registry.get_order(pending.purchase)
        if order.state is m.OrderState.CLAIMED:
            await self._acknowledge(
                None, pending.purchase, dict(order.receipt or {}), pending.problem or "It did not arrive."
            )
        elif order.state is m.OrderState.HELD:
            return await self._released(pending.purchase)
        return await self.registry.get_order(pending.purchase)

    async def _released(self, purchase: str) -> m.Order:
        """The node's receipt travels on its own; a node that sends none is waited for by the registry's clock."""
        order = await self.registry.cancel_order(purchase)
        until = time.monotonic() + 5.0
        while order.state is m.OrderState.HELD and time.monotonic() < until:
            await asyncio.sleep(0.3)
            order = await self.registry.get_order(purchase)
        return order
