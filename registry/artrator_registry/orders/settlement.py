"""How an order ends: the only functions that resolve a hold. Each is called inside a writer's transaction."""

from __future__ import annotations

import json
from typing import Any

from artrator.documents import Receipt
from artrator.money import split
from artrator_registry.accounts import service as accounts
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import FEES, Why, earnings, transfer_id
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.orders import store
from artrator_registry.orders.receipts import charge
from artrator_registry.storage import Transaction


def open_hold(t: Transaction, order: Any) -> None:
    """Set the cap aside, from what the buyer can spend to what the creator earns."""
    if order["cap"]:
        ledger.hold(
            t,
            transfer_id(order["id"], "hold"),
            order["buyer"],
            earnings(order["creator"]),
            order["cap"],
            Why("order", order=order["id"], listing=order["listing"]),
            order["capture_by"],
        )


def settle(t: Transaction, order: Any, fee_basis_points: int) -> None:
    """Charge what was delivered: the creator gets it, less the operator's fee; the rest goes back to the buyer."""
    receipt = Receipt.peek(json.loads(order["receipt"]))
    offer = parsed.offer(listings.offer_by_digest(t, order["offer"])["document"])
    amount = charge(order, offer, receipt)
    why = Why("order", order=order["id"], listing=order["listing"], receipt=order["receipt_digest"])
    hold = transfer_id(order["id"], "hold")
    if amount:
        ledger.capture(t, transfer_id(order["id"], "capture"), hold, amount, why)
        _, fee = split(amount, [10_000 - fee_basis_points, fee_basis_points])
        if fee:
            reason = Why("fee", order=order["id"], listing=order["listing"], receipt=order["receipt_digest"])
            ledger.move(t, transfer_id(order["id"], "fee"), earnings(order["creator"]), FEES, fee, reason)
    elif order["cap"]:
        ledger.release(t, transfer_id(order["id"], "release"), hold, why)
    store.end(t, order["id"], "settled", amount, None)
    _give_back(t, order, order["cap"] - amount)
    if order["buyer"] != order["creator"]:  # trying the own model does not make it popular
        listings.count_run(t, order["listing"])


def release(t: Transaction, order: Any, reason: str, *, state: str = "released", expired: bool = False) -> None:
    """Give the whole hold back."""
    if order["cap"]:
        why = Why("order", order=order["id"], listing=order["listing"], receipt=order["receipt_digest"], note=reason)
        hold = transfer_id(order["id"], "hold")
        ledger.release(t, transfer_id(order["id"], "release"), hold, why, expired=expired)
    store.end(t, order["id"], state, 0, reason)
    _give_back(t, order, order["cap"])


def _give_back(t: Transaction, order: Any, amount: int) -> None:
    if order["api_key"] is not None:
        accounts.give_back(t, order["api_key"], amount)
