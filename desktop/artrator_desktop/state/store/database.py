"""The database file: opening, migrating, one thread that writes and one that reads.

Writes are durable when their future resolves (``synchronous=FULL``): a row that says "this was bought" must survive the
power cut that follows. A damaged file is moved aside, never deleted, and a new one is begun.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from artrator_desktop.state.store.migrations import migrate

T = TypeVar("T")
log = logging.getLogger(__name__)

#: How long a connection waits for another process of the same user, in seconds.
_BUSY_SECONDS: Final = 5.0


class Database:
    """One SQLite file.

    ``write`` and ``read`` run a function with a connection in their thread and return its future; each write is one
    transaction. After ``close`` the future is a cancelled one: a timer may still go off while the window goes away.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        #: Where a damaged file went when this one was opened, or None.
        self.damaged: Path | None = None
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, read-only, full: the file itself is sound
                raise
            self.damaged = path.with_name(f"{path.stem}.damaged-{int(time.time())}{path.suffix}")
            log.error("the database is damaged (%s); it is kept as %s", error, self.damaged.name)
            path.replace(self.damaged)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._prepare()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="artrator-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="artrator-read")
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._closed = False

    def write(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run ``work`` in one transaction, in the order of the calls."""
        return self._writing.submit(self._write, work) if not self._closed else _too_late()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run ``work`` on the reading connection."""
        return self._reading.submit(self._read, work) if not self._closed else _too_late()

    def read_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the calling thread, on a connection of its own: for the few rows the first paint needs."""
        with contextlib.closing(self._connect()) as connection:
            return work(connection)

    def close(self) -> None:
        """Finish what was asked for, then close."""
        if self._closed:
            return
        self._closed = True
        self._reading.submit(self._close_reader)
        self._writing.submit(self._close_writer)
        self._reading.shutdown(wait=True)
        self._writing.shutdown(wait=True)

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._writer is None:
            self._writer = self._connect()
        self._writer.execute("begin immediate")
        try:
            result = work(self._writer)
        except BaseException:
            self._writer.execute("rollback")
            raise
        self._writer.execute("commit")
        return result

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._reader is None:
            self._reader = self._connect()
        return work(self._reader)

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _prepare(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            connection.execute("pragma journal_mode=wal")
            migrate(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("pragma synchronous=full")
            connection.execute("pragma foreign_keys=on")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _too_late() -> Future[Any]:
    future: Future[Any] = Future()
    future.cancel()
    return future
