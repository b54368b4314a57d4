"""HTTP as uvicorn speaks it, bounded in what a connection may take and in what it leaves behind.

The parser below uvicorn knows no limit, neither before a body nor behind it: headers without end, or trailers without
end, would fill the memory of whoever listens. And what refers to itself in a circle stays after the connection is
closed, with its buffers (half a MiB under TLS), until the collector comes, which a busy server lets come seldom.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from artrator.errors import ArtratorError, Code

if TYPE_CHECKING:  # servers have uvicorn, and this package does without
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Protocol
else:
    _Protocol = object

#: A ticket, a proof and everything else that a request says besides its body.
HEAD_BYTES: Final = 64 * 1024


class BoundedHTTP(_Protocol):
    """Mixed into ``HttpToolsProtocol``: who says more than ``HEAD_BYTES`` that belong to no body is hung up on."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, counted from its beginning or from the last byte of its body."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Those behind a body are dropped: the request is under way, and they must not change it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """What follows is the body."""
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body. Of an answered request's rest no more is taken than of a head."""
        if not self.cycle.response_complete:
            self._head_bytes = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP: a refusal in the form of all others, unless an answer is under way on this connection.

        In the middle of that it could only be taken for a part of it.
        """
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            body = json.dumps(ArtratorError(Code.HTTP_INVALID, "What was sent is no HTTP request.").to_json())
            head = "HTTP/1.1 400 Bad Request", "Content-Type: application/json", f"Content-Length: {len(body)}"
            self.transport.write("\r\n".join((*head, "Connection: close", "", body)).encode("ascii"))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone. A request that is still being answered knows by itself."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # it would keep all of this for as long as nobody asks for more
        self.cycle = None  # type: ignore[assignment]  # as before the first request
        self.pipeline.clear()
