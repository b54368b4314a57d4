"""What one paid job really writes, recorded statement by statement, so that it can be written again without a registry.

A registry is opened in this process, one job is quoted, ordered and settled through its real application, and every
INSERT and UPDATE of its writer is kept with its parameters. ``Recording.again`` gives the same statements for another
job: other ids, the same rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from registry_world import World

from artrator.ids import new_id
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.ledger.models import transfer_id
from artrator_registry.orders.service import Orders
from artrator_registry.storage import Database, Transaction

_P = ParamSpec("_P")
_T = TypeVar("_T")
Parameters = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Parameters]
#: What orders derive transfers from.
_STEPS = ("hold", "capture", "fee")


@dataclass(frozen=True)
class Recording:
    """The statements of each of the three requests, and the ids in them."""

    commits: Sequence[Sequence[Statement]]
    quote: str
    order: str

    def again(self) -> Iterator[Sequence[Statement]]:
        """The same for another job."""
        quote, order = new_id(), new_id()
        new = {self.quote: quote, self.order: order}
        new |= {transfer_id(self.order, step): transfer_id(order, step) for step in _STEPS}
        for statements in self.commits:
            yield [(sql, _renamed(parameters, new)) for sql, parameters in statements]


def _renamed(parameters: Parameters, new: Mapping[str, str]) -> Parameters:
    if isinstance(parameters, Mapping):
        return dict(zip(parameters, _renamed([*parameters.values()], new), strict=True))
    return tuple(new.get(each, each) if isinstance(each, str) else each for each in parameters)


def record(data: Path, credits_: int) -> Recording:
    """Make a registry in ``data`` with a shop and a buyer, run one job, and say what it wrote."""
    return asyncio.run(_record(data, credits_))


class _Written(Transaction):
    """A transaction that keeps what it writes."""

    kept: ClassVar[list[Statement]] = []

    def run(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE")):
            self.kept.append((sql, parameters))
        return super().run(sql, parameters)


class _Recorder(Database):
    """The same database, by a writer of its own that keeps what is written."""

    async def write(
        self, call: Callable[Concatenate[Transaction, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await super().write(lambda t: call(_Written(t.db, t.now), *args, **kwargs))

    async def write_then_finish(
        self, call: Callable[Concatenate[Transaction, _P], Callable[[], _T]], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await super().write_then_finish(lambda t: call(_Written(t.db, t.now), *args, **kwargs))


async def _record(data: Path, credits_: int) -> Recording:
    async with World(Settings(data=data)) as world, contextlib.AsyncExitStack() as stack:
        shop, buyer = await world.shop(), await world.person("buyer", credits_)
        recorder = _Recorder(world.settings.database, world.clock)
        stack.push_async_callback(recorder.close)
        world.registry.orders = Orders(recorder, world.settings, world.registry.authority, world.registry.limits)
        commits = []
        quote = await shop.quote(buyer)
        commits.append(_taken())
        accepted = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
        placed = await buyer.order(new_id(), accepted)
        commits.append(_taken())
        await shop.deliver(buyer, placed)
        commits.append(_taken())
        return Recording(commits, quote.quote, placed.order)


def _taken() -> Sequence[Statement]:
    taken = tuple(_Written.kept)
    _Written.kept.clear()
    return taken
