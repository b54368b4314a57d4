"""The journal's one writer: a group commit, and what a crash may lose, which waits for the next group.

``synchronous=FULL`` makes a commit an fsync: 0.2 to 4 ms. Under load a group shares it. Work that a crash may lose
(progress events) begins no group by itself for a quarter of a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlite_utils import Database

from artrator.errors import ArtratorError, Code
from artrator.group_commit import GroupCommit
from artrator_node.journal.schema import migrations
from artrator_node.logs import log

_T = TypeVar("_T")
_LAZY_SECONDS: Final = 0.25
#: How long another program may hold the file.
_PATIENCE_SECONDS: Final = 10.0
_INCREMENTAL: Final = 2
_logger = logging.getLogger(__name__)


class Writer:
    """The writing side of a journal. Everything but the beginning is called on one event loop.

    Opening the file brings its tables up to date; raises what that raises.
    """

    def __init__(self, path: Path) -> None:
        connection = connect(path)
        migrations.apply(Database(connection))
        self._commits: Final = GroupCommit(connection, "journal-writer")
        self._later: asyncio.TimerHandle | None = None

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in a transaction; returns once it is durable.

        Raises:
            ArtratorError: ``disk_full``.
        """
        try:
            return await self._commits.write(work)
        except sqlite3.OperationalError as error:
            raise ArtratorError(Code.DISK_FULL, f"The node's journal could not be written: {error}.") from error

    def post(self, work: Callable[[sqlite3.Connection], Any], *, soon: bool = False) -> None:
        """Do ``work`` with the next group, or ``soon``; a crash in between loses it."""
        self._commits.queue(work).add_done_callback(_tell_of_loss)
        if soon:
            self._commits.begin()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(_LAZY_SECONDS, self._begin)

    async def aside(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` in the thread, between two transactions: what takes long, and belongs to none."""
        return await self._commits.aside(work)

    async def close(self) -> None:
        """Commit everything and close the file."""
        if self._later is not None:
            self._later.cancel()
        await self._commits.close()

    def _begin(self) -> None:
        self._later = None
        self._commits.begin()


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the journal's settings. Transactions are begun and ended by hand.

    Its owner may use it from several threads, one at a time.
    """
    how: dict[str, Any] = {"isolation_level": None, "timeout": _PATIENCE_SECONDS, "check_same_thread": False}
    if read_only:
        connection: sqlite3.Connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, **how)
    else:
        connection = sqlite3.connect(path, **how)
        _give_back_what_is_deleted(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # 16 MiB of log before it is copied into the file: under load most pages are written many times until then.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
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


def _tell_of_loss(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and (problem := done.exception()) is not None:
        log(_logger, logging.WARNING, "journal_write_lost", reason=type(problem).__name__)
