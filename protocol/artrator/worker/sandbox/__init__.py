"""Confine this process, with the standard library alone.

``bootstrap.py`` loads this folder by path, before ``artrator`` and numpy, so nothing here may import either. On Linux,
in this order: limits of resources, an end together with the parent, no new privileges, no capabilities, Landlock for
files and ports, seccomp for system calls.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .limits import limit_resources


def confine(settings: Mapping[str, Any]) -> list[str]:
    """Take from this process whatever the parent did not grant; there is no way back.

    Args:
        settings: What ``artrator.worker.policy`` wrote.

    Returns:
        What this platform could not confine, one sentence each.
    """
    missing = limit_resources(settings)
    if sys.platform != "linux":
        system = {"win32": "Windows", "darwin": "macOS"}.get(sys.platform, sys.platform)
        return [*missing, f"{system}: files, network and system calls of a worker are not confined here."]
    from . import landlock, privileges, seccomp

    privileges.die_with(int(settings["parent"]))
    rights = [(path, landlock.READ) for path in settings["readable"]]
    rights += [(path, landlock.DEVICE) for path in settings["devices"]]
    rights += [(path, landlock.WRITE) for path in settings["writable"]]
    steps: list[Callable[[], list[str]]] = [privileges.no_new_privileges, privileges.drop_capabilities]
    if settings["confined"]:
        steps += [
            lambda: landlock.restrict(rights, connect=settings["network"]),
            lambda: seccomp.restrict(network=settings["network"], files=settings["files"], gpu=settings["gpu"]),
        ]
    else:
        missing.append("The owner switched confinement off: a worker can do whatever the node can.")
    for step in steps:
        try:
            missing += step()
        except OSError as error:  # one that fails must not keep the others from being done
            missing.append(f"The worker is not fully confined: {error}.")
    return missing


def can_confine_programs() -> bool:
    """Whether ``confined_command`` keeps a program from files here.

    The first Landlock lets nobody rename between two folders, which uv and builds do.
    """
    if sys.platform != "linux":
        return False
    from . import landlock

    return landlock.version() >= 2


def confined_command(
    interpreter: Path,
    command: Sequence[str],
    *,
    readable: Sequence[str],
    writable: Sequence[str],
    memory_bytes: int,
    file_bytes: int,
) -> list[str]:
    """The command line that runs ``command`` confined, as far as this Linux can; unchanged elsewhere.

    Args:
        interpreter: What confines itself and then becomes the program.
        command: The program and its arguments.
        readable: The files and folders that it and what it starts may read and run.
        writable: Those that they may write to as well.
        memory_bytes: Of each of them.
        file_bytes: Of each file they write.
    """
    if sys.platform != "linux":
        return list(command)
    settings = {
        "parent": os.getpid(),
        "readable": list(readable),
        "writable": list(writable),
        "cores": [],
        "open_files": 4096,
        "memory_bytes": memory_bytes,
        "file_bytes": file_bytes,
    }
    return [
        str(interpreter),
        "-I",
        "-S",
        "-B",
        str(Path(__file__).with_name("command.py")),
        json.dumps(settings),
        *command,
    ]


def confine_program(settings: Mapping[str, Any]) -> None:
    """Bound this process and the programs it starts, give up all files but those granted, and end with the parent."""
    from . import landlock, privileges

    limit_resources(settings)
    privileges.die_with(int(settings["parent"]))
    privileges.no_new_privileges()
    if can_confine_programs():
        rights = [(path, landlock.EXECUTE) for path in settings["readable"]]
        rights += [(path, landlock.BUILD) for path in settings["writable"]]
        landlock.restrict([*rights, ("/dev/null", landlock.DEVICE)], connect=True)
