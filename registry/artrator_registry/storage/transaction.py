"""What a store is given: a connection inside a transaction, and the one time that is true within it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from artrator.errors import ArtratorError, Code

Clock = Callable[[], float]


class Transaction(NamedTuple):
    """An open transaction. ``now`` is the registry's clock, read once when the transaction began."""

    db: sqlite3.Connection
    now: float

    def run(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> sqlite3.Cursor:
        """Run one statement, its parameters by place (``?``) or by name (``:name``).

        Raises:
            ArtratorError: ``request_invalid`` for a number that no column can hold. Messages have bounds of their own;
                this is for the one that was forgotten.
        """
        try:
            return self.db.execute(sql, parameters)
        except OverflowError as error:
            raise ArtratorError(Code.REQUEST_INVALID, "A number in this is larger than any that is kept.") from error

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Every row of a query, as ``sqlite3.Row``."""
        return self.run(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first row of a query, or None."""
        return self.run(sql, parameters).fetchone()

    def record(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first row of a query as a dict, or None.

        For wide rows: a ``sqlite3.Row`` looks for each name from its first column on.
        """
        row = self.row(sql, parameters)
        return None if row is None else dict(zip(row.keys(), row, strict=True))
