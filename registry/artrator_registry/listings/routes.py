"""HTTP routes of listings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse

from artrator.errors import Code
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import PublicationBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["listings"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Handle = Annotated[str, Path(max_length=64, description="The creator's handle.")]
_Name = Annotated[str, Path(max_length=64, description="The package's name.")]
#: A sample's name is the digest of its bytes: what was fetched once is good for ever.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@router.put(
    "/v1/listings/{handle}/{name}",
    summary="Publish a package version",
    responses=responses(
        *AUTH,
        Code.FORBIDDEN,
        Code.CONFLICT,
        Code.MANIFEST_INVALID,
        Code.OFFER_INVALID,
        Code.PACKAGE_CHANGED,
        Code.PACKAGE_INVALID,
        Code.IMAGE_CORRUPT,
        Code.IMAGE_TOO_LARGE,
        Code.RATE_LIMITED,
    ),
)
async def publish(handle: _Handle, name: _Name, body: PublicationBody, who: SignedIn, registry: _Registry) -> m.Listing:
    """The signature must cover the manifest and every sample; the offer must be for this package.

    A version never changes; a new offer (a new price) for it may be published at any time.
    """
    who.require(m.Scope.LISTINGS_WRITE)
    registry.limits.publications.take(who.account)
    return await registry.listings.publish(who, handle, name, body)


@router.get(
    "/v1/listings/{handle}/{name}", summary="Everything about one listing", responses=responses(Code.LISTING_UNKNOWN)
)
async def listing(
    handle: _Handle,
    name: _Name,
    registry: _Registry,
    version: Annotated[str | None, Query(max_length=64, description="Another version than the newest.")] = None,
) -> m.Listing:
    """Manifest, offer and signature as the creator made them, so that a buyer can check them."""
    return await registry.listings.listing(f"{handle}/{name}", version)


@router.get(
    "/v1/samples/{file}",
    summary="A sample picture",
    response_class=FileResponse,
    responses={**responses(Code.NOT_FOUND), 200: {"content": {"image/*": {}}, "description": "The picture."}},
)
async def sample(file: Annotated[str, Path(max_length=80)], registry: _Registry) -> FileResponse:
    """By the path that a card names. It may be cached for ever."""
    path, media_type = registry.listings.samples.find(file)
    return FileResponse(path, media_type=media_type, headers=_FOREVER)
