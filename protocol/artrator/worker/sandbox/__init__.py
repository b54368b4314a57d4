"""Confine this process, with the standard library alone.

``bootstrap.py`` loads this folder by path, before ``artrator`` and numpy, so nothing here may import either. On Linux,
in this order: limits of resources, an end together with the parent, no new privileges, no capabilities, Landlock for
files and ports, seccomp for system calls.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
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
    steps: list[Callable[[], list[str]]] = [
        privileges.no_new_privileges,
        privileges.drop_capabilities,
        lambda: landlock.restrict(rights, connect=settings["network"]),
        lambda: seccomp.restrict(network=settings["network"], files=settings["files"], gpu=settings["gpu"]),
    ]
    for step in steps:
        try:
            missing += step()
        except OSError as error:  # one that fails must not keep the others from being done
            missing.append(f"The worker is not fully confined: {error}.")
    return missing
