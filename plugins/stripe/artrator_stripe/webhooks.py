"""Webhooks: who sent them and when, and which payment each is about. Nobody is asked, so this is quick."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import stripe

from artrator.errors import ArtratorError, Code
from artrator.rail import Notice
from artrator_stripe.payments import CARRIED

#: Stripe signs anew at each attempt, so an honest message is as young as the network is quick.
TOLERANCE_SECONDS: Final = 300.0
#: Object of the event -> where it says which payment it is about.
_ABOUT: Final = {
    "checkout.session": "id",
    "invoice": "id",
    "payment_intent": "id",
    "charge": "payment_intent",
    "dispute": "payment_intent",
    "refund": "payment_intent",
}
_KINDS: Final = (
    "checkout.session.",
    "invoice.paid",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.dispute.",
    "charge.refunded",
    "refund.",
)


def read(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: float) -> list[Notice]:
    """Check a webhook and say what to look at; an event that concerns no payment is empty.

    Raises:
        ArtratorError: ``webhook_invalid``.
    """
    header = headers.get("stripe-signature", "")
    if not any(_signed(body, header, secret) for secret in secrets):
        raise ArtratorError(Code.WEBHOOK_INVALID, "Stripe did not sign this.")
    # The SDK takes a time in the future for fresh, so it could be replayed until then.
    if abs(now - _time(header)) > TOLERANCE_SECONDS:
        raise ArtratorError(Code.WEBHOOK_INVALID, "This webhook is older or newer than five minutes.")
    try:
        event = json.loads(body)
        notice = _notice(event)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtratorError(Code.WEBHOOK_INVALID, "This webhook is no event.") from error
    return [notice] if notice is not None else []


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _time(header: str) -> float:
    # Whatever the header says was signed, so it is read as the SDK reads it.
    return float(next(part.split("=", 2)[1] for part in header.split(",") if part.split("=", 2)[0] == "t"))


def _notice(event: dict[str, Any]) -> Notice | None:
    kind, thing = str(event["type"]), event["data"]["object"]
    if not kind.startswith(_KINDS) or thing["object"] not in _ABOUT:
        return None
    reference = thing.get(_ABOUT[thing["object"]])
    if not isinstance(reference, str) or not reference:
        return None
    return Notice(str(event["id"])[:200], reference[:200], kind[:100], _topup(thing))


def _topup(thing: dict[str, Any]) -> str:
    """The id of ours that the object carries; only a hint."""
    parent = thing.get("parent") or {}
    details = (parent.get("subscription_details") or {}) if isinstance(parent, dict) else {}
    for value in (
        (thing.get("metadata") or {}).get(CARRIED),
        (details.get("metadata") or {}).get(CARRIED),
    ):
        if isinstance(value, str) and value:
            return value[:64]
    return ""
