"""Payment rail ``stripe``: Checkout for top-ups, subscriptions for passes, Connect transfers for payouts."""

from __future__ import annotations

from collections.abc import Callable

from artrator.hookspecs import hookimpl
from artrator.rail import MakeRail
from artrator_stripe.rail import StripeRail

__all__ = ["StripeRail", "register_rails"]


@hookimpl
def register_rails(register: Callable[[str, MakeRail], None]) -> None:
    """Offer the rail."""
    register("stripe", StripeRail)
