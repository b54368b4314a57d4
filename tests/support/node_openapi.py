"""What a node's door says of itself."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx

from artrator_node.http.app import create_app
from artrator_node.metrics import Metrics


def node_openapi() -> dict[str, Any]:
    """The OpenAPI document, of an application with no node behind it."""

    async def ask() -> dict[str, Any]:
        app = create_app(SimpleNamespace(metrics=Metrics()))  # type: ignore[arg-type]  # the rest is not asked for
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node") as http:
            return dict((await http.get("/openapi.json")).json())

    return asyncio.run(ask())
