"""One thread owns the journal's only writing connection, and commits what queued meanwhile in one go.

``synchronous=FULL`` makes a commit an fsync: 0.2 to 4 ms. Under load a group shares it. Work that a crash may lose
(progress events) waits for the next group, a quarter of a second at most.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlite_utils import Database

from artrator.errors import ArtratorError, Code
from artrator_node.journal.schema import migrations
from artrator_node.logs import log

_T = TypeVar("_T")
_LAZY_SECONDS: Final = 0.25
#: A group this large is committed without waiting for more.
_GROUP: Final = 256
_logger = logging.getLogger(__name__)

Work = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True)
class _Item:
    work: Work
    #: None for work that nobody waits for.
    future: asyncio.Future[Any] | None = None
    loop: asyncio.AbstractEventLoop | None = None
    #: Whether it may wait for the next group.
    lazy: bool = False


class Writer:
    """The writing side of a journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._ready: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def open(self) -> None:
        """Open the file, bring its tables up to date and start the thread; raises what that raises."""
        self._thread.start()
        problem = self._ready.get()
        if problem is not None:
            raise problem

    def close(self) -> None:
        """Commit everything and close the file."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in a transaction; returns once it is durable.

        Raises:
            ArtratorError: ``disk_full``.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self._queue.put(_Item(work, future, loop))
        return await future

    def post(self, work: Work, *, soon: bool = False) -> None:
        """Do ``work`` with the next group, or ``soon``; a crash in between loses it."""
        self._queue.put(_Item(work, lazy=not soon))

    # --- the thread

    def _run(self) -> None:
        try:
            connection = connect(self._path)
            migrations.apply(Database(connection))
        except Exception as error:
            self._ready.put(error)
            return
        self._ready.put(None)
        try:
            while (group := self._collect()) is not None:
                self._commit(connection, group)
        finally:
            connection.close()

    def _collect(self) -> list[_Item] | None:
        """The next group, or None when the journal closes."""
        first = self._queue.get()
        if first is None:
            return None
        group = [first]
        while len(group) < _GROUP:
            lazy = all(item.lazy for item in group)
            try:
                item = self._queue.get(timeout=_LAZY_SECONDS) if lazy else self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._queue.put(None)  # seen again by the next call, after this group is committed
                break
            group.append(item)
        return group

    def _commit(self, connection: sqlite3.Connection, group: list[_Item]) -> None:
        done: list[tuple[_Item, Any, Exception | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for item in group:
                done.append((item, *_attempt(connection, item.work)))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            done = [(item, None, error) for item in group]
        for item, result, problem in done:
            _settle(item, result, problem)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the journal's settings. Transactions are begun and ended by hand."""
    if read_only:
        # Its owner may close it from another thread than the one that asked.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10, check_same_thread=False
        )
    else:
        connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.row_factory = sqlite3.Row
    return connection


def _attempt(connection: sqlite3.Connection, work: Work) -> tuple[Any, Exception | None]:
    """One piece of work in a savepoint of its own, so that its failure is its own."""
    connection.execute("SAVEPOINT item")
    try:
        result = work(connection)
    except Exception as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # the disk or the file, not the work: nothing of this group can be trusted
        connection.execute("ROLLBACK TO item")
        connection.execute("RELEASE item")
        return None, error
    connection.execute("RELEASE item")
    return result, None


def _settle(item: _Item, result: Any, problem: Exception | None) -> None:
    if isinstance(problem, sqlite3.OperationalError):
        problem = ArtratorError(Code.DISK_FULL, f"The node's journal could not be written: {problem}.")
    if item.future is None or item.loop is None:
        if problem is not None:
            log(_logger, logging.WARNING, "journal_write_lost", reason=type(problem).__name__)
        return
    item.loop.call_soon_threadsafe(_resolve, item.future, result, problem)


def _resolve(future: asyncio.Future[Any], result: Any, problem: Exception | None) -> None:
    if future.cancelled():
        return
    if problem is not None:
        future.set_exception(problem)
    else:
        future.set_result(result)
