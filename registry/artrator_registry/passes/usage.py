"""What orders do with a pass: count their worth when they are placed, pay their creator when they are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from artrator.documents import Offer
from artrator.errors import ArtratorError, Code
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import Why, earnings, pass_period, transfer_id
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.orders import shares
from artrator_registry.passes import store
from artrator_registry.plans.service import covers
from artrator_registry.storage import Transaction


@dataclass(frozen=True)
class Pick:
    """A pass period that can pay for a run, and what it counts for it.

    Attributes:
        offered: The row of the offer that it is counted by.
    """

    period: Any
    offered: Any
    offer: Offer
    worth: int


def pick(t: Transaction, buyer: str, version: Any, offered: Any, measures: Mapping[str, int]) -> Pick | None:
    """The buyer's pass period that covers this version's listing and has as much left as the run is worth, or None.

    Of several, the one that ends first: what it has left is lost sooner. A price that was raised since the period began
    does not count, or a creator could make a pass worthless that has been paid for.
    """
    name = version["listing"].partition("/")[2]
    for period in store.usable(t, buyer, version["creator"]):
        if covers(period["listings"], name):
            then = listings.offer_at(t, version["version_id"], period["begins"])
            rows = [offered] if then is None or then["digest"] == offered["digest"] else [offered, then]
            priced = [(row, parsed.offer(row["document"])) for row in rows]
            worth, row, offer = min(
                ((sum(offer.breakdown(measures).values()), row, offer) for row, offer in priced), key=itemgetter(0)
            )
            if worth and left(period) >= worth:
                return Pick(period, row, offer, worth)
    return None


def left(period: Any) -> int:
    """What a period still gives, in micro-credits at list prices."""
    return int(period["allowance"] - period["used"] - period["waiting"])


def count(t: Transaction, period: str, worth: int) -> None:
    """Count an order that is being placed; raises ArtratorError ``quote_stale`` if the pass cannot pay for it now."""
    if not store.take(t, period, worth):
        raise ArtratorError(
            Code.QUOTE_STALE, "The pass that was to pay for this has ended, or its allowance was used since the quote."
        )


def give_back(t: Transaction, order: Any) -> None:
    """An order (its row) ended without delivery: its worth is free again."""
    store.give_back(t, order["pass"], order["worth"])


def pay(t: Transaction, order: Any, used: int, offer: Offer) -> None:
    """Pay the creator for a delivery that used so much, at list prices, of what its pass allows.

    ``price * used / allowance`` of the whole period, rounded down once for all its deliveries together: the remainders
    of one are carried into the next, and all of them never make more than the price.
    """
    period = store.period(t, order["pass"])
    earned = period["price"] * (period["used"] + used) // period["allowance"]
    store.use(t, period["id"], order["worth"], used, earned)
    amount = earned - period["earned"]
    if amount:
        why = Why("pass", order=order["id"], listing=order["listing"], receipt=order["receipt_digest"])
        account, creator = pass_period(period["id"]), earnings(order["creator"])
        ledger.move(t, transfer_id(order["id"], "pass"), account, creator, amount, why)
        parts = shares.divide(t, amount, order["creator"], order["fee"], offer)
        shares.hand_out(t, order["id"], parts, why)
