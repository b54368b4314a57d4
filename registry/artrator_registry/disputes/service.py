"""Disputes: a delivery that is not what was bought, and who has to give way.

A delivery that was not accepted yet stays held. One that was is settled: then every share of it is set aside where it
lies, until the creator gives way or the operator decides. One dispute for each order, and what is decided stays so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from artrator.canonical import canonical_json, sha256
from artrator.errors import ArtratorError, Code
from artrator.messages import disputes as m
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.disputes import refund, store
from artrator_registry.listings.service import find
from artrator_registry.orders import settlement, shares
from artrator_registry.orders import store as orders
from artrator_registry.paging import pack, unpack
from artrator_registry.storage import Database, Transaction

#: Why a refused delivery was paid back that nobody decided.
_SILENCE: Final = "The buyer refused it, and the creator did not answer in time."
_FOR_THE_OPERATOR: Final = "Check the id; `artrator registry disputes` lists what waits to be decided."
#: What is told of a listing is what happened lately: a model may have become better.
_RATE_SECONDS: Final = 90 * 86_400.0
#: Counting reads every order of a listing, and nobody need be signed in to ask for it.
_RATES_KEPT_SECONDS: Final = 60.0
_MOST_RATES: Final = 10_000


def refused(t: Transaction, order: Any, text: str) -> None:
    """The buyer's acknowledgement refused a delivery (its order's row): its money stays held."""
    orders.dispute(t, order["id"])
    # What the buyer's program writes names what it found: a digest or a picture that does not fit.
    store.add(t, order, m.DisputeReason.DAMAGED.value, text[:2000], order["cap"], settled=False)


def open_one(t: Transaction, who: Caller, order: str, opening: m.DisputeOpening) -> m.Dispute:
    """The buyer says what is wrong with a delivery. The same again gives the same answer.

    Raises:
        ArtratorError: ``conflict``, ``dispute_closed``, ``forbidden``, ``order_unknown``.
    """
    row = _order(t, who, order)
    if row["buyer"] != who.account:
        raise ArtratorError(Code.FORBIDDEN, "Only the buyer can dispute a delivery.")
    body = sha256(canonical_json(opening.model_dump(mode="json")))
    known = store.dispute(t, order)
    if known is None:
        _open(t, row)
    elif known["body"] == body:
        return as_message(known)
    elif known["state"] == "decided":
        raise ArtratorError(Code.DISPUTE_CLOSED, f"This dispute was decided for the {known['decided_for']}.")
    elif known["body"] is not None:
        raise ArtratorError(Code.CONFLICT, "You disputed this delivery before, in other words.")
    salt = request = fits = None
    if opening.evidence is not None:
        salt, request = opening.evidence.salt, opening.evidence.request
        fits = sha256(bytes.fromhex(salt) + request.encode()) == row["request"]
    store.say(t, order, body, opening.reason.value, opening.text, salt, request, fits)
    return as_message(store.dispute(t, order))


def answer(t: Transaction, who: Caller, order: str, said: m.DisputeAnswer) -> m.Dispute:
    """The creator says something to it, once, or gives way.

    Raises:
        ArtratorError: ``conflict``, ``dispute_closed``, ``dispute_unknown``, ``forbidden``, ``order_unknown``.
    """
    row = _order(t, who, order)
    if row["creator"] != who.account:
        raise ArtratorError(Code.FORBIDDEN, "Only the creator can answer a dispute.")
    known = _dispute(t, order)
    again = known["answer"] == said.text
    if known["state"] == "decided":
        if again and (known["decided_by"] == "creator") == said.give_back:
            return as_message(known)
        raise ArtratorError(Code.DISPUTE_CLOSED, f"This dispute was decided for the {known['decided_for']}.")
    if known["answer"] is None:
        store.answer(t, order, said.text)
    elif not again and not said.give_back:
        raise ArtratorError(Code.CONFLICT, "You answered this dispute before, in other words.")
    if said.give_back:
        _decide(t, row, known, "buyer", "creator", "")
    return as_message(store.dispute(t, order))


def resolve(t: Transaction, order: str, winner: str, note: str = "") -> Any:
    """The operator gives a disputed order's money to ``buyer`` or ``creator``; answers the order's row.

    Raises:
        ArtratorError: ``order_closed``, ``order_unknown``.
    """
    row = orders.order(t, order)
    if row is None:
        raise ArtratorError(Code.ORDER_UNKNOWN, f"There is no order {order}.", cure=_FOR_THE_OPERATOR)
    if row["state"] != "disputed":
        raise ArtratorError(
            Code.ORDER_CLOSED, f"This order is {row['state']}, not disputed.", cure="There is nothing to decide."
        )
    _decide(t, row, _dispute(t, order), winner, "operator", note)
    return orders.order(t, order)


def lapse(t: Transaction, order: str) -> bool:
    """A refused delivery whose creator said nothing in time: the money goes back; False if somebody did meanwhile."""
    known = _dispute(t, order)
    if known["state"] != "open" or known["settled"]:
        return False
    _decide(t, orders.order(t, order), known, "buyer", "operator", _SILENCE)
    return True


def undecided(t: Transaction) -> list[Any]:
    """Every dispute that waits for somebody, oldest first."""
    return store.undecided(t)


def shown(t: Transaction, order: str) -> m.Dispute:
    """A dispute, for the operator; raises ArtratorError ``dispute_unknown``."""
    return as_message(_dispute(t, order, cure=_FOR_THE_OPERATOR))


def one(t: Transaction, who: Caller, order: str) -> m.Dispute:
    """A dispute, for its two sides; raises ArtratorError ``dispute_unknown order_unknown``."""
    _order(t, who, order)
    return as_message(_dispute(t, order))


def listed(t: Transaction, who: Caller, before: str | None, limit: int) -> m.Disputes:
    """A person's disputes, newest first."""
    rows = store.disputes(t, who.account, unpack(before, int)[0] if before else None, limit + 1)
    following = pack(rows[limit - 1]["serial"]) if len(rows) > limit else None
    return m.Disputes(items=[as_message(row) for row in rows[:limit]], next=following)


def rates(t: Transaction, listing: str) -> m.DisputeRates:
    """What happened to a listing's orders of the last 90 days; raises ArtratorError ``listing_unknown``."""
    find(t, listing, None)
    since = t.now - _RATE_SECONDS
    row = store.rates(t, listing, since)
    return m.DisputeRates(
        settled=row["settled"],
        failed=row["failed"],
        disputed=row["disputed"],
        refunded=row["refunded"],
        by_reason=store.reasons(t, listing, since),
    )


def as_message(row: Any) -> m.Dispute:
    """A dispute as both sides and the operator see it."""
    evidence = None if row["salt"] is None else m.Evidence(salt=row["salt"], request=row["request"])
    return m.Dispute(
        order=row["order_id"],
        listing=row["listing"],
        buyer=row["buyer_handle"],
        creator=row["creator_handle"],
        amount=row["amount"],
        reason=m.DisputeReason(row["reason"]),
        text=row["text"],
        evidence=evidence,
        evidence_fits=None if row["evidence_fits"] is None else bool(row["evidence_fits"]),
        opened_at=row["opened_at"],
        answer=row["answer"],
        answered_at=row["answered_at"],
        state=m.DisputeState(row["state"]),
        decided_for=row["decided_for"],
        decided_at=row["decided_at"],
        note=row["note"],
        receipt=_json(row["receipt"]),
        acknowledgement=_json(row["acknowledgement"]),
    )


def _open(t: Transaction, row: Any) -> None:
    if row["buyer"] == row["creator"]:
        raise ArtratorError(Code.DISPUTE_CLOSED, "This is your own model.")
    if row["state"] == "claimed":
        orders.dispute(t, row["id"])
        store.add(t, row, "other", "", row["cap"], settled=False)
        return
    if row["state"] != "settled":
        raise ArtratorError(
            Code.DISPUTE_CLOSED,
            f"There is nothing to dispute: the order is {row['state']}.",
            cure="Give it up if nothing arrives." if row["state"] == "held" else "Nothing was charged.",
            state=row["state"],
        )
    amount = shares.paid(t, row)
    if row["cap"] and not amount:
        raise ArtratorError(Code.DISPUTE_CLOSED, "Nothing was charged for this order.")
    if row["dispute_until"] is None or row["dispute_until"] <= t.now:
        raise ArtratorError(
            Code.DISPUTE_CLOSED, "The time to dispute this delivery is over.", until=row["dispute_until"]
        )
    refund.set_aside(t, row)
    orders.dispute(t, row["id"])
    store.add(t, row, "other", "", amount, settled=True)


def _decide(t: Transaction, row: Any, dispute: Any, winner: str, by: str, note: str) -> None:
    covered = 0
    if not dispute["settled"]:
        if winner == "creator":
            settlement.settle(t, row)
        else:
            settlement.release(t, row, "refused", state="refunded")
    elif winner == "creator":
        refund.leave(t, row)
        orders.end_dispute(t, row["id"], "settled", 0)
    else:
        covered = refund.give_back(t, row)
        orders.end_dispute(t, row["id"], "refunded", row["charged"])
        if row["api_key"] is not None:
            accounts.give_back(t, row["api_key"], row["charged"])
    store.decide(t, row["id"], winner, by, note, covered)


def _order(t: Transaction, who: Caller, order: str) -> Any:
    row = orders.order(t, order)
    if row is None or who.account not in (row["buyer"], row["creator"]):
        raise ArtratorError(Code.ORDER_UNKNOWN, "You have no such order.")
    return row


def _dispute(t: Transaction, order: str, cure: str | None = None) -> Any:
    row = store.dispute(t, order)
    if row is None:
        raise ArtratorError(Code.DISPUTE_UNKNOWN, "Nobody has disputed this order.", cure=cure)
    return row


def _json(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    value: Mapping[str, Any] = json.loads(text)
    return value


class Disputes:
    """What an account may do about deliveries that are not what was bought."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._rates: dict[str, tuple[float, m.DisputeRates]] = {}

    async def open(self, who: Caller, order: str, opening: m.DisputeOpening) -> m.Dispute:
        """Say what is wrong with a delivery."""
        return await self._db.write(open_one, who, order, opening)

    async def answer(self, who: Caller, order: str, said: m.DisputeAnswer) -> m.Dispute:
        """Answer a dispute, or give way."""
        return await self._db.write(answer, who, order, said)

    async def get(self, who: Caller, order: str) -> m.Dispute:
        """How a dispute stands."""
        return await self._db.read(one, who, order)

    async def listed(self, who: Caller, before: str | None, limit: int) -> m.Disputes:
        """The caller's disputes."""
        return await self._db.read(listed, who, before, limit)

    async def rates(self, listing: str) -> m.DisputeRates:
        """What happened to a listing's orders; told to everybody, so it is counted at most once a minute."""
        now = self._db.clock()
        counted_at, told = self._rates.get(listing, (-math.inf, None))
        if told is None or not 0 <= now - counted_at < _RATES_KEPT_SECONDS:
            told = await self._db.read(rates, listing)
            self._rates.pop(listing, None)
            self._rates[listing] = (now, told)
            if len(self._rates) > _MOST_RATES:
                del self._rates[next(iter(self._rates))]  # the one that was counted longest ago
        return told
