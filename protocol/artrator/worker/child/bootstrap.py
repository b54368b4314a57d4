"""The first file a worker runs, as ``interpreter -I -S -B bootstrap.py CONNECTION``.

``-I -S`` keep the environment, the current folder and every ``.pth`` file out. This file and the sandbox beside it use
the standard library alone: the process is confined before a byte of numpy, of the plugin or of the package is read,
because all three come from people whom the owner of this machine need not trust.

The parent's first message tells what may be reached; then ``artrator`` itself is loaded from the host's own folder, by
a finder of its own, so that no plugin can put another ``artrator`` in its place.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import struct
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

#: The folder of the host's ``artrator`` package, three floors above this file.
_ARTRATOR = Path(__file__).resolve().parents[2]


class _HostArtrator:
    """Finds ``artrator`` in the host's folder and nowhere else."""

    @staticmethod
    def find_spec(name: str, *_where: Sequence[str] | ModuleType | None) -> ModuleSpec | None:
        """What ``sys.meta_path`` asks of a finder."""
        if name != "artrator":
            return None
        return importlib.util.spec_from_file_location(
            name, _ARTRATOR / "__init__.py", submodule_search_locations=[str(_ARTRATOR)]
        )


def _connect(given: str) -> socket.socket:
    """The parent's socket: an inherited descriptor, or on Windows what the parent shared through standard input."""
    if given != "shared":
        return socket.socket(fileno=int(given))
    size = struct.unpack(">I", sys.stdin.buffer.read(4))[0]
    fromshare: Any = vars(socket)["fromshare"]  # of Windows only
    connection: socket.socket = fromshare(sys.stdin.buffer.read(size))
    return connection


def _settings(connection: socket.socket) -> dict[str, Any]:
    """The first message: four bytes of length, then JSON."""
    with connection.makefile("rb", buffering=0) as stream:
        size = struct.unpack(">I", _exactly(stream, 4))[0]
        settings = json.loads(_exactly(stream, size))
    if not isinstance(settings, dict):
        raise SystemExit("the parent sent no settings")
    return settings


def _exactly(stream: Any, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise SystemExit("the parent is gone")
        data += more
    return data


def _sandbox() -> ModuleType:
    """``artrator.worker.sandbox`` under a name of its own, because ``artrator`` would import numpy."""
    folder = _ARTRATOR / "worker" / "sandbox"
    spec = importlib.util.spec_from_file_location(
        "_artrator_sandbox", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit("the sandbox is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _start() -> None:
    connection = _connect(sys.argv[1])
    settings = _settings(connection)
    # The connection must not be what a plugin finds by guessing; nothing is left in argv or the environment.
    sys.argv[:] = ["artrator-worker"]
    confinement = list(_sandbox().confine(settings["sandbox"]))
    sys.path.extend(settings["sys_path"])
    sys.meta_path.insert(0, _HostArtrator)
    os.chdir(settings["scratch"])
    child = importlib.import_module("artrator.worker.child.main")
    child.main(connection, confinement)


if __name__ == "__main__":
    _start()
