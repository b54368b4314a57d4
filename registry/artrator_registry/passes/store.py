"""SQL of passes and their periods."""

from __future__ import annotations

from typing import Any

from artrator_registry.passes.models import NewPass, NewPeriod
from artrator_registry.storage import Transaction

_WHOLE = (
    "SELECT s.*, x.title, x.listings, x.price, x.allowance, x.period_days, a.handle,"
    " q.id AS period, q.number, q.begins, q.ends, q.used, q.waiting, q.runs, q.state AS period_state"
    " FROM passes s JOIN plan_terms x ON x.digest = s.terms JOIN accounts a ON a.id = s.creator"
    " JOIN pass_periods q ON q.pass = s.id AND q.number = (SELECT max(number) FROM pass_periods WHERE pass = s.id)"
)


def one(t: Transaction, pass_id: str) -> Any:
    """A pass with its terms and its newest period, or None."""
    return t.row(f"{_WHOLE} WHERE s.id = ?", (pass_id,))


def bought(t: Transaction, pass_id: str) -> Any:
    """A pass with its terms, whether it has a period or not."""
    return t.row(
        "SELECT s.*, x.price, x.allowance, x.period_days FROM passes s JOIN plan_terms x ON x.digest = s.terms"
        " WHERE s.id = ?",
        (pass_id,),
    )


def in_force(t: Transaction, buyer: str, plan: str) -> Any:
    """A buyer's active pass of a plan, or None."""
    return t.row(f"{_WHOLE} WHERE s.buyer = ? AND s.plan = ? AND s.state = 'active'", (buyer, plan))


def of_buyer(t: Transaction, buyer: str, limit: int) -> list[Any]:
    """A buyer's passes, those in force first, then the newest."""
    return t.rows(f"{_WHOLE} WHERE s.buyer = ? ORDER BY s.state <> 'active', s.serial DESC LIMIT ?", (buyer, limit))


def usable(t: Transaction, buyer: str, creator: str) -> list[Any]:
    """Open periods of a buyer's passes from a creator, those that end first first."""
    return t.rows(
        "SELECT q.*, x.listings FROM passes s JOIN pass_periods q ON q.pass = s.id AND q.state = 'open'"
        " JOIN plan_terms x ON x.digest = s.terms WHERE s.buyer = ? AND s.creator = ? ORDER BY q.ends, q.id",
        (buyer, creator),
    )


def add(t: Transaction, new: NewPass) -> None:
    """A new pass, active; its first period follows in the same transaction."""
    t.run(
        "INSERT INTO passes (id, body, buyer, creator, plan, terms, rail, api_key, renew, state, begun_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?)",
        (new.id, new.body, new.buyer, new.creator, new.plan, new.terms, new.rail, new.api_key, int(new.renew), t.now),
    )


def change(t: Transaction, pass_id: str, renew: bool, api_key: str | None) -> None:
    """Whether it renews itself, and on whose key."""
    t.run("UPDATE passes SET renew = ?, api_key = ? WHERE id = ?", (int(renew), api_key, pass_id))


def end(t: Transaction, pass_id: str, state: str) -> None:
    """The pass is not in force any more."""
    t.run(
        "UPDATE passes SET state = ?, ended_at = coalesce(ended_at, ?) WHERE id = ? AND state IN ('active', 'ended')",
        (state, t.now, pass_id),
    )


def period(t: Transaction, period: str) -> Any:
    """A period, or None."""
    return t.row("SELECT * FROM pass_periods WHERE id = ?", (period,))


def paid_by(t: Transaction, payment: str) -> Any:
    """The period that a rail's payment began, or None."""
    return t.row("SELECT * FROM pass_periods WHERE payment = ?", (payment,))


def add_period(t: Transaction, new: NewPeriod) -> None:
    """A new period, open."""
    t.run(
        "INSERT INTO pass_periods (id, pass, number, price, allowance, fee, api_key, payment, begins, ends)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.pass_id,
            new.number,
            new.price,
            new.allowance,
            new.fee,
            new.api_key,
            new.payment,
            t.now,
            new.ends,
        ),
    )


def take(t: Transaction, period: str, worth: int) -> bool:
    """Count an order that is placed; False if the period is over or has not so much left."""
    cursor = t.run(
        "UPDATE pass_periods SET waiting = waiting + ? WHERE id = ? AND state = 'open'"
        " AND used + waiting + ? <= allowance",
        (worth, period, worth),
    )
    return cursor.rowcount == 1


def use(t: Transaction, period: str, worth: int, used: int, earned: int) -> None:
    """An order of this worth was delivered and used so much; the creator has had ``earned`` of the price by now."""
    t.run(
        "UPDATE pass_periods SET waiting = waiting - ?, used = used + ?, runs = runs + 1, earned = ? WHERE id = ?",
        (worth, used, earned, period),
    )


def give_back(t: Transaction, period: str, worth: int) -> None:
    """An order of this worth was not delivered after all."""
    t.run("UPDATE pass_periods SET waiting = waiting - ? WHERE id = ?", (worth, period))


def close_to_new(t: Transaction, period: str) -> None:
    """Nothing more is counted under the period; what was ordered may still be delivered."""
    t.run("UPDATE pass_periods SET state = 'ending' WHERE id = ?", (period,))


def close(t: Transaction, period: str, state: str, earned: int) -> None:
    """The period's money is where it belongs."""
    t.run("UPDATE pass_periods SET state = ?, earned = ?, closed_at = ? WHERE id = ?", (state, earned, t.now, period))


def over(t: Transaction, patience: float, limit: int) -> list[str]:
    """Open periods whose time is over; those that a rail is to renew have so many seconds of patience."""
    rows = t.rows(
        "SELECT q.id FROM pass_periods q JOIN passes s ON s.id = q.pass WHERE q.state = 'open' AND q.ends <= ?"
        " AND (s.rail = 'credits' OR s.renew = 0 OR q.ends <= ?) LIMIT ?",
        (t.now, t.now - patience, limit),
    )
    return [row["id"] for row in rows]


def ending(t: Transaction, limit: int) -> list[str]:
    """Periods that are over and have no order that is still open."""
    rows = t.rows("SELECT id FROM pass_periods WHERE state = 'ending' AND waiting = 0 LIMIT ?", (limit,))
    return [row["id"] for row in rows]


def delivered(t: Transaction, period: str) -> list[Any]:
    """What was delivered under a period and kept: the worth of its runs by offer.

    A disputed order counts: by the time a period is closed, only a dispute after the settlement can be open.
    """
    return t.rows(
        "SELECT offer, listing, sum(worth) AS worth FROM orders WHERE pass = ? AND state IN ('settled', 'disputed')"
        " GROUP BY offer, listing ORDER BY offer",
        (period,),
    )
