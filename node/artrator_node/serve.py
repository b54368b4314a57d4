"""Serving: uvicorn over the node's own TLS key, and an end in good order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

from artrator.errors import ArtratorError, Code
from artrator.keep_alive import SERVER_SECONDS
from artrator_node.config import Paths
from artrator_node.connections.bandwidth import MBIT, Line
from artrator_node.connections.crowd import Crowd, Guest, room_for_connections
from artrator_node.connections.doorman import Doorman, PatientProtocol
from artrator_node.connections.traffic import Traffic
from artrator_node.daemon import Node
from artrator_node.http.app import create_app
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: What open event streams get when the node stops; buyers come back to the next start.
_FAREWELL_SECONDS: Final = 2


class _Server(uvicorn.Server):
    """A uvicorn server whose door is ours, and whose signals are the daemon's business."""

    def __init__(self, config: uvicorn.Config, crowd: Crowd) -> None:
        super().__init__(config)
        self._crowd = crowd

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""

        def make(guest: Guest) -> asyncio.Protocol:
            return PatientProtocol(
                self._crowd,
                guest,
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
            )

        doorman = Doorman(self._crowd, make, self.config.ssl)
        # Closed by uvicorn like a server of the event loop.
        self.servers = [doorman]  # type: ignore[list-item]
        for sock in sockets or ():
            doorman.listen(sock)
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that the port is known (and taken) before anything is promised.

    Raises:
        ArtratorError: ``request_invalid`` that names the address.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there it would let two programs share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"The node cannot listen on {host} port {port}: {error.strerror}.",
            cure="Stop what uses the port, or choose another one with --port.",
        ) from error
    return sock


async def serve(node: Node, paths: Paths, sock: socket.socket, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGHUP or Ctrl+C; a second one does not wait for running jobs."""
    crowd = Crowd(room_for_connections(node.settings.connections))
    upload, download = (
        Line(limit * MBIT, node.clock.monotonic) for limit in (node.settings.upload_mbit, node.settings.download_mbit)
    )
    node.metrics.watch_connections(crowd)
    config = uvicorn.Config(
        Traffic(create_app(node), crowd, upload, download),
        ssl_keyfile=paths.tls_key,
        ssl_certfile=paths.tls_certificate,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_FAREWELL_SECONDS,
        timeout_keep_alive=SERVER_SECONDS,
        # A proxy's headers are nobody's business here: TLS ends in this process.
        proxy_headers=False,
    )
    server = _Server(config, crowd)
    stop, hurry = asyncio.Event(), asyncio.Event()
    _on_signals(lambda: hurry.set() if stop.is_set() else stop.set())
    await node.open()
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if serving.done():
            await serving
        node.begin()
        # What was loaded stays: a collector that looked through it again and again would take milliseconds from jobs.
        gc.collect()
        gc.freeze()
        # A job makes some thousand objects and leaves hardly a circle behind.
        gc.set_threshold(10_000, 20, 20)
        host = node.settings.urls[0]
        log(_logger, logging.INFO, "serving", url=host, port=sock.getsockname()[1], node=node.identity.node)
        say(f"listening on {host}")
        await stop.wait()
        log(_logger, logging.INFO, "draining", queued=node.engine.queued, running=node.engine.running)
        draining = asyncio.create_task(node.drain())
        hurrying = asyncio.create_task(hurry.wait())
        await asyncio.wait({draining, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        draining.cancel()
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        await node.close()
        log(_logger, logging.INFO, "stopped")


def _on_signals(stop: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM, Ctrl+C, and when the terminal is closed, on every platform."""
    loop = asyncio.get_running_loop()
    names = ("SIGTERM", "SIGINT", "SIGHUP")
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
