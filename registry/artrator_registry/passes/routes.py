"""HTTP routes of passes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from artrator.errors import Code
from artrator.ids import ID_PATTERN
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import PassBody, PassChangeBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["passes"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Pass = Annotated[
    str,
    Path(
        pattern=ID_PATTERN,
        description="Made and stored by the buyer before it is sent.",
    ),
]


@router.put(
    "/v1/passes/{pass_id}",
    summary="Buy a pass",
    responses=responses(
        *AUTH,
        Code.PLAN_UNKNOWN,
        Code.FORBIDDEN,
        Code.PASS_IN_FORCE,
        Code.PRICE_ABOVE_CAP,
        Code.CREDITS_INSUFFICIENT,
        Code.DEBT_UNPAID,
        Code.SPENDING_LIMIT,
        Code.CONFLICT,
    ),
)
async def buy(pass_id: _Pass, body: PassBody, who: SignedIn, registry: _Registry) -> p.Pass:
    """The price of a period is set aside and its allowance counts from now. One pass of a plan is in force at a time.

    The same id and body give the same pass; the same id and another body are a `conflict`.
    """
    who.require(m.Scope.ORDERS_WRITE)
    return await registry.passes.buy(who, pass_id, body)


@router.get("/v1/passes", summary="My passes", responses=responses(*AUTH))
async def passes(who: SignedIn, registry: _Registry) -> p.Passes:
    """Those in force first."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.passes.passes(who)


@router.get("/v1/passes/{pass_id}", summary="How a pass stands", responses=responses(*AUTH, Code.PASS_UNKNOWN))
async def one_pass(pass_id: _Pass, who: SignedIn, registry: _Registry) -> p.Pass:
    """For its buyer: what of the period's allowance is used, and what waits for open orders."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.passes.get(who, pass_id)


@router.patch(
    "/v1/passes/{pass_id}",
    summary="Whether a pass renews itself",
    responses=responses(*AUTH, Code.PASS_UNKNOWN, Code.PASS_ENDED, Code.RAIL_UNAVAILABLE),
)
async def change(pass_id: _Pass, body: PassChangeBody, who: SignedIn, registry: _Registry) -> p.Pass:
    """It renews itself at the price of its terms when its period ends, if the credits are there then."""
    who.require(m.Scope.ORDERS_WRITE)
    return await registry.passes.change(who, pass_id, body)
