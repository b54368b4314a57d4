"""HTTP routes of rails, vouchers and top-ups."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from artrator.errors import ArtratorError, Code
from artrator.ids import ID_PATTERN
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import Address, SignedIn, the_registry
from artrator_registry.http.examples import TopUpBody, VoucherBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["money"])
#: What is sent there is signed as it came, so nobody reads it before the rail does.
WEBHOOK_PATH: Final = re.compile(r"/v1/rails/[^/]+/webhook")
_Registry = Annotated[Registry, Depends(the_registry)]
_TopUp = Annotated[
    str,
    Path(
        pattern=ID_PATTERN,
        description="Made and stored by the buyer before it is sent.",
    ),
]
_NOTICE: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "As the provider sends and signs it.",
        "content": {"application/json": {"examples": {"example": {"value": {"id": "evt_…", "type": "…"}}}}},
    }
}


@router.post(
    "/v1/vouchers/redeem",
    summary="Redeem a voucher",
    responses=responses(*AUTH, Code.VOUCHER_INVALID, Code.RATE_LIMITED),
)
async def redeem(body: VoucherBody, who: SignedIn, registry: _Registry, address: Address) -> m.VoucherRedeemed:
    """A voucher works once. Spaces, dashes and case do not matter."""
    who.require(m.Scope.ORDERS_WRITE)
    registry.limits.vouchers.take(address)
    return await registry.rails.redeem(who, body)


@router.get("/v1/rails", summary="How money can come in", responses=responses())
async def rails(registry: _Registry) -> rm.Rails:
    """Every rail with its currency, what a minor unit of it buys, and whether its credits have a cash value."""
    return registry.rails.rails()


@router.put(
    "/v1/topups/{topup}",
    summary="Ask for a top-up",
    responses=responses(
        *AUTH,
        Code.CONFLICT,
        Code.DEBT_UNPAID,
        Code.FORBIDDEN,
        Code.PASS_IN_FORCE,
        Code.PLAN_UNKNOWN,
        Code.PRICE_ABOVE_CAP,
        Code.RAIL_UNKNOWN,
        Code.RAIL_UNAVAILABLE,
        Code.RATE_LIMITED,
    ),
)
async def top_up(topup: _TopUp, body: TopUpBody, who: SignedIn, registry: _Registry) -> rm.TopUp:
    """Nothing is paid yet: open `page` in a browser, or pay `invoice` from a wallet, and ask how it stands.

    The same id and body give the same answer; the same id and another body are a `conflict`.
    """
    who.require(m.Scope.ORDERS_WRITE)
    registry.limits.topups.take(who.account)
    return await registry.rails.topups.top_up(who, topup, body)


@router.get("/v1/topups", summary="My top-ups", responses=responses(*AUTH))
async def topups(
    who: SignedIn,
    registry: _Registry,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> rm.TopUps:
    """Newest first."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.rails.topups.list(who, before, limit)


@router.get("/v1/topups/{topup}", summary="How a top-up stands", responses=responses(*AUTH, Code.TOPUP_UNKNOWN))
async def topup(topup: _TopUp, who: SignedIn, registry: _Registry) -> rm.TopUp:
    """`paid` once its credits are in the wallet."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.rails.topups.get(who, topup)


@router.post(
    "/v1/rails/{rail}/webhook",
    summary="What a provider says",
    status_code=204,
    openapi_extra=_NOTICE,
    responses=responses(Code.RAIL_UNKNOWN, Code.WEBHOOK_INVALID, Code.RATE_LIMITED),
)
async def webhook(
    rail: Annotated[str, Path(max_length=40)], request: Request, registry: _Registry, address: Address
) -> Response:
    """For the provider only, which signs it. It is kept and answered at once; nothing is credited on its word."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        await registry.rails.webhook(rail, await request.body(), headers, dict(request.query_params))
    except ArtratorError as problem:
        if problem.code is Code.WEBHOOK_INVALID:  # an honest provider is never slowed down
            registry.limits.webhooks.take(address)
        raise
    return Response(status_code=204)
