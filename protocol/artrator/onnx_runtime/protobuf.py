"""Reads protobuf's wire format: just enough to look into an ONNX file without any library.

Nothing is copied: a field of bytes is a view into the file, so a large model costs no second copy of its weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Field: TypeAlias = tuple[int, int | memoryview]


class WireError(ValueError):
    """The bytes are not protobuf."""


def fields(data: memoryview) -> Iterator[Field]:
    """The fields of one message as ``(number, value)``: an integer, or a view of bytes.

    Raises:
        WireError: The message is cut off or uses what protobuf does not have.
    """
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError("a field has the number 0")
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind == 1:
            length = 8
        elif kind == 5:
            length = 4
        else:
            raise WireError(f"a field has the wire type {kind}")
        if length > end - at:
            raise WireError("a field is longer than its message")
        yield number, data[at : at + length]
        at += length


def integers(value: int | memoryview) -> list[int]:
    """A repeated integer field: one value, or many packed into bytes."""
    if isinstance(value, int):
        return [signed(value)]
    found, at = [], 0
    while at < len(value):
        item, at = _varint(value, at)
        found.append(signed(item))
    return found


def text(value: int | memoryview) -> str:
    """A string field."""
    if isinstance(value, int):
        raise WireError("a text is a number")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise WireError("a text is not UTF-8") from error


def message(value: int | memoryview) -> memoryview:
    """A field that is a message of its own."""
    if isinstance(value, int):
        raise WireError("a message is a number")
    return value


def signed(value: int) -> int:
    """An int64 as protobuf writes it."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise WireError("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7
        if shift > 63:
            raise WireError("a number has more than 64 bits")
