"""What can go wrong below the SQL, told apart so that the caller hears a cure instead of a traceback."""

from __future__ import annotations

import sqlite3
from typing import Final

from artrator.errors import ArtratorError, Code

#: The disk, and not its being full: somebody must look at it.
_DISK: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_HELD: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def fault_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code (the low byte of the extended ones); 0 if the module itself complains."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def as_problem(error: sqlite3.Error) -> ArtratorError | None:
    """The error to answer with, or None if this is a mistake of ours."""
    fault = fault_of(error)
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        return ArtratorError(
            Code.DISK_FULL,
            "The registry's database was moved, replaced or deleted while it was served; nothing was changed.",
            cure="Its operator must put it back, as its log says; repeat the request then.",
        )
    if fault == sqlite3.SQLITE_FULL:
        return ArtratorError(Code.DISK_FULL, "The disk of the registry is full; nothing was changed.")
    if fault in _DISK:
        return ArtratorError(
            Code.DISK_FULL,
            "The registry could not use its disk; nothing was changed.",
            cure="Its operator must look at the disk; repeat the request when it works again.",
        )
    if fault in _HELD:
        return ArtratorError(
            Code.STORAGE_BUSY, "Another program holds the registry's database; nothing was changed.", retry_after=1
        )
    return None
