"""What this account earns with its models, how it is paid out, and as whom it sells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.store.errands import Errands

if TYPE_CHECKING:
    from artrator.messages import payouts as pm
    from artrator_desktop.state.network import Network

#: What the chart can show, in days.
SPANS: Final = (7, 30, 90, 365)
#: Read at once, so that another span costs no question.
_READ_DAYS: Final = max(SPANS)


@dataclass(frozen=True)
class ListingEarnings:
    """One listing's (or pass's) sums over a span; amounts in micro-credits."""

    listing: str
    kinds: Sequence[str]
    runs: int
    gross: int
    fee: int
    royalties: int
    refunded: int
    net: int


@dataclass(frozen=True)
class _Books:
    earnings: pm.Earnings
    payouts: pm.Payouts
    seller: pm.Seller


class Earnings(QObject):
    """The books of a creator. ``span`` is how many days the page shows."""

    changed = Signal()
    #: Whether this account sells became known or changed.
    selling_changed = Signal()
    #: Something was done: ``moved``, ``payout``, ``cancelled``, ``schedule``, ``seller``; or written: ``statement``.
    done = Signal(str)
    refused = Signal(str, object)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._errands = errands
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.summary: pm.Earnings | None = None
        self.payouts: list[pm.Payout] = []
        self.minimum = 0
        self.schedule: pm.PayoutSchedule | None = None
        self.seller: pm.Seller | None = None
        self.span = 30
        #: Whether there are listings or earnings; None until it is known.
        self.selling: bool | None = None
        self.busy: set[str] = set()
        self._next: str | None = None
        self._whose = ("", "")
        self._call: Call[Any] | None = None
        session.online.connect(self.find_out)

    @property
    def more_payouts(self) -> bool:
        """Whether ``load_more`` would bring older payouts."""
        return self._next is not None

    def find_out(self) -> None:
        """Find out whether this account sells anything: then there is a page for it."""
        account = self._session.account
        handle = account.handle if account is not None else ""
        whose = (self._session.registry_url, self._session.account_id)
        if whose != self._whose:
            # The books of another registry, or of another account, are not these.
            self._whose, self.summary, self.seller, self.schedule, self.payouts = whose, None, None, None, []
            self.changed.emit()

        async def work(network: Network) -> bool:
            balance = await network.registry.balance()
            if balance.earnings or balance.pending:
                return True
            page = await network.registry.search(handle)
            if any(card.creator == handle for card in page.items):
                return True
            day = today()
            found = await network.registry.earnings(_text(day - timedelta(days=_READ_DAYS - 1)), _text(day))
            return bool(found.days or found.paid or found.requested)

        def done(selling: bool) -> None:
            if selling is not self.selling:
                self.selling = selling
                self.selling_changed.emit()

        self._session.call(work, done, lambda _failure: None)

    def refresh(self) -> None:
        """Ask for the earnings of the last year, the payouts, and the seller's profile."""
        if self._call is not None:
            self._call.cancel()
        if self.summary is None:
            self.phase = Phase.LOADING
            self.changed.emit()

        async def work(network: Network) -> _Books:
            day = today()
            registry = network.registry
            earnings, payouts, seller = await asyncio.gather(
                registry.earnings(_text(day - timedelta(days=_READ_DAYS - 1)), _text(day)),
                registry.payouts(),
                registry.seller(),
            )
            return _Books(earnings, payouts, seller)

        self._call = self._session.call(work, self._read, self._failed)

    def load_more(self) -> None:
        """Bring older payouts."""
        if self._next is None or self._call is not None:
            return
        cursor = self._next

        async def work(network: Network) -> pm.Payouts:
            return await network.registry.payouts(before=cursor)

        def done(page: pm.Payouts) -> None:
            self._call = None
            self.payouts = [*self.payouts, *page.items]
            self._next = page.next
            self.changed.emit()

        def failed(_failure: Failure) -> None:
            self._call = None

        self._call = self._session.call(work, done, failed)

    def set_span(self, days: int) -> None:
        """Show another number of days."""
        self.span = days
        self.changed.emit()

    def days(self) -> list[tuple[str, dict[str, int]]]:
        """Every day of the span, oldest first, with the net of each listing; days without earnings are there too."""
        last = today()
        wanted = [_text(last - timedelta(days=back)) for back in range(self.span - 1, -1, -1)]
        found: dict[str, dict[str, int]] = {day: {} for day in wanted}
        for row in self.summary.days if self.summary is not None else ():
            if row.day in found:
                found[row.day][row.listing] = found[row.day].get(row.listing, 0) + row.net
        return list(found.items())

    def by_listing(self) -> list[ListingEarnings]:
        """The span's sums, the most earned first."""
        first = _text(today() - timedelta(days=self.span - 1))
        rows: dict[str, list[pm.EarningDay]] = {}
        for row in self.summary.days if self.summary is not None else ():
            if row.day >= first:
                rows.setdefault(row.listing, []).append(row)
        sums = [
            ListingEarnings(
                listing,
                sorted({row.kind for row in group}),
                sum(row.runs for row in group),
                sum(row.gross for row in group),
                sum(row.fee for row in group),
                sum(row.royalties for row in group),
                sum(row.refunded for row in group),
                sum(row.net for row in group),
            )
            for listing, group in rows.items()
        ]
        return sorted(sums, key=lambda each: (-each.net, each.listing))

    # --- what can be done

    def move(self, amount: int) -> None:
        """Move available earnings to the wallet."""

        async def work(network: Network) -> object:
            return await self._errands.once(
                network.url,
                "transfer",
                {"amount": amount},
                lambda number: network.registry.move_earnings(number, amount),
            )

        self._do("moved", work)

    def request_payout(self, amount: int, rail: str, destination: str) -> None:
        """Ask for a payout."""

        async def work(network: Network) -> object:
            from artrator.messages.payouts import PayoutRequest

            request = PayoutRequest(amount=amount, rail=rail, destination=destination)
            return await self._errands.once(
                network.url,
                "payout",
                request.model_dump(),
                lambda number: network.registry.request_payout(number, request),
            )

        self._do("payout", work)

    def cancel_payout(self, number: str) -> None:
        """Take a payout back that has not been sent."""
        self._do("cancelled", lambda network: network.registry.cancel_payout(number))

    def set_schedule(self, every: str, minimum: int, rail: str, destination: str) -> None:
        """Say when payouts are asked for by themselves."""

        async def work(network: Network) -> object:
            from artrator.messages.payouts import PayoutSchedule

            schedule = PayoutSchedule.model_validate(
                {"every": every, "minimum": minimum, "rail": rail, "destination": destination}
            )
            return await network.registry.set_payout_schedule(schedule)

        self._do("schedule", work)

    def set_seller(self, profile: dict[str, Any]) -> None:
        """Say who sells; the operator verifies it."""

        async def work(network: Network) -> object:
            from artrator.messages.payouts import SellerProfile

            return await network.registry.set_seller(SellerProfile.model_validate(profile))

        self._do("seller", work)

    def export_year(self, year: int, path: Path) -> None:
        """Write a year's statement as a CSV file."""

        async def work(network: Network) -> object:
            from artrator_desktop.state.files import save

            text = await network.registry.earnings_statement_csv(year)
            await asyncio.to_thread(save, path, text.removeprefix("\ufeff").encode("utf-8-sig"))
            return None

        self._do("statement", work, look_again=False)

    def _do(
        self, what: str, work: Callable[[Network], Coroutine[Any, Any, object]], *, look_again: bool = True
    ) -> None:
        if what in self.busy:
            return
        self.busy.add(what)
        self.changed.emit()

        def done(_answer: object) -> None:
            self.busy.discard(what)
            self.changed.emit()
            self.done.emit(what)
            if look_again:
                self.refresh()

        def failed(failure: Failure) -> None:
            self.busy.discard(what)
            self.changed.emit()
            self.refused.emit(what, failure)

        self._session.call(work, done, failed)

    def _read(self, books: _Books) -> None:
        self._call = None
        self.summary, self.seller = books.earnings, books.seller
        self.payouts = list(books.payouts.items)
        self._next = books.payouts.next
        self.minimum, self.schedule = books.payouts.minimum, books.payouts.schedule
        self.failure = None
        self.phase = Phase.READY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.changed.emit()


def today() -> date:
    """The day that the registry's books are on: they are kept in UTC."""
    return datetime.now(UTC).date()


def business_number_is_valid(number: str) -> bool:
    """Whether ten digits are a Korean business registration number: the last one follows from the others."""
    digits = [int(c) for c in number if c.isdigit()]
    if len(digits) != 10 or any(not (c.isdigit() or c in "- ") for c in number):
        return False
    weights = (1, 3, 7, 1, 3, 7, 1, 3)
    total = sum(weight * digit for weight, digit in zip(weights, digits, strict=False))
    total += digits[8] * 5 // 10 + digits[8] * 5 % 10
    return (10 - total % 10) % 10 == digits[9]


def _text(day: date) -> str:
    return day.isoformat()
