"""Top-ups: asked for, opened at the provider, looked at until they end.

The row is on the disk before the provider is asked, so a crash anywhere loses nothing: the client repeats its request
with the same id, and the provider is asked again with the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

from artrator.canonical import canonical_json, sha256
from artrator.errors import ArtratorError, Code
from artrator.messages import rails as rm
from artrator.money import format_credits
from artrator.rail import NewTopUp, Notice, Rail
from artrator_registry.accounts.models import Caller
from artrator_registry.locks import Locks
from artrator_registry.paging import pack, unpack
from artrator_registry.rails import asking, crediting, renewals
from artrator_registry.rails import topup_store as store
from artrator_registry.rails.models import Agreed
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction

_log = logging.getLogger("artrator_registry.rails")

#: Somebody who needs more than this at once is not a buyer.
_MOST_OPEN: Final = 20
#: A top-up that its provider has forgotten, and that nobody can pay any more, ends so long after that.
_FORGOTTEN_SECONDS: Final = 86_400.0
#: A top-up that ended without money is asked about for this long: a payment may be on its way.
_AFTERLIFE_SECONDS: Final = 7 * 86_400.0
#: The longest a top-up waits to be looked at, once it is old and nobody asks for it.
_LONGEST_WAIT: Final = 3_600.0
#: After an outage not all of them are looked at in one second.
_SPREAD_SECONDS: Final = 1.0
#: Questions to one provider at once: a webhook is answered before they are asked, and more would only wait there.
_AT_ONCE: Final = 8


class TopUps:
    """Everything about top-ups."""

    def __init__(self, database: Database, settings: Settings, rails: Mapping[str, Rail]) -> None:
        self._db = database
        self._settings = settings
        self._rails = rails
        # What a provider says is fetched and concluded from under one lock, so that an old answer never overtakes a
        # newer one.
        self._locks = Locks()
        self._room = {name: asyncio.Semaphore(_AT_ONCE) for name in rails}

    async def top_up(self, who: Caller, topup: str, request: rm.TopUpRequest) -> rm.TopUp:
        """Ask for a top-up; the same id and body give the same answer."""
        rail = self.rail(request.rail)
        async with self._locks.of(topup):
            row = await self._db.write(self._agree, who, topup, request, rail)
            if row["reference"] is None and row["state"] == "open":
                row = await self._open(row, rail)
            return as_message(row)

    async def get(self, who: Caller, topup: str) -> rm.TopUp:
        """How a top-up stands. Whoever asks may just have paid, so its provider is asked soon, however old it is."""

        def find(t: Transaction) -> Any:
            row = store.topup(t, topup)
            if row is None or row["account"] != who.account:
                raise ArtratorError(Code.TOPUP_UNKNOWN, "You have no such top-up.")
            return row

        row = await self._db.read(find)
        rail = self._rails.get(row["rail"])
        if rail is not None and row["look_at"] is not None:
            soon = self._db.clock() + rail.terms.poll_seconds
            if row["look_at"] > soon + _SPREAD_SECONDS:
                with contextlib.suppress(ArtratorError):  # a disk that is full keeps nobody from reading
                    await self._db.write(store.look_before, topup, soon)
        return as_message(row)

    async def list(self, who: Caller, before: str | None, limit: int) -> rm.TopUps:
        """The caller's top-ups, newest first."""

        def find(t: Transaction) -> rm.TopUps:
            cursor = unpack(before, int)[0] if before else None
            rows = store.topups(t, who.account, cursor, limit + 1)
            following = pack(rows[limit - 1]["serial"]) if len(rows) > limit else None
            return rm.TopUps(items=[as_message(row) for row in rows[:limit]], next=following)

        return await self._db.read(find)

    async def look(self, name: str, reference: str, hint: str, *, notice: str | None = None) -> None:
        """Ask a provider about a payment and conclude from the answer.

        Args:
            name: Of the rail.
            reference: What the rail is asked with.
            hint: The id of the top-up, as far as is known.
            notice: The id of the notice that made us look; it is done in the same transaction.

        Raises:
            ArtratorError: ``rail_unavailable``.
        """
        rail = self.rail(name)
        for _ in range(3):  # a provider that names another top-up each time is not to be asked for ever
            async with self._locks.of(hint or f"{name} {reference}"), self._room[name]:
                payment = await asking.answer(name, rail.look(reference))
                found = payment.topup if payment is not None else hint
                if found == hint or not found:
                    subscription = await self._db.write(self._conclude, name, payment, hint, notice)
                    if subscription is not None:  # if this fails, it is asked for again while the payment is compared
                        await renewals.stop(name, rail, subscription)
                    return
            hint = found  # it is another's: ask again under that one's lock
        raise ArtratorError(Code.RAIL_UNAVAILABLE, f"{name} names another top-up each time it is asked.")

    def rail(self, name: str) -> Rail:
        """A rail by name; raises ArtratorError ``rail_unknown``."""
        rail = self._rails.get(name)
        if rail is None:
            raise ArtratorError(Code.RAIL_UNKNOWN, f"This registry has no rail called {name[:40]!r}.")
        return rail

    def _agree(self, t: Transaction, who: Caller, topup: str, request: rm.TopUpRequest, rail: Rail) -> Any:
        body = sha256(canonical_json(request.model_dump()))
        known = store.topup(t, topup)
        if known is not None:
            if known["account"] != who.account or known["body"] != body:
                raise ArtratorError(Code.CONFLICT, "This id was used for another top-up.")
            return known
        terms = rail.terms
        if not terms.pays_in or terms.flow not in ("redirect", "invoice"):
            raise ArtratorError(Code.RAIL_UNKNOWN, f"The rail {request.rail} has no top-ups.")
        if request.pass_plan is not None:
            renewals.check(t, request.rail, rail, who.account, request.pass_plan, request.amount)
        elif not terms.minimum <= request.amount <= terms.maximum:
            raise ArtratorError(
                Code.REQUEST_INVALID,
                f"A top-up is {format_credits(terms.minimum)} to {format_credits(terms.maximum)} credits here.",
                field="amount",
            )
        if store.count_open(t, who.account, request.rail) >= _MOST_OPEN:
            raise ArtratorError(
                Code.RATE_LIMITED,
                f"{_MOST_OPEN} of your top-ups by {request.rail} wait to be paid.",
                cure="Pay one of them, or wait until they expire.",
            )
        agreed = Agreed(
            id=topup,
            body=body,
            account=who.account,
            rail=request.rail,
            amount=request.amount,
            charge=terms.charge(request.amount),
            currency=terms.currency,
            plan=request.pass_plan,
        )
        store.add(t, agreed)
        return store.topup(t, topup)

    async def _open(self, row: Any, rail: Rail) -> Any:
        site = self._settings.public_url.rstrip("/")
        plan = row["plan"]
        renews = None if plan is None else await self._db.read(renewals.terms, plan)
        what = f"{format_credits(row['amount'])} credits" if renews is None else renews.title
        new = NewTopUp(
            id=row["id"],
            amount=row["amount"],
            charge=row["charge"],
            currency=row["currency"],
            description=f"{what} at {self._settings.name}",
            done_url=f"{site}/pay/done",
            cancel_url=f"{site}/pay/cancelled",
            webhook_url=f"{site}/v1/rails/{row['rail']}/webhook",
            renews=renews,
        )
        answer = await asking.answer(row["rail"], rail.make_topup(new))

        def keep(t: Transaction) -> Any:
            store.opened(t, row["id"], answer, t.now + rail.terms.poll_seconds)
            return store.topup(t, row["id"])

        return await self._db.write(keep)

    def _conclude(self, t: Transaction, name: str, payment: Any, hint: str, notice: str | None) -> str | None:
        """Write down what follows from a payment; answers a subscription that is to be ended."""
        fee = self._settings.fee_basis_points
        row = crediting.conclude(t, name, self._rails[name].terms, payment, fee) if payment is not None else None
        row = row if row is not None else (store.topup(t, hint) if hint else None)
        if payment is None and row is not None and _is_forgotten(t, row):
            store.ended(t, row["id"], "expired", "unknown_to_provider")
            row = store.topup(t, row["id"])
        if row is not None and row["reference"] is not None:
            store.look_again(t, row["id"], next_look(t, row, self._rails[name].terms.poll_seconds))
        if notice is not None:
            store.acted(t, name, notice)
        return None if row is None else renewals.to_stop(t, row)


def _is_forgotten(t: Transaction, row: Any) -> bool:
    """Whether a top-up of which its provider knows nothing (any more) can be given up: its time to be paid is over.

    If the money comes after all, it is credited as that of any top-up that had ended.
    """
    over = row["expires_at"] if row["expires_at"] is not None else row["created_at"] + _AFTERLIFE_SECONDS
    return bool(row["state"] == "open" and over + _FORGOTTEN_SECONDS < t.now)


def next_look(t: Transaction, row: Any, poll_seconds: float) -> float | None:
    """When to ask again about a top-up: seldom when it is old, for a while after it ended, not once it is paid.

    What is taken back from a paid one is heard of by webhook, or found when the rail is reconciled.
    """
    age = max(0.0, t.now - row["created_at"])
    if row["state"] in ("paid", "charged_back"):
        return None
    if row["state"] != "open" and age > _AFTERLIFE_SECONDS:
        return None
    wait = max(poll_seconds, min(_LONGEST_WAIT, age / 10))
    later: float = t.now + wait
    return later + _SPREAD_SECONDS * secrets.randbelow(1000) / 1000.0


def longest_wait(poll_seconds: float) -> float:
    """The longest that ``next_look`` ever says."""
    return max(poll_seconds, _LONGEST_WAIT) + _SPREAD_SECONDS


def as_message(row: Any) -> rm.TopUp:
    """A top-up as its owner sees it; how to pay it is shown only while it can be paid."""
    waiting = row["state"] == "open"
    return rm.TopUp(
        id=row["id"],
        rail=row["rail"],
        amount=row["amount"],
        charge=row["charge"],
        currency=row["currency"],
        state=rm.TopUpState(row["state"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        paid_at=row["paid_at"],
        taken_back=row["taken_back"],
        page=row["page"] if waiting else None,
        invoice=row["invoice"] if waiting else None,
        reason=row["reason"],
    )


async def hear(database: Database, rail: str, notices: list[Notice]) -> list[Notice]:
    """Keep what a provider said; answers what had not been said before."""
    if not notices:
        return []
    return await database.write(lambda t: [each for each in notices if store.hear(t, rail, each)])
