"""SQL of quotes and orders."""

from __future__ import annotations

from typing import Any

from artrator.documents import QuotedPrice
from artrator_registry.orders.models import CheckedReceipt, NewOrder
from artrator_registry.storage import Transaction, as_json


def add_quote(t: Transaction, price: QuotedPrice, *, version: int, creator: str, fee: int, period: str | None) -> None:
    """A new quote: what was signed, the version it is for, who earns by it, and what it is split and paid by."""
    t.run(
        "INSERT INTO quotes (id, buyer, listing, version, package, offer, creator, request, measures, cap, worth, fee,"
        " paid_by, pass, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            price.quote,
            price.buyer,
            price.listing,
            version,
            price.package,
            price.offer,
            creator,
            price.request,
            as_json(price.measures),
            price.cap,
            price.worth,
            fee,
            price.paid_by,
            period,
            price.expires_at,
        ),
    )


def quote(t: Transaction, quote: str) -> Any:
    """A quote, or None."""
    return t.record("SELECT * FROM quotes WHERE id = ?", (quote,))


def forget_quotes(t: Transaction, before: float, limit: int) -> bool:
    """Delete quotes that ended before then, so many at most; answers whether there may be more."""
    ended = "SELECT id FROM quotes WHERE expires_at < ? LIMIT ?"
    return t.run(f"DELETE FROM quotes WHERE id IN ({ended})", (before, limit)).rowcount == limit  # noqa: S608  # ours


def order(t: Transaction, order: str) -> Any:
    """An order, or None."""
    return t.record("SELECT * FROM orders WHERE id = ?", (order,))


def add_order(t: Transaction, new: NewOrder) -> Any:
    """A new order, held; answers its row."""
    ticket = new.ticket
    return t.record(
        "INSERT INTO orders (id, body, buyer, creator, api_key, kind, paid_by, pass, listing, package, node, offer,"
        " request, measures, cap, worth, fee, state, ticket, ticket_digest, created_at, start_by, finish_by,"
        " capture_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'held', ?, ?, ?, ?, ?, ?)"
        " RETURNING *",
        (
            new.id,
            new.body,
            new.buyer,
            new.creator,
            new.api_key,
            ticket.kind,
            ticket.paid_by,
            new.period,
            ticket.listing,
            ticket.package,
            ticket.aud,
            ticket.offer,
            ticket.request,
            as_json(ticket.measures),
            ticket.cap,
            new.worth,
            new.fee,
            new.token,
            new.token_digest,
            t.now,
            ticket.start_by,
            ticket.finish_by,
            ticket.capture_by,
        ),
    )


def orders(t: Transaction, buyer: str, before: int | None, limit: int) -> list[Any]:
    """A buyer's orders, newest first."""
    return t.rows(
        "SELECT * FROM orders WHERE buyer = ? AND serial < ? ORDER BY serial DESC LIMIT ?",
        (buyer, before if before is not None else 2**62, limit),
    )


def keep_late_receipt(t: Transaction, order: str, receipt: CheckedReceipt) -> None:
    """A receipt that came after the hold was released: evidence, if the two sides ever disagree."""
    t.run(
        "UPDATE orders SET late_receipt = ? WHERE id = ? AND late_receipt IS NULL",
        (as_json(receipt.document), order),
    )


def keep_acknowledgement(t: Transaction, order: Any) -> None:
    """The buyer's answer to the receipt, in an order's row that is yet to be written."""
    t.run("UPDATE orders SET acknowledgement = ? WHERE id = ?", (order["acknowledgement"], order["id"]))


def request_cancel(t: Transaction, order: str) -> None:
    """The buyer wants out; the first time counts."""
    t.run(
        "UPDATE orders SET cancel_requested_at = ?, reason = 'cancel_requested'"
        " WHERE id = ? AND cancel_requested_at IS NULL",
        (t.now, order),
    )


def claim(t: Transaction, order: Any, settle_at: float) -> Any:
    """Delivered, says the node's receipt in this row; the buyer may object until then. Answers the row."""
    claimed = {**order, "state": "claimed", "settle_at": settle_at, "reason": None}
    t.run(
        "UPDATE orders SET state = :state, settle_at = :settle_at, reason = :reason, receipt = :receipt,"
        " receipt_digest = :receipt_digest WHERE id = :id",
        claimed,
    )
    return claimed


def dispute(t: Transaction, order: str) -> None:
    """The buyer refused what was delivered, or disputes what was settled."""
    t.run(
        "UPDATE orders SET state = 'disputed', settle_at = NULL, ended_at = NULL, reason = 'disputed' WHERE id = ?",
        (order,),
    )


def end(
    t: Transaction, order: Any, state: str, charged: int, reason: str | None, dispute_until: float | None = None
) -> Any:
    """The order has ended, with the receipt and the acknowledgement that stand in this row; answers the row."""
    ended = {
        **order,
        "state": state,
        "charged": charged,
        "reason": reason,
        "settle_at": None,
        "ended_at": t.now,
        "settled_at": t.now if state == "settled" else None,
        "dispute_until": dispute_until,
    }
    t.run(
        "UPDATE orders SET state = :state, charged = :charged, reason = :reason, settle_at = :settle_at,"
        " ended_at = :ended_at, settled_at = :settled_at, dispute_until = :dispute_until, receipt = :receipt,"
        " receipt_digest = :receipt_digest, acknowledgement = :acknowledgement WHERE id = :id",
        ended,
    )
    return ended


def end_dispute(t: Transaction, order: str, state: str, refunded: int) -> None:
    """What was settled, then disputed, is now decided; it is not disputed again."""
    t.run(
        "UPDATE orders SET state = ?, refunded = ?, reason = ?, dispute_until = NULL, ended_at = ? WHERE id = ?",
        (state, refunded, "refused" if state == "refunded" else None, t.now, order),
    )


def free_runs(t: Transaction, buyer: str, listing: str, since: float) -> int:
    """How many free runs of a listing a buyer has had since then; those that came to nothing do not count."""
    row = t.row(
        "SELECT count(*) FROM orders WHERE buyer = ? AND listing = ? AND paid_by = 'free' AND created_at >= ?"
        " AND state NOT IN ('released', 'refunded')",
        (buyer, listing, since),
    )
    return int(row[0])


def due(t: Transaction, limit: int) -> list[str]:
    """Delivered orders whose time to object is over."""
    rows = t.rows("SELECT id FROM orders WHERE state = 'claimed' AND settle_at <= ? LIMIT ?", (t.now, limit))
    return [row["id"] for row in rows]


def overdue(t: Transaction, grace: float, online: float, limit: int) -> list[str]:
    """Held orders whose node had its time: see ``orders.sweeper`` for the rule."""
    rows = t.rows(
        "SELECT o.id FROM orders o JOIN nodes n ON n.id = o.node WHERE o.state = 'held' AND o.finish_by < ? AND ("
        " o.capture_by < ? OR o.cancel_requested_at IS NOT NULL OR (n.seen_at > ? AND n.seen_at > o.finish_by + ?))"
        " LIMIT ?",
        (t.now - grace, t.now, t.now - online, grace, limit),
    )
    return [row["id"] for row in rows]
