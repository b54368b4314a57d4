"""Purchases: a licence to keep a package. An order of its own kind, with times in which gigabytes can be fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from artrator.canonical import canonical_json, sha256
from artrator.documents import Licence, Receipt, Seal, Ticket, ticket_digest
from artrator.documents.ticket import issue
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator.money import format_credits
from artrator.package import from_validated, verify_signature
from artrator_registry.accounts.models import Caller
from artrator_registry.authority import Authority
from artrator_registry.limits import Limits
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.nodes.service import candidates
from artrator_registry.orders import placing, settlement, shares
from artrator_registry.orders.models import NewOrder
from artrator_registry.orders.service import as_message
from artrator_registry.purchases import keys, store
from artrator_registry.purchases.models import PAID, request
from artrator_registry.sellers.service import is_verified
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction
from artrator_registry.verifications import store as verifications


def _paid(t: Transaction, order: Any) -> None:
    """However it came to be paid, by an acknowledgement or by a decision: the key is here, and the licence is due."""
    keys.require(t, order["id"])
    store.issue(t, order)


settlement.AFTER["purchase"] = _paid
settlement.CLAIMED["purchase"] = keys.deposit


class Purchases:
    """Everything about licences."""

    def __init__(self, database: Database, settings: Settings, authority: Authority, limits: Limits) -> None:
        self._db = database
        self._settings = settings
        self._authority = authority
        self._limits = limits

    async def buy(self, who: Caller, order: str, wanted: p.PurchaseRequest) -> p.Purchase:
        """Hold, order and ticket in one transaction."""
        await self._db.write(self._buy, who, order, wanted)
        return await self.get(who, order)

    async def get(self, who: Caller, order: str) -> p.Purchase:
        """How a purchase stands, for its buyer."""
        found, unsigned = await self._db.read(self._shown, who, order)
        return found if unsigned is None else await self._signed(who, order, unsigned)

    async def purchases(self, who: Caller) -> p.Purchases:
        """The caller's, newest first."""

        def look(t: Transaction) -> list[tuple[p.Purchase, Any]]:
            return [self._as_message(t, who, row) for row in store.purchases(t, who.account)]

        found = await self._db.read(look)
        return p.Purchases(
            items=[
                shown if unsigned is None else await self._signed(who, shown.order.order, unsigned)
                for shown, unsigned in found
            ]
        )

    def _buy(self, t: Transaction, who: Caller, order: str, wanted: p.PurchaseRequest) -> None:
        body = sha256(canonical_json({"purchase": wanted.model_dump()}))
        if placing.repeated(t, who, order, body) is not None:
            return
        if verifications.verification(t, order) is not None:  # nodes hear of both in one list of ids
            raise ArtratorError(Code.CONFLICT, "Somebody looked at a package under this id.")
        version = store.version(t, wanted.listing, wanted.package)
        if version is None:
            raise ArtratorError(Code.LISTING_UNKNOWN, f"There is no listing {wanted.listing} of this package.")
        first = store.in_force(t, who.account, version["package"])
        if first is not None:  # a licence is bought once: whoever buys it again is told which one is there
            raise ArtratorError(
                Code.ALREADY_OWNED, f"You have bought this package before, by the order {first}.", order=first
            )
        placing.place(t, self._accepted(t, who, order, body, version, wanted), self._limits)

    def _accepted(
        self, t: Transaction, who: Caller, order: str, body: str, version: Any, wanted: p.PurchaseRequest
    ) -> NewOrder:
        offered = listings.offer(t, version["version_id"])
        offer = parsed.offer(offered["document"])
        own = version["creator"] == who.account  # nobody pays themselves
        if offer.licence is None:
            raise ArtratorError(Code.NOT_FOR_SALE, f"Licences of {wanted.listing} are not sold.")
        if not own and not is_verified(t, version["creator"]):
            raise ArtratorError(
                Code.SELLER_UNVERIFIED,
                f"The seller of {wanted.listing} has not been verified yet, so no licence can be bought.",
                cure="Try again later, or buy single runs meanwhile.",
            )
        cap = 0 if own else offer.licence
        if cap > wanted.max_price:
            raise ArtratorError(
                Code.PRICE_ABOVE_CAP,
                f"The licence costs {format_credits(cap)} credits, more than the most you would pay.",
                cap=cap,
            )
        now = int(t.now)
        finish_by = now + self._settings.purchase_seconds
        ticket = Ticket(
            iss=self._authority.id,
            aud=self._node(t, version, wanted.node),
            sub=who.account,
            cnf=who.public_key,
            jti=order,
            iat=now,
            listing=version["listing"],
            package=version["package"],
            offer=offered["digest"],
            request=request(version["package"]),
            measures={},
            cap=cap,
            kind="purchase",
            paid_by="own" if own else "credits",
            start_by=finish_by,
            finish_by=finish_by,
            capture_by=finish_by + self._settings.capture_seconds,
        )
        token = issue(ticket, self._authority.signer(t.now))
        return NewOrder(
            id=order,
            body=body,
            buyer=who.account,
            api_key=who.api_key,
            creator=version["creator"],
            ticket=ticket,
            token=token,
            token_digest=ticket_digest(token),
            worth=offer.licence,
            fee=self._settings.fee_basis_points,
        )

    def _node(self, t: Transaction, version: Any, wanted: str | None) -> str:
        nodes = self._nodes(t, version)
        if wanted is None:
            return nodes[0].node
        if wanted not in [node.node for node in nodes]:
            raise ArtratorError(Code.NODE_UNKNOWN, f"This node does not have {version['listing']} now.")
        return wanted

    def _nodes(self, t: Transaction, version: Any) -> Sequence[m.NodeCandidate]:
        return candidates(t, version["listing"], version["package"], version["creator"], self._settings.online_seconds)

    def _shown(self, t: Transaction, who: Caller, order: str) -> tuple[p.Purchase, Any]:
        """A purchase as its buyer sees it, and its row if its licence is due and yet to be signed."""
        row = store.purchase(t, order)
        if row is None or row["buyer"] != who.account:
            raise ArtratorError(Code.ORDER_UNKNOWN, "You have no such purchase.")
        return self._as_message(t, who, row)

    def _as_message(self, t: Transaction, who: Caller, row: Any) -> tuple[p.Purchase, Any]:
        try:
            nodes = list(self._nodes(t, row))
        except ArtratorError:  # the licence stays good while every node is away
            nodes = []
        # While it is open only the order's own node takes its ticket; a licence opens every node that has the package.
        paid = row["licence_at"] is not None and row["state"] in PAID
        if not paid:
            nodes.sort(key=lambda node: node.node != row["node"])
        descriptor = nodes[0].descriptor if nodes and (paid or nodes[0].node == row["node"]) else _descriptor(t, row)
        offer = parsed.offer(listings.offer_by_digest(t, row["offer"])["document"])
        purchase = p.Purchase(
            order=as_message(row, who),
            title=from_validated(row["manifest"]).title,
            version=row["version"],
            split=shares.as_messages(
                t, shares.divide(t, row["cap"], row["creator"], row["fee"], offer), self._settings.name
            ),
            urls=[node.urls[0] for node in nodes],
            descriptor=descriptor,
            licence=json.loads(row["licence"]) if paid and row["licence"] is not None else None,
            key=keys.shown(row) if paid else None,
        )
        return purchase, row if paid and row["licence"] is None else None

    async def _signed(self, who: Caller, order: str, row: Any) -> p.Purchase:
        """The same purchase once its licence is signed, which is done once."""
        document = json.dumps(_licence(row, self._authority.id).sign(self._authority.root))
        await self._db.write(store.sign, order, document)
        return (await self._db.read(self._shown, who, order))[0]


def evidence(t: Transaction, order: str) -> tuple[Any, Seal]:
    """A purchase's row and what its node is bound to; raises ArtratorError ``order_unknown``, ``key_missing``."""
    row = store.purchase(t, order)
    if row is None:
        raise ArtratorError(Code.ORDER_UNKNOWN, "There is no such purchase.")
    sealed = None if row["receipt"] is None else Receipt.peek(json.loads(row["receipt"])).sealed
    if sealed is None or row["sealed_key"] is None:
        raise ArtratorError(Code.KEY_MISSING, "The node has deposited no key for it, so nothing was paid.")
    return row, sealed


def _licence(row: Any, registry: str) -> Licence:
    """The licence of a paid purchase (its row)."""
    manifest = from_validated(row["manifest"])
    terms = ""
    if manifest.license_file is not None:
        signed = verify_signature(json.loads(row["signature"]), PublicKey.decode(row["creator_key"]))
        terms = f"sha256:{signed.files[manifest.license_file]}"
    return Licence(
        registry=registry,
        buyer=row["buyer_key"],
        order=row["id"],
        listing=row["listing"],
        version=row["version"],
        package=row["package"],
        terms=manifest.license,
        terms_digest=terms,
        commercial=manifest.rights.commercial,
        price=row["charged"],
        issued_at=row["licence_at"],
    )


def _descriptor(t: Transaction, row: Any) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(
        t.row("SELECT descriptor FROM nodes WHERE id = ?", (row["node"],))["descriptor"]
    )
    return document
