"""HTTP routes of verifications."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from artrator.errors import Code
from artrator.ids import ID_PATTERN
from artrator.messages import verifications as v
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import VerificationBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["verifications"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Id = Annotated[
    str,
    Path(pattern=ID_PATTERN, description="Made and stored by the caller before it is sent; no order has the same."),
]


@router.put(
    "/v1/verifications/{verification}",
    summary="Look at a package as it is",
    responses=responses(
        *(*AUTH, Code.CONFLICT, Code.FORBIDDEN, Code.LISTING_UNKNOWN, Code.NODE_UNKNOWN, Code.NO_NODE),
        Code.RATE_LIMITED,
    ),
)
async def ask(verification: _Id, body: VerificationBody, who: SignedIn, registry: _Registry) -> v.Verification:
    """A ticket of the kind `verify`, for the creator's other nodes and for those whom the operator named.

    It opens the signed files on one node to the caller's key for an hour, costs nothing, and is kept for ever where the
    creator sees it.
    """
    who.require_key()
    return await registry.verifications.ask(who, verification, body)


@router.get("/v1/verifications", summary="Who looked at my packages", responses=responses(*AUTH))
async def seen(who: SignedIn, registry: _Registry) -> v.Verifications:
    """Looks at the caller's packages, and those that the caller asked for; newest first."""
    who.require_key()
    return await registry.verifications.seen(who)
