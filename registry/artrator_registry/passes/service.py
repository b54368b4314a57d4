"""Passes: buying, looking at them, and whether they renew themselves."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from artrator.canonical import canonical_json, sha256
from artrator.errors import ArtratorError, Code
from artrator.messages import products as p
from artrator.money import format_credits
from artrator_registry.accounts.models import Caller
from artrator_registry.ledger.models import transfer_id
from artrator_registry.locks import Locks
from artrator_registry.passes import periods, store
from artrator_registry.passes.models import NewPass
from artrator_registry.plans import store as plans
from artrator_registry.plans.service import full_names
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction

_MOST_SHOWN: Final = 200
#: A rail's payment that comes so much before the end of what was paid for begins nothing: it is a second subscription.
_EARLY_SECONDS: Final = 2 * 86_400.0


class Passes:
    """Everything about passes.

    Attributes:
        renewals: What to tell a rail, by its name, before a pass that it renews starts or stops to renew itself: called
            with the pass's id and the wish; what it raises leaves the pass as it was.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings
        self.renewals: dict[str, Callable[[str, bool], Awaitable[None]]] = {}
        self._changing = Locks()

    async def buy(self, who: Caller, pass_id: str, request: p.PassRequest) -> p.Pass:
        """Buy a pass: its first period begins at once."""
        return await self._db.write(_buy, who, pass_id, request, self._settings.fee_basis_points)

    async def get(self, who: Caller, pass_id: str) -> p.Pass:
        """How a pass stands, for its buyer."""
        return await self._db.read(lambda t: as_message(_own(t, who, pass_id)))

    async def passes(self, who: Caller) -> p.Passes:
        """The caller's passes, those in force first."""
        rows = await self._db.read(store.of_buyer, who.account, _MOST_SHOWN)
        return p.Passes(items=[as_message(row) for row in rows])

    async def change(self, who: Caller, pass_id: str, request: p.PassChange) -> p.Pass:
        """Whether a pass renews itself."""
        async with self._changing.of(pass_id):  # of two wishes at once, the rail and the row must keep the same one
            row = await self._db.read(_own, who, pass_id)
            tell = self.renewals.get(row["rail"])
            # A pass that is unpaid has ended here, and its provider may still be trying to be paid for the next one.
            if tell is not None and (
                bool(row["renew"]) != request.renew if row["state"] == "active" else not request.renew
            ):
                await tell(pass_id, request.renew)
            return await self._db.write(_change, who, pass_id, request.renew)


def for_sale(t: Transaction, plan: str, buyer: str, max_price: int) -> Any:
    """The row of a plan's terms, if this buyer can have a pass of it now.

    Raises:
        ArtratorError: ``plan_unknown forbidden price_above_cap pass_in_force``.
    """
    terms = plans.current(t, plan)
    if terms is None or terms["withdrawn"]:
        raise ArtratorError(Code.PLAN_UNKNOWN, f"There is no pass {plan} to be bought.")
    if terms["creator"] == buyer:
        raise ArtratorError(
            Code.FORBIDDEN, "This is your own pass.", cure="You run your own models for nothing, without a pass."
        )
    _check_price(terms, max_price)
    active = store.in_force(t, buyer, plan)
    if active is not None:
        raise _in_force(active)
    return terms


def begin_paid_period(
    t: Transaction, person: str, plan: str, price: int, rail: str, reference: str, *, fee: int
) -> str:
    """Begin the next period of a pass that a rail has just been paid for, or a new pass; answers the pass's id.

    Called inside the transaction in which the rail's payment was credited to the wallet. Doing it again with the same
    reference does nothing. Whatever it raises, nothing was written, and the credits stay in the wallet.

    Args:
        t: The transaction.
        person: The account of the buyer.
        plan: ``handle/name``.
        price: What was paid for a period, in micro-credits: never below the terms'.
        rail: The rail's name.
        reference: The rail's name of this payment.
        fee: The operator's share in basis points.

    Raises:
        ArtratorError: ``plan_unknown forbidden pass_in_force pass_ended price_above_cap credits_insufficient
            debt_unpaid``. The rail should end its subscription, and not try again with this payment.
    """
    payment = f"{rail}:{reference}"
    known = store.paid_by(t, payment)
    if known is not None:
        return str(known["pass"])
    active = store.in_force(t, person, plan)
    if active is None:
        terms = for_sale(t, plan, person, price)
        new = NewPass(
            id=transfer_id(f"pass:{payment}", "pass"),
            body="",
            buyer=person,
            creator=terms["creator"],
            plan=plan,
            terms=terms["digest"],
            rail=rail,
            api_key=None,
            renew=True,
        )
        _begin(t, new, terms, fee, payment=payment)
        return new.id
    if active["rail"] != rail or active["ends"] - t.now > _EARLY_SECONDS:
        raise _in_force(active)
    if not active["renew"]:
        raise ArtratorError(Code.PASS_ENDED, "This pass was told not to renew itself.")
    if plans.current(t, plan)["withdrawn"]:
        raise ArtratorError(Code.PLAN_UNKNOWN, f"Passes of {plan} are not sold any more.")
    _check_price(active, price)
    periods.follow(t, active, fee, payment)
    return str(active["id"])


def as_message(row: Any) -> p.Pass:
    """A pass (a row of ``store.one``) as its buyer sees it."""
    return p.Pass(
        id=row["id"],
        plan=row["plan"],
        title=json.loads(row["title"]),
        creator=row["handle"],
        listings=full_names(row["listings"], row["handle"]),
        state=p.PassState(row["state"]),
        price=row["price"],
        allowance=row["allowance"],
        used=row["used"],
        waiting=row["waiting"],
        runs=row["runs"],
        begun_at=row["begun_at"],
        period_from=row["begins"],
        period_until=row["ends"],
        renew=bool(row["renew"]) and row["state"] == "active",
        paid_through=row["rail"],
    )


def _buy(t: Transaction, who: Caller, pass_id: str, request: p.PassRequest, fee: int) -> p.Pass:
    body = sha256(canonical_json(request.model_dump()))
    known = store.one(t, pass_id)
    if known is not None:
        if known["buyer"] != who.account or known["body"] != body:
            raise ArtratorError(Code.CONFLICT, "This pass id was used for something else.")
        return as_message(known)
    terms = for_sale(t, request.plan, who.account, request.max_price)
    new = NewPass(
        id=pass_id,
        body=body,
        buyer=who.account,
        creator=terms["creator"],
        plan=request.plan,
        terms=terms["digest"],
        rail="credits",
        api_key=who.api_key,
        renew=request.renew,
    )
    _begin(t, new, terms, fee)
    return as_message(store.one(t, pass_id))


def _check_price(terms: Any, most: int) -> None:
    if terms["price"] > most:
        raise ArtratorError(
            Code.PRICE_ABOVE_CAP,
            f"A period of this pass costs {format_credits(terms['price'])} credits, more than the most you would pay.",
            cap=terms["price"],
        )


def _begin(t: Transaction, new: NewPass, terms: Any, fee: int, payment: str | None = None) -> None:
    periods.afford(t, new.buyer, terms["price"], new.api_key)
    store.add(t, new)
    periods.begin(t, store.bought(t, new.id), 1, fee, payment)


def _own(t: Transaction, who: Caller, pass_id: str) -> Any:
    row = store.one(t, pass_id)
    if row is None or row["buyer"] != who.account:
        raise ArtratorError(Code.PASS_UNKNOWN, "You have no such pass.")
    return row


def _change(t: Transaction, who: Caller, pass_id: str, renew: bool) -> p.Pass:
    row = _own(t, who, pass_id)
    if row["state"] != "active":
        raise ArtratorError(Code.PASS_ENDED, f"This pass has ended ({row['state']}), so it cannot renew itself.")
    # Whoever switches it on pays for it: an API key by its limit, the account's own key without one.
    store.change(t, pass_id, renew, who.api_key if renew else row["api_key"])
    return as_message(store.one(t, pass_id))


def _in_force(active: Any) -> ArtratorError:
    return ArtratorError(Code.PASS_IN_FORCE, f"You have a pass of {active['plan']} that is in force.", id=active["id"])
