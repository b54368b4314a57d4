"""SQL of search."""

from __future__ import annotations

from typing import Any

from artrator_registry.storage import Transaction

#: bm25 weights by column: a word in the title says more than one in the description.
_RANKED = "SELECT rowid AS id, bm25(search, 10.0, 4.0, 6.0, 3.0, 1.0) AS rank FROM search WHERE search MATCH ?"
_JOINS = "JOIN versions v ON v.id = l.version JOIN accounts a ON a.id = l.creator"
#: What each order sorts by; smaller comes first, ties by number so that every row has its one place.
ORDERS = {"relevant": "rank", "popular": "-l.runs", "new": "-l.published_at", "price": "l.price"}

_ROW = (
    "l.id AS listing_id, l.listing, l.creator, l.runs, v.id AS version_id, v.version, v.package, v.card,"
    " v.published_at, a.handle, a.display_name"
)


def _matching(query: str, task: str | None, tag: str | None) -> tuple[str, list[object]]:
    ranked = _RANKED if query else "SELECT id, -runs AS rank FROM listings"  # with no words, the popular ones first
    parameters: list[object] = [query] if query else []
    conditions = ["l.version IS NOT NULL"]
    if task is not None:
        conditions.append("l.task = ?")
        parameters.append(task)
    if tag is not None:
        conditions.append("EXISTS (SELECT 1 FROM tags WHERE tags.listing = l.id AND tags.tag = ?)")
        parameters.append(tag)
    joined = f"FROM ({ranked}) s JOIN listings l ON l.id = s.id {_JOINS}"
    return f"{joined} WHERE {' AND '.join(conditions)}", parameters


def page(
    t: Transaction,
    query: str,
    task: str | None,
    tag: str | None,
    order: str,
    after: tuple[float, int] | None,
    limit: int,
) -> list[Any]:
    """Rows of a page, each with its ``place`` in the order."""
    matching, parameters = _matching(query, task, tag)
    beyond = ""
    if after is not None:
        beyond = " AND (CAST(place AS REAL), listing_id) > (?, ?)"
        parameters.extend(after)
    return t.rows(
        f"SELECT * FROM (SELECT {_ROW}, {ORDERS[order]} AS place {matching}) WHERE 1 {beyond}"  # noqa: S608  # fixed parts
        " ORDER BY CAST(place AS REAL), listing_id LIMIT ?",
        [*parameters, limit],
    )


def facets(t: Transaction, query: str, tag: str | None) -> dict[str, int]:
    """How many listings of each task match."""
    matching, parameters = _matching(query, None, tag)
    rows = t.rows(f"SELECT l.task, count(*) AS n {matching} GROUP BY l.task ORDER BY n DESC", parameters)
    return {row["task"]: row["n"] for row in rows}
