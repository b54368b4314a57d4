"""One process at a time, on every platform; the system lets go when a process dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artrator.errors import ArtratorError, Code


@contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Hold the lock of a file for the block.

    Args:
        path: The file; it is made, and stays.
        what: What is under way ("The download of …"), for the message.

    Raises:
        ArtratorError: ``conflict`` if another process, or another block of this one, holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise ArtratorError(
                Code.CONFLICT, f"{what} is under way in another program.", cure="Wait until it has ended."
            ) from error
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
