"""The table ``[stripe]`` of ``rails.toml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from artrator.rail import RailSettings, RailTerms

#: Cardholders can dispute for 120 days, with most card networks.
_RISK_DAYS: Final = 120
_TITLE: Final = {"en": "Card (Stripe)", "ko": "카드 (Stripe)"}


@dataclass(frozen=True)
class StripeSettings:
    """What an operator sets.

    Attributes:
        secret_key: ``sk_…``, better a restricted key.
        webhook_secrets: ``whsec_…``; two of them while one is rotated.
        terms: What people are told.
        api: Stripe's own address, unless a test stands in for it.
    """

    secret_key: str
    webhook_secrets: Sequence[str]
    terms: RailTerms
    api: str | None

    @classmethod
    def read(cls, settings: RailSettings) -> StripeSettings:
        """Read the table; refuses what it does not know."""
        payouts = settings.boolean("payouts", False)
        titles: Mapping[str, str] = {**_TITLE, "en": settings.text("title", _TITLE["en"])}
        read = cls(
            secret_key=settings.secret("secret_key"),
            webhook_secrets=settings.secrets("webhook_secrets"),
            terms=RailTerms(
                title=titles,
                flow="redirect",
                currency=settings.text("currency").lower(),
                rate=settings.credits("rate"),
                minimum=settings.credits("minimum", "5"),
                maximum=settings.credits("maximum", "500"),
                suggested=settings.credit_list("suggested", ("10", "25", "50")),
                pays_out=payouts,
                renews_passes=True,
                risk_seconds=settings.integer("risk_days", _RISK_DAYS, minimum=0) * 86_400.0,
                poll_seconds=60.0,
            ),
            api=settings.text("api", None),
        )
        settings.done()
        return read
