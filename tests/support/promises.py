"""What a registry has said yes to, and whether its database still knows.

A client notes a promise the moment an answer has arrived, and never before. Whatever then happens to the process or the
machine, the database must be able to keep it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Promise:
    """``what`` (a table's subject), whose ``name``, and what was said of it: a state, an amount.

    Attributes:
        at: How far the notes of a recorder had come when the answer arrived; 0 without one.
    """

    what: str
    name: str
    state: str = ""
    amount: int = 0
    at: int = 0


@dataclass
class Promises:
    """All promises of one run."""

    clock: Callable[[], int] = lambda: 0
    given: list[Promise] = field(default_factory=list)

    def note(self, what: str, name: str, state: str = "", amount: int = 0) -> None:
        self.given.append(Promise(what, name, state, amount, self.clock()))

    def by(self, at: int) -> Sequence[Promise]:
        """Those given before a recorder had come so far."""
        return [promise for promise in self.given if promise.at <= at]


#: From what a client was told, to what may have become of it since.
_ROADS = {
    "order": {
        "held": {"held", "claimed", "settled", "released", "disputed", "refunded"},
        "claimed": {"claimed", "settled", "released", "disputed", "refunded"},
        "settled": {"settled", "disputed", "refunded"},
        "disputed": {"disputed", "settled", "refunded"},
        "released": {"released"},
        "refunded": {"refunded"},
    },
    "voucher": {"redeemed": {"redeemed"}},
    "topup": {
        "open": {"open", "paid", "expired", "failed", "charged_back"},
        # Money may come after we have given up waiting for it, and a bank may change its mind.
        "expired": {"expired", "paid", "failed", "charged_back"},
        "failed": {"failed", "paid", "charged_back"},
        "paid": {"paid", "charged_back"},
        "charged_back": {"charged_back", "paid"},
    },
    "pass": {
        "active": {"active", "ended", "refunded", "unpaid"},
        "unpaid": {"unpaid", "active", "ended", "refunded"},
        "ended": {"ended", "refunded"},
        "refunded": {"refunded"},
    },
    "licence": {"": {""}},
    "dispute": {"open": {"open", "answered", "decided"}, "answered": {"answered", "decided"}, "decided": {"decided"}},
    "payout": {
        "requested": {"requested", "sent", "paid", "failed", "cancelled"},
        "sent": {"sent", "paid", "failed"},
        "paid": {"paid", "failed"},
        "failed": {"failed"},
        "cancelled": {"cancelled"},
    },
    "transfer": {"": {""}},
    "account": {"": {""}},
    "api-key": {"": {""}},
    "listing": {"": {""}},
}

#: Where each subject stands: id, state, amount.
_WHERE = {
    "order": "SELECT id, state, charged FROM orders",
    "voucher": "SELECT lower(hex(digest)), iif(redeemed_by IS NULL, 'open', 'redeemed'), amount FROM vouchers",
    "topup": "SELECT id, state, amount FROM topups",
    "pass": "SELECT id, state, 0 FROM passes",
    "licence": "SELECT order_id, '', 0 FROM licences WHERE document IS NOT NULL",
    "dispute": "SELECT order_id, state, 0 FROM disputes",
    "payout": "SELECT id, state, amount FROM payouts",
    "transfer": "SELECT id, '', amount FROM ledger_transfers WHERE kind = 'transfer'",
    "account": "SELECT id, '', 0 FROM accounts",
    "api-key": "SELECT id, '', 0 FROM api_keys",
    "listing": "SELECT listing, '', 0 FROM listings",
}

#: States in which the amount was said for good.
_FINAL = {
    ("order", "settled"),
    ("order", "released"),
    ("payout", "paid"),
    ("topup", "paid"),
    ("transfer", ""),
    ("voucher", "redeemed"),
}


def broken(db: sqlite3.Connection, promises: Iterable[Promise]) -> Iterator[str]:
    """Every promise that this database does not keep, as a sentence."""
    found: dict[str, dict[str, Any]] = {}
    for promise in promises:
        if promise.what not in found:
            found[promise.what] = {row[0]: (row[1], row[2]) for row in db.execute(_WHERE[promise.what])}
        row = found[promise.what].get(promise.name)
        if row is None:
            yield f"{promise.what} {promise.name} was acknowledged and is not there"
            continue
        state, amount = row
        if state not in _ROADS[promise.what][promise.state]:
            yield f"{promise.what} {promise.name} was acknowledged as {promise.state} and is {state}"
        elif (promise.what, promise.state) in _FINAL and promise.state == state and amount != promise.amount:
            yield f"{promise.what} {promise.name} was acknowledged with {promise.amount} and has {amount}"
