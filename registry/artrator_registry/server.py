"""Serving the application: one process, one port, an orderly end."""

from __future__ import annotations

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
#: So many more objects made than freed start a collection; Python's 700 would be one for every few requests.
_GARBAGE = 50_000
#: A thread that reads (an audit, an export) lets the loop have its turn after this, and not only after Python's 5 ms.
_TURN_SECONDS = 0.0005


class _Protocol(BoundedHTTP, HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to its headers."""


class _Server(uvicorn.Server):
    """Says where it listens, in a form that a program can read, once it really does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays: the collector need not look at it again. What a request makes mostly goes by
        # counting references, so seldom is often enough, and the pauses are rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        sys.setswitchinterval(_TURN_SECONDS)
        for listening in sockets or []:
            host, port = listening.getsockname()[:2]
            click.echo(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}")


def serve(settings: Settings, host: str, port: int, *, anew: bool = False) -> None:
    """Serve until SIGTERM or SIGINT. ``anew``: a folder without a registry gets one, and is no slip."""
    if not anew:
        existing(settings.data)
    with alone(settings.data), _listen(host, port) as listening:
        (make if anew else prepare)(settings.data, held=True)
        config = uvicorn.Config(
            _application(settings, listening),
            access_log=False,  # addresses with queries in them are nobody's business
            log_config=None,
            timeout_graceful_shutdown=_FAREWELL_SECONDS,
            timeout_keep_alive=SERVER_SECONDS,
            server_header=False,
            ws="none",
            http=_Protocol,
        )
        _Server(config).run(sockets=[listening])


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
