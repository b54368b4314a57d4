"""HTTP routes of the built-in rails."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from artrator.errors import Code
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import Address, SignedIn, the_registry
from artrator_registry.http.examples import VoucherBody
from artrator_registry.http.problems import responses

router = APIRouter(tags=["money"])


@router.post(
    "/v1/vouchers/redeem",
    summary="Redeem a voucher",
    responses=responses(Code.SESSION_INVALID, Code.SCOPE_MISSING, Code.VOUCHER_INVALID, Code.RATE_LIMITED),
)
async def redeem(
    body: VoucherBody, who: SignedIn, registry: Annotated[Registry, Depends(the_registry)], address: Address
) -> m.VoucherRedeemed:
    """A voucher works once. Spaces, dashes and case do not matter."""
    who.require(m.Scope.ORDERS_WRITE)
    registry.voucher_limit.take(address)
    return await registry.rails.redeem(who, body)
