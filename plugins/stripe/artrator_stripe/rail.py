"""The rail ``stripe``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import stripe

from artrator.rail import (
    NewTopUp,
    Notice,
    OpenedTopUp,
    Payment,
    PayoutAnswer,
    PayoutOrder,
    Rail,
    RailSettings,
)
from artrator_stripe import payments, webhooks
from artrator_stripe.calls import MissingError, call, connect, connections
from artrator_stripe.settings import StripeSettings

#: Balance transactions that change what a payment is worth, and where their source names the payment.
_CHANGES: Final = frozenset({"adjustment", "charge", "payment", "payment_refund", "refund"})


class StripeRail(Rail):
    """Checkout, subscriptions and Connect."""

    def __init__(self, settings: RailSettings) -> None:
        self._settings = StripeSettings.read(settings)
        self.terms = self._settings.terms
        self._http = connections()
        self._client = connect(self._settings, self._http)

    async def make_topup(self, new: NewTopUp) -> OpenedTopUp:
        """A Checkout Session. The same id asks for the same session: Stripe answers a repeat with the first."""
        carried = {payments.CARRIED: new.id}
        price: dict[str, Any] = {
            "currency": new.currency,
            "unit_amount": new.charge,
            "product_data": {"name": new.description},
        }
        asked: dict[str, Any] = {
            "client_reference_id": new.id,
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": new.done_url,
            "cancel_url": new.cancel_url,
            "metadata": carried,
        }
        if new.renews is None:
            asked |= {"mode": "payment", "payment_intent_data": {"metadata": carried}}
        else:
            price["recurring"] = {"interval": "day", "interval_count": new.renews.period_days}
            asked |= {"mode": "subscription", "subscription_data": {"metadata": carried}}
        session = await call(
            self._client.v1.checkout.sessions.create_async(
                asked,  # type: ignore[arg-type]  # put together from parts that the SDK types as one
                {"idempotency_key": f"artrator-topup-{new.id}"},
            )
        )
        return OpenedTopUp(reference=session.id, page=session.url, expires_at=float(session.expires_at))

    async def look(self, reference: str) -> Payment | None:
        """What Stripe says now."""
        return await payments.look(self._client, reference)

    def webhook(self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str], now: float) -> list[Notice]:
        """Check signature and age, and say what to look at."""
        return webhooks.read(body, headers, self._settings.webhook_secrets, now)

    async def reconcile(self, since: float) -> Sequence[Notice]:
        """Every payment whose money moved since then: paid, refunded, withdrawn or reinstated."""
        found: dict[str, Notice] = {}
        page = await call(
            self._client.v1.balance_transactions.list_async(
                {"created": {"gte": int(since)}, "limit": 100, "expand": ["data.source"]}
            )
        )
        moves = page.auto_paging_iter()
        while (moved := await call(anext(moves, None))) is not None:  # what asks for the next page may fail as well
            source: Any = moved.source
            reference = getattr(source, "payment_intent", None) if moved.type in _CHANGES else None
            if isinstance(reference, str):
                found[reference] = Notice(reference, reference, f"balance.{moved.type}")
        return list(found.values())

    async def set_renewal(self, subscription: str, renew: bool) -> None:
        """Let a subscription end with its period, or go on after all."""
        try:
            await call(self._client.v1.subscriptions.update_async(subscription, {"cancel_at_period_end": not renew}))
        except MissingError:  # it has ended, or was never there
            return

    async def payout(self, order: PayoutOrder) -> PayoutAnswer:
        """A transfer to a connected account, whose own schedule brings it to a bank."""
        if not order.destination.startswith("acct_"):
            return PayoutAnswer("failed", reason="The destination must be a connected account, acct_….")
        try:
            sent = await call(
                self._client.v1.transfers.create_async(
                    {
                        "amount": order.charge,
                        "currency": order.currency,
                        "destination": order.destination,
                        "description": order.description,
                        "transfer_group": order.id,
                        "metadata": {"payout": order.id},
                    },
                    {"idempotency_key": f"artrator-payout-{order.id}"},
                )
            )
        except MissingError:
            return PayoutAnswer("failed", reason="Stripe knows no such connected account.")
        return _payout(sent)

    async def payout_state(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        """How a transfer stands. If we do not know its name, it is looked for by ours before it is made again.

        An idempotency key alone would not do: Stripe forgets it after a day.
        """
        if not reference:
            found = await call(self._client.v1.transfers.list_async({"transfer_group": order.id, "limit": 1}))
            return _payout(found.data[0]) if found.data else await self.payout(order)
        return _payout(await call(self._client.v1.transfers.retrieve_async(reference)))

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]  # the SDK tells no types of this one


def _payout(transfer: stripe.Transfer) -> PayoutAnswer:
    if transfer.reversed:
        return PayoutAnswer("failed", transfer.id, "The transfer was reversed at Stripe.")
    return PayoutAnswer("paid", transfer.id)
