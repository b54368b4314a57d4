"""The folder that each worker calls its home: made before it, removed after it, swept up when nobody could.

Whoever makes one keeps it locked for as long as it lives. The system lets go of a lock however its holder ends, so a
folder that can be locked belongs to nobody any more, whatever its name or age.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from artrator.worker.removal import remove_folder

PREFIX: Final = "artrator-worker-"
#: Between the making of a folder and its lock nobody may take it for a leftover.
_YOUNG_SECONDS: Final = 60.0
#: Not followed if it is a link, and nothing but a folder.
_FOLDER_ONLY: Final[int] = sum(getattr(os, name, 0) for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC"))

_swept: Final = threading.Lock()
_is_swept = False


class Scratch:
    """A new folder, locked until ``remove``.

    Attributes:
        path: Where it lies.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self) -> None:
        self.path: Final = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = _locked(self.path)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        remove_folder(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep_is_due() -> bool:
    """Whether this process has not swept yet."""
    return not _is_swept


def sweep_once() -> int:
    """``sweep`` the folder for temporary files, once in the life of this process; returns how many went."""
    global _is_swept
    with _swept:
        if _is_swept:
            return 0
        _is_swept = True
        return sweep(Path(tempfile.gettempdir()))


def sweep(folder: Path, young_seconds: float = _YOUNG_SECONDS) -> int:
    """Remove the folders of workers whose maker is dead; returns how many there were.

    Only plain folders of this very user are touched, and only where no stranger could put another in their place.
    """
    if sys.platform == "win32":
        return 0
    count = 0
    with contextlib.suppress(OSError):
        around = folder.stat()
        if around.st_mode & stat.S_IWOTH and not around.st_mode & stat.S_ISVTX:
            return 0
        for name in os.listdir(folder):  # noqa: PTH208 - names, of folders that nobody has looked at yet
            if name.startswith(PREFIX):
                count += _sweep(folder / name, young_seconds)
    return count


def _sweep(path: Path, young_seconds: float) -> bool:
    lock = None
    try:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return False
        if time.time() - found.st_ctime < young_seconds:
            return False
        path.chmod(0o700)  # a worker may have taken away the right to look into it
        lock = _locked(path)
        if lock is None or not os.path.samestat(found, os.fstat(lock)):
            return False
        remove_folder(path)
    except OSError:
        return False
    finally:
        if lock is not None:
            os.close(lock)
    return not path.exists()


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of a folder; None if somebody else has it, or nobody can."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | _FOLDER_ONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
