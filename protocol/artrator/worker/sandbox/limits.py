"""Resource limits of the process itself, and its tie to the parent."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: What an interpreter with numpy and a runtime maps without using it: libraries, stacks and heaps of threads.
_MAPPED = 4 << 30


def limit_resources(settings: Mapping[str, Any]) -> list[str]:
    """Set rlimits; returns what could not be limited, one sentence each."""
    if sys.platform == "win32":
        return ["Windows: memory, files and child processes of the worker are limited by watching it only."]
    import resource

    missing = []
    wanted = [
        (resource.RLIMIT_CORE, 0),  # a core dump would hold the buyer's pictures
        (resource.RLIMIT_NOFILE, int(settings["open_files"])),
        (resource.RLIMIT_FSIZE, int(settings["file_bytes"])),
    ]
    if settings["memory_bytes"]:
        wanted.append((resource.RLIMIT_AS, int(settings["memory_bytes"]) + _MAPPED))
    else:
        missing.append(
            "The memory of a worker on a GPU is limited by watching it only: drivers map more than they use."
        )
    for what, value in wanted:
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(what, (value, value))
        except (OSError, ValueError) as error:
            missing.append(f"A resource limit of the worker could not be set: {error}.")
    if sys.platform == "linux":
        # When the machine runs out of memory after all, a worker goes and not the node.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    return missing
