"""A registry that can no longer do its work: its process ends with a sentence, and not with 0."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from registry_process import Server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets end in another way")

_START = "from artrator_registry.cli import registry; registry()"

#: What befalls a registry, and what its last words are.
FATES = {
    "port": (
        """
import socket, threading
from artrator_registry import server

def listen(host, port):
    listening = honest(host, port)
    started = server._Server.startup
    async def startup(self, sockets=None):
        await started(self, sockets)
        listening.shutdown(socket.SHUT_RDWR)  # nobody is let in any more, and nobody here is told
    server._Server.startup = startup
    return listening

honest, server._listen = server._listen, listen
""",
        "The registry has lost its port, so it stopped.",
    ),
    "database": (
        """
from artrator_registry import server
from artrator_registry.storage import connect, database

def application(settings, listening):
    database._BUSY_SECONDS = 0.1
    server.held = connect(settings.database)
    server.held.execute("BEGIN IMMEDIATE")  # as an operator's program that hangs
    return honest(settings, listening)

honest, server._application = server._application, application
""",
        "Another program holds the registry's database; nothing was changed.",
    ),
    "sweeper": (
        """
import asyncio
from artrator_registry.orders.sweeper import Sweeper

async def sweep(self):
    raise asyncio.CancelledError  # what no chore catches

Sweeper.sweep = sweep
""",
        "The registry's sweeper has ended, so the registry stopped.",
    ),
}


@pytest.mark.parametrize("fate", FATES)
def test_a_registry_that_is_only_half_there_ends_and_says_why(fresh: Path, tmp_path: Path, fate: str) -> None:
    shutil.copytree(fresh, tmp_path / "registry")
    program, words = FATES[fate]
    server = Server(tmp_path / "registry", program=program + _START)
    server.launch()
    try:
        assert server.process.wait(240) == 1
    finally:
        server.process.kill()
        server.process.wait()
        server._reader.join(60)
    assert ("listening on http://" in server.log) is (fate != "database")
    assert words in server.log
    assert "Traceback" not in server.log
    again = Server(server.data)
    again.start()
    again.process.terminate()
    again.process.wait(240)
    again._reader.join(60)
