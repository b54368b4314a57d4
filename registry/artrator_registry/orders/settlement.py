"""How an order ends: the only functions that resolve a hold. Each is called inside a writer's transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from artrator.documents import Receipt
from artrator_registry.accounts import service as accounts
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import Why, earnings, transfer_id
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.orders import shares, store
from artrator_registry.orders.models import CheckedReceipt
from artrator_registry.orders.receipts import shortfall, worth
from artrator_registry.passes import usage
from artrator_registry.storage import Transaction

#: What else an order of a kind does when it has been settled, in the same transaction and with its fresh row: a
#: purchase has its licence issued. Orders know nothing of what is bought with them: whoever does hangs it in here.
AFTER: Final[dict[str, Callable[[Transaction, Any], None]]] = {}

#: What must come with the receipt of a delivered order of a kind, before it counts: of a purchase, the key.
CLAIMED: Final[dict[str, Callable[[Transaction, Any, CheckedReceipt, str | None], None]]] = {}
#: Kinds that are paid only if their buyer says so: silence gives the hold back. Of anything else it is consent.
ANSWERED: Final = frozenset({"purchase"})


def open_hold(t: Transaction, order: Any) -> None:
    """Set the cap aside, from what the buyer can spend to what the creator earns."""
    if order["cap"]:
        ledger.hold(
            t,
            transfer_id(order["id"], "hold"),
            order["buyer"],
            earnings(order["creator"]),
            order["cap"],
            Why(_kind(order), order=order["id"], listing=order["listing"]),
            order["capture_by"],
        )


def claimed(t: Transaction, order: Any, receipt: CheckedReceipt, key: str | None) -> None:
    """Take what must come with the receipt of an order (its row) of this kind; of most kinds it is nothing."""
    if order["kind"] in CLAIMED:
        CLAIMED[order["kind"]](t, order, receipt, key)


def settle(t: Transaction, order: Any, receipt: Receipt | None = None, *, dispute_until: float | None = None) -> Any:
    """Charge what was delivered: the creator gets it, less fee and royalties; the rest goes back to the buyer.

    Args:
        t: The transaction.
        order: Its row, with the documents that were heard of it, written or not.
        receipt: What the row's receipt says, where it has just been read.
        dispute_until: Until when the buyer may still dispute it.

    Returns:
        The row.
    """
    receipt = receipt or Receipt.peek(json.loads(order["receipt"]))
    offer = parsed.offer(listings.offer_by_digest(t, order["offer"])["document"])
    delivered = worth(order, offer, receipt)
    amount = min(int(order["cap"]), delivered)
    short = shortfall(receipt)
    note = "" if short is None else f"a part of what was ordered ({short})"
    why = Why(_kind(order), order=order["id"], listing=order["listing"], receipt=order["receipt_digest"], note=note)
    hold = transfer_id(order["id"], "hold")
    if amount:
        ledger.capture(t, transfer_id(order["id"], "capture"), hold, amount, why)
        shares.hand_out(t, order["id"], shares.divide(t, amount, order["creator"], order["fee"], offer), why)
    elif order["cap"]:
        ledger.release(t, transfer_id(order["id"], "release"), hold, why)
    if order["pass"] is not None:
        usage.pay(t, order, delivered, offer)
    ended = store.end(t, order, "settled", amount, short, dispute_until)
    _give_back(t, order, order["cap"] - amount)
    if order["buyer"] != order["creator"]:  # trying the own model does not make it popular
        listings.count_run(t, order["listing"])
    if order["kind"] in AFTER:
        AFTER[order["kind"]](t, ended)
    return ended


def release(t: Transaction, order: Any, reason: str, *, state: str = "released", expired: bool = False) -> Any:
    """Give the whole hold back; answers the order's row."""
    if order["cap"]:
        why = Why(
            _kind(order), order=order["id"], listing=order["listing"], receipt=order["receipt_digest"], note=reason
        )
        hold = transfer_id(order["id"], "hold")
        ledger.release(t, transfer_id(order["id"], "release"), hold, why, expired=expired)
    ended = store.end(t, order, state, 0, reason)
    if order["pass"] is not None:
        usage.give_back(t, order)
    _give_back(t, order, order["cap"])
    return ended


def _kind(order: Any) -> str:
    return "purchase" if order["kind"] == "purchase" else "order"


def _give_back(t: Transaction, order: Any, amount: int) -> None:
    if order["api_key"] is not None:
        accounts.give_back(t, order["api_key"], amount)
