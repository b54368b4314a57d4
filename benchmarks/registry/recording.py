"""What one paid job really writes, recorded statement by statement, so that it can be written again without a registry.

A registry is opened in this process, one job is quoted, ordered and settled through its real application, and every
INSERT and UPDATE of its writer is kept with its parameters. ``Recording.again`` gives the same statements for another
job: other ids, the same rows.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from registry_world import World

from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.ledger.models import transfer_id
from artrator_registry.storage import Transaction

Statement = tuple[str, tuple[Any, ...]]
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
        quote, order = str(uuid.uuid4()), str(uuid.uuid4())
        new = {self.quote: quote, self.order: order}
        new |= {transfer_id(self.order, step): transfer_id(order, step) for step in _STEPS}
        for statements in self.commits:
            yield [
                (sql, tuple(new.get(each, each) if isinstance(each, str) else each for each in parameters))
                for sql, parameters in statements
            ]


def record(data: Path, credits_: int) -> Recording:
    """Make a registry in ``data`` with a shop and a buyer, run one job, and say what it wrote."""
    return asyncio.run(_record(data, credits_))


async def _record(data: Path, credits_: int) -> Recording:
    written: list[Statement] = []
    plain = Transaction.run

    def run(self: Transaction, sql: str, parameters: Sequence[object] = ()) -> Any:
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE")):
            written.append((sql, tuple(parameters)))
        return plain(self, sql, parameters)

    async with World(Settings(data=data)) as world:
        shop, buyer = await world.shop(), await world.person("buyer", credits_)
        Transaction.run = run  # type: ignore[method-assign]
        try:
            commits = []
            quote = await shop.quote(buyer)
            commits.append(written[:])
            written.clear()
            accepted = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
            placed = await buyer.order(str(uuid.uuid4()), accepted)
            commits.append(written[:])
            written.clear()
            await shop.deliver(buyer, placed)
            commits.append(written[:])
        finally:
            Transaction.run = plain  # type: ignore[method-assign]
        return Recording([tuple(each) for each in commits], quote.quote, placed.order)
