"""HTTP routes of search."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import the_registry
from artrator_registry.http.problems import responses

router = APIRouter(tags=["listings"])


@router.get("/v1/listings", summary="Find listings", responses=responses())
async def search(
    registry: Annotated[Registry, Depends(the_registry)],
    q: Annotated[str, Query(max_length=200, description="Words, or beginnings of words, in any language.")] = "",
    task: Annotated[str | None, Query(max_length=64)] = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    sort: Literal["relevant", "popular", "new", "price"] = "relevant",
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 48,
) -> m.ListingPage:
    """Listings with every word, best first; `tasks` counts the matches of each task, whatever `task` says."""
    return await registry.search.search(q, task, tag, sort, cursor, limit)
