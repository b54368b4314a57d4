"""HTTP routes of nodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from artrator.errors import Code
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import SignedIn, the_registry
from artrator_registry.http.examples import HeartbeatBody, RegistrationBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["nodes"])
_Registry = Annotated[Registry, Depends(the_registry)]
_Node = Annotated[str, Path(max_length=100, description="The node's id: its receipt key's id.")]
_MINE = (*AUTH, Code.FORBIDDEN)


@router.put(
    "/v1/nodes/{node}",
    summary="Say where a node is",
    responses=responses(*_MINE, Code.DESCRIPTOR_INVALID, Code.RATE_LIMITED),
)
async def register(node: _Node, body: RegistrationBody, who: SignedIn, registry: _Registry) -> m.HeartbeatAnswer:
    """The descriptor must be signed by the account's own key. Repeating it is harmless."""
    who.require(m.Scope.NODES_WRITE)
    return await registry.nodes.register(who, node, body)


@router.post(
    "/v1/nodes/{node}/heartbeat",
    summary="Say that a node is alive",
    responses=responses(*_MINE, Code.NODE_UNKNOWN, Code.RATE_LIMITED),
)
async def heartbeat(node: _Node, body: HeartbeatBody, who: SignedIn, registry: _Registry) -> m.HeartbeatAnswer:
    """The answer says when to come again and whether ticket keys changed."""
    who.require(m.Scope.NODES_WRITE)
    return await registry.nodes.heartbeat(who, node, body)


@router.get("/v1/nodes", summary="Nodes that are online", responses=responses(Code.LISTING_UNKNOWN))
async def nodes(registry: _Registry, listing: Annotated[str | None, Query(max_length=100)] = None) -> m.Nodes:
    """For one listing, best first; or all."""
    return await registry.nodes.nodes(listing)
