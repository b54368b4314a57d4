"""The express lane: the few routes that a busy registry mostly gets, without a framework's work on each request.

A route stays declared once, as every other: FastAPI documents it, and its function is the one that is called here. What
is plainly right (signed in, a body that fits its message, ids of the right form, no query) is answered directly, behind
a guard of its own. All else goes on to FastAPI unchanged, which explains what is wrong with it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, get_type_hints

from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from artrator_registry.core import Registry

_JSON: Final = (b"content-type", b"application/json")
#: What FastAPI fills in by other means than the body and the path.
_GIVEN: Final = frozenset({"body", "registry", "who"})


@dataclass(frozen=True)
class _Route:
    call: Callable[..., Awaitable[BaseModel]]
    body: TypeAdapter[Any]
    parameters: Mapping[str, TypeAdapter[Any]]

    @classmethod
    def of(cls, route: APIRoute) -> _Route:
        hints = get_type_hints(route.endpoint, include_extras=True)
        names = inspect.signature(route.endpoint).parameters.keys()
        return cls(
            route.endpoint,
            TypeAdapter(hints["body"]),
            {name: TypeAdapter(hints[name]) for name in names - _GIVEN},
        )


class Express:
    """ASGI middleware; ``routes`` take a ``body``, ``who`` and ``registry``, and parts of the path."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        guard: Callable[[ASGIApp], ASGIApp],
        routes: Sequence[APIRoute],
        registry: Callable[[], Registry],
    ) -> None:
        self._app = app
        self._registry = registry
        self._routes: dict[str, list[tuple[re.Pattern[str], ASGIApp]]] = {}
        for route in routes:
            guarded = route.path_regex, guard(partial(self._serve, _Route.of(route)))
            for method in route.methods or ():
                self._routes.setdefault(method, []).append(guarded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not scope["query_string"]:
            for path, serve in self._routes.get(scope["method"], ()):
                if match := path.match(scope["path"]):
                    scope["path_params"] = match.groupdict()
                    await serve(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _serve(self, route: _Route, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()  # the whole body, see ``Guard``
        token = _bearer(scope["headers"])
        parts = scope["path_params"]
        try:
            given = {name: adapter.validate_python(parts[name]) for name, adapter in route.parameters.items()}
            given["body"] = route.body.validate_json(message["body"])
        except ValidationError:
            token = None
        if token is None:
            await self._app(scope, _again(message, receive), send)
            return
        registry = self._registry()
        who = await registry.accounts.caller(token)
        answer = (await route.call(**given, who=who, registry=registry)).model_dump_json().encode()
        length = (b"content-length", b"%d" % len(answer))
        await send({"type": "http.response.start", "status": 200, "headers": [_JSON, length]})
        await send({"type": "http.response.body", "body": answer})


def _bearer(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    found = None
    for name, value in headers:
        if name == b"authorization":
            scheme, _, found = value.decode("latin-1").partition(" ")
            found = found.strip() if scheme.lower() == "bearer" else None
        elif name == b"content-type" and not value.startswith(b"application/json"):
            return None
    return found or None


def _again(message: Any, receive: Receive) -> Receive:
    first = True

    async def replay() -> Any:
        nonlocal first
        if first:
            first = False
            return message
        return await receive()

    return replay
