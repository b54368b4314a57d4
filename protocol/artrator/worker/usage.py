"""How much a process, a folder and the machine hold at this moment."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import time
from pathlib import Path
from typing import Final

#: More files than this count as over any limit: measuring them would itself cost too much.
_MAX_FILES: Final = 5000
#: Of ``/proc/PID/status``: what is the process's own, in kB; what it only maps from files is the page cache's.
_OWN: Final = re.compile(rb"^(?:RssAnon|RssShmem):\s*(\d+)", re.MULTILINE)
_THREADS: Final = re.compile(rb"^Threads:\s*(\d+)", re.MULTILINE)
_AVAILABLE: Final = re.compile(rb"^MemAvailable:\s*(\d+)", re.MULTILINE)


class Usage:
    """Memory and threads of one process, cheap enough to ask for often.

    The file is opened once: reading it again costs 15 microseconds, and it never speaks of another process that was
    given the same number later.
    """

    def __init__(self, pid: int) -> None:
        self._path: Final = f"/proc/{pid}/status"
        self._file: int | None = None
        self._read_at = float("-inf")
        self._last: tuple[int | None, int] = 0, 0

    def now(self) -> tuple[int | None, int]:
        """Bytes of memory in use, without what is only mapped from files, and threads.

        The memory is None if the system says of all but that: while a process ends, or when its first thread has left
        the others. Zeros where it says nothing.
        """
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDONLY)
            text = os.pread(self._file, 1 << 13, 0)
        except (OSError, AttributeError):  # gone, no descriptor left, or no such system
            return 0, 0
        threads, own = _THREADS.search(text), _OWN.findall(text)
        return sum(map(int, own)) << 10 if own else None, int(threads[1]) if threads else 0

    def lately(self, seconds: float) -> tuple[int | None, int]:
        """Like ``now``, but what was read within so many seconds will do."""
        now = time.monotonic()
        if now - self._read_at >= seconds:
            self._read_at, self._last = now, self.now()
        return self._last

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def own_bytes(pid: int) -> int:
    """The host memory that is a process's own, without what it maps from files; 0 where nobody says."""
    usage = Usage(pid)
    try:
        return usage.now()[0] or 0
    finally:
        usage.close()


def mapped_bytes(pid: int, folder: Path) -> int:
    """How much of the files of ``folder`` a process has mapped, each page once; 0 where the system does not say.

    So much of the page cache is in use for as long as it runs, however many processes map the same.
    """
    if sys.platform != "linux":
        return 0
    begin = os.fsencode(folder.resolve()) + b"/"
    spans: dict[bytes, list[tuple[int, int]]] = {}
    try:
        lines = Path(f"/proc/{pid}/maps").read_bytes().splitlines()
    except OSError:
        return 0
    for line in lines:
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[5].startswith(begin):
            first, last = (int(end, 16) for end in fields[0].split(b"-"))
            offset = int(fields[2], 16)
            spans.setdefault(fields[5], []).append((offset, offset + last - first))
    total = 0
    for found in spans.values():
        reached = 0
        for start, end in sorted(found):
            total += max(0, end - max(start, reached))
            reached = max(reached, end)
    return total


def resident_bytes(pid: int) -> int:
    """The host memory of a process, with what it maps from files; 0 where the system has no ``/proc``."""
    if sys.platform == "win32":
        return 0
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def free_memory() -> int:
    """What this machine can still give without swapping; 0 where the system does not say."""
    try:
        with open("/proc/meminfo", "rb", buffering=0) as file:  # noqa: PTH123 - asked for often
            found = _AVAILABLE.search(file.read(256))
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def free_bytes(folder: Path) -> int:
    """What is left on the disk of ``folder``; nothing if nobody can say, because then nothing may be written."""
    try:
        found = os.statvfs(folder)
    except (OSError, AttributeError):
        return 0 if sys.platform != "win32" else sys.maxsize
    return found.f_bavail * found.f_frsize


def deleted_bytes(pid: int, folder: Path, limit: int) -> int:
    """What a process keeps in files of ``folder`` that have no name any more: the disk holds them, and no folder.

    What is mapped and not open cannot be measured, and counts as over the limit.
    """
    if sys.platform != "linux":
        return 0
    opened, total = set[int](), 0
    here = os.fsencode(os.path.realpath(folder)) + b"/"  # ``maps`` knows no links
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - asked for often
            with contextlib.suppress(OSError):
                found = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116
                if stat.S_ISREG(found.st_mode) and not found.st_nlink and found.st_ino not in opened:
                    opened.add(found.st_ino)
                    total += max(found.st_size, 512 * found.st_blocks)
        for line in Path(f"/proc/{pid}/maps").read_bytes().splitlines():
            fields = line.split(maxsplit=5)
            if line.endswith(b" (deleted)") and fields[5].startswith(here) and int(fields[4]) not in opened:
                return limit + 1
    except ProcessLookupError:
        return 0
    except OSError as error:
        return 0 if isinstance(error, FileNotFoundError) else limit + 1
    return total


def folder_bytes(folder: Path, limit: int) -> int:
    """What a folder takes on the disk; stops counting above ``limit``. Links are not followed.

    What cannot be looked into counts as over the limit: a folder made deeper than a path may be long, or without the
    right to read it, would else hide what is in it.
    """
    total, files, waiting = 0, 0, [str(folder)]
    while waiting and total <= limit:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if files > _MAX_FILES:
                        return limit + 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    with contextlib.suppress(FileNotFoundError):  # it alone went while it was looked at
                        found = entry.stat(follow_symlinks=False)
                        # Blocks may be taken beyond the end of a file.
                        total += max(found.st_size, 512 * getattr(found, "st_blocks", 0))
        except FileNotFoundError:
            continue  # the whole folder went
        except OSError:
            return limit + 1
    return total
