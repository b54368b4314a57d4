"""Settings inside a PNG: one text chunk, put in and taken out without touching anything else.

The chunk is an ``iTXt`` with the keyword ``artrator`` right before the end of the file. Taking it out again gives back
the node's bytes exactly, so that a saved picture can be checked against the digest in its receipt.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"artrator"
#: Prompts end at 10,000 characters; more than this was not written by us.
_LARGEST: Final = 262_144


def is_png(data: bytes) -> bool:
    """Whether the bytes begin as a PNG."""
    return data.startswith(_SIGNATURE)


def embed(data: bytes, settings: Mapping[str, Any]) -> bytes:
    """The PNG with ``settings`` inside; anything that is not a whole PNG comes back as it is."""
    plain = strip(data)
    end = next((start for kind, start, _ in _chunks(plain) if kind == b"IEND"), None)
    if end is None:
        return data
    text = json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode()
    body = _KEYWORD + b"\x00\x00\x00\x00\x00" + text
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    return plain[:end] + chunk + plain[end:]


def strip(data: bytes) -> bytes:
    """The PNG as the node made it."""
    for kind, start, stop in _chunks(data):
        if kind == b"iTXt" and data[start + 8 :].startswith(_KEYWORD + b"\x00"):
            return data[:start] + data[stop:]
    return data


def read(data: bytes) -> dict[str, Any] | None:
    """The settings inside a PNG, or None. The file may come from anybody: nothing in it is trusted to be of a shape."""
    for kind, start, stop in _chunks(data):
        body = data[start + 8 : stop - 4]
        if kind != b"iTXt" or not body.startswith(_KEYWORD + b"\x00\x00"):
            continue
        fields = body[len(_KEYWORD) + 3 :].split(b"\x00", 2)
        if len(fields) != 3 or len(fields[2]) > _LARGEST:
            return None
        try:
            value = json.loads(fields[2].decode())
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Every chunk as (type, start, stop); ends quietly where the file is damaged."""
    place = len(_SIGNATURE)
    if not is_png(data):
        return
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        stop = place + 12 + length
        if stop > len(data):
            return
        yield kind, place, stop
        if kind == b"IEND":
            return
        place = stop
