"""A whole registry on a database in memory, without threads and without HTTP: thousands of steps in seconds.

The services, the stores, the schema with its triggers and SQLite itself are the real ones; only the two threads and the
disk between them are missing, and those have tests of their own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from unittest import mock

from artrator.keys import PrivateKey
from artrator.rail import Rail
from artrator_registry import Settings
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.core import Registry
from artrator_registry.ledger.audit import audit
from artrator_registry.storage import Clock, Transaction, connect

_P = ParamSpec("_P")
_T = TypeVar("_T")


class InlineDatabase:
    """What ``storage.Database`` is for its callers: each command a transaction, done before it returns."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._db = _in_memory(connect(path, read_only=True))

    def reset(self, other: sqlite3.Connection) -> None:
        """Become a copy of another database."""
        self._db.close()
        self._db = _in_memory(other, close=False)

    def copy(self) -> sqlite3.Connection:
        return _in_memory(self._db, close=False)

    async def write(
        self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = call(Transaction(self._db, self.clock()), *args, **kwargs)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return result

    async def write_then_finish(
        self, call: Callable[Concatenate[Transaction, _P], Callable[[], _T]], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return (await self.write(call, *args, **kwargs))()

    async def read(
        self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return self.glance(call, *args, **kwargs)

    def glance(self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return call(Transaction(self._db, self.clock()), *args, **kwargs)

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        return self._db.execute(sql, parameters).fetchall()

    async def close(self) -> None:
        self._db.close()


def _in_memory(source: sqlite3.Connection, *, close: bool = True) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    source.backup(db)
    if close:
        source.close()
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
    return db


class InlineRegistry:
    """A registry and its time, which stands still unless it is told to go on."""

    def __init__(self, settings: Settings, rails: Mapping[str, Rail] | None = None, now: float = 1.8e9) -> None:
        self.now = now
        self.loop = asyncio.Runner()
        with mock.patch("artrator_registry.core.Database", InlineDatabase):
            self.registry = Registry(settings, lambda: self.now, rails)
        self.database: InlineDatabase = self.registry.database  # type: ignore[assignment]
        self.run(self.registry.rails.prepare())

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    def write(self, call: Callable[..., _T], *arguments: Any, **more: Any) -> _T:
        result: _T = self.run(self.database.write(call, *arguments, **more))
        return result

    def person(self, handle: str, key: PrivateKey) -> Caller:
        """An account, without the ceremony of signing in."""
        account = self.write(accounts._create, key.public, handle, handle)
        return Caller(account["id"], handle, key.public.encode())

    def audit(self) -> list[str]:
        return list(self.run(self.database.read(audit)))

    def sweep(self) -> int:
        """A sweep of a registry that has been up for long, whose clock did not jump but moved."""
        self.registry.sweeper.trust_the_clock()
        ended: int = self.run(self.registry.sweeper.sweep(up_seconds=10**6))
        return ended

    def close(self) -> None:
        self.run(self.registry.rails.aclose())
        self.run(self.database.close())
        self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
