"""Errands: what is asked of the registry under an id of our own, written down before it is asked.

A press whose answer was lost is repeated under the same id, in this run or the next, and so does its work once.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from artrator_desktop.state.store.database import Database

T = TypeVar("T")

#: After these nobody knows whether it was done, so that the next try must carry the same id.
_UNDECIDED: Final = frozenset({"internal", "rate_limited", "registry_unreachable", "storage_busy"})
#: An undecided press is repeated within this time; later, the same wish is a new one.
_SAME_SECONDS: Final = 86_400.0

Body = Mapping[str, Any]


class Errands:
    """Runs things once. Its coroutines belong to the engine's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._born = time.time()

    async def once(
        self, registry: str, kind: str, body: Body, send: Callable[[str], Awaitable[T]], *, follow: bool = False
    ) -> T:
        """Send ``body`` under its id. With ``follow`` it stays on the list until ``end``, else only while undecided."""
        from artrator.errors import ArtratorError

        number = await self._write(lambda connection: begin(connection, registry, kind, body))
        try:
            answer = await send(number)
        except ArtratorError as error:
            if error.code.value not in _UNDECIDED:
                await self.end(number)
            raise
        if follow:
            await self._write(lambda connection: connection.execute(_DECIDE, (number,)))
        else:
            await self.end(number)
        return answer

    async def open(self, registry: str, kind: str) -> list[tuple[str, Body]]:
        """Those that have not ended, oldest first, without what this run is still asking."""
        return await self._write(lambda connection: listed(connection, registry, kind, self._born))

    async def end(self, number: str) -> None:
        """It needs nothing more."""
        await self._write(lambda connection: connection.execute("delete from errand where id = ?", (number,)))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._database.write(work))


_DECIDE: Final = "update errand set decided = 1 where id = ?"


def begin(connection: sqlite3.Connection, registry: str, kind: str, body: Body) -> str:
    """The id of an undecided errand of the same words, or a new one."""
    text = json.dumps(body, sort_keys=True)
    row = connection.execute(
        "select id from errand where registry = ? and kind = ? and body = ? and not decided and begun_at > ?",
        (registry, kind, text, time.time() - _SAME_SECONDS),
    ).fetchone()
    if row is not None:
        return str(row["id"])
    number = str(uuid.uuid4())
    connection.execute(
        "insert into errand (id, registry, kind, body, begun_at) values (?, ?, ?, ?, ?)",
        (number, registry, kind, text, time.time()),
    )
    return number


def listed(connection: sqlite3.Connection, registry: str, kind: str, before: float) -> list[tuple[str, Body]]:
    """Errands of a kind that were answered, or begun before a moment, with what they asked; oldest first."""
    rows = connection.execute(
        "select id, body from errand where registry = ? and kind = ? and (decided or begun_at < ?) order by begun_at",
        (registry, kind, before),
    )
    return [(str(row["id"]), _words(row["body"])) for row in rows]


def _words(text: str) -> Body:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # its id is what it is followed by
        return {}
    return found if isinstance(found, dict) else {}
