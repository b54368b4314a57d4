"""A rail whose provider is a dictionary in this process: whatever a test writes there, the provider says."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from artrator.errors import ArtratorError, Code
from artrator.rail import (
    NewTopUp,
    Notice,
    OpenedTopUp,
    Payment,
    PaymentState,
    PayoutAnswer,
    PayoutOrder,
    Rail,
    RailSettings,
    RailTerms,
)

DAY = 86_400.0


@dataclass
class Provider:
    """What the provider knows, and how it behaves."""

    payments: dict[str, Payment] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    changed: list[str] = field(default_factory=list)
    renewals: dict[str, bool] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)

    def pay(self, topup: str, charge: int, currency: str = "eur", **more: object) -> str:
        """Somebody pays; answers the reference."""
        values = {"topup": topup, "payment": f"pay-{topup}", "charge": charge, "currency": currency, **more}
        self.payments[f"ref-{topup}"] = Payment(PaymentState.PAID, **values)  # type: ignore[arg-type]
        return f"ref-{topup}"

    def change(self, topup: str, **more: object) -> None:
        """What the provider says of a payment changes."""
        self.payments[f"ref-{topup}"] = replace(self.payments[f"ref-{topup}"], **more)  # type: ignore[arg-type]


class ToyRail(Rail):
    """Signs its webhooks with HMAC; one credit is ten cents."""

    def __init__(self, provider: Provider | None = None, *, risk_seconds: float = 120 * DAY) -> None:
        self.provider = provider or Provider()
        self.secret = b"toy-secret"
        self.terms = RailTerms(
            title={"en": "Toy", "ko": "장난감"},
            flow="redirect",
            currency="eur",
            rate=100_000,
            minimum=1_000_000,
            maximum=1_000_000_000,
            suggested=(5_000_000, 20_000_000),
            pays_out=True,
            renews_passes=True,
            risk_seconds=risk_seconds,
            poll_seconds=30,
        )

    def _ask(self, what: str) -> None:
        self.provider.asked.append(what)
        if self.provider.down:
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "The toy provider does not answer.")

    async def make_topup(self, new: NewTopUp) -> OpenedTopUp:
        self._ask(f"make {new.id}")
        self.provider.payments.setdefault(f"ref-{new.id}", Payment(PaymentState.OPEN, topup=new.id))
        return OpenedTopUp(reference=f"ref-{new.id}", page=f"https://toy.example/{new.id}")

    async def look(self, reference: str) -> Payment | None:
        self._ask(f"look {reference}")
        return self.provider.payments.get(reference)

    def webhook(self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str], now: float) -> list[Notice]:
        if not hmac.compare_digest(headers.get("toy-signature", ""), self.sign(body)):
            raise ArtratorError(Code.WEBHOOK_INVALID, "The toy did not sign this.")
        said = json.loads(body)
        return [Notice(said["id"], said["reference"], "toy", said.get("topup", ""))]

    async def reconcile(self, since: float) -> Sequence[Notice]:
        self._ask(f"reconcile {since:.0f}")
        return [Notice(reference, reference) for reference in self.provider.changed]

    async def set_renewal(self, subscription: str, renew: bool) -> None:
        self._ask(f"renew {subscription} {renew}")
        self.provider.renewals[subscription] = renew

    async def payout(self, order: PayoutOrder) -> PayoutAnswer:
        self._ask(f"payout {order.id}")
        self.provider.sent.setdefault(order.id, order.charge)
        return PayoutAnswer("sent", f"out-{order.id}")

    async def payout_state(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        self._ask(f"payout_state {order.id}")
        if order.id not in self.provider.sent:
            return await self.payout(order)
        return PayoutAnswer("paid", f"out-{order.id}")

    def sign(self, body: bytes) -> str:
        return hmac.new(self.secret, body, hashlib.sha256).hexdigest()

    def notice(self, identifier: str, reference: str, topup: str = "") -> tuple[bytes, dict[str, str]]:
        """A signed webhook: body and headers."""
        body = json.dumps({"id": identifier, "reference": reference, "topup": topup}).encode()
        return body, {"Toy-Signature": self.sign(body)}


def make(settings: RailSettings) -> Rail:
    """As an extension would register it."""
    return ToyRail()
