"""What passes through a connection: no faster than the owner's line, and not to somebody who takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from artrator_node.connections.bandwidth import PIECE, Line
from artrator_node.connections.crowd import Crowd, arrived_by

#: Whoever takes less than a few thousand bytes in so long has gone, whatever the connection says.
STALL_SECONDS: Final = 30.0


class _GoneError(Exception):
    """Nobody takes the answer."""


class Traffic:
    """An application, behind the owner's line.

    Args:
        app: What answers.
        crowd: Whose connections they are.
        upload: What the node may send.
        download: What it may receive.
    """

    def __init__(self, app: ASGIApp, crowd: Crowd, upload: Line, download: Line) -> None:
        self._app = app
        self._crowd = crowd
        self._upload = upload
        self._download = download

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        who = scope.get("client")
        guest = self._crowd.of(who)
        arrived_by(guest)
        gone = False

        async def patiently(message: MutableMapping[str, Any]) -> None:
            nonlocal gone
            if gone:
                raise _GoneError
            if guest is None or not guest.choked():
                await send(message)
                return
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await send(message)
            except TimeoutError:
                gone = True
                guest.close()
                await asyncio.sleep(0)  # so that the server knows of it too
                raise _GoneError from None

        async def paced(message: MutableMapping[str, Any]) -> None:
            body = message.get("body", b"")
            more = message.get("more_body", False)
            for start in range(0, len(body), PIECE):
                piece = body[start : start + PIECE]
                await self._upload.take(who, len(piece))
                last = start + PIECE >= len(body)
                await patiently({"type": message["type"], "body": piece, "more_body": more or not last})
            if not body:
                await patiently(message)

        async def received() -> MutableMapping[str, Any]:
            message = await receive()
            left = len(message.get("body", b""))
            while left > 0:
                await self._download.take(who, min(left, PIECE))
                left -= PIECE
            return message

        try:
            await self._app(
                scope,
                received if self._download.limited else receive,
                paced if self._upload.limited else patiently,
            )
        except BaseException:
            if not gone:
                raise
