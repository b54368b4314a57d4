"""The wire between a node and its worker: frames of a JSON header and raw arrays over a socket.

A frame is::

    4 bytes   length of the header, big-endian
    8 bytes   length of all arrays together, big-endian
    header    a JSON object; ``arrays`` lists [dtype, shape] of what follows
    arrays    their bytes, one after the other

Nothing is ever pickled, because each side reads what a hostile process may have written: lengths, dtypes and shapes
are checked before a byte is allocated for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from artrator.backend import Array

_LENGTHS: Final = struct.Struct(">IQ")
#: Texts are short and pictures travel as arrays, so a larger header is an attack or a bug.
MAX_HEADER: Final = 4 << 20
#: More frames of a film than anybody sends at once.
MAX_ARRAYS: Final = 4096
#: Bytes that are sent in one piece, and read ahead.
_AT_ONCE: Final = 64 << 10
#: Whole numbers lie below.
_WHOLE: Final = 1 << 63
#: Numbers only: no object dtype, whose bytes would be pointers.
DTYPES: Final = frozenset({"uint8", "int8", "uint16", "int16", "int32", "int64", "float16", "float32", "float64"})


class WireError(Exception):
    """The other side is gone, or does not speak this protocol; the connection is of no use any more."""


class FrameTooLarge(WireError):  # noqa: N818 - reads as what it is
    """The announced frame is larger than the limit; its header is known, its arrays were not read."""

    def __init__(self, header: Mapping[str, Any], size: int, limit: int) -> None:
        super().__init__(f"a frame of {size} bytes is larger than the limit of {limit}")
        self.header = header
        self.size = size


class HeaderTooLarge(WireError):  # noqa: N818 - reads as what it is
    """What was to be sent is too long for a header; nothing of it was, and the connection is as good as before."""


@dataclass(frozen=True)
class Frame:
    """What one side said: ``header["op"]`` names it. ``header_size`` is in bytes."""

    header: Mapping[str, Any]
    arrays: Sequence[Array] = ()
    header_size: int = 0

    @property
    def op(self) -> str:
        """What this frame is about."""
        return str(self.header.get("op"))


class Channel:
    """Frames over a connected stream socket, on the running event loop."""

    def __init__(self, connection: socket.socket, *, max_body: int) -> None:
        connection.setblocking(False)
        self._socket: Final = connection
        self._max_body: Final = max_body
        self._sending: Final = asyncio.Lock()
        self._rest: asyncio.Task[None] | None = None
        # What came with the last piece and belongs to the next frames: most of them are small.
        self._buffer: Final = memoryview(bytearray(_AT_ONCE))
        self._begin = self._end = 0

    async def send(self, header: Mapping[str, Any], arrays: Sequence[Array] = ()) -> None:
        """Send one frame whole, even if the caller is cancelled in the middle of it.

        Raises:
            HeaderTooLarge: Nothing was sent.
            WireError: The other side is gone.
        """
        whole = [np.ascontiguousarray(array) for array in arrays]
        described = [[array.dtype.name, list(array.shape)] for array in whole]
        text = json.dumps({**header, "arrays": described}, separators=(",", ":"), allow_nan=False).encode()
        if len(text) > MAX_HEADER:
            raise HeaderTooLarge(f"a header of {len(text)} bytes is larger than the limit of {MAX_HEADER}")
        body = sum(array.nbytes for array in whole)
        head = _LENGTHS.pack(len(text), body) + text
        views = [_bytes(array) for array in whole if array.nbytes]
        # A small frame goes in one piece: a copy costs less than a second look at the socket.
        pieces: list[bytes | memoryview] = [b"".join([head, *views])] if body <= _AT_ONCE else [head, *views]
        await self._sending.acquire()
        try:
            left = self._at_once(pieces)
        except OSError as error:
            self._sending.release()
            raise WireError("the other side has gone") from error
        if not left:
            self._sending.release()
            return
        # Half a frame would make nonsense of all that follows, so the rest of it does not depend on its caller.
        self._rest = asyncio.get_running_loop().create_task(self._finish(left))
        await asyncio.shield(self._rest)

    async def receive(self) -> Frame:
        """Wait for one frame.

        Raises:
            FrameTooLarge: The arrays would not fit; nothing more can be read from this channel.
            WireError: The other side is gone or said something that is no frame.
        """
        lengths = bytearray(_LENGTHS.size)
        await self._fill(memoryview(lengths))
        header_size, body_size = _LENGTHS.unpack(lengths)
        if header_size > MAX_HEADER:
            raise WireError(f"a header of {header_size} bytes is larger than the limit of {MAX_HEADER}")
        text = bytearray(header_size)
        await self._fill(memoryview(text))
        header = _parse(bytes(text))
        described = _described(header.pop("arrays", []))
        if sum(size for _, _, size in described) != body_size:
            raise WireError("the arrays are not as long as the frame says")
        if body_size > self._max_body:
            raise FrameTooLarge(header, body_size, self._max_body)
        arrays: list[Array] = []
        for dtype, shape, size in described:
            try:
                array: Array = np.empty(shape, dtype)
            except (ValueError, MemoryError) as error:
                raise WireError("an array does not fit into memory") from error
            if size:
                await self._fill(_bytes(array))
            arrays.append(array)
        return Frame(header, arrays, header_size)

    def has_news(self) -> bool:
        """Whether something has arrived that ``receive`` has not taken yet."""
        # Not by select, which knows no descriptor above 1023, and a node that serves many has such.
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True  # the other side is gone, which ``receive`` tells
        return True

    async def close(self) -> None:
        """Hang up. Whoever sends fails, and whoever receives, before the socket is closed under them."""
        with contextlib.suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        async with self._sending:
            self._socket.close()

    def _at_once(self, pieces: Sequence[bytes | memoryview]) -> list[memoryview]:
        """Send what the socket takes now, which is all of most frames; returns the rest."""
        try:
            sent = self._socket.send(pieces[0])
        except (BlockingIOError, InterruptedError):
            sent = 0
        left = [memoryview(piece) for piece in pieces]
        left[0] = left[0][sent:]
        return [piece for piece in left if piece]

    async def _finish(self, pieces: Sequence[memoryview]) -> None:
        loop = asyncio.get_running_loop()
        try:
            for piece in pieces:
                await loop.sock_sendall(self._socket, piece)
        except OSError as error:
            raise WireError("the other side has gone") from error
        finally:
            self._rest = None
            self._sending.release()

    async def _fill(self, view: memoryview) -> None:
        while view:
            if self._begin == self._end:
                if len(view) >= len(self._buffer):
                    view = view[await self._receive_into(view) :]
                    continue
                self._begin, self._end = 0, await self._receive_into(self._buffer)
            count = min(len(view), self._end - self._begin)
            view[:count] = self._buffer[self._begin : self._begin + count]
            self._begin += count
            view = view[count:]

    async def _receive_into(self, view: memoryview) -> int:
        try:
            count = await asyncio.get_running_loop().sock_recv_into(self._socket, view)
        except OSError as error:
            raise WireError("the other side has gone") from error
        if not count:
            raise WireError("the other side has gone")
        return count


def _bytes(array: Array) -> memoryview:
    flat: Any = array.reshape(-1).view(np.uint8)
    return memoryview(flat)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, parse_constant=_refuse, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise WireError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("the header is not an object")
    return header


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _whole(digits: str) -> int:
    """A whole number of 64 bits: what is longer becomes no float, and fails whoever reckons with it."""
    number = int(digits)
    if not -_WHOLE <= number < _WHOLE:
        raise ValueError("a whole number is too long")
    return number


def _described(entries: object) -> list[tuple[np.dtype[Any], tuple[int, ...], int]]:
    """Check the announced arrays: (dtype, shape, bytes) of each."""
    if not isinstance(entries, list) or len(entries) > MAX_ARRAYS:
        raise WireError("the arrays are not described")
    described = []
    for entry in entries:
        match entry:
            case [str(name), list(shape)] if name in DTYPES and len(shape) <= 8:
                if not all(type(side) is int and 0 <= side < 1 << 40 for side in shape):
                    raise WireError("an array has a side that is no size")
                dtype = np.dtype(name)
                described.append((dtype, tuple(shape), math.prod(shape) * dtype.itemsize))
            case _:
                raise WireError("an array is of a kind that does not travel")
    return described
