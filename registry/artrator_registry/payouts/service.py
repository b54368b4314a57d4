"""Payouts: earnings that leave. Asked for by hand or on a schedule, sent by a rail or by the operator.

``sent``, ``paid`` and ``failed`` are what a rail says, each inside a transaction of the writer, harmless to repeat.
A rail says ``sent`` *before* it hands anything to its provider: from then on the creator cannot cancel, and if the
registry dies in between, the payout stays ``sent`` until the rail has asked its provider what became of it.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as m
from artrator.money import format_credits
from artrator_registry.accounts.models import Caller
from artrator_registry.earnings import days
from artrator_registry.earnings import service as earned
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import PAYOUTS, Why, earnings, transfer_id
from artrator_registry.paging import pack, unpack
from artrator_registry.payouts import store
from artrator_registry.rails import debts
from artrator_registry.sellers import service as sellers
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction

_log = logging.getLogger("artrator_registry.payouts")

#: The operator pays these by hand; every registry has it.
MANUAL: Final = "manual"
_BY_HAND: Final = m.PayoutSchedule()


# --- what rails and the operator say


def waiting(t: Transaction, rail: str, limit: int, *, sent: bool = False) -> list[Any]:
    """Payouts that a rail has to send, or those that it sent and has to ask about, oldest first."""
    return store.of_rail(t, rail, "sent" if sent else "requested", limit)


def sent(t: Transaction, payout: str, reference: str = "") -> Any:
    """It is about to be handed to a provider, or the provider has given it a name; answers its row.

    Raises:
        ArtratorError: ``payout_unknown``, ``payout_closed``.
    """
    row = _one(t, payout)
    if row["state"] == "requested":
        store.sent(t, payout, reference)
    elif row["state"] == "sent" and reference:
        store.refer(t, payout, reference)
    elif row["state"] not in ("sent", "paid"):
        raise _given_back(row)
    return store.payout(t, payout)


def paid(t: Transaction, payout: str, reference: str = "") -> Any:
    """It has arrived; answers its row. Raises ArtratorError ``payout_unknown payout_closed``."""
    row = _one(t, payout)
    if row["state"] in ("requested", "sent"):
        ledger.capture(t, transfer_id(_cause(payout), "post"), _hold(payout), row["amount"], _why(row, reference))
        store.end(t, payout, "paid", reference, "")
    elif row["state"] != "paid":
        raise _given_back(row)
    return store.payout(t, payout)


def failed(t: Transaction, payout: str, reason: str) -> Any:
    """It will not arrive, or has come back: the creator has it again.

    Raises:
        ArtratorError: ``payout_unknown``, ``payout_closed``.
    """
    row = _one(t, payout)
    match row["state"]:
        case "requested" | "sent":
            ledger.release(t, transfer_id(_cause(payout), "void"), _hold(payout), _why(row, reason))
            store.end(t, payout, "failed", "", reason)
        case "paid":
            back = transfer_id(_cause(payout), "return")
            ledger.move(t, back, PAYOUTS, earnings(row["account"]), row["amount"], _why(row, reason))
            store.end(t, payout, "failed", "", reason)
        case "cancelled":
            raise _given_back(row)
    return store.payout(t, payout)


# --- what creators ask for


def request(
    t: Transaction, person: str, payout: str, asked: m.PayoutRequest, rails: Mapping[str, int], settings: Settings
) -> m.Payout:
    """Set earnings aside to be paid out. The same id and body give the same answer.

    Raises:
        ArtratorError: ``conflict``, ``debt_unpaid``, ``earnings_insufficient``, ``request_invalid``,
            ``seller_unverified``.
    """
    known = store.payout(t, payout)
    wanted = (person, asked.amount, asked.rail, asked.destination)
    if known is not None:
        if tuple(known[name] for name in ("account", "amount", "rail", "destination")) != wanted:
            raise ArtratorError(Code.CONFLICT, "This payout id was used for something else.")
        return as_message(known)
    debts.require_none(t, person)  # what is owed is paid first, see ``earnings.move``
    _check_road(t, person, asked.rail, asked.destination, rails, settings)
    if asked.amount % rails.get(asked.rail, 1):
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"By {asked.rail} whole units of its currency are paid out: multiples of"
            f" {format_credits(rails[asked.rail])} credits.",
            field="amount",
            unit=rails[asked.rail],
        )
    if asked.amount < settings.payout_minimum:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"The least that is paid out is {format_credits(settings.payout_minimum)} credits.",
            cure="Wait until more has been earned, or move it to your wallet and spend it.",
            field="amount",
            minimum=settings.payout_minimum,
        )
    earned.require(t, person, asked.amount, settings)
    store.add(t, payout, person, asked.amount, asked.rail, asked.destination)
    row = store.payout(t, payout)
    ledger.hold(t, _hold(payout), earnings(person), PAYOUTS, asked.amount, _why(row, ""), None)
    return as_message(row)


def cancel(t: Transaction, person: str, payout: str) -> m.Payout:
    """The creator takes it back, before it was sent; raises ArtratorError ``payout_unknown payout_closed``."""
    row = store.payout(t, payout)
    if row is None or row["account"] != person:
        raise ArtratorError(Code.PAYOUT_UNKNOWN, "You have no such payout.")
    if row["state"] == "requested":
        ledger.release(t, transfer_id(_cause(payout), "void"), _hold(payout), _why(row, "cancelled"))
        store.end(t, payout, "cancelled", "", "")
    elif row["state"] != "cancelled":
        raise ArtratorError(Code.PAYOUT_CLOSED, f"The payout is {row['state']}.", state=row["state"])
    return as_message(store.payout(t, payout))


def set_schedule(
    t: Transaction, person: str, schedule: m.PayoutSchedule, rails: Mapping[str, int], settings: Settings
) -> m.PayoutSchedule:
    """When payouts are asked for without being told, from the next period on."""
    if schedule.every != "hand":
        _check_road(t, person, schedule.rail, schedule.destination, rails, settings)
    done = _period(schedule.every, t.now)
    store.keep_schedule(t, person, schedule.every, schedule.minimum, schedule.rail, schedule.destination, done)
    return _schedule(t, person)


def listed(t: Transaction, person: str, before: str | None, limit: int, settings: Settings) -> m.Payouts:
    """A person's payouts, newest first, with what they need to know before they ask for one."""
    rows = store.payouts(t, person, unpack(before, int)[0] if before else None, limit + 1)
    return m.Payouts(
        items=[as_message(row) for row in rows[:limit]],
        next=pack(rows[limit - 1]["serial"]) if len(rows) > limit else None,
        minimum=settings.payout_minimum,
        schedule=_schedule(t, person),
    )


# --- what happens by itself


def due(t: Transaction, limit: int) -> list[str]:
    """Accounts whose schedule has something to do."""
    return store.due(t, days.day_of(t.now), days.week_of(t.now), days.month_of(t.now), limit)


def run_schedule(t: Transaction, person: str, rails: Mapping[str, int], settings: Settings) -> bool:
    """Ask for a payout of what is available, once in a period; False if that was done meanwhile.

    The payout's id is made of the account and the period, so that a period never pays twice, not even after an old
    backup was restored: a rail hands the id to its provider.
    """
    row = store.schedule(t, person)
    period = _period(row["every"], t.now)
    if row["every"] == "hand" or period <= row["done"] <= days.day_of(t.now):
        return False
    store.done(t, person, period)
    amount = earned.available(t, person, settings)
    amount -= amount % rails.get(row["rail"], 1)  # what is less than a cent waits for the next period
    if amount >= max(row["minimum"], settings.payout_minimum, 1):
        asked = m.PayoutRequest(amount=amount, rail=row["rail"], destination=row["destination"])
        try:
            request(t, person, _scheduled_id(t, person, row["every"], period), asked, rails, settings)
        except ArtratorError as problem:  # refused before anything was written; the next period tries again
            _log.warning("no payout to %s for %s: %s", person, period, problem.message)
    return True


def as_message(row: Any) -> m.Payout:
    """A payout as its creator sees it."""
    return m.Payout(
        id=row["id"],
        amount=row["amount"],
        rail=row["rail"],
        destination=row["destination"],
        state=m.PayoutState(row["state"]),
        requested_at=row["requested_at"],
        ended_at=row["ended_at"],
        reference=row["reference"],
        reason=row["reason"],
    )


def _check_road(
    t: Transaction, person: str, rail: str, destination: str, rails: Mapping[str, int], settings: Settings
) -> None:
    if rail != MANUAL and rail not in rails:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"Nothing is paid out by {rail[:40]!r} here.",
            cure=f"Choose one of these: {', '.join([MANUAL, *sorted(rails)])}.",
            field="rail",
        )
    if not destination.strip() or not destination.isprintable():
        raise ArtratorError(
            Code.REQUEST_INVALID,
            "Where to pay is missing, or has signs that do not print.",
            cure="Say where: a bank and its account, or what the rail asks for (`--to` of the command).",
            field="destination",
        )
    needed = settings.verify_payouts == "all" or (settings.verify_payouts == "cash" and rail != MANUAL)
    if needed and not sellers.is_verified(t, person):
        raise ArtratorError(Code.SELLER_UNVERIFIED, "The operator pays out only to sellers whose profile is verified.")


def _scheduled_id(t: Transaction, person: str, every: str, period: str) -> str:
    # Whoever knows the rule could take the id beforehand for a payout of their own; then the next one is used.
    for count in itertools.count():
        payout = transfer_id(f"schedule:{person}:{every}:{period}", str(count))
        known = store.payout(t, payout)
        if known is None or known["account"] == person:
            return payout
    raise AssertionError


def _schedule(t: Transaction, person: str) -> m.PayoutSchedule:
    row = store.schedule(t, person)
    if row is None:
        return _BY_HAND
    return m.PayoutSchedule(
        every=row["every"], minimum=row["minimum"], rail=row["rail"], destination=row["destination"]
    )


def _period(every: str, now: float) -> str:
    return {"hand": "", "week": days.week_of(now), "month": days.month_of(now)}[every]


def _cause(payout: str) -> str:
    return f"payout:{payout}"


def _hold(payout: str) -> str:
    return transfer_id(_cause(payout), "hold")


def _why(row: Any, note: str) -> Why:
    return Why("payout", note=f"{row['rail']}: {note}" if note else row["rail"])


def _one(t: Transaction, payout: str) -> Any:
    row = store.payout(t, payout)
    if row is None:
        raise ArtratorError(
            Code.PAYOUT_UNKNOWN,
            f"There is no payout {payout}.",
            cure="Check the id; `artrator registry payouts list` lists every payout.",
        )
    return row


def _given_back(row: Any) -> ArtratorError:
    """What a rail or the operator says of a payout comes too late."""
    return ArtratorError(
        Code.PAYOUT_CLOSED,
        f"The payout is {row['state']}.",
        cure="Do not pay it: its creator has the earnings again, and asks anew.",
        state=row["state"],
    )


class Payouts:
    """What an account may ask about payouts.

    Args:
        database: The registry's.
        settings: With the least amount and the delay.
        rails: The rails that pay out, with the micro-credits that one minor unit of their currency is worth.
    """

    def __init__(self, database: Database, settings: Settings, rails: Callable[[], Mapping[str, int]]) -> None:
        self._db = database
        self._settings = settings
        self._rails = rails

    async def request(self, who: Caller, payout: str, asked: m.PayoutRequest) -> m.Payout:
        """Ask for earnings to be paid out."""
        return await self._db.write(request, who.account, payout, asked, self._rails(), self._settings)

    async def cancel(self, who: Caller, payout: str) -> m.Payout:
        """Take a payout back."""
        return await self._db.write(cancel, who.account, payout)

    async def listed(self, who: Caller, before: str | None, limit: int) -> m.Payouts:
        """The caller's payouts."""
        return await self._db.read(listed, who.account, before, limit, self._settings)

    async def set_schedule(self, who: Caller, schedule: m.PayoutSchedule) -> m.PayoutSchedule:
        """When payouts are asked for."""
        return await self._db.write(set_schedule, who.account, schedule, self._rails(), self._settings)

    def run_schedule(self, t: Transaction, person: str) -> bool:
        """Run one account's schedule; see ``run_schedule``."""
        return run_schedule(t, person, self._rails(), self._settings)
