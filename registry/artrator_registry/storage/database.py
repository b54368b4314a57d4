"""The database file: opening it, bringing its schema up to date, and the two ways in (one writer, many readers)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import operator
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from artrator.errors import ArtratorError, Code
from artrator.group_commit import GroupCommit
from artrator_registry.storage.anchor import Anchor
from artrator_registry.storage.faults import as_problem
from artrator_registry.storage.homecoming import Homecoming
from artrator_registry.storage.readers import Readers
from artrator_registry.storage.transaction import Clock, Transaction

_log = logging.getLogger("artrator_registry.storage")
_P = ParamSpec("_P")
_T = TypeVar("_T")

#: How long a writer waits for another process (a backup, an administrator's command) before it says so.
_BUSY_SECONDS = 10.0
_LOG_BYTES: Final = 64 * 1024 * 1024
#: As many commands are enough to share a sync.
_GROUP: Final = 64
#: Who comes when this many wait already would give up before being answered, so is told at once.
_MOST_WAITING: Final = 4096


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database with the settings that money needs."""
    db = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,  # BEGIN and COMMIT are written out: no transaction starts by itself
        check_same_thread=False,  # each connection has one owner; closing may happen from another thread
        cached_statements=256,
    )
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        # Without it INSERT OR REPLACE deletes a row past every trigger that forbids it, and books could be rewritten.
        db.execute("PRAGMA recursive_triggers = ON")
        if read_only:
            db.execute("PRAGMA query_only = ON")
        else:
            db.execute("PRAGMA journal_mode = WAL")
            # FULL: a commit that was acknowledged survives a power cut. NORMAL could lose it.
            db.execute("PRAGMA synchronous = FULL")
            # While somebody reads for minutes (an audit), the log cannot start anew; afterwards it is cut back to this.
            db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    except sqlite3.Error:
        db.close()
        raise
    return db


class SchemaError(Exception):
    """The database was written by a version whose rules this one does not know."""


def schema_of(path: Path) -> int:
    """The number of a database's schema; 0 if there is no such file, or nothing in it."""
    if not path.exists():
        return 0
    with contextlib.closing(connect(path, read_only=True)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(path: Path, migrations: Sequence[Migrations], version: int = 0, oldest: int = 0) -> None:
    """Bring the schema up to date; each step is one transaction with its own record.

    Args:
        path: The database; it is made if there is none.
        migrations: The sets, in the order in which they depend on each other.
        version: The number of the schema, which grows with every step; it is kept in ``user_version``.
        oldest: The first number that can be brought up to date.

    Raises:
        SchemaError: The database has a schema that this version does not know.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = connect(path)
    try:
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found > version:
            raise SchemaError(f"{path} was written by a newer version of Artrator (schema {found}): update first.")
        if 0 < found < oldest:
            raise SchemaError(
                f"{path} was made before the first release (schema {found}), whose ledger was another: start anew, "
                "in another folder (--data); the demo does so by itself."
            )
        tables = Tables(db)
        for each in migrations:
            each.apply(tables)
        if found < version:
            db.execute(f"PRAGMA user_version = {version:d}")
    finally:
        db.close()


def statements(*sql: str) -> Callable[[Tables], None]:
    """The body of a migration that runs these statements one by one.

    ``executescript`` would commit behind the migration's back.
    """

    def apply(tables: Tables) -> None:
        for statement in sql:
            tables.conn.execute(statement)

    return apply


def one_of(column: str, *values: str) -> str:
    """SQL that says whether a column has one of these values; what people wrote must not be among them.

    For rules of tables that every job writes: of a list (``IN``) of more than two, SQLite makes a table in memory each
    time that a statement which touches the rule is run. For a paid job that were twenty.
    """
    return "(" + " OR ".join(f"{column} = '{value}'" for value in values) + ")"


class Database:
    """The open database."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        writer = connect(path)
        self._anchor = Anchor(path)
        #: What the file held when it was no longer where it was; see ``look_after_file``.
        self.saved: Path | None = None
        self._writer = GroupCommit(writer, "registry-writer", enough=_GROUP, before_commit=self._anchor.check)
        self._readers = Readers(self._reader, clock)
        self._home: Homecoming | None = None

    async def write(
        self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a quick command in the writer; returns after it is on the disk.

        Cancelling it before its turn comes undoes it.

        Raises:
            ArtratorError: ``storage_busy`` when too many wait already or another program holds the database,
                ``disk_full``, and whatever the command raised.
        """
        done: _T = await self._command(lambda t: call(t, *args, **kwargs))
        return done

    async def write_then_finish(
        self, call: Callable[Concatenate[Transaction, _P], Callable[[], _T]], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a quick command whose answer takes work that needs no database; returns after it is on the disk.

        What the command returns is called while the disk is waited for: the caller gets what that returns or raises.
        """
        finished: _T = await self._command(lambda t: call(t, *args, **kwargs), operator.call)
        return finished

    async def read(
        self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a query on a snapshot, in a thread: for what may take more than a millisecond."""
        bound: Callable[[Transaction], _T] = lambda t: call(t, *args, **kwargs)  # noqa: E731  # typed, unlike partial
        return await self._homecoming().waiting_for(self._readers.submit(bound))

    def glance(self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query on a snapshot, here and now: for a few rows by their keys, which a thread would only delay."""
        return self._readers.run(lambda t: call(t, *args, **kwargs))

    async def look_after_file(self) -> None:
        """See whether the file is where it was. If it is not, what it holds is saved beside it, once.

        Raises:
            ArtratorError: ``disk_full``: it was moved, replaced or deleted, and nothing is written any more.
            OSError, sqlite3.Error: The same, and it could not be saved either.
        """
        try:
            self._anchor.remember()
        except sqlite3.OperationalError as error:
            if self.saved is None:
                self.saved = await self._writer.aside(self._anchor.save)
                _log.critical(
                    "%s was moved, replaced or deleted while it was served; nothing is written any more. All that was"
                    " answered is saved in %s. Stop the registry, remove what is left of %s and of the files beside it"
                    " that end on -wal and -shm, give the saved file its name, and serve it.",
                    *(self.path, self.saved, self.path),
                )
            raise as_problem(error) or error from error

    async def close(self) -> None:
        """Finish what was begun, then close."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._readers.close)
        await self._writer.close()

    async def _command(self, call: Callable[[Transaction], Any], then: Callable[[Any], Any] | None = None) -> Any:
        if self._writer.waiting >= _MOST_WAITING:
            raise ArtratorError(Code.STORAGE_BUSY, "The registry has more to write than it can.", retry_after=2)

        def work(db: sqlite3.Connection) -> Any:
            if answer.cancelled():  # its caller went away before its turn came
                raise asyncio.CancelledError
            return call(Transaction(db, self.clock()))

        answer = self._writer.queue(work, then)
        self._writer.begin()
        try:
            return await answer
        except sqlite3.Error as error:
            problem = as_problem(error)
            if problem is None:
                raise
            raise problem from error

    def _reader(self) -> sqlite3.Connection:
        db = connect(self.path, read_only=True)
        try:
            self._anchor.check()
        except sqlite3.Error:  # it is another database by the name of this one
            db.close()
            raise
        return db

    def _homecoming(self) -> Homecoming:
        loop = asyncio.get_running_loop()
        if self._home is None or self._home.loop is not loop:
            self._home = Homecoming(loop)
        return self._home
