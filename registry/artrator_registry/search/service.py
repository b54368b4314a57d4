"""Finding listings."""

from __future__ import annotations

from artrator.messages import registry as m
from artrator_registry.listings.cards import cards
from artrator_registry.paging import pack, unpack
from artrator_registry.search import store
from artrator_registry.search.terms import query
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction


class Search:
    """Everything about finding listings."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings

    async def search(
        self, typed: str, task: str | None, tag: str | None, order: str, cursor: str | None, limit: int
    ) -> m.ListingPage:
        """A page of listings."""
        return await self._db.read(_page, typed, task, tag, order, cursor, limit, self._settings.online_seconds)


def _page(
    t: Transaction,
    typed: str,
    task: str | None,
    tag: str | None,
    order: str,
    cursor: str | None,
    limit: int,
    online_seconds: float,
) -> m.ListingPage:
    wanted = query(typed)
    after = unpack(cursor, float, int) if cursor else None
    tasks = store.facets(t, wanted, tag)
    total = sum(tasks.values()) if task is None else tasks.get(task, 0)
    if typed.strip() and not wanted:
        # Only signs were typed: nothing matches them, and showing everything would look like an answer.
        return m.ListingPage(items=[], total=0, tasks={})
    rows = store.page(t, wanted, task, tag, order, (after[0], after[1]) if after else None, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return m.ListingPage(
        items=cards(t, rows, online_seconds),
        total=total,
        tasks=tasks,
        next=pack(float(rows[-1]["place"]), rows[-1]["listing_id"]) if more else None,
    )
