"""Whether a database's name still leads to the file that is open.

A file that is deleted or replaced while it is served goes on taking writes, and nobody ever finds them again: whatever
was answered with success would be lost with the process. So nothing is committed to it, and what it holds is saved.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from artrator import durable

_Identity = tuple[int, int]


class Anchor:
    """The file of an open database.

    Args:
        path: Its name; the database was opened just now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _identity(path)
        #: The log and its index: SQLite would mix what they hold with whatever file they lie beside.
        self._beside: dict[Path, _Identity | None] = {}
        self._lost = False

    def check(self) -> None:
        """Raise sqlite3.OperationalError, as SQLite itself would, if the name leads elsewhere."""
        if self._lost or self._file is None or _identity(self._path) != self._file:
            error = sqlite3.OperationalError("the database was moved, replaced or deleted while it was open")
            error.sqlite_errorcode = sqlite3.SQLITE_READONLY_DBMOVED
            raise error

    def remember(self) -> None:
        """Note which files belong to it, while it is where it was; raises what ``check`` raises."""
        self.check()
        beside = [self._path.with_name(f"{self._path.name}-{kind}") for kind in ("wal", "shm")]
        self._beside = {path: _identity(path) for path in beside}

    def save(self, db: sqlite3.Connection) -> Path:
        """Copy what the open file holds to a new one beside it, whole or not at all; answers where it is.

        If there is another file by the name, the log of the open one is taken away from it: whoever opens it would
        mix the two. The open one can be used no more then.

        Raises:
            OSError, sqlite3.Error: It could not be written.
        """
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        saved = self._path.with_name(f"{self._path.stem}-saved-{moment}{self._path.suffix}")
        scratch = saved.with_name(f"{saved.name}.partial")
        try:
            with contextlib.closing(sqlite3.connect(scratch)) as copy:
                db.backup(copy)
            with scratch.open("rb+") as file:
                os.fsync(file.fileno())
            scratch.chmod(0o600)
            durable.replace(scratch, saved)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
        if self._path.exists():
            self._lost = True
            for path, known in self._beside.items():
                if known is not None and _identity(path) == known:
                    path.replace(path.with_name(f"{path.name}.{moment}"))
        return saved


def _identity(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
