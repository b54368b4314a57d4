"""The database file: opening, migrating, one thread that writes and one that reads.

Writes are durable when their future resolves (``synchronous=FULL``): a row that says "this was bought" must survive the
power cut that follows. A damaged file is kept, never deleted; what can be read of it goes over into a new one.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from artrator_desktop.state.store.migrations import STEPS, migrate
from artrator_desktop.state.store.rescue import lenient, look_only, rescue

T = TypeVar("T")
log = logging.getLogger(__name__)

#: How long a connection waits for another process of the same user, in seconds.
_BUSY_SECONDS: Final = 5.0
#: How SQLite's log beside the file begins, in either order of bytes; it takes any other for empty, and says nothing.
_LOG_MARKS: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
#: What the application cannot do without. All of it is read when the file is opened: some kilobytes.
_VITAL: Final = ("setting", "draft", "outbox", "errand", "waiting")


@dataclass(frozen=True)
class Damage:
    """A damaged file was found: where it is kept, and how much of it could be read."""

    kept: Path
    pictures: int
    orders: int


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file itself is damaged, and not that it is locked, read-only or full."""
    # SQLite's "malformed" and "not a database" come as the base class; what has its own kind leaves the file sound.
    return type(error) is sqlite3.DatabaseError


class Database:
    """One SQLite file.

    ``write`` and ``read`` run a function with a connection in their thread and return its future; each write is one
    transaction. After ``close`` the future is a cancelled one: a timer may still go off while the window goes away.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Left by whoever met damage while the application ran, for the next start.
        self._mark = path.with_name(f"{path.name}-damaged")
        self._fresh = path.with_name(f"{path.name}-fresh")
        #: What happened to a damaged file when this one was opened, or None.
        self.damage: Damage | None = None
        #: Called once, in any thread, if damage is met while the application runs.
        self.on_damage: Callable[[], object] | None = None
        self._noticed = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        for each in (path, self._log, self._beside("-shm")):
            if each.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(each))
        try:
            self._look_over()
            self._prepare()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._begin_anew(error)
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
        with self._noticing(), contextlib.closing(self._connect()) as connection:
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
        with self._noticing():
            if self._writer is None:
                self._writer = self._connect()
            self._writer.execute("begin immediate")
            try:
                result = work(self._writer)
                self._writer.execute("commit")
            except BaseException:
                # A full disk has ended it already, and a second end would hide the reason.
                if self._writer.in_transaction:
                    self._writer.execute("rollback")
                raise
            return result

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._noticing():
            if self._reader is None:
                self._reader = self._connect()
            return work(self._reader)

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()

    @property
    def _log(self) -> Path:
        return self._beside("-wal")

    def _beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    # --- damage

    @contextlib.contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if is_damage(error) and self._noticed.acquire(blocking=False):
                log.error("the database is damaged (%s); the next start keeps what can be read of it", error)
                with contextlib.suppress(OSError):  # then the next start meets it as this one did
                    self._mark.touch()
                if self.on_damage is not None:
                    self.on_damage()
            raise

    def _look_over(self) -> None:
        """Find the damage that SQLite passes over: an empty file is a new one to it, and a log of noise is none."""
        if not self.path.exists():
            if self._fresh.exists():
                raise sqlite3.DatabaseError("a start before this one ended while it was mended")
            if self._log.exists() and self._log.stat().st_size:
                raise sqlite3.DatabaseError("it is gone, and has left its log")
            self._mark.unlink(missing_ok=True)
        elif not self.path.stat().st_size:
            raise sqlite3.DatabaseError("the file is empty")
        elif self._mark.exists():
            raise sqlite3.DatabaseError("damage was met when it was last used")
        elif not self._log_is_sound():
            raise sqlite3.DatabaseError("its log is damaged")
        else:
            with contextlib.closing(look_only(self.path)) as connection:
                self._read_vital(connection)

    def _read_vital(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("pragma user_version").fetchone()[0]
        if version != len(STEPS):  # an older one has other tables, and is read once it has these
            return
        for table in _VITAL:
            for _row in connection.execute(f"select * from {table}"):  # noqa: S608  # names of ours
                pass
        with self.path.open("rb") as file:
            head = file.read(100)
        pages, size = int.from_bytes(head[28:32], "big"), int.from_bytes(head[16:18], "big")
        if self.path.stat().st_size < pages * (65_536 if size == 1 else size):
            # Cut off; or a crash came while the log was folded into it, and then the log has the rest.
            (said,) = connection.execute("pragma quick_check(1)").fetchone()
            if said != "ok":
                raise sqlite3.DatabaseError(said)

    def _log_is_sound(self) -> bool:
        if not self._log.exists() or not self._log.stat().st_size:
            return True
        with self._log.open("rb") as file:
            return file.read(4) in _LOG_MARKS

    def _begin_anew(self, reason: sqlite3.DatabaseError) -> None:
        """Put the file aside and begin a new one with what can be read of it. May be killed anywhere, and goes on."""
        kept = self._free_name()
        if self.path.exists() or not self._fresh.exists():
            if not self._log_is_sound():
                self._log.replace(kept.with_name(f"{kept.name}-wal"))
            for end in ("", "-journal"):
                self._fresh.with_name(self._fresh.name + end).unlink(missing_ok=True)
            with contextlib.closing(self._connect(self._fresh)) as connection:
                migrate(connection)
                if self.path.exists() and self.path.stat().st_size:
                    rescue(self.path, connection)
        if self.path.exists():
            self.path.replace(kept)  # from here on the new one is whole, and only has to take its place
        if self._log.exists() and self._log.stat().st_size:
            self._log.replace(kept.with_name(f"{kept.name}-wal"))
        for end in ("-wal", "-shm"):
            self._beside(end).unlink(missing_ok=True)
        self._fresh.replace(self.path)
        self._mark.unlink(missing_ok=True)
        self._prepare()
        pictures, orders = self.read_now(
            lambda c: c.execute("select (select count(*) from image), (select count(*) from outbox)").fetchone()
        )
        self.damage = Damage(kept, pictures, orders)
        log.error("the database is damaged (%s); it is kept as %s", reason, kept.name)

    def _free_name(self) -> Path:
        moment = int(time.time())
        while (name := self.path.with_name(f"{self.path.stem}.damaged-{moment}{self.path.suffix}")).exists():
            moment += 1
        return name

    # --- connections

    def _prepare(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            connection.execute("pragma journal_mode=wal")
            migrate(connection)

    def _connect(self, path: Path | None = None) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path or self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.text_factory = lenient
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
