"""The registry as a web application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from artrator import __version__
from artrator.messages import registry as m
from artrator.rail import Rail
from artrator_registry.accounts.routes import router as accounts
from artrator_registry.core import Registry
from artrator_registry.disputes.routes import router as disputes
from artrator_registry.earnings.routes import router as earnings
from artrator_registry.http.express import Express
from artrator_registry.http.guard import Guard
from artrator_registry.http.problems import install, responses
from artrator_registry.listings.routes import router as listings
from artrator_registry.nodes.routes import router as nodes
from artrator_registry.orders.routes import EXPRESS
from artrator_registry.orders.routes import router as orders
from artrator_registry.passes.routes import router as passes
from artrator_registry.payouts.routes import router as payouts
from artrator_registry.plans.routes import router as plans
from artrator_registry.purchases.routes import router as purchases
from artrator_registry.rails.loading import load_rails
from artrator_registry.rails.pages import router as pages
from artrator_registry.rails.routes import WEBHOOK_PATH
from artrator_registry.rails.routes import router as rail_routes
from artrator_registry.search.routes import router as search
from artrator_registry.sellers.routes import router as sellers
from artrator_registry.settings import Settings
from artrator_registry.storage import Clock
from artrator_registry.verifications.routes import router as verifications

_DESCRIPTION = """
Accounts, listings, orders and money of one Artrator federation. It never sees a prompt or a picture.

Money is integer micro-credits (1 credit = 1,000,000). Times are seconds since 1970, UTC. Sign in with a key
(`/v1/challenges`, `/v1/sessions`) or use an API key, and send either as `Authorization: Bearer …`.

Every error has one shape: `{"error": {"code", "message", "cure", "details"}}`. Branch on the code; show the sentence.
"""

_TAGS = [
    {"name": "registry", "description": "Who answers, and how it is."},
    {"name": "accounts", "description": "Sign in by key; API keys with scopes and a spending limit."},
    {"name": "money", "description": "Balances, statements, vouchers and top-ups."},
    {"name": "earnings", "description": "What creators earn, who sells, and how it is paid out."},
    {"name": "listings", "description": "Publish, find and look at packages."},
    {"name": "nodes", "description": "Where packages run."},
    {"name": "passes", "description": "Plans that creators sell, and the passes that people have of them."},
    {"name": "purchases", "description": "Licences to keep a package and run it oneself."},
    {"name": "verifications", "description": "Looks at packages without buying them, each of them noted."},
    {"name": "orders", "description": "Quotes, orders with their holds and tickets, receipts, settlement."},
    {"name": "disputes", "description": "Deliveries that are not what was bought, and how often that happens."},
]


class _Service(FastAPI):
    """FastAPI with an express lane that passes by all of it."""

    lane: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.lane(scope, receive, send)


def create_app(settings: Settings, *, clock: Clock | None = None, rails: Mapping[str, Rail] | None = None) -> FastAPI:
    """The application. The registry opens when the application starts and closes when it stops.

    ``rails`` stands in for those that the settings name.
    """
    opened = load_rails(settings.rails, settings.rails_file) if rails is None else rails

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Registry(settings, clock, opened) as registry:
            app.state.registry = registry
            yield

    app = _Service(
        title=f"{settings.name} registry",
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    install(app)
    limits = {
        "/v1/listings/": settings.max_publication,
        "/heartbeat": settings.max_heartbeat,
        "/v1/receipts": 4 * settings.max_receipt,  # most are a hundredth of the largest
        "/receipt": settings.max_receipt,
        "/acknowledgement": settings.max_receipt,
        "/dispute": settings.max_receipt,  # the request that is revealed may be as long as one
        "": settings.max_body,
    }

    async def admit(token: str) -> object:
        return await _registry(app).accounts.caller(token)

    guard = partial(Guard, limits=limits, admit=admit, raw=(WEBHOOK_PATH, settings.max_webhook))
    app.add_middleware(guard)
    app.lane = Express(super(_Service, app).__call__, guard=guard, routes=EXPRESS, registry=lambda: _registry(app))
    # Routes are tried in order, and orders are what a busy registry mostly gets.
    for router in (
        orders,
        nodes,
        accounts,
        rail_routes,
        disputes,
        sellers,
        verifications,
        earnings,
        payouts,
        plans,
        passes,
        purchases,
        search,
        listings,
        pages,
    ):
        app.include_router(router)

    @app.get("/v1/registry", tags=["registry"], summary="Who answers", responses=responses())
    async def info() -> m.RegistryInfo:
        """Name, root key (pin it on first use), and what a credit is worth here."""
        return await _registry(app).info()

    @app.get("/v1/keys", tags=["registry"], summary="The keys that sign tickets", responses=responses())
    async def keys() -> Mapping[str, Any]:
        """The key set, signed by the root key."""
        return _registry(app).authority.document()

    @app.get("/v1/health", tags=["registry"], summary="Is it well", responses=responses())
    async def health() -> Mapping[str, Any]:
        """Answers once a read and an empty write went through; `differences` if the audit of `audited_at` found any.

        `failing` names what the registry does by itself and fails at: nothing else waits for it, and its log says why.
        """
        return await _registry(app).health()

    return app


def _registry(app: FastAPI) -> Registry:
    registry: Registry = app.state.registry
    return registry
