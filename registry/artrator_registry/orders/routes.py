"""HTTP routes of quotes and orders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.routing import APIRoute

from artrator.errors import Code
from artrator.ids import ID_PATTERN
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import AcknowledgeBody, ClaimBody, ClaimsBody, OrderBody, QuoteBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["orders"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Order = Annotated[
    str,
    Path(
        pattern=ID_PATTERN,
        description="Made and stored by the buyer before it is sent.",
    ),
]
_DOCUMENTS = (
    *(Code.ORDER_UNKNOWN, Code.ORDER_CLOSED, Code.CONFLICT),
    *(Code.RECEIPT_INVALID, Code.DOCUMENT_INVALID, Code.KEY_MISSING, Code.RATE_LIMITED),
)


@router.post(
    "/v1/quotes",
    summary="Ask for a price",
    responses=responses(*AUTH, Code.LISTING_UNKNOWN, Code.NO_NODE, Code.ALLOWANCE_USED, Code.RATE_LIMITED),
)
async def quote(body: QuoteBody, who: SignedIn, registry: _Registry) -> m.Quote:
    """Only numbers that cost something and a salted digest are sent: never the prompt.

    The answer has a hard cap, what pays for it, who gets what of it, and the nodes that can run it, best first.
    """
    who.require(m.Scope.ORDERS_WRITE)
    registry.limits.quotes.take(who.account)
    return await registry.orders.quote(who, body)


@router.put(
    "/v1/orders/{order}",
    summary="Accept a quote",
    responses=responses(
        *AUTH,
        Code.QUOTE_UNKNOWN,
        Code.QUOTE_EXPIRED,
        Code.QUOTE_STALE,
        Code.PRICE_ABOVE_CAP,
        Code.CREDITS_INSUFFICIENT,
        Code.DEBT_UNPAID,
        Code.SPENDING_LIMIT,
        Code.RATE_LIMITED,
        Code.NODE_UNKNOWN,
        Code.NO_NODE,
        Code.CONFLICT,
    ),
)
async def order(order: _Order, body: OrderBody, who: SignedIn, registry: _Registry) -> m.Order:
    """Sets the cap aside, or counts the free run or the pass, and answers with a ticket, in one transaction.

    The same id and body give the same answer; the same id and another body are a `conflict`.
    """
    who.require(m.Scope.ORDERS_WRITE)
    return await registry.orders.order(who, order, body)


@router.get("/v1/orders", summary="My orders", responses=responses(*AUTH))
async def orders(
    who: SignedIn,
    registry: _Registry,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> m.Orders:
    """Newest first."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.orders.orders(who, before, limit)


@router.get("/v1/orders/{order}", summary="How an order stands", responses=responses(*AUTH, Code.ORDER_UNKNOWN))
async def get_order(order: _Order, who: SignedIn, registry: _Registry) -> m.Order:
    """For its buyer and its creator; the ticket is for the buyer only."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.orders.get(who, order)


@router.delete(
    "/v1/orders/{order}",
    summary="Give up an order",
    responses=responses(*AUTH, Code.ORDER_UNKNOWN, Code.ORDER_CLOSED, Code.FORBIDDEN),
)
async def cancel(order: _Order, who: SignedIn, registry: _Registry) -> m.Order:
    """States that nothing arrived. Cancel at the node first: its receipt releases the hold at once.

    If the node does not answer, this releases the hold shortly after the ticket's `finish_by`, and at once if that has
    passed. Until then the node may be working, and its receipt counts.
    """
    who.require(m.Scope.ORDERS_WRITE)
    return await registry.orders.cancel(who, order, at_once=registry.sweeper.may_end_orders())


@router.put("/v1/orders/{order}/receipt", summary="A node's receipt", responses=responses(*AUTH, *_DOCUMENTS))
async def claim(order: _Order, body: ClaimBody, who: SignedIn, registry: _Registry) -> m.Order:
    """`delivered` with an accepting acknowledgement is charged at once, without one when the time to object is over.

    `failed` and `cancelled` release the hold at once. A purchase is charged only with an accepting acknowledgement.
    Repeating it is harmless.
    """
    who.require(m.Scope.NODES_WRITE)
    return await registry.orders.report(who, order, body)


@router.post("/v1/receipts", summary="A node's receipts", responses=responses(*AUTH))
async def claims(body: ClaimsBody, who: SignedIn, registry: _Registry) -> m.ClaimsAnswer:
    """Receipts for up to 16 orders at once; each is taken or refused by itself. Repeating it is harmless."""
    who.require(m.Scope.NODES_WRITE)
    return await registry.orders.report_all(who, body)


@router.put(
    "/v1/orders/{order}/acknowledgement",
    summary="A buyer's acknowledgement",
    responses=responses(*AUTH, *_DOCUMENTS),
)
async def acknowledge(order: _Order, body: AcknowledgeBody, who: SignedIn, registry: _Registry) -> m.Order:
    """Both documents, so that a node that is lost loses nothing. `refused` opens a dispute: the money stays held."""
    who.require(m.Scope.ORDERS_WRITE)
    return await registry.orders.report(who, order, body)


#: What every paid job asks for: see ``http.express``.
EXPRESS = [
    route
    for route in router.routes
    if isinstance(route, APIRoute) and route.endpoint in (quote, order, claim, claims, acknowledge)
]
