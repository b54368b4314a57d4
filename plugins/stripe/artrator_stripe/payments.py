"""What Stripe says now of a payment: of a Checkout Session, an invoice, or the payment itself."""

from __future__ import annotations

from typing import Any, Final

import stripe

from artrator.rail import Payment, PaymentState
from artrator_stripe.calls import MissingError, call

#: A dispute in one of these has taken the money; one that only asks (``warning_…``), or that is won, has not.
_TAKEN: Final = frozenset({"lost", "needs_response", "under_review"})
_CHARGE: Final = "latest_charge"
#: Under this name our id travels in the metadata of what Stripe keeps. Others may use the same account.
CARRIED: Final = "artrator_topup"


async def look(client: stripe.StripeClient, reference: str) -> Payment | None:
    """The payment behind ``cs_…``, ``in_…`` or ``pi_…``; None if Stripe knows nothing of it."""
    kinds = {"cs_": _session, "in_": _invoice, "pi_": _intent}
    kind = kinds.get(reference[:3])
    if kind is None:
        return None
    try:
        return await kind(client, reference)
    except MissingError:
        return None


async def _session(client: stripe.StripeClient, reference: str) -> Payment | None:
    session = await call(client.v1.checkout.sessions.retrieve_async(reference))
    topup = _topup(session.metadata)
    if session.status == "expired":
        return Payment(PaymentState.EXPIRED, topup)
    if session.status != "complete":
        return Payment(PaymentState.OPEN, topup)
    if session.mode == "subscription" and session.invoice is not None:
        return await _invoice(client, _id(session.invoice))
    if session.payment_intent is None:
        return Payment(PaymentState.OPEN, topup)
    found = await _intent(client, _id(session.payment_intent), topup=topup)
    if found is not None and found.state is PaymentState.PAID and session.payment_status != "paid":
        return Payment(PaymentState.OPEN, topup)
    return found


async def _invoice(client: stripe.StripeClient, reference: str) -> Payment | None:
    invoice = await call(client.v1.invoices.retrieve_async(reference, {"expand": ["payments"]}))
    details = invoice.parent.subscription_details if invoice.parent is not None else None
    if details is None:
        return None
    topup = _topup(details.metadata)
    subscription = _id(details.subscription)
    if invoice.status != "paid":
        return Payment(PaymentState.OPEN, topup, subscription=subscription)
    for paid in invoice.payments.data if invoice.payments is not None else ():
        if paid.status == "paid" and paid.payment.payment_intent is not None:
            return await _intent(client, _id(paid.payment.payment_intent), topup=topup, subscription=subscription)
    return None  # paid in another way than by a payment, such as from a balance: nobody's money came in


async def _intent(
    client: stripe.StripeClient, reference: str, *, topup: str = "", subscription: str = ""
) -> Payment | None:
    intent = await call(client.v1.payment_intents.retrieve_async(reference, {"expand": [_CHARGE]}))
    topup = topup or _topup(intent.metadata)
    if not topup:  # the payments of a subscription carry nothing of ours: their invoice does
        paid = await call(
            client.v1.invoice_payments.list_async(
                {"payment": {"type": "payment_intent", "payment_intent": reference}, "limit": 1}
            )
        )
        return await _invoice(client, _id(paid.data[0].invoice)) if paid.data else None
    if intent.status == "succeeded":
        return Payment(
            PaymentState.PAID,
            topup,
            payment=intent.id,
            charge=intent.amount_received,
            currency=intent.currency,
            taken_back=min(intent.amount_received, await _taken_back(client, intent)),
            subscription=subscription,
        )
    if intent.status == "canceled":
        return Payment(PaymentState.FAILED, topup, reason=str(intent.cancellation_reason or "canceled"))
    if intent.status == "requires_payment_method" and intent.last_payment_error is not None:
        return Payment(PaymentState.FAILED, topup, reason=str(intent.last_payment_error.code or "declined"))
    return Payment(PaymentState.OPEN, topup)


async def _taken_back(client: stripe.StripeClient, intent: Any) -> int:
    charge = intent.latest_charge
    if charge is None:
        return 0
    disputed = 0
    if charge.disputed:
        disputes = await call(client.v1.disputes.list_async({"payment_intent": intent.id, "limit": 100}))
        disputed = sum(dispute.amount for dispute in disputes.data if dispute.status in _TAKEN)
    return int(charge.amount_refunded) + disputed


def _topup(metadata: Any) -> str:
    """The id of ours in the metadata of an object; empty if somebody else's payments go through this account too."""
    return str(metadata[CARRIED]) if metadata is not None and CARRIED in metadata else ""


def _id(value: Any) -> str:
    """The id of what may be an id or the whole object."""
    return value if isinstance(value, str) else str(value.id)
