"""What can go wrong below the SQL, told apart so that the caller hears a cure instead of a traceback."""

from __future__ import annotations

import sqlite3

from artrator.errors import ArtratorError, Code

#: Primary result codes of SQLite (the low byte of the extended ones).
_FULL, _IOERR, _READONLY, _CANTOPEN = 13, 10, 8, 14
_BUSY, _LOCKED = 5, 6


def as_problem(error: sqlite3.Error) -> ArtratorError | None:
    """The error to answer with, or None if this is a mistake of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_FULL, _IOERR, _READONLY, _CANTOPEN):
        return ArtratorError(Code.DISK_FULL, "The registry could not write to its disk; nothing was changed.")
    if code in (_BUSY, _LOCKED):
        return ArtratorError(
            Code.STORAGE_BUSY, "Another program holds the registry's database; nothing was changed.", retry_after=1
        )
    return None
