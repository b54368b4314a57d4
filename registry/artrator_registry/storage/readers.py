"""The readers: a few threads, each with a read-only connection of its own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from artrator_registry.storage.faults import as_problem
from artrator_registry.storage.transaction import Clock, Transaction

_T = TypeVar("_T")


class Readers:
    """A pool of read-only connections. Each call sees one snapshot of the database."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], clock: Clock, threads: int = 4) -> None:
        self._connect = connect
        self._clock = clock
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="registry-reader")

    def submit(self, call: Callable[[Transaction], _T]) -> Future[_T]:
        """Run a query in one of the threads."""
        return self._pool.submit(self.run, call)

    def close(self) -> None:
        """Wait for running queries and close every connection."""
        self._pool.shutdown(wait=True)
        for db in self._open:
            db.close()

    def run(self, call: Callable[[Transaction], _T]) -> _T:
        """Run a query in the calling thread, which gets a connection of its own."""
        try:
            db = self._connection()
            db.execute("BEGIN")
            try:
                return call(Transaction(db, self._clock()))
            finally:
                db.execute("COMMIT")
        except sqlite3.Error as error:
            problem = as_problem(error)
            if problem is None:
                raise
            raise problem from error

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._connect()
            self._local.db = db
            with self._guard:
                self._open.append(db)
        return db
