"""Cursors: where a page ended, as opaque text. A list that grows meanwhile neither repeats nor skips a row."""

from __future__ import annotations

import binascii
import json
import math
from typing import Any

from artrator.canonical import b64, unb64
from artrator.errors import ArtratorError, Code


def pack(*values: object) -> str:
    """Write a cursor."""
    return b64(json.dumps(values, separators=(",", ":")).encode())


def unpack(text: str, *types: type) -> tuple[Any, ...]:
    """Read a cursor whose values have these types; raises ArtratorError ``request_invalid``."""
    try:
        values = json.loads(unb64(text))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError("another number of values")
        return tuple(_checked(value, kind) for value, kind in zip(values, types, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise ArtratorError(
            Code.REQUEST_INVALID, "This cursor is not one that the registry gave out.", field="cursor"
        ) from error


def _checked(value: Any, kind: type) -> Any:
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if type(value) is not kind or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise ValueError("another type")
    return value
