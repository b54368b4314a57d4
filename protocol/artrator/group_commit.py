"""The one writer of a SQLite file: many pieces of work share a commit, and nobody is answered before it is on the disk.

1. A piece of work (a function of the connection) is queued.
2. Everything that is queued is run in one transaction, each piece in a savepoint of its own, so that a piece that fails
   undoes itself and not its neighbours.
3. It is committed once. While the disk is waited for, the loop does what the pieces left for then (signing a quote,
   putting an answer together: nothing that reads or writes) and reads what comes next.
4. Only then are the callers answered: with ``synchronous=FULL``, whoever was told "yes" finds it on the disk after a
   power cut.

Work runs on the event loop's own thread, and only what waits (the commit for the disk, the beginning for another
program's lock) runs in a thread: SQLite hands Python's lock over around every step, and two busy threads that fight for
it cost more than the work does, see docs/decisions/0031. So a piece must be quick; a group is cut off when others have
waited long enough.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

#: A group runs for so long before it is committed: long enough to share a sync, short enough for who waits to be read.
_SLICE_SECONDS: Final = 0.01


@dataclass(slots=True)
class _Piece:
    work: Callable[[sqlite3.Connection], Any]
    #: What is left to do with its result while the disk is waited for.
    then: Callable[[Any], Any] | None
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """The writing side of a file, for one event loop at a time.

    Args:
        db: The file's only writing connection, without transactions of its own (``isolation_level=None``) and for one
            thread at a time (``check_same_thread=False``). Its patience (``busy_timeout``) is how long another program
            is waited for. It is closed in the end.
        name: Of the thread.
        enough: The loop is let turn while that brings more, until so many wait; 0 begins a group at once.
        before_commit: Raises sqlite3.Error if nothing may be written now; quick, and without the file's help.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        name: str,
        *,
        enough: int = 0,
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        self._db = db
        self._enough = enough
        self._before_commit = before_commit
        self._patience: int = db.execute("PRAGMA busy_timeout").fetchone()[0]
        # Only the thread may wait for another program, so the connection itself does not.
        db.execute("PRAGMA busy_timeout = 0")
        # What a savepoint would need to undo is kept in memory: in files, it would be more writes than the work itself.
        db.execute("PRAGMA temp_store = MEMORY")
        self._waiting: deque[_Piece] = deque()
        self._asides: deque[_Piece] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for their turn."""
        return len(self._waiting)

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in the next group; returns after the commit, or raises what the work raised.

        It is done even if its caller goes away.

        Raises:
            sqlite3.Error: The file could not be written; nothing of the group was.
        """
        answer: asyncio.Future[_T] = self.queue(work)
        self.begin()
        return await answer

    async def aside(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in the thread, between two transactions: what takes long, and belongs to none."""
        answer: asyncio.Future[_T] = self._put(self._asides, work)
        self.begin()
        return await answer

    def queue(
        self, work: Callable[[sqlite3.Connection], Any], then: Callable[[Any], Any] | None = None
    ) -> asyncio.Future[Any]:
        """Have ``work`` done in the next group, whoever begins that; a future of its result, after the commit.

        What the work returns is handed to ``then`` while the disk is waited for. The caller gets what that returns or
        raises; it must not touch the database, and what was written stands.

        Raises:
            RuntimeError: It is closed.
        """
        return self._put(self._waiting, work, then)

    def begin(self) -> None:
        """See to it that what is queued is done now."""
        if (self._waiting or self._asides) and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Take nothing more, finish what is queued, then close the connection."""
        self._closed = True
        self.begin()
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        self._thread.shutdown()
        await asyncio.to_thread(self._db.close)  # it may have a log to copy into the file

    def _put(
        self,
        queue: deque[_Piece],
        work: Callable[[sqlite3.Connection], Any],
        then: Callable[[Any], Any] | None = None,
    ) -> asyncio.Future[Any]:
        if self._closed:
            raise RuntimeError("nothing is written after the end")
        piece = _Piece(work, then, asyncio.get_running_loop().create_future())
        queue.append(piece)
        return piece.future

    # --- one group after the other

    async def _work(self) -> None:
        while self._waiting or self._asides:
            if self._waiting:
                await self._gather()
                await self._transact()
            while self._asides:
                await self._step_aside(self._asides.popleft())

    async def _gather(self) -> None:
        """Let the loop turn while that brings more: requests that have arrived already belong to this group."""
        found = 0
        while found < len(self._waiting) < self._enough:
            found = len(self._waiting)
            await asyncio.sleep(0)  # sockets are read in one turn, and what they brought is queued in the next
            await asyncio.sleep(0)

    async def _transact(self) -> None:
        group: list[_Piece] = []
        try:
            await self._begin_transaction()
            self._run_waiting(group)
            await self._commit(group)
        except BaseException as error:
            # The disk is full or the lock could not be had: SQLite keeps either all of a transaction or none of it.
            # Or the loop ends, and then the thread may be in the middle of something.
            self._thread.submit(self._roll_back).result()
            if not group:  # nobody's turn came, because another program holds the lock
                group, self._waiting = [*self._waiting], deque()
            for piece in group:
                piece.error = error
            _answer(group)
            if not isinstance(error, Exception):  # what is waiting still is not this group's, and has its turn
                raise

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    async def _begin_transaction(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            await self._in_thread(self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {self._patience}")
        try:
            self._db.execute("BEGIN IMMEDIATE")
        finally:
            self._db.execute("PRAGMA busy_timeout = 0")

    def _run_waiting(self, group: list[_Piece]) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        while self._waiting:
            group.append(self._waiting.popleft())
            self._run(group[-1])
            if time.perf_counter() >= until:
                break

    def _run(self, piece: _Piece) -> None:
        db = self._db
        db.execute("SAVEPOINT piece")
        try:
            piece.result = piece.work(db)
        except BaseException as error:
            if not db.in_transaction:
                # A full disk makes SQLite drop the whole transaction by itself; the neighbours must hear of it.
                if isinstance(error, sqlite3.Error):
                    raise
                raise sqlite3.OperationalError("the transaction is gone") from error
            db.execute("ROLLBACK TO piece")
            piece.error = error
        db.execute("RELEASE piece")

    async def _commit(self, group: list[_Piece]) -> None:
        if self._before_commit is not None:
            self._before_commit()
        committed = self._in_thread(self._db.execute, "COMMIT")
        _finish(group)
        await committed
        _answer(group)

    async def _step_aside(self, piece: _Piece) -> None:
        try:
            piece.result = await self._in_thread(piece.work, self._db)
        except Exception as error:
            piece.error = error
        _answer([piece])

    def _in_thread(self, call: Callable[..., _T], *what: Any) -> asyncio.Future[_T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *what)


def _finish(group: list[_Piece]) -> None:
    for piece in group:
        if piece.then is not None and piece.error is None:
            try:
                piece.result = piece.then(piece.result)
            except BaseException as error:  # whatever it is, the commit that is under way must be waited for
                piece.error = error


def _answer(group: list[_Piece]) -> None:
    for piece in group:
        if piece.future.done():  # its caller went away
            continue
        if piece.error is None:
            piece.future.set_result(piece.result)
        elif isinstance(piece.error, StopIteration):  # no future takes it, because it would end whoever waits
            piece.future.set_exception(RuntimeError("the work raised StopIteration"))
        else:
            piece.future.set_exception(piece.error)
