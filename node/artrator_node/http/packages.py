"""Packages as their buyers fetch them: the signed list, and each file or one range of it, sealed until it is paid."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from artrator.documents import proof
from artrator.errors import ArtratorError, Code
from artrator.messages.node import LICENCE_HEADER, TICKET_HEADER, Job, JobState, PackageFile, PackageFiles
from artrator.package.tree import SIGNATURE_NAME, open_plain
from artrator.sealing import commitment, sealed_size
from artrator_node.connections.bandwidth import PIECE
from artrator_node.daemon import Node
from artrator_node.fetching import Access, Item
from artrator_node.fetching.door import Shown
from artrator_node.fetching.ranges import Span, parse
from artrator_node.gate import LEEWAY_SECONDS
from artrator_node.logs import log

_logger = logging.getLogger(__name__)


class Packages:
    """What the routes ask of packages."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._looks: dict[str, float] = {}  # the looks that were logged, and when they end

    async def files(self, package: str, shown: Shown) -> PackageFiles:
        """The signed list of files."""
        access = await self._open(package, shown)
        served = access.served
        return PackageFiles(
            package=served.digest,
            files=[
                PackageFile(name=name, sha256=file.sha256, size=file.size)
                for name, file in sorted(served.files.items())
            ],
            signature=await asyncio.to_thread(_signature, access),
            sealed=access.key is not None,
        )

    async def table(self, package: str, sha256: str, shown: Shown) -> bytes:
        """The table of one sealed file."""
        access = await self._open(package, shown)
        item = self._node.shelf.find(access.served, sha256)
        if access.key is None:
            raise ArtratorError(Code.NOT_FOUND, "To a licence files are sent as they are.")
        async with self._node.shelf.place(access.buyer):
            return await self._node.shelf.sealed_table(item, access.key)

    async def file(self, package: str, sha256: str, shown: Shown, range_header: str | None) -> Response:
        """One file, or one range of it. What is sent is what was signed; it counts once it went out."""
        access = await self._open(package, shown)
        item = self._node.shelf.find(access.served, sha256)
        size = item.size if access.key is None else sealed_size(item.size)
        span = parse(range_header, size) if size else (0, 0)
        stack = contextlib.AsyncExitStack()
        await stack.enter_async_context(self._node.shelf.place(access.buyer))
        try:
            shelf = self._node.shelf
            blocks = shelf.blocks(item, *span) if access.key is None else shelf.sealed(item, access.key, *span)
            stack.push_async_callback(blocks.aclose)
            # The first block is read before anything is promised: a file that has changed is refused in words.
            first = await anext(blocks, b"")
        except BaseException:
            await stack.aclose()
            raise
        until = access.until

        def over() -> bool:
            return until is not None and self._node.clock.now() > until + LEEWAY_SECONDS

        pieces = _pieces(first, blocks)
        return _FileResponse(
            _tag(access, item), size, span, pieces, self._on_sent(access, item), over, stack, range_header
        )

    async def fetched(self, package: str, shown: Shown) -> Job:
        """The buyer says that all of it arrived: the purchase with its receipt."""
        access = await self._node.door.open(package, shown)
        if access.purchase is None:
            raise ArtratorError(Code.TICKET_INVALID, "Only a purchase that is under way has a receipt to come.")
        record = access.purchase
        if not record.ended and access.key is not None:
            sealed = await self._node.shelf.seal(access.served, access.key)
            record = await self._node.purchases.delivered(record.job, access.served, sealed)
        return Job(
            job=record.job,
            state=JobState(record.state),
            receipt=record.receipt,
            error=record.error,
            retained_until=record.retained_until,
        )

    async def _open(self, package: str, shown: Shown) -> Access:
        """Let somebody in; whoever only looks stands in the log, whichever file they began with."""
        access = await self._node.door.open(package, shown)
        look, now = access.verification, self._node.clock.now()
        if look is not None and look.jti not in self._looks:
            self._looks = {jti: end for jti, end in self._looks.items() if end > now}
            self._looks[look.jti] = look.finish_by
            log(_logger, logging.INFO, "package_looked_at", package=package, verifier=look.sub, verification=look.jti)
        return access

    def _on_sent(self, access: Access, item: Item) -> Callable[[int, int], Awaitable[None]]:
        node, purchase = self._node, access.purchase

        async def count(begin: int, end: int) -> None:
            node.metrics.package_bytes.inc(end - begin)
            if purchase is None or purchase.ended or access.key is None:
                return
            if await node.purchases.went_out(purchase.job, access.served, item.sha256, (begin, end)):
                with contextlib.suppress(
                    ArtratorError
                ):  # still hashing after a restart: the buyer will say that it came
                    sealed = await node.shelf.seal(access.served, access.key)
                    await node.purchases.delivered(purchase.job, access.served, sealed)

        return count


def shown(method: str, path: str, headers: Any) -> Shown:
    """What a request brings along to be let in."""
    return Shown(method, path, headers.get(TICKET_HEADER), headers.get(LICENCE_HEADER), headers.get(proof.HEADER))


class _FileResponse(Response):
    """Bytes as they are read and verified. It ends in the middle if they are not, nobody takes them, or time is up."""

    def __init__(
        self,
        tag: str,
        size: int,
        span: Span,
        pieces: AsyncIterator[bytes],
        sent: Callable[[int, int], Awaitable[None]],
        over: Callable[[], bool],
        stack: contextlib.AsyncExitStack,
        range_header: str | None,
    ) -> None:
        begin, end = span
        headers = {
            "Content-Length": str(end - begin),
            "Accept-Ranges": "bytes",
            "ETag": f'"{tag}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        }
        if range_header is not None and size:
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        self.status_code = 206 if "Content-Range" in headers else 200
        self.media_type = "application/octet-stream"
        self.background = None
        self.body = b""
        self.init_headers(headers)
        self._span = span
        self._pieces = pieces
        self._sent = sent
        self._over = over
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            async with self._stack:
                await self._send(send, gone)
        finally:
            gone.cancel()

    async def _send(self, send: Send, gone: asyncio.Future[None]) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        at, counted = self._span[0], self._span[0]
        try:
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                # A server drops in silence what is sent to nobody: only what went before counts.
                if gone.done() or self._over():
                    return
                counted, at = at, at + len(piece)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            counted = at
        except ArtratorError:
            return  # the connection is closed before the promised length: nobody takes this for a whole file
        finally:
            if counted > self._span[0] or counted == self._span[1]:
                await self._sent(self._span[0], counted)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pieces(first: bytes, blocks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Small pieces of the blocks: what was not taken is not counted as sent."""
    block = first
    while block:
        for start in range(0, len(block), PIECE):
            yield block[start : start + PIECE]
        block = await anext(blocks, b"")


def _tag(access: Access, item: Item) -> str:
    """A name for exactly these bytes: what is sealed differs from purchase to purchase."""
    return item.sha256 if access.key is None else f"{item.sha256[:32]}-{commitment(access.key)[:31]}"


def _signature(access: Access) -> dict[str, Any]:
    """``model.sig`` as it was read when the package was verified, or an error if it is another one by now."""
    from artrator.package.signature import MAX_BYTES, read_signature, verify_signature

    with open_plain(access.served.folder / SIGNATURE_NAME, SIGNATURE_NAME) as file:
        signature = read_signature(file.read(MAX_BYTES + 1))
    if verify_signature(signature, access.served.signer).digest != access.served.digest:
        raise ArtratorError(Code.PACKAGE_CHANGED, "The folder was signed anew since it was served.")
    return dict(signature)
