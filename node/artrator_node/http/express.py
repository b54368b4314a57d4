"""The express lane: the routes of every job, without a framework's work on each request.

A route stays declared once, as every other: FastAPI documents it, and its function is the one that is called here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from artrator.errors import ArtratorError


class Express:
    """ASGI middleware in front of all others; ``routes`` take the parts of their path and the request, and answer.

    Args:
        app: What serves all other routes.
        routes: Those of ``app`` that are served here.
        refuse: The answer to what a route raises.
        broken: The answer to a mistake of ours.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Sequence[APIRoute],
        refuse: Callable[[Request, ArtratorError], Awaitable[Response]],
        broken: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._broken = broken
        self._routes = [(route, method, route.path_regex) for route in routes for method in route.methods or ()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass it on."""
        if scope["type"] == "http":
            for route, method, path in self._routes:
                if scope["method"] == method and (match := path.match(scope["path"])):
                    await self._serve(route, match.groupdict(), scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _serve(self, route: APIRoute, parts: dict[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = route
        request = Request(scope, receive)
        try:
            response: Response = await route.endpoint(**parts, request=request)
        except ArtratorError as error:
            response = await self._refuse(request, error)
        except ClientDisconnect:
            return  # nobody is there to read an answer
        except Exception as error:
            response = await self._broken(request, error)
        await response(scope, receive, send)
