"""HTTP routes of purchases."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from artrator.errors import Code
from artrator.ids import ID_PATTERN
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import PurchaseBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["purchases"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Purchase = Annotated[
    str,
    Path(
        pattern=ID_PATTERN,
        description="Made and stored by the buyer before it is sent. It is the order's id too.",
    ),
]


@router.put(
    "/v1/purchases/{purchase}",
    summary="Buy a licence",
    responses=responses(
        *AUTH,
        Code.LISTING_UNKNOWN,
        Code.NOT_FOR_SALE,
        Code.SELLER_UNVERIFIED,
        Code.ALREADY_OWNED,
        Code.NO_NODE,
        Code.NODE_UNKNOWN,
        Code.PRICE_ABOVE_CAP,
        Code.CREDITS_INSUFFICIENT,
        Code.DEBT_UNPAID,
        Code.SPENDING_LIMIT,
        Code.RATE_LIMITED,
        Code.CONFLICT,
    ),
)
async def buy(purchase: _Purchase, body: PurchaseBody, who: SignedIn, registry: _Registry) -> p.Purchase:
    """Sets the price aside and answers with a ticket that opens the package's files on one node.

    It is charged, and the licence issued, once the package was fetched whole; a package is bought once. The same id and
    body give the same answer; the same id and another body are a `conflict`.
    """
    who.require(m.Scope.ORDERS_WRITE)
    return await registry.purchases.buy(who, purchase, body)


@router.get("/v1/purchases", summary="My purchases", responses=responses(*AUTH))
async def purchases(who: SignedIn, registry: _Registry) -> p.Purchases:
    """Newest first, with their licences."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.purchases.purchases(who)


@router.get("/v1/purchases/{purchase}", summary="How a purchase stands", responses=responses(*AUTH, Code.ORDER_UNKNOWN))
async def one_purchase(purchase: _Purchase, who: SignedIn, registry: _Registry) -> p.Purchase:
    """For its buyer. `licence` is there once it is paid, signed by the registry's root key."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.purchases.get(who, purchase)
