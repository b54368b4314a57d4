"""One process at a time, on every platform; the system lets go when a process dies."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artrator.errors import ArtratorError, Code


@contextmanager
def only_one(lock: Path, taken: ArtratorError) -> Iterator[None]:
    """Hold a file's lock for the block.

    Args:
        lock: The file; it is made, and stays.
        taken: Raised if another process, or another block of this one, holds it.

    Raises:
        ArtratorError: ``taken``; ``request_invalid`` if the file cannot be opened; ``disk_full``.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise ArtratorError(
            Code.DISK_FULL if full else Code.REQUEST_INVALID,
            f"{lock} cannot be used: {error.strerror}.",
            cure=None if full else "The folder must be its owner's, on a disk that can be written.",
        ) from error
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise taken from error
        yield
    finally:
        os.close(descriptor)  # which lets go of the lock


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
