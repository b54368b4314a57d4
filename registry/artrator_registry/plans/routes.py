"""HTTP routes of plans."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from artrator.errors import Code
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import PlanBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["passes"])
_Registry = Annotated[Registry, Depends(the_registry)]


@router.get(
    "/v1/plans",
    summary="Passes that are sold",
    responses=responses(Code.LISTING_UNKNOWN, Code.ACCOUNT_UNKNOWN),
)
async def plans(
    registry: _Registry,
    listing: Annotated[str | None, Query(max_length=100, description="Only those that cover this listing.")] = None,
    creator: Annotated[str | None, Query(max_length=64, description="Only those of the creator's handle.")] = None,
) -> p.Plans:
    """Cheapest first. Each with the terms as its creator signed them, and the split of its price."""
    return await registry.plans.plans(listing, creator)


@router.put(
    "/v1/plans/{handle}/{name}",
    summary="Offer a pass, or withdraw it",
    responses=responses(*AUTH, Code.FORBIDDEN, Code.PLAN_INVALID),
)
async def publish(
    handle: Annotated[str, Path(max_length=64, description="The creator's handle.")],
    name: Annotated[str, Path(max_length=64, description="The plan's name.")],
    body: PlanBody,
    who: SignedIn,
    registry: _Registry,
) -> p.Plan:
    """The newest signed plan counts. Passes that were bought keep the terms under which they were bought."""
    who.require(m.Scope.LISTINGS_WRITE)
    return await registry.plans.publish(who, handle, name, body)
