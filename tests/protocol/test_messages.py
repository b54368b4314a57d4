"""Messages: what holds for all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin

import artrator.messages
from artrator._pydantic import BaseModel
from artrator.messages._base import Request


def requests() -> Iterator[type[Request]]:
    for module in pkgutil.iter_modules(artrator.messages.__path__, "artrator.messages."):
        for found in vars(importlib.import_module(module.name)).values():
            if isinstance(found, type) and issubclass(found, Request) and found is not Request:
                yield found


def endless(kind: Any, limits: Sequence[object] = ()) -> bool:
    """Whether a whole number of this type, or of one within it, may be as large as its sender likes."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return endless(inner, [*limits, *more])
    if kind is int:
        bounds = [bound for limit in limits for bound in (limit, *getattr(limit, "metadata", ()))]
        return not any(type(bound).__name__ in {"Le", "Lt"} for bound in bounds)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(endless(field.annotation, field.metadata) for field in kind.model_fields.values())
    return any(endless(inner) for inner in get_args(kind))


def test_no_number_that_a_client_sends_is_larger_than_what_keeps_it() -> None:
    found = set(requests())
    assert len(found) > 20
    assert [
        f"{request.__name__}.{name}"
        for request in sorted(found, key=lambda request: request.__name__)
        for name, field in request.model_fields.items()
        if endless(field.annotation, field.metadata) and name != "max_price"  # is compared, and not kept
    ] == []
