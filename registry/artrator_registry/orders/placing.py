"""Placing an order: the hold, the order and its ticket in one transaction. Runs and purchases share it."""

from __future__ import annotations

from typing import Any

from artrator.errors import ArtratorError, Code
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.limits import Limits
from artrator_registry.orders import settlement, store
from artrator_registry.orders.models import NewOrder
from artrator_registry.rails import debts
from artrator_registry.storage import Transaction


def repeated(t: Transaction, who: Caller, order: str, body: str) -> Any:
    """The row of an order that this very request placed before, or None.

    Args:
        t: The transaction.
        who: Who sends the request.
        order: The id that the client made.
        body: The digest of the canonical request, which differs between runs and purchases.

    Raises:
        ArtratorError: ``conflict``: the id stands for something else.
    """
    row = store.order(t, order)
    if row is not None and (row["buyer"] != who.account or row["body"] != body):
        raise ArtratorError(Code.CONFLICT, "This order id was used for something else.")
    return row


def place(t: Transaction, new: NewOrder, limits: Limits) -> Any:
    """Write a new order, count it against its API key and set its cap aside; answers its row.

    Raises:
        ArtratorError: ``credits_insufficient debt_unpaid rate_limited spending_limit``.
    """
    debts.require_none(t, new.buyer)
    if new.api_key is not None:
        accounts.spend(t, new.api_key, new.ticket.cap)
    row = store.add_order(t, new)
    settlement.open_hold(t, row)
    limits.orders.require(new.buyer)
    if new.ticket.cap == 0:
        limits.free.take(new.buyer)
    limits.orders.take(new.buyer)  # last, so that what is refused counts for nothing
    return row
