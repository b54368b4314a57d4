"""The node itself: how it is, for everybody, and its figures, for its owner."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from artrator.errors import ArtratorError, Code
from artrator.messages.node import Health
from artrator_node.daemon import Node

_LOOPBACK: Final = ("127.0.0.1", "::1")


def node_routes(node: Node) -> APIRouter:
    """``/v1/health`` and ``/metrics``."""
    router = APIRouter()

    @router.get("/v1/health", response_model=Health, summary="How the node is")
    async def health(request: Request) -> Health:
        return node.health(to_owner=_from_here(request))

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if not node.settings.metrics_public and not _from_here(request):
            raise ArtratorError(
                Code.FORBIDDEN,
                "This node shows its metrics to its own machine only.",
                cure="Its owner can set metrics_public = true in node.toml.",
            )
        return PlainTextResponse(node.metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return router


def _from_here(request: Request) -> bool:
    """Whether a program on this machine asks."""
    return request.client is not None and request.client.host in _LOOPBACK
