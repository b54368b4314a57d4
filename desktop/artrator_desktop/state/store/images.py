"""Finished pictures: one row each, with everything needed to make it again and to prove what was paid for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

#: Below this a prefix query of the full-text index finds too little, or in Korean nothing at all: a plain scan is used.
_FULL_TEXT_FROM: Final = 3


@dataclass(frozen=True)
class ImageRecord:
    """A row of the gallery.

    Attributes:
        inputs: The completed inputs that the node got; files stand by digest.
        source: The file that was the (first) image input, or an empty text: what "compare" compares with.
        descriptor: The signed descriptor of the node, whose receipt key signed ``receipt``.
        outputs: How many pictures the order made; ``position`` counts them from 0.
        cost: Micro-credits paid for the whole order.
        seconds: From the order to its delivery.
        sha256: Of the output as the node signed it. The saved file has the same pixels with metadata added.
    """

    id: int
    order_id: str
    position: int
    outputs: int
    listing: str
    version: str
    title: str
    task: str
    package: str
    prompt: str
    inputs: Mapping[str, Any]
    source: str
    node: str
    node_name: str
    descriptor: Mapping[str, Any]
    receipt: Mapping[str, Any]
    acknowledgement: Mapping[str, Any]
    cost: int
    seconds: float
    favourite: bool
    sha256: str
    size: int
    width: int
    height: int
    path: str
    created_at: float

    @property
    def made_here(self) -> bool:
        """Whether this computer made it: then there is a record of the run instead of a receipt, and no order."""
        return "local" in self.receipt


_JSON: Final = ("inputs", "descriptor", "receipt", "acknowledgement")
_COLUMNS: Final = tuple(field.name for field in fields(ImageRecord))
#: What was deleted a moment ago is still a row, but nobody sees it.
_SEEN: Final = "id not in (select image from trash)"


@dataclass(frozen=True)
class ImageQuery:
    """Which pictures, in which order; ``oldest`` turns it around."""

    text: str = ""
    favourites: bool = False
    listing: str = ""
    oldest: bool = False


@dataclass(frozen=True)
class Totals:
    """What the gallery holds, and its listings, the fullest first: (listing, title, count)."""

    count: int
    favourites: int
    size: int
    listings: Sequence[tuple[str, str, int]]


def add(connection: sqlite3.Connection, record: ImageRecord) -> int:
    """Insert a row (its ``id`` is ignored) and return its id. The same output of an order is never there twice."""
    values = {name: getattr(record, name) for name in _COLUMNS if name != "id"}
    values |= {name: json.dumps(values[name], ensure_ascii=False) for name in _JSON}
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(f"insert or ignore into image ({names}) values ({marks})", values)  # noqa: S608  # names of ours
    row = connection.execute(
        "select id from image where order_id = ? and position = ?", (record.order_id, record.position)
    ).fetchone()
    return int(row["id"])


def ids(connection: sqlite3.Connection, query: ImageQuery) -> list[int]:
    """The ids of the pictures that match, newest first."""
    where, values = _where(query)
    turn = "asc" if query.oldest else "desc"
    rows = connection.execute(f"select id from image{where} order by created_at {turn}, id {turn}", values)  # noqa: S608
    return [row[0] for row in rows]


def records(connection: sqlite3.Connection, wanted: Sequence[int]) -> dict[int, ImageRecord]:
    """Rows by id; those that are gone are missing."""
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(f"select * from image where id in ({marks})", list(wanted))  # noqa: S608  # marks only
    return {row["id"]: _record(row) for row in rows}


def newest(connection: sqlite3.Connection, limit: int) -> list[ImageRecord]:
    """The last pictures that were made."""
    rows = connection.execute(f"select * from image where {_SEEN} order by created_at desc, id desc limit ?", (limit,))  # noqa: S608
    return [_record(row) for row in rows]


def earlier(connection: sqlite3.Connection, listing: str, prompt: str, but: int, limit: int) -> list[ImageRecord]:
    """The last pictures of a listing with the same prompt, without the one that is looked at."""
    rows = connection.execute(
        f"select * from image where listing = ? and prompt = ? and id <> ? and {_SEEN} "  # noqa: S608  # words of ours
        "order by created_at desc, id desc limit ?",
        (listing, prompt, but, limit),
    )
    return [_record(row) for row in rows]


def made_by(connection: sqlite3.Connection, orders: Sequence[str]) -> dict[str, int]:
    """How many pictures each of these orders made, as far as they are known here."""
    found: dict[str, int] = {}
    for start in range(0, len(orders), 500):  # SQLite allows some thousands of values in one statement
        some = orders[start : start + 500]
        marks = ", ".join("?" * len(some))
        rows = connection.execute(
            f"select order_id, max(outputs) as n from image where order_id in ({marks}) group by order_id",  # noqa: S608
            list(some),
        )
        found |= {row["order_id"]: row["n"] for row in rows}
    return found


def of_order(connection: sqlite3.Connection, order: str) -> int:
    """The first picture of an order, or -1."""
    row = connection.execute(
        f"select id from image where order_id = ? and {_SEEN} order by position limit 1",  # noqa: S608  # words of ours
        (order,),
    ).fetchone()
    return int(row["id"]) if row is not None else -1


def totals(connection: sqlite3.Connection) -> Totals:
    """Counts for the header and the chips."""
    count, favourites, size = connection.execute(
        f"select count(*), coalesce(sum(favourite), 0), coalesce(sum(size), 0) from image where {_SEEN}"  # noqa: S608
    ).fetchone()
    listings = connection.execute(
        f"select listing, max(title) as title, count(*) as n from image where {_SEEN} "  # noqa: S608  # words of ours
        "group by listing order by n desc limit 12"
    ).fetchall()
    return Totals(count, favourites, size, [(row["listing"], row["title"], row["n"]) for row in listings])


def set_favourite(connection: sqlite3.Connection, wanted: Sequence[int], on: bool) -> None:
    """Mark or unmark."""
    connection.executemany("update image set favourite = ? where id = ?", [(int(on), each) for each in wanted])


def _record(row: sqlite3.Row) -> ImageRecord:
    values = {name: row[name] for name in _COLUMNS}
    values |= {name: _facts(values[name]) for name in _JSON}
    return ImageRecord(**values | {"favourite": bool(values["favourite"])})


def _facts(text: str) -> dict[str, Any]:
    """A column of JSON. One that is damaged takes neither its row with it nor the ninety-nine beside it."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _where(query: ImageQuery) -> tuple[str, list[Any]]:
    conditions = [_SEEN]
    values: list[Any] = []
    if query.favourites:
        conditions.append("favourite")
    if query.listing:
        conditions.append("listing = ?")
        values.append(query.listing)
    for word in query.text.split():
        if len(word) >= _FULL_TEXT_FROM and word.isalnum():
            conditions.append("id in (select rowid from image_words where image_words match ?)")
            values.append(f'"{word}"*')
        else:
            conditions.append("(prompt like ? escape '!' or title like ? escape '!' or inputs like ? escape '!')")
            pattern = "%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
            values += [pattern] * 3
    return " where " + " and ".join(conditions), values
