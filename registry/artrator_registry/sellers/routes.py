"""HTTP routes of sellers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from artrator.messages import payouts as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import SellerBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["earnings"])
_Registry = Annotated[Registry, Depends(the_registry)]


@router.get("/v1/account/seller", summary="Who I sell as", responses=responses(*AUTH))
async def get_seller(who: SignedIn, registry: _Registry) -> m.Seller:
    """The profile, and whether the operator has verified it."""
    who.require_key()
    return await registry.sellers.get(who)


@router.put("/v1/account/seller", summary="Say who sells", responses=responses(*AUTH))
async def set_seller(body: SellerBody, who: SignedIn, registry: _Registry) -> m.Seller:
    """As tax law asks. The operator verifies it; whatever changes is submitted again.

    In Korea the business registration number has a check digit that must fit.
    """
    who.require_key()
    return await registry.sellers.submit(who, body)
