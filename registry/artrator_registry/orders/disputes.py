"""What an operator decides about a delivery that its buyer refused. Until then the money stays held."""

from __future__ import annotations

from typing import Any

from artrator.errors import ArtratorError, Code
from artrator_registry.orders import settlement, store
from artrator_registry.storage import Transaction


def disputed(t: Transaction) -> list[Any]:
    """Every open dispute, oldest first, with the handles of both sides."""
    return t.rows(
        "SELECT o.id, o.listing, o.cap, o.created_at, o.acknowledgement, b.handle AS buyer, c.handle AS creator"
        " FROM orders o JOIN accounts b ON b.id = o.buyer JOIN accounts c ON c.id = o.creator"
        " WHERE o.state = 'disputed' ORDER BY o.serial"
    )


def resolve(t: Transaction, order: str, winner: str) -> Any:
    """Give a disputed order's money to ``buyer`` or ``creator``; answers the order's row."""
    row = store.order(t, order)
    if row is None:
        raise ArtratorError(Code.ORDER_UNKNOWN, "There is no such order.")
    if row["state"] != "disputed":
        raise ArtratorError(Code.ORDER_CLOSED, f"This order is {row['state']}, not disputed.")
    if winner == "creator":
        settlement.settle(t, row)
    else:
        settlement.release(t, row, "refused", state="refunded")
    return store.order(t, order)
