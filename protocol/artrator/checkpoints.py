"""Copying the log of a SQLite file into the file beside its writer, so that no commit does it.

SQLite writes a transaction to a log and copies the log into the file when it is long: by itself, in the commit that
makes it long enough. Whoever waits for that commit waits for hundreds of pages and two syncs more. So:

1. A thread with a connection of its own copies a quarter of a second after something was written. Readers and the
   writer go on meanwhile, and what they add is copied the next time.
2. A log begins anew only when all of it is copied, and under load there is always more of it. So once it is long, the
   little that came during the last copy is copied between two transactions, in the writer's own thread.
3. Who reads for long keeps the log from beginning anew. When it is too long, readers are waited for, briefly, and after
   a vain wait the log may grow to twice its length before the next: a reader of minutes costs a few waits.

A crash leaves the log; whoever opens the file next reads it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_logger = logging.getLogger(__name__)

#: Between two copies: each costs two syncs, and one that is large makes commits beside it wait for the disk.
_REST_SECONDS: Final = 0.25
#: Pages of a log that is to begin anew: 16 MiB. While its file still grows, each commit takes longer.
_LONG: Final = 4096
#: Pages of a log for which readers are waited for.
_TOO_LONG: Final = 2 * _LONG
_PATIENCE_SECONDS: Final = 0.25
#: A log that grew while somebody read is cut back to this when it begins anew.
_KEPT_BYTES: Final = 64 << 20


class Checkpoints:
    """The copying side of a file's log.

    Args:
        db: The writing connection. From now on it copies nothing by itself.
        name: Of the thread, which begins when something is written.
    """

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute(f"PRAGMA journal_size_limit = {_KEPT_BYTES}")
        self._path: Final[str] = db.execute("PRAGMA database_list").fetchone()[2]
        self._name = name
        self._thread: threading.Thread | None = None
        self._written = threading.Event()
        self._over = threading.Event()
        #: SQLite refuses a second copy at the same time.
        self._turn = threading.Lock()
        self._bearable = _TOO_LONG
        #: The log is long, and nearly all of it is copied: time for ``begin_anew``.
        self.due = False

    def wrote(self) -> None:
        """Something was written."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._written.set()

    def begin_anew(self, db: sqlite3.Connection) -> None:
        """Copy the rest by the writing connection, between two transactions, so that the next one begins the log."""
        with self.paused():
            self.due = False
            pages = _copy(db)
            if pages > self._bearable:
                db.execute(f"PRAGMA busy_timeout = {int(_PATIENCE_SECONDS * 1000)}")
                held = _copy(db, "RESTART") == 0
                db.execute("PRAGMA busy_timeout = 0")
                self._bearable = 2 * pages if held else _TOO_LONG

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is copied meanwhile; waits for a copy that is under way."""
        with self._turn:
            yield

    def close(self) -> None:
        """End the thread, after a copy that is under way."""
        self._over.set()
        self._written.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            while not self._over.is_set():
                self._written.wait()
                if self._over.wait(_REST_SECONDS):
                    break
                self._written.clear()
                self._copy_beside(db)
        finally:
            db.close()

    def _copy_beside(self, db: sqlite3.Connection) -> None:
        with self.paused():
            if _copy(db) >= _LONG:
                _copy(db)  # what came meanwhile, so that the writer finds little
                self.due = True


def _copy(db: sqlite3.Connection, how: str = "PASSIVE") -> int:
    """Copy what readers allow; how many pages the log has, or 0 if it was not to be had."""
    try:
        busy, pages, _ = db.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    except sqlite3.Error as error:  # the disk is full, for example: the log stays, and this is tried again
        _logger.warning("A database's log could not be copied: %s.", error)
        return 0
    return 0 if busy else int(pages)
