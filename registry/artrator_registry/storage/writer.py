"""The one writer: a thread that owns the only writing connection and commits many commands at once.

1. ``submit`` queues a command (a function of a transaction) and returns a future.
2. The thread takes everything that is queued, opens one transaction, and runs each command in a savepoint of its own,
   so that a command that fails undoes itself and not its neighbours.
3. It commits once. Only then are the futures resolved: whoever was told "yes" finds it on the disk after a power cut.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

from artrator.errors import ArtratorError, Code
from artrator_registry.storage.faults import as_problem
from artrator_registry.storage.transaction import Clock, Transaction

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: More commands than this in one transaction gain nothing (the fsync is already shared) and make the first ones wait.
_GROUP: Final = 128
#: Who comes when this many wait already would give up before being answered, so is told at once.
_MOST_WAITING: Final = 4096


@dataclass
class _Command:
    call: Callable[[Transaction], Any]
    future: Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """The writing side of the database."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._queue: queue.SimpleQueue[_Command | None] = queue.SimpleQueue()
        self._closed = False
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="registry-writer", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[Transaction], _T]) -> Future[_T]:
        """Queue a command. The future is resolved after the commit, or with what the command raised.

        Raises:
            ArtratorError: ``storage_busy`` when too many wait already.
        """
        if self._queue.qsize() >= _MOST_WAITING:
            raise ArtratorError(Code.STORAGE_BUSY, "The registry has more to write than it can.", retry_after=2)
        future: Future[_T] = Future()
        with self._guard:  # nothing may be queued behind the end mark: nobody would ever answer it
            if self._closed:
                raise RuntimeError("the registry is shutting down")
            self._queue.put(_Command(call, future))
        return future

    def close(self) -> None:
        """Finish what is queued, then close the connection."""
        with self._guard:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        db = self._connect()
        try:
            going = True
            while going:
                going, group = self._take()
                if group:
                    self._commit(db, group)
        finally:
            db.close()

    def _take(self) -> tuple[bool, list[_Command]]:
        group: list[_Command] = []
        command = self._queue.get()
        while command is not None:
            if command.future.set_running_or_notify_cancel():
                group.append(command)
            if len(group) >= _GROUP:
                return True, group
            try:
                command = self._queue.get_nowait()
            except queue.Empty:
                return True, group
        return False, group

    def _commit(self, db: sqlite3.Connection, group: list[_Command]) -> None:
        try:
            db.execute("BEGIN IMMEDIATE")
            for command in group:
                self._run(db, command)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            # The disk is full or the lock could not be had: SQLite keeps either all of a transaction or none of it.
            with contextlib.suppress(sqlite3.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
            problem = as_problem(error) or error
            for command in group:
                command.future.set_exception(problem)
            return
        for command in group:
            if command.error is None:
                command.future.set_result(command.result)
            else:
                command.future.set_exception(command.error)

    def _run(self, db: sqlite3.Connection, command: _Command) -> None:
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
