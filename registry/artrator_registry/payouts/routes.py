"""HTTP routes of payouts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from artrator.errors import Code
from artrator.messages import payouts as m
from artrator.messages.registry import Identifier
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import PayoutBody, ScheduleBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["earnings"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Payout = Annotated[Identifier, Path(description="Made and stored by the creator before it is sent.")]


@router.get("/v1/payouts", summary="My payouts", responses=responses(*AUTH))
async def payouts(
    who: SignedIn,
    registry: _Registry,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> m.Payouts:
    """Newest first, with the schedule and the least that is paid out."""
    who.require_key()
    return await registry.payouts.listed(who, before, limit)


@router.put(
    "/v1/payouts/{payout}",
    summary="Ask for a payout",
    responses=responses(*AUTH, Code.CONFLICT, Code.DEBT_UNPAID, Code.EARNINGS_INSUFFICIENT, Code.SELLER_UNVERIFIED),
)
async def request(payout: _Payout, body: PayoutBody, who: SignedIn, registry: _Registry) -> m.Payout:
    """Sets the earnings aside at once. The same id and body give the same answer."""
    who.require_key()
    return await registry.payouts.request(who, payout, body)


@router.delete(
    "/v1/payouts/{payout}",
    summary="Take a payout back",
    responses=responses(*AUTH, Code.PAYOUT_CLOSED, Code.PAYOUT_UNKNOWN),
)
async def cancel(payout: _Payout, who: SignedIn, registry: _Registry) -> m.Payout:
    """Only before it was sent. Repeating it is harmless."""
    who.require_key()
    return await registry.payouts.cancel(who, payout)


@router.put(
    "/v1/account/payout-schedule",
    summary="Have payouts asked for",
    responses=responses(*AUTH, Code.SELLER_UNVERIFIED),
)
async def set_schedule(body: ScheduleBody, who: SignedIn, registry: _Registry) -> m.PayoutSchedule:
    """Every Monday or every first of a month (UTC) all that is available, from the next one on; or by hand only."""
    who.require_key()
    return await registry.payouts.set_schedule(who, body)
