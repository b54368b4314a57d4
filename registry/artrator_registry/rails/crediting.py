"""What the registry concludes from what a provider says of a payment. Each call is one transaction's work.

The provider's word is a whole picture (so much was paid, so much was taken back), never a change. So the conclusion is
the difference to our own row, and hearing it twice, late or out of order changes nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from artrator.rail import Payment, PaymentState, RailTerms
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import Why, transfer_id
from artrator_registry.ledger.models import rail as rail_account
from artrator_registry.rails import debts, renewals
from artrator_registry.rails import topup_store as store
from artrator_registry.rails.models import Agreed, cause, renewal_id
from artrator_registry.storage import Transaction

_log = logging.getLogger("artrator_registry.rails")


def conclude(t: Transaction, rail: str, terms: RailTerms, payment: Payment, fee: int) -> Any:
    """Bring the top-up of a payment to what the provider says of it; answers its row, or None if it is none of ours.

    Args:
        t: The transaction.
        rail: The rail's name.
        terms: What it says of itself.
        payment: What its provider says.
        fee: The operator's share of passes, in basis points.
    """
    row = store.topup(t, payment.topup) if payment.topup else None
    if row is None or row["rail"] != rail:
        if payment.topup and payment.payment:
            _log.error("%s has a payment of a top-up that is not known here: %s", rail, payment.topup[:64])
            store.keep_stray(t, rail, payment)
        return None
    if payment.subscription and row["payment"] not in (None, payment.payment):
        if payment.state is not PaymentState.PAID:
            return row
        row = _renewal(t, rail, row, payment)
    if payment.state is PaymentState.PAID:
        _paid(t, rail, terms, row, payment, fee)
    elif payment.state is not PaymentState.OPEN and row["state"] == "open":
        store.ended(t, row["id"], payment.state.value, payment.reason[:200])
    return store.topup(t, row["id"])


def _renewal(t: Transaction, rail: str, first: Any, payment: Payment) -> Any:
    """The row of a later payment of a subscription: the same price for the same pass."""
    known = renewal_id(rail, payment.payment)
    if store.topup(t, known) is None:
        fields = {name: first[name] for name in ("account", "rail", "amount", "charge", "currency", "plan")}
        store.add(t, Agreed(id=known, body="", **fields), renewal_of=first["id"])
    return store.topup(t, known)


def _paid(t: Transaction, rail: str, terms: RailTerms, row: Any, payment: Payment, fee: int) -> None:
    problem = _mismatch(t, rail, row, payment)
    if problem is not None:
        evidence = {
            "at": t.now,
            "problem": problem,
            "payment": payment.payment,
            "charge": payment.charge,
            "currency": payment.currency,
            "taken_back": payment.taken_back,
        }
        store.keep_evidence(t, row["id"], evidence)
        if row["state"] in ("open", "expired"):
            store.ended(t, row["id"], "failed", problem)
        _log.error("top-up %s: %s; nothing was credited, see `artrator registry topups`", row["id"], problem)
        return
    if row["payment"] is None:
        _credit(t, rail, terms, row, payment, fee)
        row = store.topup(t, row["id"])
    taken = min(row["amount"], row["amount"] * payment.taken_back // row["charge"])
    if taken != row["taken_back"]:
        _take(t, rail, row, taken)


def _mismatch(t: Transaction, rail: str, row: Any, payment: Payment) -> str | None:
    """Why this money cannot be that of this top-up; None if it is."""
    if not payment.payment:
        return "unnamed_payment"
    if row["payment"] not in (None, payment.payment):
        return "paid_twice"
    other = store.by_payment(t, rail, payment.payment)
    if other is not None and other["id"] != row["id"]:
        return "payment_of_another"
    if payment.currency != row["currency"]:
        return "currency_mismatch"
    if payment.charge != row["charge"]:
        return "amount_mismatch"
    return None


def _credit(t: Transaction, rail: str, terms: RailTerms, row: Any, payment: Payment, fee: int) -> None:
    person = row["account"]
    because = cause(rail, payment.payment)
    note = terms.title.get("en", rail)
    ledger.move(t, transfer_id(because, "topup"), rail_account(rail), person, row["amount"], Why("topup", note=note))
    store.paid(t, row["id"], payment.payment, payment.subscription, t.now + terms.risk_seconds)
    store.forget_stray(t, rail, payment.payment)
    debts.repay(t, person, because)
    if row["plan"] is not None:
        reason = renewals.begin(t, row, payment.payment, fee)
        store.explain(t, row["id"], reason)


def _take(t: Transaction, rail: str, row: Any, taken: int) -> None:
    """Take back, or give again, until what was taken back is ``taken``."""
    change = taken - row["taken_back"]
    move = debts.take_back if change > 0 else debts.give_again
    reason = "taken_back" if taken else ""
    move(t, rail, row["payment"], row["account"], row["takes"], abs(change), "")
    store.taken_back(t, row["id"], taken, "charged_back" if taken == row["amount"] else "paid", reason)
