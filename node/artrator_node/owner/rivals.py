"""Programs that go first: those the owner names, and strangers who take much of the card's memory.

A full-screen window is no sign: films are watched in one, on Wayland nobody is told of it, and a daemon that serves
has no screen to ask.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from artrator_node.owner.readings import MachineReading

_PROC: Final = Path("/proc")
_MIB: Final = 1 << 20
#: The one that processes outside of any container are counted in, by the number that the kernel fixes for it.
_OUTERMOST: Final = "pid:[4026531836]"
#: The kernel keeps this much of a program's name.
_SHORT: Final = 15


def named(wanted: Sequence[str], running: Iterable[str]) -> str | None:
    """The first of the owner's names that is among the running programs; case and ``.exe`` do not matter."""
    if not wanted:
        return None
    found = {_plain(name) for name in running}
    return next((name for name in wanted if _plain(name) in found), None)


def _plain(name: str) -> str:
    return name.strip().lower().removesuffix(".exe")


def running_programs(proc: Path = _PROC) -> Iterator[str]:
    """The names of the programs that run now: as the system has them, and the file each was started from."""
    if sys.platform == "linux":
        yield from _in_proc(proc)
    else:
        yield from _by_psutil()


def _in_proc(proc: Path) -> Iterator[str]:
    try:
        folders = os.listdir(proc)  # noqa: PTH208  # every second: the cheapest there is
    except OSError:
        return
    for folder in folders:
        if not folder.isdecimal():
            continue
        try:
            with open(f"{proc}/{folder}/comm", "rb") as file:  # noqa: PTH123  # as above
                name = file.read(64).rstrip(b"\n").decode("utf-8", "replace")
            if len(name) < _SHORT:
                yield name
            if len(name) >= _SHORT or name in _HOSTS:
                with open(f"{proc}/{folder}/cmdline", "rb") as file:  # noqa: PTH123  # as above
                    yield from _of_command(file.read(4096))
        except OSError:  # it ended meanwhile
            continue


#: Programs that are known by what they were told to run: Windows games under Wine, scripts.
_HOSTS: Final = frozenset(
    {"wine", "wine64", "wine-preloader", "wine64-preloader", "python", "python3", "java", "Main", "MainThread"}
)


def _of_command(command: bytes) -> Iterator[str]:
    for word in command.split(b"\0")[:3]:
        if name := word.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]:
            yield name


def _by_psutil() -> Iterator[str]:
    import psutil

    for process in psutil.process_iter(["name"]):
        if name := process.info["name"]:
            yield name


def strangers(reading: MachineReading, limit_mib: float, ours: Callable[[int], bool]) -> tuple[int, int] | None:
    """A program that is not the node's and has at least so much memory of a card: its process id and MiB."""
    if not limit_mib:
        return None
    for card in reading.cards:
        for pid, taken in card.programs.items():
            if taken >= limit_mib * _MIB and not ours(pid):
                return pid, taken // _MIB
    return None


def is_ours(pid: int, workers: Iterable[int], proc: Path = _PROC) -> bool:
    """Whether a process is the node, one of its workers, or was started by one."""
    own = {os.getpid(), *workers}
    for _ in range(32):
        if pid in own:
            return True
        if pid <= 1 or sys.platform != "linux":
            return False
        try:
            stat = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
            pid = int(stat.rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return False
    return False


def is_told_apart(pid: int, proc: Path = _PROC) -> bool:
    """Whether a process id that a driver tells is one of those that this program knows processes by.

    In a container some drivers count as the machine outside does, and the node's own workers are strangers by those
    numbers. Others tell 0 of whoever is outside.
    """
    try:
        outermost = (proc / "self/ns/pid").readlink().name == _OUTERMOST
    except OSError:  # no such system
        return True
    return outermost or pid == 0 or (proc / str(pid)).exists()


def name_of(pid: int, proc: Path = _PROC) -> str:
    """A program's name for its owner's eyes."""
    try:
        return (proc / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"process {pid}"
