"""The rail ``lnbits``."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.rail import NewTopUp, Notice, OpenedTopUp, Payment, PaymentState, Rail, RailSettings
from artrator_lnbits.server import Server
from artrator_lnbits.settings import LNbitsSettings

_HASH: Final = re.compile(r"[0-9a-f]{64}")
#: Our own word in what LNbits keeps beside a payment.
_EXTRA: Final = "artrator_topup"
#: A payment that was on its way when its invoice ran out arrives within this time.
_GRACE_SECONDS: Final = 60.0


class LNbitsRail(Rail):
    """Invoices in satoshi at a fixed rate."""

    def __init__(self, settings: RailSettings) -> None:
        self._settings = LNbitsSettings.read(settings)
        self.terms = self._settings.terms
        self._server = Server(self._settings.url, self._settings.invoice_key)

    async def make_topup(self, new: NewTopUp) -> OpenedTopUp:
        """An invoice. A repeat makes another one, which is harmless: the first was shown to nobody."""
        expires_at = time.time() + self._settings.expires_seconds
        asked: dict[str, Any] = {
            "out": False,
            "unit": "sat",
            "amount": new.charge,
            "memo": new.description,
            "expiry": self._settings.expires_seconds,
            "extra": {_EXTRA: new.id},
        }
        if self._settings.webhooks:
            asked["webhook"] = f"{new.webhook_url}?topup={new.id}&token={self._token(new.id)}"
        made = await self._server.make_invoice(asked)
        reference, invoice = made.get("payment_hash"), made.get("bolt11") or made.get("payment_request")
        if not isinstance(reference, str) or not _HASH.fullmatch(reference) or not isinstance(invoice, str):
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits made no invoice that could be read.")
        return OpenedTopUp(reference=reference, invoice=invoice, expires_at=expires_at)

    async def look(self, reference: str) -> Payment | None:
        """What LNbits says now of an invoice of this wallet."""
        if not _HASH.fullmatch(reference):
            return None
        found = await self._server.payment(reference)
        details = found.get("details") if found is not None else None
        if found is None or not isinstance(details, dict):  # of another wallet: details are shown to its owner only
            return None
        amount, extra = details.get("amount"), details.get("extra")
        if details.get("payment_hash") != reference or not isinstance(amount, int) or not isinstance(extra, dict):
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits' answer could not be understood.")
        topup = extra.get(_EXTRA)
        if not isinstance(topup, str) or amount <= 0:  # not ours, or money that went out
            return None
        if found.get("paid") is True:
            # LNbits counts in thousandths of a satoshi; a part of one is nobody's.
            return Payment(PaymentState.PAID, topup, payment=reference, charge=amount // 1000, currency="sat")
        if found.get("status") == "failed":
            return Payment(PaymentState.FAILED, topup, reason="failed")
        if _seconds(details.get("expiry")) + _GRACE_SECONDS < time.time():
            return Payment(PaymentState.EXPIRED, topup)
        return Payment(PaymentState.OPEN, topup)

    def webhook(self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str], now: float) -> list[Notice]:
        """LNbits signs nothing: whoever knows the token was told it by us, in the invoice."""
        topup, token = query.get("topup", ""), query.get("token", "")
        if not hmac.compare_digest(token.encode(), self._token(topup).encode()):
            raise ArtratorError(Code.WEBHOOK_INVALID, "This is not an address that LNbits was given.")
        try:
            said = json.loads(body)
            # LNbits 1.6 sends JSON inside a JSON text.
            reference = (json.loads(said) if isinstance(said, str) else said)["payment_hash"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArtratorError(Code.WEBHOOK_INVALID, "This webhook is about no payment.") from error
        if not isinstance(reference, str) or not _HASH.fullmatch(reference):
            raise ArtratorError(Code.WEBHOOK_INVALID, "This webhook is about no payment.")
        return [Notice(reference, reference, "payment", topup)]

    async def aclose(self) -> None:
        """Close connections."""
        await self._server.aclose()

    def _token(self, topup: str) -> str:
        key = self._settings.invoice_key.encode()
        return hmac.new(key, f"artrator-webhook:{topup}".encode(), hashlib.sha256).hexdigest()


def _seconds(value: Any) -> float:
    """When an invoice ends; for ever if LNbits does not say it in a way that we read."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError):  # a whole number of hundreds of digits is no float
        return float("inf")
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
