"""Serving the application: one process, one port, an orderly end."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
from dataclasses import replace

import click
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from artrator.bounded_http import BoundedHTTP
from artrator.errors import ArtratorError, Code
from artrator.keep_alive import SERVER_SECONDS
from artrator_registry.admin import Refused, alone, existing, make, prepare
from artrator_registry.app import create_app
from artrator_registry.settings import Settings

#: Requests that run when the registry is told to stop may finish for this long.
_FAREWELL_SECONDS = 10
#: Uvicorn's ticks, of 0.1 s, after which it is seen whether all goes on.
_TICKS = 10
#: So many more objects made than freed start a collection; Python's 700 would be one for every few requests.
_GARBAGE = 50_000
#: A thread that reads (an audit, an export) lets the loop have its turn after this, and not only after Python's 5 ms.
_TURN_SECONDS = 0.0005


class _Protocol(BoundedHTTP, HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to its headers."""


class _Server(uvicorn.Server):
    """Says where it listens, in a form that a program can read, once it really does; ends when it no longer can.

    Attributes:
        problem: Why it did not start, or ended without being told to.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, listening: socket.socket) -> None:
        super().__init__(config)
        self._app = app
        self._listening = listening
        self._opened = contextlib.AsyncExitStack()
        self.problem: ArtratorError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # The application is opened here, since of its failing uvicorn would only tell the traceback.
        try:
            await self._opened.enter_async_context(self._app.router.lifespan_context(self._app))
        except ArtratorError as problem:
            self.problem, self.should_exit = problem, True
            return
        await super().startup(sockets)
        # What is there now stays: the collector need not look at it again. What a request makes mostly goes by
        # counting references, so seldom is often enough, and the pauses are rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        sys.setswitchinterval(_TURN_SECONDS)
        host, port = self._listening.getsockname()[:2]
        click.echo(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if not self.force_exit:
            await self._opened.aclose()

    async def on_tick(self, counter: int) -> bool:
        # Half a registry is worse than none, which somebody would start again: without its sweeper nobody's hold ever
        # comes back, and without its port nobody can say so.
        if counter % _TICKS == 0 and not self.should_exit:
            self.problem = self._why_not_go_on()
            self.should_exit = self.problem is not None
        return await super().on_tick(counter)

    def _why_not_go_on(self) -> ArtratorError | None:
        cure = "Start it again; nothing that was answered is lost. Its log may say more."
        ended = self._app.state.registry.ended
        if ended is not None:
            return ArtratorError(
                Code.INTERNAL, f"The registry's {ended} has ended, so the registry stopped.", cure=cure
            )
        try:
            accepts = self._listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            accepts = 0
        if not accepts:
            return ArtratorError(Code.INTERNAL, "The registry has lost its port, so it stopped.", cure=cure)
        return None


def serve(settings: Settings, host: str, port: int, *, anew: bool = False) -> None:
    """Serve until SIGTERM or SIGINT. ``anew``: a folder without a registry gets one, and is no slip."""
    if not anew:
        existing(settings.data)
    with alone(settings.data), _listen(host, port) as listening:
        (make if anew else prepare)(settings.data, held=True)
        app = _application(settings, listening)
        config = uvicorn.Config(
            app,
            access_log=False,  # addresses with queries in them are nobody's business
            log_config=None,
            timeout_graceful_shutdown=_FAREWELL_SECONDS,
            timeout_keep_alive=SERVER_SECONDS,
            server_header=False,
            lifespan="off",
            ws="none",
            http=_Protocol,
        )
        server = _Server(config, app, listening)
        server.run(sockets=[listening])
        if server.problem is not None:
            raise Refused(server.problem)


def _application(settings: Settings, listening: socket.socket) -> FastAPI:
    if not settings.public_url:  # good for one machine, which is all that nobody else can reach
        settings = replace(settings, public_url=f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        return create_app(settings)
    except ArtratorError as problem:
        # A registry that was told to take money and cannot must not look as if it could.
        raise Refused(problem) from problem


def _listen(host: str, port: int) -> socket.socket:
    listening: socket.socket | None = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # on Windows it would let two programs listen on one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        if listening is not None:
            listening.close()
        raise Refused(
            ArtratorError(
                Code.REQUEST_INVALID,
                f"Cannot listen on {host}:{port}: {error.strerror or error}.",
                cure="Stop what uses the port, or choose another with --port; --host is an address of this machine.",
            )
        ) from error
    return listening
