"""An output as an answer, or the one range of it that is asked for: from memory, or from its file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from artrator.errors import ArtratorError, Code
from artrator.messages.node import Output
from artrator_node.fetching import ranges
from artrator_node.http.mixed import PRIVATE

_PIECE: Final = 256 << 10


async def stored_answer(output: Output, content: bytes | Path, wanted: str | None) -> Response:
    """The bytes of ``output``; ``wanted`` is the request's ``Range``.

    Raises:
        ArtratorError: ``range_invalid``; ``output_expired`` if its file went a moment ago.
    """
    begin, end = ranges.parse(wanted, output.size) if output.size else (0, 0)
    headers = {
        **PRIVATE,
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - begin),
        "ETag": f'"{output.sha256}"',
    }
    status = 200
    if wanted is not None and output.size:
        status, headers["Content-Range"] = 206, f"bytes {begin}-{end - 1}/{output.size}"
    if isinstance(content, bytes):
        return Response(content[begin:end], status, headers, output.media_type)
    try:
        file = await asyncio.to_thread(content.open, "rb")
    except FileNotFoundError as error:
        raise ArtratorError(Code.OUTPUT_EXPIRED, "The node keeps this output no longer.") from error
    return _FileAnswer(file, begin, end, status, headers, output.media_type)


class _FileAnswer(StreamingResponse):
    """A part of a file that was opened before anything was promised."""

    def __init__(
        self, file: BinaryIO, begin: int, end: int, status: int, headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(_pieces(file, begin, end), status, headers, media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await super().__call__(scope, receive, send)


async def _pieces(file: BinaryIO, begin: int, end: int) -> AsyncIterator[bytes]:
    def read(at: int) -> bytes:
        file.seek(at)
        return file.read(min(_PIECE, end - at))

    while begin < end and (piece := await asyncio.to_thread(read, begin)):
        yield piece
        begin += len(piece)
