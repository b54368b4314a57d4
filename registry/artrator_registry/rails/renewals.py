"""What rails and passes have with each other: a top-up that buys a pass, and a rail that renews it."""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.money import format_credits
from artrator.rail import PassTerms, Rail
from artrator_registry.passes import service as passes
from artrator_registry.plans import store as plans
from artrator_registry.rails import asking, debts
from artrator_registry.storage import Database, Transaction

_log = logging.getLogger("artrator_registry.rails")
#: Why a payment began no period, where the next one will not either.
_FOR_GOOD: Final = frozenset(
    {Code.FORBIDDEN, Code.PASS_ENDED, Code.PASS_IN_FORCE, Code.PLAN_UNKNOWN, Code.PRICE_ABOVE_CAP}
)


def check(t: Transaction, rail: str, takes: Rail, buyer: str, plan: str, amount: int) -> None:
    """Refuse a pass that could not begin once it is paid; afterwards it would be credits in the wallet.

    Raises:
        ArtratorError: ``debt_unpaid forbidden pass_in_force plan_unknown price_above_cap request_invalid``.
    """
    if not takes.terms.renews_passes:
        raise ArtratorError(Code.REQUEST_INVALID, f"The rail {rail} does not renew passes.", field="pass_plan")
    debts.require_none(t, buyer)
    price = passes.for_sale(t, plan, buyer, amount)["price"]
    if price < amount:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            "The pass costs less than this.",
            cure=f"A period of it costs {format_credits(price)} credits.",
            field="amount",
        )


def terms(t: Transaction, plan: str) -> PassTerms:
    """What the provider is to renew."""
    found = plans.current(t, plan)
    title = json.loads(found["title"])
    return PassTerms(title.get("en") or next(iter(title.values()), plan), found["period_days"])


def begin(t: Transaction, row: Any, payment: str, fee: int) -> str:
    """Begin the period that a top-up has just paid for; answers why it could not begin, empty if it did.

    The credits stay in the wallet then: they were paid, and can be spent on anything.
    """
    try:
        passes.begin_paid_period(t, row["account"], row["plan"], row["amount"], row["rail"], payment, fee=fee)
    except ArtratorError as problem:
        _log.warning("top-up %s paid for a pass of %s: %s", row["id"], row["plan"], problem.message)
        return problem.code.value
    return ""


def to_stop(t: Transaction, row: Any) -> str | None:
    """The subscription behind a top-up (its row) that began no period, if none of its payments ever will; else None.

    Its buyer would go on paying for nothing but credits: the plan was withdrawn, or costs more by now, or another
    subscription pays for the pass.
    """
    if row["subscription"] is None or row["reason"] not in _FOR_GOOD:
        return None
    paid = t.row(
        "SELECT max(p.serial) AS latest, count(s.id) AS pays FROM topups p"
        " LEFT JOIN pass_periods q ON q.payment = p.rail || ':' || p.payment"
        " LEFT JOIN passes s ON s.id = q.pass AND s.state = 'active'"
        " WHERE p.account = ? AND p.rail = ? AND p.subscription = ?",
        (row["account"], row["rail"], row["subscription"]),
    )
    if paid["latest"] != row["serial"]:  # what is to be known of it, a later payment says
        return None
    # One that pays for the pass in force was only early, and goes on.
    return None if row["reason"] == Code.PASS_IN_FORCE and paid["pays"] else str(row["subscription"])


async def stop(name: str, rail: Rail, subscription: str) -> None:
    """End a subscription at its provider; raises ArtratorError ``rail_unavailable``, and is harmless to repeat."""
    await asking.answer(name, rail.set_renewal(subscription, False))
    _log.warning("subscription %s of %s was ended: its payments begin no pass any more", subscription, name)


async def tell(database: Database, name: str, rail: Rail, pass_id: str, renew: bool) -> None:
    """Tell a rail whether a pass is to renew itself; raises ArtratorError ``rail_unavailable``."""

    def find(t: Transaction) -> Any:
        return t.row(
            "SELECT p.subscription FROM pass_periods q JOIN topups p ON p.rail = ? AND q.payment = p.rail || ':' ||"
            " p.payment WHERE q.pass = ? AND p.subscription IS NOT NULL ORDER BY q.number DESC LIMIT 1",
            (name, pass_id),
        )

    row = await database.read(find)
    if row is not None:
        await asking.answer(name, rail.set_renewal(row["subscription"], renew))
