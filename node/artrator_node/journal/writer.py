"""The journal's one writer: it owns the only writing connection, and commits what waits in one go.

``synchronous=FULL`` makes a commit an fsync: 0.2 to 4 ms. Under load a group shares it. Work that a crash may lose
(progress events) waits for the next group, a quarter of a second at most.

Work runs on the event loop's own thread, each piece in a savepoint of its own, and only what waits (the commit for the
disk, the beginning for another program's lock) runs in a thread: SQLite hands Python's lock over around every step, and
two busy threads that fight for it cost more than the work does (docs/decisions/0034). So work must be quick.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlite_utils import Database

from artrator.errors import ArtratorError, Code
from artrator_node.journal.schema import migrations
from artrator_node.logs import log

_T = TypeVar("_T")
_LAZY_SECONDS: Final = 0.25
#: A group runs for so long before it is committed; what is left over is the next one.
_SLICE_SECONDS: Final = 0.01
#: How long another program may hold the file.
_PATIENCE_MS: Final = 10_000
_INCREMENTAL: Final = 2
_logger = logging.getLogger(__name__)

Work = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True)
class _Item:
    work: Work
    #: None for work that nobody waits for.
    future: asyncio.Future[Any] | None = None
    result: Any = None
    problem: Exception | None = None


class Writer:
    """The writing side of a journal. Everything but ``open`` is called on one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._waiting: deque[_Item] = deque()
        self._asides: deque[tuple[Work, asyncio.Future[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="journal-writer")

    def open(self) -> None:
        """Open the file and bring its tables up to date; raises what that raises."""
        self._connection = connect(self._path)
        migrations.apply(Database(self._connection))
        # What is waited for is waited for in the thread.
        self._connection.execute("PRAGMA busy_timeout = 0")

    async def close(self) -> None:
        """Commit everything and close the file."""
        if self._connection is None:
            return
        if self._waiting:
            self._begin()
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        if self._later is not None:
            self._later.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()
        self._connection = None

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in a transaction; returns once it is durable.

        Raises:
            ArtratorError: ``disk_full``.
        """
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Item(work, future))
        self._begin()
        return await future

    def post(self, work: Work, *, soon: bool = False) -> None:
        """Do ``work`` with the next group, or ``soon``; a crash in between loses it."""
        self._waiting.append(_Item(work))
        if soon:
            self._begin()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(_LAZY_SECONDS, self._begin)

    async def aside(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in the thread, between two transactions: what takes long, and belongs to none."""
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._asides.append((work, future))
        self._begin()
        return await future

    # --- one group after the other

    def _begin(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        assert self._connection is not None  # noqa: S101  # opened before anything is written
        while self._waiting or self._asides:
            if self._waiting:
                await self._transact(self._connection)
            while self._asides:
                work, future = self._asides.popleft()
                try:
                    result = await self._in_thread(work, self._connection)
                except Exception as error:
                    _resolve(future, None, error)
                else:
                    _resolve(future, result, None)

    async def _transact(self, connection: sqlite3.Connection) -> None:
        group: list[_Item] = []
        try:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                await self._in_thread(_begin_patiently, connection)
            until = time.perf_counter() + _SLICE_SECONDS
            while self._waiting and (not group or time.perf_counter() < until):
                group.append(self._waiting.popleft())
                _run(connection, group[-1])
            await self._in_thread(connection.execute, "COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if not group:  # nobody's turn came, because another program holds the file
                group, self._waiting = [*self._waiting], deque()
            for item in group:
                item.result, item.problem = None, error
        for item in group:
            _settle(item)

    async def _in_thread(self, call: Callable[..., _T], *what: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *what)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the journal's settings. Transactions are begun and ended by hand.

    Its owner may use it from several threads, one at a time.
    """
    how: dict[str, Any] = {"isolation_level": None, "timeout": _PATIENCE_MS / 1000, "check_same_thread": False}
    if read_only:
        connection: sqlite3.Connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, **how)
    else:
        connection = sqlite3.connect(path, **how)
        _give_back_what_is_deleted(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # 16 MiB of log before it is copied into the file: under load most pages are written many times until then.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        # What a savepoint would need to undo; in files, it would be as many writes as the work itself.
        connection.execute("PRAGMA temp_store = MEMORY")
        # Outputs are among what is deleted: nobody shall find them in the file afterwards.
        connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.row_factory = sqlite3.Row
    return connection


def _give_back_what_is_deleted(connection: sqlite3.Connection) -> None:
    """Have the file shrink when asked to; an older one is written anew for it, once."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with contextlib.suppress(sqlite3.OperationalError):  # no room, or in use: the next start tries again
            connection.execute("VACUUM")


def _begin_patiently(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute("PRAGMA busy_timeout = 0")


def _run(connection: sqlite3.Connection, item: _Item) -> None:
    """One piece of work in a savepoint of its own, so that its failure is its own."""
    connection.execute("SAVEPOINT item")
    try:
        item.result = item.work(connection)
    except Exception as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # the disk or the file, not the work: nothing of this group can be trusted
        connection.execute("ROLLBACK TO item")
        item.problem = error
    connection.execute("RELEASE item")


def _settle(item: _Item) -> None:
    problem = item.problem
    if isinstance(problem, sqlite3.OperationalError):
        problem = ArtratorError(Code.DISK_FULL, f"The node's journal could not be written: {problem}.")
    if item.future is not None:
        _resolve(item.future, item.result, problem)
    elif problem is not None:
        log(_logger, logging.WARNING, "journal_write_lost", reason=type(problem).__name__)


def _resolve(future: asyncio.Future[Any], result: Any, problem: Exception | None) -> None:
    if future.done():  # whoever waited went away
        return
    if problem is not None:
        future.set_exception(problem)
    else:
        future.set_result(result)
