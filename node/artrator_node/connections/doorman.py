"""The door: connections are counted before their handshake, and may not dawdle over it or over their headers."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from artrator.bounded_http import BoundedHTTP
from artrator_node.connections.crowd import Crowd, Guest
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: A handshake is four small messages.
HANDSHAKE_SECONDS: Final = 10.0
#: From the first byte of a connection, or of its next request, to the end of the request's headers.
HEADER_SECONDS: Final = 10.0
#: What the system keeps of an answer that has not left the machine yet. A reader who takes nothing is noticed after
#: so much, costs so much, and loses so little when the connection is closed behind the last byte.
_UNSENT_BYTES: Final = 128 * 1024


class Doorman:
    """Accepts connections, in place of the event loop's own server, which counts nobody before their handshake.

    Args:
        crowd: Who is here.
        make_protocol: Called for each connection, with its guest.
        context: The node's TLS.
    """

    def __init__(
        self, crowd: Crowd, make_protocol: Callable[[Guest], asyncio.Protocol], context: ssl.SSLContext | None
    ) -> None:
        self._crowd = crowd
        self._make_protocol = make_protocol
        self._context = context
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def listen(self, sock: socket.socket) -> None:
        """Begin."""
        sock.listen(1024)
        # A handle of our own: whoever made the other one closes it while this one may still be waited for.
        ours = sock.dup()
        ours.setblocking(False)
        self._keep(self._accept(ours))

    def close(self) -> None:
        """Accept nobody more, and let go of those who still shake hands."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    async def wait_closed(self) -> None:
        """Until that is done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with sock:
            while not self._closed:
                try:
                    connection, peer = await loop.sock_accept(sock)
                except OSError as error:
                    # Out of descriptors, or the peer was gone before it was met: neither ends the service.
                    log(_logger, logging.WARNING, "accept_failed", kind=type(error).__name__, errno=error.errno)
                    await asyncio.sleep(0.1)
                    continue
                _keep_little_unsent(connection)
                guest = self._crowd.enter(str(peer[0]), connection.close)
                if guest is None:
                    connection.close()
                else:
                    self._keep(self._welcome(connection, guest))

    async def _welcome(self, connection: socket.socket, guest: Guest) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # coroutines run in tasks here
        guest.close = lambda: _cancel(task)
        try:
            await loop.connect_accepted_socket(
                lambda: self._make_protocol(guest),
                connection,
                ssl=self._context,
                **({} if self._context is None else {"ssl_handshake_timeout": HANDSHAKE_SECONDS}),
            )
        except asyncio.CancelledError:
            self._crowd.leave(guest)
            connection.close()
            if self._closed:
                raise
        except Exception:  # a scanner, plain HTTP, a handshake that never came: nobody is told
            self._crowd.leave(guest)
            connection.close()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class PatientProtocol(BoundedHTTP, HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to its patience."""

    def __init__(self, crowd: Crowd, guest: Guest, **how: Any) -> None:
        super().__init__(**how)
        self._crowd = crowd
        self._guest = guest
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The handshake is done."""
        super().connection_made(transport)
        self._guest.close = transport.abort
        self._guest.choked = lambda: bool(self.flow.write_paused)
        self._crowd.knows(self.client, self._guest)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; once its headers are whole, how long the rest may take is its handler's business."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._patience is None and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_waiting()
        self._crowd.knows(self.client, None)
        self._crowd.leave(self._guest)
        self._guest.forget()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._patience = asyncio.get_running_loop().call_later(HEADER_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _keep_little_unsent(connection: socket.socket) -> None:
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)


def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
