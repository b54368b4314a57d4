"""HTTP routes of earnings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from artrator.errors import Code
from artrator.messages import payouts as m
from artrator.messages import registry as rm
from artrator_registry.core import Registry
from artrator_registry.earnings import statement as statements
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import EarningsTransferBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["earnings"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Year = Annotated[int, Path(ge=2000, le=9998)]


@router.get("/v1/earnings", summary="What I earned", responses=responses(*AUTH))
async def earnings(
    who: SignedIn,
    registry: _Registry,
    since: Annotated[m.Day | None, Query(alias="from", description="The first day, UTC.")] = None,
    until: Annotated[m.Day | None, Query(description="The last day, UTC; today if it is left out.")] = None,
) -> m.Earnings:
    """By day, listing and kind, and how far it is on its way: pending, maturing, available, requested, paid."""
    who.require(rm.Scope.ACCOUNT_READ)
    return await registry.earnings.overview(who, since, until)


@router.put(
    "/v1/earnings/transfers/{transfer}",
    summary="Spend what I earned",
    responses=responses(*AUTH, Code.CONFLICT, Code.EARNINGS_INSUFFICIENT),
)
async def move(
    transfer: Annotated[rm.Identifier, Path(description="Made and stored by the creator before it is sent.")],
    body: EarningsTransferBody,
    who: SignedIn,
    registry: _Registry,
) -> rm.Balance:
    """From available earnings to the wallet; it cannot be moved back. Repeating it with the same id is harmless."""
    who.require_key()
    return await registry.earnings.move(who, transfer, body.amount)


# The more special path first: routes are tried in order.
@router.get(
    "/v1/earnings/statements/{year}.csv",
    summary="What I earned in a year, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **responses(*AUTH)},
)
async def statement_csv(year: _Year, who: SignedIn, registry: _Registry) -> Response:
    """The yearly statement for a spreadsheet; amounts are in credits."""
    who.require(rm.Scope.ACCOUNT_READ)
    text = statements.as_csv(await registry.earnings.statement(who, year))
    name = f"artrator-earnings-{year}.csv"
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.get("/v1/earnings/statements/{year}", summary="What I earned in a year", responses=responses(*AUTH))
async def statement(year: _Year, who: SignedIn, registry: _Registry) -> m.EarningsStatement:
    """By month, listing and kind, with what was paid out and, for a Korean general taxpayer, the VAT in it."""
    who.require(rm.Scope.ACCOUNT_READ)
    return await registry.earnings.statement(who, year)
