"""HTTP routes of disputes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from artrator.errors import Code
from artrator.messages import disputes as m
from artrator.messages import registry as rm
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import DisputeAnswerBody, DisputeBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["disputes"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Order = Annotated[rm.Identifier, Path(description="The order's id.")]
_Part = Annotated[str, Path(max_length=64)]


@router.put(
    "/v1/orders/{order}/dispute",
    summary="Dispute a delivery",
    responses=responses(*AUTH, Code.ORDER_UNKNOWN, Code.FORBIDDEN, Code.DISPUTE_CLOSED, Code.CONFLICT),
)
async def open_dispute(order: _Order, body: DisputeBody, who: SignedIn, registry: _Registry) -> m.Dispute:
    """By its buyer, before it is accepted or while the dispute window is open (`dispute_until` of the order).

    What was not accepted stays held. What was settled is set aside on the creator's side until this is decided. The
    salt and the request prove what was asked for; they are kept only because they are sent here.
    """
    who.require(rm.Scope.ORDERS_WRITE)
    return await registry.disputes.open(who, order, body)


@router.get(
    "/v1/orders/{order}/dispute",
    summary="How a dispute stands",
    responses=responses(*AUTH, Code.ORDER_UNKNOWN, Code.DISPUTE_UNKNOWN),
)
async def dispute(order: _Order, who: SignedIn, registry: _Registry) -> m.Dispute:
    """For its buyer and its creator."""
    who.require(rm.Scope.ACCOUNT_READ)
    return await registry.disputes.get(who, order)


@router.put(
    "/v1/orders/{order}/dispute/answer",
    summary="Answer a dispute",
    responses=responses(
        *AUTH, Code.ORDER_UNKNOWN, Code.FORBIDDEN, Code.DISPUTE_UNKNOWN, Code.DISPUTE_CLOSED, Code.CONFLICT
    ),
)
async def answer(order: _Order, body: DisputeAnswerBody, who: SignedIn, registry: _Registry) -> m.Dispute:
    """By the creator's own key. `give_back` ends it at once, in the buyer's favour; else the operator decides."""
    who.require_key()
    return await registry.disputes.answer(who, order, body)


@router.get("/v1/disputes", summary="My disputes", responses=responses(*AUTH))
async def disputes(
    who: SignedIn,
    registry: _Registry,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> m.Disputes:
    """As buyer and as creator, newest first."""
    who.require(rm.Scope.ACCOUNT_READ)
    return await registry.disputes.listed(who, before, limit)


@router.get(
    "/v1/listings/{handle}/{name}/trust",
    summary="How a listing's orders went",
    responses=responses(Code.LISTING_UNKNOWN),
)
async def trust(handle: _Part, name: _Part, registry: _Registry) -> m.DisputeRates:
    """Of the last 90 days, the creator's own left out. For everybody."""
    return await registry.disputes.rates(f"{handle}/{name}")
