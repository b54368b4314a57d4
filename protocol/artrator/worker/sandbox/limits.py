"""Resource limits of the process itself, and its tie to the parent."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: What an interpreter with numpy and a runtime maps without using it: libraries, stacks and heaps of threads.
_MAPPED = 4 << 30
#: Of that, what could be written to: heaps and buffers, and a stack and a buffer for each thread of a pool or two.
_WRITABLE = 512 << 20
_WRITABLE_A_CORE = 48 << 20


def limit_resources(settings: Mapping[str, Any]) -> list[str]:
    """Set rlimits; returns what could not be limited, one sentence each."""
    if sys.platform == "win32":
        return ["Windows: memory, threads and child processes of a worker are not limited here."]
    import resource

    missing = _pin(settings["cores"])
    wanted = [
        # A core dump would hold the buyer's pictures. At 0 it would still go to a program that collects dumps; at 1
        # there is none at all.
        (resource.RLIMIT_CORE, 1),
        (resource.RLIMIT_NOFILE, int(settings["open_files"])),
        (resource.RLIMIT_FSIZE, int(settings["file_bytes"])),
    ]
    if settings["memory_bytes"]:
        wanted.append((resource.RLIMIT_AS, int(settings["memory_bytes"]) + _MAPPED))
        if sys.platform == "linux":
            # What can be written to, used or not: the kernel refuses it at this line, however fast a model grows. The
            # line of what is used lies below, and the parent watches that one.
            beside = _WRITABLE + _WRITABLE_A_CORE * (os.cpu_count() or 1)
            wanted.append((resource.RLIMIT_DATA, int(settings["memory_bytes"]) + beside))
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
    if sys.platform == "darwin":
        missing.append("macOS: memory and threads of a worker are not limited here.")
    if sys.platform == "linux":
        # When the machine runs out of memory after all, a worker goes and not the node.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    return missing


def _pin(cores: Sequence[int]) -> list[str]:
    """Keep this process to some processors; before seccomp, which knows no such call."""
    if not cores:
        return []
    if not hasattr(os, "sched_setaffinity"):
        return ["This system does not let a worker be kept to some of the processors."]
    try:
        os.sched_setaffinity(0, cores)
    except OSError as error:
        return [f"The worker could not be kept to its processors: {error}."]
    return []
