"""The processors that this node may use, and how they are divided.

Three things limit them: affinity (``taskset``, cpusets of a container), a quota of time (``docker --cpus``), and that
two threads of one core share one set of arithmetic units. Counting processors alone sees none of these, and a runtime
that starts more threads than there are cores waits for itself.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_CPUS: Final = Path("/sys/devices/system/cpu")
_NODES: Final = Path("/sys/devices/system/node")
_CGROUP: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")


def usable() -> tuple[int, ...]:
    """The processors that the scheduler may put this process on."""
    if sys.platform == "linux":
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def quota(cgroup: Path = _CGROUP, membership: Path = _MEMBERSHIP) -> float | None:
    """How many processors' worth of time this process may use; None where nothing limits it."""
    if sys.platform != "linux":
        return None
    limits = []
    for folder in _own_groups(cgroup, membership):
        try:
            limit, period = (folder / "cpu.max").read_text(encoding="ascii").split()  # version 2
        except (OSError, ValueError):
            try:
                limit = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()  # version 1
                period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
            except OSError:
                continue
        if limit.isdigit() and period.isdigit() and int(period):
            limits.append(int(limit) / int(period))
    return min(limits, default=None)


def _own_groups(cgroup: Path, membership: Path) -> Sequence[Path]:
    """The folders of this process's group and of every group above it: the tightest limit holds."""
    folders = [cgroup, cgroup / "cpu"]
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return folders
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        base = cgroup if not controllers else cgroup / "cpu" if "cpu" in controllers.split(",") else None
        if base is None:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        folders += [base.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    return folders


def physical(cores: Sequence[int], cpus: Path = _CPUS) -> tuple[int, ...]:
    """One processor of each physical core among ``cores``."""
    return tuple(threads[0] for threads in _by_core(cores, cpus))


def default_threads(cores: Sequence[int] = ()) -> int:
    """How many threads a kernel should use on these processors before anything was measured."""
    allowed = tuple(cores) or usable()
    count = len(physical(allowed))
    limit = quota()
    if limit is not None:
        # Threads beyond the quota are stopped for the rest of a period, and all others wait for them.
        count = min(count, max(1, math.floor(limit)))
    return max(1, count)


def thread_counts(cores: Sequence[int] = ()) -> tuple[int, ...]:
    """Numbers of threads that are worth trying: all physical cores, half of them, and so on; and all their threads.

    Small models lose more to waiting for the last thread than they gain from it, so fewer may be faster.
    """
    best = default_threads(cores)
    counts = [best]
    while counts[-1] > 1 and len(counts) < 4:
        counts.append(counts[-1] // 2)
    limit = quota()
    logical = len(tuple(cores) or usable())
    if logical > best and (limit is None or limit >= logical):
        counts.append(logical)
    return tuple(counts)


def parts(count: int, nodes: Path = _NODES) -> tuple[tuple[int, ...], ...]:
    """The usable processors in ``count`` sets that share nothing: whole NUMA nodes where that comes out even.

    Both threads of a physical core stay in one set. With more sets than cores, the last ones share.
    """
    allowed = usable()
    groups = [group for group in numa_nodes(nodes) if group] or [allowed]
    if count % len(groups):
        groups = [allowed]
    each = count // len(groups)
    found: list[tuple[int, ...]] = []
    for group in groups:
        cores = _by_core(group)
        for part in range(each):
            first, last = part * len(cores) // each, (part + 1) * len(cores) // each
            chosen = cores[first:last] or [cores[part % len(cores)]]
            found.append(tuple(sorted(processor for core in chosen for processor in core)))
    return tuple(found)


def numa_nodes(nodes: Path = _NODES) -> tuple[tuple[int, ...], ...]:
    """The usable processors of each NUMA node; one set of all where the system does not say."""
    allowed = set(usable())
    found = []
    for folder in sorted(nodes.glob("node[0-9]*"), key=lambda path: int(path.name[4:])):
        try:
            listed = expand((folder / "cpulist").read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if own := tuple(sorted(allowed.intersection(listed))):
            found.append(own)
    return tuple(found) or (tuple(sorted(allowed)),)


def expand(text: str) -> tuple[int, ...]:
    """``0-3,8`` as numbers, the way Linux writes sets of processors."""
    numbers: list[int] = []
    for piece in filter(None, text.strip().split(",")):
        first, _, last = piece.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return tuple(numbers)


def processor_name() -> str:
    """What the processor calls itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model", "Hardware"):
                return " ".join(value.split())
    except OSError:
        pass
    import platform

    return platform.processor() or platform.machine()


def _by_core(processors: Sequence[int], cpus: Path = _CPUS) -> list[tuple[int, ...]]:
    """Processors in groups that are threads of one physical core."""
    groups: dict[str, list[int]] = {}
    for processor in processors:
        try:
            path = cpus / f"cpu{processor}" / "topology" / "thread_siblings_list"
            key = path.read_text(encoding="ascii").strip()
        except OSError:
            key = str(processor)
        groups.setdefault(key, []).append(processor)
    return [tuple(group) for group in groups.values()]
