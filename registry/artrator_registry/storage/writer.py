"""The one writer: it owns the only writing connection and commits many commands at once.

1. ``write`` queues a command (a function of a transaction).
2. Everything that is queued is run in one transaction, each command in a savepoint of its own, so that a command that
   fails undoes itself and not its neighbours.
3. It is committed once. While the disk is waited for, the loop finishes what the commands left for then (signing a
   quote, putting an answer together: nothing that reads or writes) and reads what comes next.
4. Only then are the callers answered: whoever was told "yes" finds it on the disk after a power cut.

Commands run on the event loop's own thread, and only what waits (the commit for the disk, the beginning for another
program's lock) runs in a thread: handing Python's lock to and fro between two busy threads costs more than the commands
do, see docs/decisions/0031. So a command must be quick; a group is cut off when others have waited long enough.
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

from artrator.errors import ArtratorError, Code
from artrator_registry.storage.faults import as_problem
from artrator_registry.storage.transaction import Clock, Transaction

_T = TypeVar("_T")

#: A group runs for so long before it is committed: long enough to share a sync, short enough for who waits to be read.
_SLICE_SECONDS: Final = 0.01
#: As many are enough to share a sync.
_GROUP: Final = 64
#: Who comes when this many wait already would give up before being answered, so is told at once.
_MOST_WAITING: Final = 4096


@dataclass(slots=True)
class _Command:
    call: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    #: Its result is yet to be called.
    unfinished: bool
    result: Any = None
    error: BaseException | None = None


class Writer:
    """The writing side of the database, for one event loop at a time."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], clock: Clock) -> None:
        self._db = connect()
        #: How long to wait for another program. Only the thread may, so the connection itself does not.
        self._patience: int = self._db.execute("PRAGMA busy_timeout").fetchone()[0]
        self._db.execute("PRAGMA busy_timeout = 0")
        # What a savepoint would need to undo is then kept in memory: in files, it was three times what a job writes.
        self._db.execute("PRAGMA temp_store = MEMORY")
        self._clock = clock
        self._waiting: deque[_Command] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="registry-writer")
        self._closed = False

    async def write(self, call: Callable[[Transaction], _T]) -> _T:
        """Run a command; returns after the commit, or raises what the command raised.

        Cancelling it before its turn comes undoes it.

        Raises:
            ArtratorError: ``storage_busy`` when too many wait already.
        """
        answer: asyncio.Future[_T] = self._queue(call, unfinished=False)
        return await answer

    async def write_then_finish(self, call: Callable[[Transaction], Callable[[], _T]]) -> _T:
        """The same of a command that answers with the rest of its work, for the time in which the disk is waited for.

        What that returns or raises, the caller gets. It must not touch the database; what was written stands.
        """
        answer: asyncio.Future[_T] = self._queue(call, unfinished=True)
        return await answer

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])
        self._thread.shutdown(wait=True)
        self._db.close()

    def _queue(self, call: Callable[[Transaction], Any], *, unfinished: bool) -> asyncio.Future[Any]:
        if self._closed:
            raise RuntimeError("the registry is shutting down")
        if len(self._waiting) >= _MOST_WAITING:
            raise ArtratorError(Code.STORAGE_BUSY, "The registry has more to write than it can.", retry_after=2)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(_Command(call, future, unfinished))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return future

    async def _work(self) -> None:
        while self._waiting:
            await self._gather()
            group: list[_Command] = []
            try:
                await self._begin()
                self._run_waiting(group)
                await self._commit(group)
            except BaseException as error:
                # The disk is full or the lock could not be had: SQLite keeps either all of a transaction or none of it.
                with contextlib.suppress(sqlite3.Error):
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                if not isinstance(error, sqlite3.Error):
                    raise
                if not group:  # nobody's turn came, because another program holds the lock
                    group, self._waiting = [*self._waiting], deque()
                for command in group:
                    command.error = as_problem(error) or error
                _answer(group)

    async def _gather(self) -> None:
        """Let the loop turn while that brings more: requests that have arrived already belong to this group."""
        found = 0
        while found < len(self._waiting) < _GROUP:
            found = len(self._waiting)
            await asyncio.sleep(0)  # sockets are read in one turn, and what they brought is queued in the next
            await asyncio.sleep(0)

    async def _begin(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {self._patience}")
        try:
            self._db.execute("BEGIN IMMEDIATE")
        finally:
            self._db.execute("PRAGMA busy_timeout = 0")

    def _run_waiting(self, group: list[_Command]) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        while self._waiting:
            command = self._waiting.popleft()
            if not command.future.cancelled():
                group.append(command)
                self._run(command)
            if time.perf_counter() >= until:
                break

    def _run(self, command: _Command) -> None:
        db = self._db
        db.execute("SAVEPOINT command")
        try:
            command.result = command.call(Transaction(db, self._clock()))
        except BaseException as error:
            if not db.in_transaction:
                # A full disk makes SQLite drop the whole transaction by itself; the neighbours must hear of it.
                if isinstance(error, sqlite3.Error):
                    raise
                raise sqlite3.OperationalError("the transaction is gone") from error
            db.execute("ROLLBACK TO command")
            problem = as_problem(error) if isinstance(error, sqlite3.Error) else None
            command.error = problem or error
        db.execute("RELEASE command")

    async def _commit(self, group: list[_Command]) -> None:
        committed = asyncio.get_running_loop().run_in_executor(self._thread, self._db.execute, "COMMIT")
        _finish(group)
        await committed
        _answer(group)


def _finish(group: list[_Command]) -> None:
    for command in group:
        if command.unfinished and command.error is None:
            command.unfinished = False
            try:
                command.result = command.result()
            except BaseException as error:  # whatever it is, the commit that is under way must be waited for
                command.error = error


def _answer(group: list[_Command]) -> None:
    for command in group:
        if command.future.done():  # its caller went away
            continue
        if command.error is None:
            command.future.set_result(command.result)
        else:
            command.future.set_exception(command.error)
