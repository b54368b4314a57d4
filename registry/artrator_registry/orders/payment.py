"""What pays for an order: nothing on one's own model, a free run, a pass, or credits.

A quote chooses; the order that accepts it is placed only if the same still holds: nobody pays what was not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from artrator.documents import Offer
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.orders import store
from artrator_registry.passes import usage
from artrator_registry.storage import Transaction

_DAY: Final = 86_400


@dataclass(frozen=True)
class Payment:
    """What pays for an order.

    Attributes:
        fee: The operator's share in basis points of whatever the creator gets for it.
        picked: The pass period that pays, with the offer that it is counted by.
        left: What the allowance, or the free runs of today, have left after this order.
    """

    by: m.PaidBy
    fee: int
    picked: usage.Pick | None = None
    left: int | None = None


def choose(
    t: Transaction, buyer: str, version: Any, offered: Any, measures: Mapping[str, int], pay: str, fee: int
) -> Payment:
    """What costs the buyer least; raises ArtratorError ``allowance_used`` where nothing can pay for it.

    Args:
        t: The transaction.
        buyer: The account.
        version: The row of the listing's version.
        offered: The row of its offer.
        measures: What the run measures.
        pay: ``credits`` takes neither a free run nor a pass.
        fee: The operator's share in basis points.
    """
    offer = parsed.offer(offered["document"])
    priced = any(offer.breakdown(measures).values())
    if version["creator"] == buyer:
        return Payment("own", fee)  # nobody pays themselves: a creator tries the own model for nothing
    unpriced = is_unpriced(offer)
    if offer.free_runs and (unpriced or (pay == "any" and priced)):
        left = offer.free_runs - store.free_runs(t, buyer, version["listing"], today(t.now)) - 1
        if left >= 0:
            return Payment("free", fee, left=left)
        if unpriced:
            raise _used_up(t, offer)
    if pay == "any" and priced:
        picked = usage.pick(t, buyer, version, offered, measures)
        if picked is not None:
            return Payment("pass", picked.period["fee"], picked, usage.left(picked.period) - picked.worth)
    return Payment("credits", fee)


def confirm(t: Transaction, quote: Any) -> None:
    """Count a quote's (its row's) order against what it was to be paid by, in the transaction that places it.

    Raises:
        ArtratorError: ``quote_stale``: the free run or the allowance is gone.
    """
    if quote["paid_by"] == "pass":
        usage.count(t, quote["pass"], quote["worth"])
    elif quote["paid_by"] == "free":
        offer = parsed.offer(listings.offer_by_digest(t, quote["offer"])["document"])
        if store.free_runs(t, quote["buyer"], quote["listing"], today(t.now)) >= offer.free_runs:
            raise ArtratorError(
                Code.QUOTE_STALE,
                "The free run that was to pay for this was used since the quote.",
                comes_back_at=today(t.now) + _DAY,
            )


def is_unpriced(offer: Offer) -> bool:
    """Whether an offer asks for nothing at all: then its free runs, if it counts any, are all there is a day."""
    units: Mapping[str, Any] = offer.units
    return not offer.base and not any(unit.amount for unit in units.values())


def today(now: float) -> int:
    """When the present day began, UTC."""
    return int(now) // _DAY * _DAY


def _used_up(t: Transaction, offer: Offer) -> ArtratorError:
    back = today(t.now) + _DAY
    return ArtratorError(
        Code.ALLOWANCE_USED,
        f"You have used the {offer.free_runs} free runs of today; there are new ones at midnight UTC.",
        free_runs=offer.free_runs,
        comes_back_at=back,
        retry_after=max(1, back - t.now),
    )
