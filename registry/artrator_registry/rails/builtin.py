"""The rails that every registry has: vouchers and grants. Their credits have no cash value, and they say so."""

from __future__ import annotations

from collections.abc import Callable

from artrator.errors import ArtratorError, Code
from artrator.hookspecs import hookimpl
from artrator.rail import MakeRail, NewTopUp, OpenedTopUp, Payment, Rail, RailSettings, RailTerms


class _Given(Rail):
    """Credits that are given, not bought: nothing is opened and nothing is looked at."""

    def __init__(self, terms: RailTerms) -> None:
        self.terms = terms

    async def make_topup(self, new: NewTopUp) -> OpenedTopUp:
        """Refused: a voucher is redeemed, and a grant is made by the operator."""
        raise ArtratorError(Code.RAIL_UNKNOWN, "Credits of this rail are given, not bought.")

    async def look(self, reference: str) -> Payment | None:
        """There is nothing to look at."""
        return None


def _voucher(settings: RailSettings) -> Rail:
    settings.done()
    title = {"en": "Voucher (no cash value)", "ko": "이용권 코드 (현금 가치 없음)"}
    return _Given(RailTerms(title=title, flow="voucher", cash_value=False))


def _grant(settings: RailSettings) -> Rail:
    settings.done()
    title = {"en": "Granted by the operator (no cash value)", "ko": "운영자 지급 (현금 가치 없음)"}
    return _Given(RailTerms(title=title, flow="grant", cash_value=False))


@hookimpl
def register_rails(register: Callable[[str, MakeRail], None]) -> None:
    """Offer both."""
    register("voucher", _voucher)
    register("grant", _grant)
