"""The table ``[lnbits]`` of ``rails.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artrator.rail import RailSettings, RailTerms

_TITLE: Final = {"en": "Lightning (bitcoin)", "ko": "라이트닝 (비트코인)"}
#: The rate is fixed, so an invoice must not outlive it by much.
_EXPIRES_SECONDS: Final = 900


@dataclass(frozen=True)
class LNbitsSettings:
    """What an operator sets.

    Attributes:
        url: Of the LNbits server.
        invoice_key: The wallet's invoice key, which can make invoices and look, and never spend.
        expires_seconds: How long an invoice can be paid.
        webhooks: Whether LNbits is told where to say that an invoice was paid. It refuses addresses that its own
            ``LNBITS_CALLBACK_URL_RULES`` do not allow; without webhooks, it is asked.
        terms: What people are told.
    """

    url: str
    invoice_key: str
    expires_seconds: int
    webhooks: bool
    terms: RailTerms

    @classmethod
    def read(cls, settings: RailSettings) -> LNbitsSettings:
        """Read the table; refuses what it does not know."""
        url = settings.text("url").rstrip("/")
        if not url.startswith(("https://", "http://")):
            raise settings.error("url", "must begin with https://, or with http:// where nobody listens on the way.")
        read = cls(
            url=url,
            invoice_key=settings.secret("invoice_key"),
            expires_seconds=settings.integer("expires_seconds", _EXPIRES_SECONDS, minimum=60),
            webhooks=settings.boolean("webhooks", True),
            terms=RailTerms(
                title={**_TITLE, "en": settings.text("title", _TITLE["en"])},
                flow="invoice",
                currency="sat",
                rate=settings.credits("rate"),
                minimum=settings.credits("minimum", "1"),
                maximum=settings.credits("maximum", "100"),
                suggested=settings.credit_list("suggested", ("5", "10", "25")),
                poll_seconds=float(settings.integer("poll_seconds", 5, minimum=1)),
            ),
        )
        settings.done()
        return read
