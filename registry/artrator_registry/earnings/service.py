"""What creators earn: written by settlement, matured by time, moved to the wallet or paid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as m
from artrator.messages import registry as rm
from artrator.money import format_credits
from artrator_registry.accounts.models import Caller
from artrator_registry.earnings import days, statement, store
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger import store as ledger_store
from artrator_registry.ledger.models import Why, earnings, transfer_id
from artrator_registry.payouts import store as payouts
from artrator_registry.rails import debts
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction

#: Kind of a transfer that came in -> kind of what was sold.
_SOLD: Final = {"order": "run", "pass": "pass", "purchase": "purchase"}


class Share(Protocol):
    """One share of a charge, see ``orders.shares.Part``."""

    @property
    def kind(self) -> str:
        """``creator``, ``fee`` or ``royalty``."""

    @property
    def account(self) -> str:
        """Its ledger account."""

    @property
    def amount(self) -> int:
        """Micro-credits."""

    @property
    def listing(self) -> str | None:
        """The base model that a royalty is for."""


def sold(kind: str) -> str:
    """As what a sale counts whose transfer has this kind."""
    return _SOLD[kind]


def earned(t: Transaction, parts: Sequence[Share], why: Why, *, runs: int = 1) -> None:
    """Count what has just come in and was split so; the first part is the creator's.

    Args:
        t: The transaction in which it came in.
        parts: The split.
        why: Of the transfer that brought it in: its kind and listing.
        runs: How many deliveries it is for: none where a pass period ends.
    """
    creator, day = _owner(parts[0].account), days.day_of(t.now)
    royalties = [part for part in parts if part.kind == "royalty" and part.account != parts[0].account]
    store.add(
        t,
        creator,
        day,
        why.listing or "",
        sold(why.kind),
        runs=runs,
        gross=sum(part.amount for part in parts),
        fee=sum(part.amount for part in parts if part.kind == "fee"),
        royalties=sum(part.amount for part in royalties),
    )
    for part in royalties:
        if part.amount:
            store.add(t, _owner(part.account), day, part.listing or "", "royalty", runs=runs, gross=part.amount)


def available(t: Transaction, person: str, settings: Settings) -> int:
    """What a person can have paid out now: what was earned, has matured, and is neither asked for nor disputed."""
    has = ledger.balances(t, earnings(person)).available
    maturing, _ = store.maturing(t, person, days.first_immature(t.now, settings.payout_delay))
    return max(0, has - maturing)


def require(t: Transaction, person: str, amount: int, settings: Settings) -> None:
    """Raise ArtratorError ``earnings_insufficient`` unless so much can be paid out now."""
    has = available(t, person, settings)
    if has < amount:
        raise ArtratorError(
            Code.EARNINGS_INSUFFICIENT,
            f"{format_credits(has)} credits of your earnings can be had now, not {format_credits(amount)}.",
            available=has,
            needed=amount,
        )


def overview(t: Transaction, person: str, since: str | None, until: str | None, settings: Settings) -> m.Earnings:
    """What a person earned on these days, and how far it is on its way to them."""
    first, last = days.period(since, until, t.now)
    account = ledger.balances(t, earnings(person))
    maturing, day = store.maturing(t, person, days.first_immature(t.now, settings.payout_delay))
    requested, paid = payouts.sums(t, person)
    return m.Earnings(
        pending=account.pending,
        maturing=min(maturing, account.available),
        available=max(0, account.available - maturing),
        requested=requested,
        paid=paid,
        next_matures_at=None if day is None else days.matures_at(day, settings.payout_delay),
        days=[
            m.EarningDay(
                day=row["day"],
                listing=row["listing"],
                kind=row["kind"],
                runs=row["runs"],
                gross=row["gross"],
                fee=row["fee"],
                royalties=row["royalties"],
                refunded=row["refunded"],
                net=row["net"],
            )
            for row in store.days(t, person, first, last)
        ],
    )


def move(t: Transaction, person: str, transfer: str, amount: int, settings: Settings) -> rm.Balance:
    """Move earnings to the wallet, once for each id; what is owed is paid from it at once.

    Raises:
        ArtratorError: ``conflict``, ``earnings_insufficient``.
    """
    made = transfer_id(f"earnings:{person}:{transfer}", "move")
    known = ledger_store.transfer(t, made) is not None
    if not known:
        ledger.check_amount(amount)
        require(t, person, amount, settings)
    ledger.move(t, made, earnings(person), person, amount, Why("transfer"))
    if not known:
        debts.repay(t, person, made)
    return ledger.balance(t, person)


def _owner(account: str) -> str:
    return account.removesuffix("/earnings")


class Earnings:
    """What an account may ask about its earnings."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings

    async def overview(self, who: Caller, since: str | None, until: str | None) -> m.Earnings:
        """What the caller earned."""
        return await self._db.read(overview, who.account, since, until, self._settings)

    async def statement(self, who: Caller, year: int) -> m.EarningsStatement:
        """What the caller earned and was paid in a year."""
        return await self._db.read(statement.make, who.account, year, self._settings)

    async def move(self, who: Caller, transfer: str, amount: int) -> rm.Balance:
        """Move the caller's earnings to the wallet."""
        return await self._db.write(move, who.account, transfer, amount, self._settings)
