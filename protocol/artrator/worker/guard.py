"""What a running worker takes, looked at from outside by a thread that does nothing else.

Memory beyond the hard limit is refused by the kernel itself (``sandbox/limits.py``). What no limit of the system stops
is watched here: time, memory in use, threads, the worker's own folder, and what the machine has left. The thread that
started the process looks, so that an event loop that is busy never delays a kill. While something runs it looks every
``TICK_SECONDS``; while nothing does, once in ``IDLE_SECONDS``.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.worker.limits import Limits
from artrator.worker.usage import Usage, deleted_bytes, folder_bytes, free_bytes, free_memory

#: With a kill in a few milliseconds, a limit holds within 100 ms.
TICK_SECONDS: Final = 0.04
IDLE_SECONDS: Final = 1.0
#: How long after the last run it keeps looking often: between two jobs nobody has to be woken.
_LINGER_SECONDS: Final = 1.0
#: More than any runtime starts, with a pool for each of several sessions.
THREADS: Final = 128 + 16 * (os.cpu_count() or 1)
#: How long the end of a process with much memory may take.
_HIDDEN_SECONDS: Final = 5.0
#: What must stay free on the disk of a worker that may write. No folder shows a file that was unlinked while open.
_FREE_DISK: Final = 512 << 20
#: What must stay free of the machine's memory: less, and everything on it begins to crawl.
_FREE_MEMORY: Final = 256 << 20
#: Looking into a folder may take a twentieth of the time.
_FOLDER_SHARE: Final = 20


@dataclass(frozen=True)
class Breach:
    """A limit that was passed.

    Attributes:
        reason: What whoever waits for the worker is told.
        key: The clock that ran out; None if the whole process is to blame.
    """

    reason: ArtratorError
    key: str | None = None


class Guard:
    """The limits of one process while it lives.

    Args:
        limits: What it may take.
        memory_bytes: Memory in use; 0 for no limit.
        writable: The folder that it may write to; None if there is none.
    """

    def __init__(self, limits: Limits = Limits(), memory_bytes: int = 0, writable: Path | None = None) -> None:  # noqa: B008
        self._limits: Final = limits
        self._memory_bytes: Final = memory_bytes
        self._writable: Final = writable
        self._clocks: Final[dict[str, tuple[float, ArtratorError]]] = {}
        self._news: Final = threading.Event()
        self._busy_until = time.monotonic() + _LINGER_SECONDS
        self._drowsy = False
        self._folder_due = self._hidden_due = 0.0
        self._most_free = 0
        self._hidden_since = 0.0
        self._usage: Usage | None = None

    def expect(self, key: str, seconds: float, reason: ArtratorError) -> None:
        """Have the process ended with ``reason`` unless ``done(key)`` is called within ``seconds``."""
        self._clocks[key] = time.monotonic() + seconds, reason
        if self._drowsy:
            self._news.set()

    def done(self, key: str) -> None:
        """What was expected has happened; harmless if nothing was."""
        if self._clocks.pop(key, None) is not None:
            self._busy_until = time.monotonic() + _LINGER_SECONDS

    def wake(self) -> None:
        """Look now."""
        self._news.set()

    def wait(self, *, ending: bool = False) -> None:
        """Sleep until the next look is due; ``ending``: the process is about to be gone, so look often."""
        now = time.monotonic()
        self._drowsy = not self._clocks and now > self._busy_until
        # A run that came in between the two lines above has seen no sleeper to wake.
        self._drowsy = self._drowsy and not self._clocks
        due = min((deadline for deadline, _ in self._clocks.copy().values()), default=now + IDLE_SECONDS)
        pause = IDLE_SECONDS if self._drowsy else min(TICK_SECONDS, max(due - now, 0.001))
        self._news.wait(0.002 if ending else pause)
        self._news.clear()

    def look(self, pid: int) -> Breach | None:
        """What the process takes too much of now."""
        now = time.monotonic()
        for key, (deadline, reason) in self._clocks.copy().items():  # which no other thread can break into
            if now >= deadline:
                return Breach(reason, key)
        if self._usage is None:
            self._usage = Usage(pid)
        taken, threads = self._usage.now()
        if taken is None:
            # Its first thread has ended: so does the process, or the others go on where nobody can measure them.
            self._hidden_since = self._hidden_since or now
            if now - self._hidden_since > _HIDDEN_SECONDS:
                return _breach("The model hid how much memory it takes.")
            return None
        self._hidden_since = 0.0
        if self._memory_bytes and taken > self._memory_bytes:
            return _breach(f"The model took {taken >> 20} MB of memory; it may take {self._memory_bytes >> 20} MB.")
        if threads > THREADS:
            return _breach(f"The model started {threads} threads; it may have {THREADS}.")
        if taken > _FREE_MEMORY and 0 < free_memory() < _FREE_MEMORY and _is_largest(self, taken):
            return _breach(f"This machine ran out of memory while the model took {taken >> 20} MB of it.")
        return self._look_at_folder(pid, now)

    def close(self) -> None:
        """The process is gone."""
        _measured.pop(self, None)
        if self._usage is not None:
            self._usage.close()

    def _look_at_folder(self, pid: int, now: float) -> Breach | None:
        if self._writable is None or now < self._folder_due:
            return None
        began = time.thread_time()  # a machine that has other things to do makes no look longer
        limit, free = self._limits.scratch_bytes, free_bytes(self._writable)
        taken = folder_bytes(self._writable, limit)
        self._most_free = max(self._most_free, free)
        if now >= self._hidden_due or self._most_free - free > limit // 2:
            # What has no name takes longer to find, so it is looked for when there is less room than there was.
            taken += deleted_bytes(pid, self._writable, limit)
            self._hidden_due = now + IDLE_SECONDS
        self._folder_due = now + min(IDLE_SECONDS, (time.thread_time() - began) * _FOLDER_SHARE)
        if taken > limit:
            return _breach(f"The model wrote more into its folder than the {limit >> 20} MB that it may.")
        if free < _FREE_DISK:
            return _breach(f"Less than {_FREE_DISK >> 20} MB were left on the disk while the model wrote.")
        return None


#: What each guarded process of this one took when it was last looked at.
_measured: Final[dict[Guard, int]] = {}


def _is_largest(guard: Guard, taken: int) -> bool:
    """Whether no other worker takes more: one that ends is enough, and the largest helps most."""
    _measured[guard] = taken
    return all(other <= taken for other in _measured.copy().values())


def _breach(sentence: str) -> Breach:
    return Breach(ArtratorError(Code.WORKER_LIMIT, sentence))
