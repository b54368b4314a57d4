"""Orders: placing them, what nodes and buyers say about them, and giving up.

Each is one command of the writer: it reads, checks signatures, decides and writes in one transaction, so that nothing
can happen in between. A signature takes less time than handing it to a thread and reading everything anew. Putting the
answer together is left for the time in which the disk is waited for.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

from artrator.canonical import canonical_json, sha256
from artrator.documents import Ticket, ticket_digest
from artrator.documents.ticket import issue
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.money import MICRO
from artrator_registry.accounts import store as account_store
from artrator_registry.accounts.models import Caller
from artrator_registry.authority import Authority
from artrator_registry.disputes import service as disputes
from artrator_registry.limits import Limits
from artrator_registry.nodes import store as nodes
from artrator_registry.orders import payment, placing, quotes, settlement, store
from artrator_registry.orders.models import CheckedAcknowledgement, CheckedReceipt, NewOrder
from artrator_registry.orders.receipts import check_acknowledgement, check_receipt, failure
from artrator_registry.paging import pack, unpack
from artrator_registry.recovery import service as recovery
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction, as_json

_log = logging.getLogger("artrator_registry.orders")
_T = TypeVar("_T")
#: A receipt with some hundreds of outputs, and a price below which an order pays nobody for keeping it.
_LARGE_BYTES: Final = 64 * 1024
_CHEAP: Final = MICRO // 100


class Orders:
    """Everything about orders."""

    def __init__(self, database: Database, settings: Settings, authority: Authority, limits: Limits) -> None:
        self._db = database
        self._settings = settings
        self._authority = authority
        self._limits = limits

    async def quote(self, who: Caller, request: m.QuoteRequest) -> m.Quote:
        """A price with a hard cap."""
        return await self._db.write_then_finish(quotes.make, who, request, self._settings, self._authority)

    async def order(self, who: Caller, order: str, request: m.OrderRequest) -> m.Order:
        """Accept a quote: hold, order and ticket in one transaction."""
        return await self._db.write_then_finish(self._order, who, order, request)

    async def get(self, who: Caller, order: str) -> m.Order:
        """How an order stands, for its buyer and its creator."""
        return await self._db.read(lambda t: as_message(_visible(t, who, order), who))

    async def orders(self, who: Caller, before: str | None, limit: int) -> m.Orders:
        """The caller's orders, newest first."""
        return await self._db.read(_orders, who, before, limit)

    async def cancel(self, who: Caller, order: str, *, at_once: bool) -> m.Order:
        """The buyer gives up; see ``orders.sweeper`` for when the money comes back.

        Args:
            who: The buyer.
            order: The order.
            at_once: Whether time may end anything now.
        """
        return await self._db.write(_cancel, who, order, self._settings.grace if at_once else None)

    async def report_all(self, who: Caller, request: m.Claims) -> m.ClaimsAnswer:
        """What a node did for several orders: each by itself, all in as few commits as there can be."""

        async def one(claim: m.OrderClaim) -> m.Claimed:
            try:
                return await self._hear(who, claim.order, claim, _claimed)
            except ArtratorError as problem:
                return m.Claimed(order=claim.order, code=problem.code, message=problem.message)
            except Exception:  # a mistake of ours with one must not keep the node from hearing of the others
                _log.exception("the receipt of order %s could not be taken", claim.order)
                return m.Claimed(order=claim.order, code=Code.INTERNAL, message="The registry made a mistake.")

        return m.ClaimsAnswer(items=await asyncio.gather(*(one(claim) for claim in request.claims)))

    async def report(self, who: Caller, order: str, request: m.Claim | m.Acknowledge) -> m.Order:
        """What the node says it did, what the buyer says arrived. Either of them may bring it."""
        return await self._hear(who, order, request, partial(as_message, who=who))

    async def _hear(self, who: Caller, order: str, request: m.Claim | m.Acknowledge, tell: Callable[[Any], _T]) -> _T:
        """What ``tell`` makes of the order's row, as it is then."""
        try:
            return await self._db.write_then_finish(_report, who, order, request, self._settings, self._limits, tell)
        except ArtratorError as problem:
            if problem.code is Code.ORDER_UNKNOWN and isinstance(request, m.Claim):
                # A registry that was restored from a backup has forgotten it; then this is the only trace of it.
                trace = self._db.glance(recovery.trace, who, order, request.receipt)
                if trace is not None:
                    await self._db.write(recovery.keep, trace)
            raise

    def _order(self, t: Transaction, who: Caller, order: str, request: m.OrderRequest) -> Callable[[], m.Order]:
        body = sha256(canonical_json(request.model_dump()))
        row = placing.repeated(t, who, order, body)
        if row is None:
            row = placing.place(t, self._accepted(t, who, order, body, request), self._limits)
        return partial(as_message, row, who)

    def _accepted(self, t: Transaction, who: Caller, order: str, body: str, request: m.OrderRequest) -> NewOrder:
        quote = quotes.usable(t, who, request.quote, request.max_price)
        node = nodes.node(t, request.node)
        if node is None or node["owner"] != quote["creator"]:
            raise ArtratorError(Code.NODE_UNKNOWN, "The quote does not name this node.")
        if node["expires_at"] <= t.now or (node["seen_at"] or 0.0) <= t.now - self._settings.online_seconds:
            # It was there when the price was told; a hold for a node that has gone would only wait for its end.
            raise ArtratorError(Code.NO_NODE, "The node has gone offline since the quote.")
        payment.confirm(t, quote)
        now = int(t.now)
        ticket = Ticket(
            iss=self._authority.id,
            aud=request.node,
            sub=who.account,
            cnf=who.public_key,
            jti=order,
            iat=now,
            listing=quote["listing"],
            package=quote["package"],
            offer=quote["offer"],
            request=quote["request"],
            measures=json.loads(quote["measures"]),
            cap=quote["cap"],
            paid_by=quote["paid_by"],
            start_by=now + self._settings.start_seconds,
            finish_by=now + self._settings.finish_seconds,
            capture_by=now + self._settings.capture_seconds,
        )
        token = issue(ticket, self._authority.signer(t.now))
        return NewOrder(
            id=order,
            body=body,
            buyer=who.account,
            api_key=who.api_key,
            creator=quote["creator"],
            ticket=ticket,
            token=token,
            token_digest=ticket_digest(token),
            worth=quote["worth"],
            fee=quote["fee"],
            period=quote["pass"],
        )


def as_message(row: Any, who: Caller) -> m.Order:
    """An order as one of its two sides sees it."""
    return m.Order(
        order=row["id"],
        state=m.OrderState(row["state"]),
        listing=row["listing"],
        package=row["package"],
        node=row["node"],
        cap=row["cap"],
        charged=row["charged"],
        kind=row["kind"],
        paid_by=row["paid_by"],
        worth=row["worth"],
        refunded=row["refunded"],
        created_at=row["created_at"],
        capture_by=row["capture_by"],
        dispute_until=row["settle_at"] or (row["dispute_until"] if row["state"] == "settled" else None),
        ticket=row["ticket"] if row["buyer"] == who.account else None,
        receipt=_json(row["receipt"]),
        acknowledgement=_json(row["acknowledgement"]),
        reason=row["reason"],
    )


def _visible(t: Transaction, who: Caller, order: str) -> Any:
    row = store.order(t, order)
    if row is None or who.account not in (row["buyer"], row["creator"]):
        raise ArtratorError(Code.ORDER_UNKNOWN, "You have no such order.")
    return row


def _orders(t: Transaction, who: Caller, before: str | None, limit: int) -> m.Orders:
    cursor = unpack(before, int)[0] if before else None
    rows = store.orders(t, who.account, cursor, limit + 1)
    following = pack(rows[limit - 1]["serial"]) if len(rows) > limit else None
    return m.Orders(items=[as_message(row, who) for row in rows[:limit]], next=following)


def _cancel(t: Transaction, who: Caller, order: str, grace: float | None) -> m.Order:
    row = _visible(t, who, order)
    if row["buyer"] != who.account:
        raise ArtratorError(Code.FORBIDDEN, "Only the buyer can give up an order.")
    if row["state"] == "held":
        if grace is not None and row["finish_by"] + grace < t.now:  # the node had its time
            settlement.release(t, row, "cancelled")
        else:
            store.request_cancel(t, order)
    elif row["state"] != "released":
        raise ArtratorError(
            Code.ORDER_CLOSED,
            "The node has delivered this order, so it cannot be given up.",
            cure="If what arrived is not right, refuse it with an acknowledgement.",
        )
    return as_message(store.order(t, order), who)


def _report(
    t: Transaction,
    who: Caller,
    order: str,
    request: m.Claim | m.Acknowledge,
    settings: Settings,
    limits: Limits,
    tell: Callable[[Any], _T],
) -> Callable[[], _T]:
    row = _visible(t, who, order)
    receipt = check_receipt(row, nodes.node(t, row["node"])["receipt_key"], request.receipt)
    if _is_large(row, receipt):
        limits.receipts.take(row["creator"])
    acknowledgement = None
    if request.acknowledgement is not None:
        buyer = account_store.by_id(t, row["buyer"])
        try:
            acknowledgement = check_acknowledgement(row, buyer["public_key"], receipt, request.acknowledgement)
        except ArtratorError as problem:
            if not isinstance(request, m.Claim):
                raise
            # A node that was handed something odd by its buyer has delivered all the same: else buyers could make its
            # receipts worthless.
            _log.warning("order %s: %s The receipt is taken without it.", order, problem.message)
    if row["receipt_digest"] is None and row["state"] == "held":
        refused = acknowledgement is not None and not acknowledgement.accepts
        # A refusal needs nothing to go with it, but what is there is the evidence by which it is decided.
        if receipt.receipt.outcome == "delivered" and (not refused or _key(request) is not None):
            settlement.claimed(t, row, receipt, _key(request))
        row = {**row, "receipt": as_json(receipt.document), "receipt_digest": receipt.digest}
        if receipt.receipt.outcome != "delivered":
            return partial(tell, settlement.release(t, row, failure(receipt.receipt)))
        if acknowledgement is None or not acknowledgement.accepts:  # else it is settled at once, and written once
            row = store.claim(t, row, t.now + settings.dispute_seconds)
    elif row["receipt_digest"] != receipt.digest:
        if row["receipt_digest"] is not None:
            raise ArtratorError(Code.CONFLICT, "Another receipt for this order came before.")
        # Raised at the end: raising here would undo what is kept.
        store.keep_late_receipt(t, order, receipt)
        return partial(_refuse_late, row)
    elif row["state"] == "disputed" and _key(request) is not None:
        settlement.claimed(t, row, receipt, _key(request))  # the buyer refused before the node was heard
    if acknowledgement is not None and row["acknowledgement"] is None:
        row = _answer(t, row, receipt, acknowledgement, settings)
    return partial(tell, row)


def _is_large(row: Any, receipt: CheckedReceipt) -> bool:
    """Whether a receipt, if it is new, takes more of the disk for ever than is paid for."""
    is_new = row["receipt_digest"] is None and row["late_receipt"] is None
    is_paid = row["paid_by"] == "pass" or row["cap"] >= _CHEAP
    return is_new and not is_paid and receipt.size > _LARGE_BYTES


def _key(request: m.Claim | m.Acknowledge) -> str | None:
    return request.key if isinstance(request, m.Claim) else None


def _answer(
    t: Transaction, row: Any, receipt: CheckedReceipt, checked: CheckedAcknowledgement, settings: Settings
) -> Any:
    """The buyer's answer to a receipt that stands in this row, written or not; answers the row as it is then."""
    if row["state"] in ("held", "claimed"):
        row = {**row, "acknowledgement": as_json(checked.document)}
        if checked.accepts:
            until = t.now + settings.dispute_seconds if row["buyer"] != row["creator"] else None
            return settlement.settle(t, row, receipt.receipt, dispute_until=until)
        store.keep_acknowledgement(t, row)
        disputes.refused(t, row, checked.acknowledgement.reason)
        return store.order(t, row["id"])
    if row["state"] == "settled" and not checked.accepts:
        raise ArtratorError(Code.ORDER_CLOSED, "The time to refuse this delivery is over.")
    return row


def _claimed(row: Any) -> m.Claimed:
    return m.Claimed(order=row["id"], state=m.OrderState(row["state"]))


def _refuse_late(row: Any) -> NoReturn:
    raise ArtratorError(
        Code.ORDER_CLOSED, f"The order has ended ({row['state']}: {row['reason'] or 'no reason'}).", state=row["state"]
    )


def _json(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    value: Mapping[str, Any] = json.loads(text)
    return value
