"""SQL of disputes."""

from __future__ import annotations

from typing import Any

from artrator_registry.storage import Transaction

_SEEN = (
    "SELECT d.*, o.listing, o.receipt, o.acknowledgement, o.late_receipt, b.handle AS buyer_handle,"
    " c.handle AS creator_handle FROM disputes d JOIN orders o ON o.id = d.order_id"
    " JOIN accounts b ON b.id = d.buyer JOIN accounts c ON c.id = d.creator"
)


def dispute(t: Transaction, order: str) -> Any:
    """The dispute about an order with what both sides see of it, or None."""
    return t.row(f"{_SEEN} WHERE d.order_id = ?", (order,))


def add(t: Transaction, order: Any, reason: str, text: str, amount: int, *, settled: bool) -> None:
    """A new dispute about an order (its row), open."""
    t.run(
        "INSERT INTO disputes (order_id, buyer, creator, reason, text, amount, settled, opened_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (order["id"], order["buyer"], order["creator"], reason, text, amount, int(settled), t.now),
    )


def say(
    t: Transaction,
    order: str,
    body: str,
    reason: str,
    text: str,
    salt: str | None,
    request: str | None,
    fits: bool | None,
) -> None:
    """What the buyer says about it."""
    t.run(
        "UPDATE disputes SET body = ?, reason = ?, text = ?, salt = ?, request = ?, evidence_fits = ?"
        " WHERE order_id = ?",
        (body, reason, text, salt, request, fits, order),
    )


def answer(t: Transaction, order: str, text: str) -> None:
    """What the creator says to it."""
    t.run(
        "UPDATE disputes SET state = 'answered', answer = ?, answered_at = ? WHERE order_id = ?", (text, t.now, order)
    )


def decide(t: Transaction, order: str, winner: str, by: str, note: str, covered: int) -> None:
    """It is decided; the operator paid ``covered`` of what went back."""
    t.run(
        "UPDATE disputes SET state = 'decided', decided_for = ?, decided_by = ?, decided_at = ?, note = ?, covered = ?"
        " WHERE order_id = ?",
        (winner, by, t.now, note, covered, order),
    )


def disputes(t: Transaction, person: str, before: int | None, limit: int) -> list[Any]:
    """A person's disputes as buyer and as creator, newest first."""
    last = before if before is not None else 2**62
    return t.rows(
        # Two walks along an index each instead of one over everything.
        f"SELECT * FROM (SELECT * FROM ({_SEEN} WHERE d.buyer = ? AND d.serial < ? ORDER BY d.serial DESC LIMIT ?)"  # noqa: S608
        f" UNION SELECT * FROM ({_SEEN} WHERE d.creator = ? AND d.serial < ? ORDER BY d.serial DESC LIMIT ?))"
        " ORDER BY serial DESC LIMIT ?",
        (person, last, limit, person, last, limit, limit),
    )


def undecided(t: Transaction) -> list[Any]:
    """Every dispute that waits for somebody, oldest first."""
    return t.rows(f"{_SEEN} WHERE d.state <> 'decided' ORDER BY d.serial")


def unanswered(t: Transaction, patience: float, limit: int) -> list[str]:
    """Orders whose delivery was refused so long ago, and whose creator has said nothing to it."""
    rows = t.rows(
        "SELECT order_id FROM disputes WHERE state <> 'decided' AND state = 'open' AND settled = 0 AND opened_at < ?"
        " ORDER BY serial LIMIT ?",
        (t.now - patience, limit),
    )
    return [row["order_id"] for row in rows]


def rates(t: Transaction, listing: str, since: float) -> Any:
    """What happened to a listing's orders since then, its creator's own left out."""
    return t.row(
        "SELECT count(*) FILTER (WHERE o.state = 'settled') AS settled,"
        " count(*) FILTER (WHERE o.state = 'released' AND o.reason NOT IN ('cancelled', 'job_cancelled')) AS failed,"
        " count(*) FILTER (WHERE o.state = 'disputed') AS disputed,"
        " count(*) FILTER (WHERE o.state = 'refunded') AS refunded"
        " FROM orders o WHERE o.listing = ? AND o.created_at >= ? AND o.buyer <> o.creator",
        (listing, since),
    )


def reasons(t: Transaction, listing: str, since: float) -> dict[str, int]:
    """How many of a listing's orders since then were disputed for which reason."""
    rows = t.rows(
        "SELECT d.reason, count(*) AS number FROM orders o JOIN disputes d ON d.order_id = o.id"
        " WHERE o.listing = ? AND o.created_at >= ? GROUP BY d.reason ORDER BY d.reason",
        (listing, since),
    )
    return {row["reason"]: row["number"] for row in rows}
