"""SQL of what this registry may have forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from artrator_registry.storage import Transaction


def restored(t: Transaction, copied_at: float) -> None:
    """This database is a copy that was made then, and is served from now on. The first time counts."""
    t.run("INSERT INTO restores (copied_at, served_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (copied_at, t.now))


def restores(t: Transaction) -> list[Any]:
    """Every time this registry was restored from a copy, oldest first."""
    return t.rows("SELECT * FROM restores ORDER BY served_at")


def lost_since(t: Transaction, served_after: float) -> float | None:
    """When the oldest copy was made that this registry was restored from lately."""
    row = t.row("SELECT min(copied_at) FROM restores WHERE served_at > ?", (served_after,))
    at: float | None = row[0]
    return at


def count_strays(t: Transaction, node: str) -> int:
    """How many receipts a node has brought for orders that nobody knows."""
    return int(t.row("SELECT count(*) FROM stray_receipts WHERE node = ?", (node,))[0])


def keep_stray(
    t: Transaction, order: str, node: str, outcome: str, package: str, digest: str, finished_at: float
) -> None:
    """A receipt for an order that nobody knows; the first one counts."""
    t.run(
        "INSERT INTO stray_receipts (order_id, node, outcome, package, receipt_digest, finished_at, received_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (order, node, outcome, package, digest, finished_at, t.now),
    )


def strays(t: Transaction) -> Iterator[Any]:
    """Every receipt for an order that nobody knows, oldest first."""
    return t.run("SELECT * FROM stray_receipts ORDER BY finished_at, order_id")


def silent(t: Transaction, seen_before: float, finish_before: float) -> Iterator[Any]:
    """Orders whose time is over and whose node has not been heard of since then."""
    return t.run(
        "SELECT o.id, o.node, o.capture_by, n.seen_at FROM orders o JOIN nodes n ON n.id = o.node"
        " WHERE o.state = 'held' AND o.finish_by < ? AND coalesce(n.seen_at, 0) < ? ORDER BY o.serial",
        (finish_before, seen_before),
    )


def late(t: Transaction, since: float) -> Iterator[Any]:
    """Orders that were released since then, and whose node said afterwards what it did."""
    return t.run(
        "SELECT id, reason, ended_at, late_receipt FROM orders"
        " WHERE late_receipt IS NOT NULL AND ended_at >= ? ORDER BY serial",
        (since,),
    )
