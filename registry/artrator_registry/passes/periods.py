"""Periods: begun with their price set aside, ended by the sweeper, closed when nothing is open under them any more.

The rule, so that neither side loses by a clock:

- A period lasts until the sweeper ends it, so it ends no sooner than its time, and not while the registry has just
  started or its clock has jumped.
- The next period begins when the one before ends, never in the past: time that nobody could use is charged to nobody.
- What was ordered before the end is delivered and paid under the period in which it was ordered.
- When that is over, what is left goes to the creator if anything was delivered, and to the buyer if nothing was.
"""

from __future__ import annotations

from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.money import format_credits, split
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts import store as account_store
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger import store as ledger_store
from artrator_registry.ledger.models import Why, earnings, pass_period, transfer_id
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.orders import shares
from artrator_registry.passes import store
from artrator_registry.passes.models import NewPeriod
from artrator_registry.plans import store as plans
from artrator_registry.rails import debts
from artrator_registry.storage import Transaction

_DAY: Final = 86_400.0
#: What a rail renews ends so much later: its payment may come hours after the period's end, and a card may need a
#: second try.
PATIENCE_SECONDS: Final = 3 * _DAY


def afford(t: Transaction, buyer: str, price: int, api_key: str | None) -> None:
    """Make sure that a period can be paid for, and count it against the API key. What it raises leaves all as it was.

    Raises:
        ArtratorError: ``credits_insufficient debt_unpaid spending_limit api_key_invalid``.
    """
    debts.require_none(t, buyer)
    available = ledger.balances(t, buyer).available
    if available < price:
        raise ArtratorError(
            Code.CREDITS_INSUFFICIENT,
            f"This pass costs {format_credits(price)} credits and {format_credits(available)} can be spent.",
            available=available,
            needed=price,
            shortfall=price - available,
        )
    if api_key is not None:
        key = account_store.api_key(t, api_key)
        if key["revoked_at"] is not None or (key["expires_at"] is not None and key["expires_at"] <= t.now):
            raise ArtratorError(Code.API_KEY_INVALID, "The API key that the pass renews itself on has ended.")
        accounts.spend(t, api_key, price)


def begin(t: Transaction, bought: Any, number: int, fee: int, payment: str | None = None) -> None:
    """Set the price of a pass's (its row's) next period aside and open it; ``afford`` was asked before.

    Args:
        t: The transaction.
        bought: The pass with its terms.
        number: Of the period, from 1.
        fee: The operator's share in basis points.
        payment: The rail's name of the payment that it is begun with.
    """
    period = f"{bought['id']}.{number}"
    store.add_period(
        t,
        NewPeriod(
            id=period,
            pass_id=bought["id"],
            number=number,
            price=bought["price"],
            allowance=bought["allowance"],
            fee=fee,
            api_key=bought["api_key"],
            payment=payment,
            ends=t.now + bought["period_days"] * _DAY,
        ),
    )
    account, buyer = pass_period(period), bought["buyer"]
    ledger_store.add_system_account(t, account, overdraft=False)
    ledger.move(t, transfer_id(account, "price"), buyer, account, bought["price"], Why("pass", note=bought["plan"]))


def follow(t: Transaction, bought: Any, fee: int, payment: str) -> None:
    """Begin the next period of a pass (its row) that a rail was paid for, whether the one before is over or nearly so.

    Raises:
        ArtratorError: as ``afford``; then nothing was written.
    """
    afford(t, bought["buyer"], bought["price"], bought["api_key"])
    _stop(t, bought["period"], bought["waiting"])
    begin(t, bought, bought["number"] + 1, fee, payment)


def end(t: Transaction, period: str, fee: int) -> bool:
    """The time of an open period is over: renew the pass or end it. False if it was ended before."""
    found = store.period(t, period)
    if found["state"] != "open":
        return False
    _stop(t, period, found["waiting"])  # first, because what comes back may be what the next period is paid with
    bought = store.one(t, found["pass"])
    if not bought["renew"] or plans.current(t, bought["plan"])["withdrawn"]:
        store.end(t, bought["id"], "ended")
        _tell_refund(t, bought["id"])
    elif not _renewed(t, bought, fee):
        store.end(t, bought["id"], "unpaid")
    return True


def close(t: Transaction, period: str) -> bool:
    """Nothing is open under an ended period any more: hand out what is left. False if that was done before."""
    found = store.period(t, period)
    if found["state"] != "ending" or found["waiting"]:
        return False
    bought = store.one(t, found["pass"])
    rest = found["price"] - found["earned"]
    delivered = store.delivered(t, period)
    if delivered:
        for row, amount in zip(delivered, split(rest, [row["worth"] for row in delivered]), strict=True):
            if amount:
                _pay_rest(t, found, bought, row, amount)
        store.close(t, period, "paid", found["price"])
        return True
    if rest:
        account = pass_period(period)
        ledger.move(
            t, transfer_id(account, "refund"), account, bought["buyer"], rest, Why("refund", note=bought["plan"])
        )
    if found["api_key"] is not None:
        accounts.give_back(t, found["api_key"], rest)
    store.close(t, period, "refunded", found["earned"])
    _tell_refund(t, bought["id"])
    return True


def _stop(t: Transaction, period: str, waiting: int) -> None:
    """Count nothing more under a period, and close it if nothing is open under it."""
    store.close_to_new(t, period)
    if waiting == 0:
        close(t, period)


def _renewed(t: Transaction, bought: Any, fee: int) -> bool:
    if bought["rail"] != "credits":
        return False  # its rail would have begun the next period by now
    try:
        afford(t, bought["buyer"], bought["price"], bought["api_key"])
    except ArtratorError:
        return False
    begin(t, bought, bought["number"] + 1, fee)
    return True


def _pay_rest(t: Transaction, period: Any, bought: Any, delivered: Any, amount: int) -> None:
    """The share that one offer has of what is left: in proportion to the worth that was delivered under it."""
    account, creator = pass_period(period["id"]), earnings(bought["creator"])
    cause = f"{account}:{delivered['offer']}"
    why = Why("pass", listing=delivered["listing"], note=f"the rest of a period of {bought['plan']}")
    ledger.move(t, transfer_id(cause, "rest"), account, creator, amount, why)
    offer = parsed.offer(listings.offer_by_digest(t, delivered["offer"])["document"])
    shares.hand_out(t, cause, shares.divide(t, amount, bought["creator"], period["fee"], offer), why)


def _tell_refund(t: Transaction, pass_id: str) -> None:
    """A pass that ended, and whose last period went back to the buyer, says so."""
    found = store.one(t, pass_id)
    if found["state"] == "ended" and found["period_state"] == "refunded":
        store.end(t, pass_id, "refunded")
