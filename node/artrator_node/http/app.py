"""The node's API as one ASGI application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

import artrator
from artrator_node.daemon import Node
from artrator_node.http.express import Express
from artrator_node.http.jobs import Jobs
from artrator_node.http.packages import Packages
from artrator_node.http.problems import Problems
from artrator_node.http.routes.jobs import BUSY, job_routes
from artrator_node.http.routes.node import node_routes
from artrator_node.http.routes.packages import package_routes


def create_app(node: Node) -> ASGIApp:
    """The API of one node."""
    app = FastAPI(title="Artrator node", version=artrator.__version__, docs_url=None, redoc_url=None)
    problems = Problems(node.metrics)
    problems.install(app)
    jobs = job_routes(Jobs(node))
    for router in (jobs, package_routes(Packages(node)), node_routes(node)):
        app.include_router(router)
    busy = [route for route in jobs.routes if isinstance(route, APIRoute) and route.name in BUSY]
    return Express(app, routes=busy, refuse=problems.refuse, broken=problems.broken)
