"""SQL of payouts and their schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from artrator_registry.storage import Transaction


def payout(t: Transaction, payout: str) -> Any:
    """A payout, or None."""
    return t.row("SELECT * FROM payouts WHERE id = ?", (payout,))


def add(t: Transaction, payout: str, account: str, amount: int, rail: str, destination: str) -> None:
    """A new payout, requested."""
    t.run(
        "INSERT INTO payouts (id, account, amount, rail, destination, state, requested_at)"
        " VALUES (?, ?, ?, ?, ?, 'requested', ?)",
        (payout, account, amount, rail, destination, t.now),
    )


def sent(t: Transaction, payout: str, reference: str) -> None:
    """It is on its way."""
    t.run(
        "UPDATE payouts SET state = 'sent', sent_at = ?, reference = ? WHERE id = ?",
        (t.now, reference, payout),
    )


def refer(t: Transaction, payout: str, reference: str) -> None:
    """What the rail calls it, once that is known."""
    t.run("UPDATE payouts SET reference = ? WHERE id = ?", (reference, payout))


def end(t: Transaction, payout: str, state: str, reference: str, reason: str) -> None:
    """It has ended. The reference that is known stays where none is given."""
    t.run(
        "UPDATE payouts SET state = ?, ended_at = ?, reason = ?,"
        " reference = CASE ? WHEN '' THEN reference ELSE ? END WHERE id = ?",
        (state, t.now, reason, reference, reference, payout),
    )


def payouts(t: Transaction, account: str, before: int | None, limit: int) -> list[Any]:
    """An account's payouts, newest first."""
    return t.rows(
        "SELECT * FROM payouts WHERE account = ? AND serial < ? ORDER BY serial DESC LIMIT ?",
        (account, before if before is not None else 2**62, limit),
    )


def sums(t: Transaction, account: str) -> tuple[int, int]:
    """What an account has asked for and not got yet, and what it ever got."""
    row = t.row(
        "SELECT coalesce(sum(amount) FILTER (WHERE state IN ('requested', 'sent')), 0),"
        " coalesce(sum(amount) FILTER (WHERE state = 'paid'), 0) FROM payouts WHERE account = ?",
        (account,),
    )
    return row[0], row[1]


def paid_between(t: Transaction, account: str, since: float, until: float) -> list[Any]:
    """What was paid out to an account in this time, oldest first."""
    return t.rows(
        "SELECT * FROM payouts WHERE account = ? AND state = 'paid' AND ended_at >= ? AND ended_at < ? ORDER BY serial",
        (account, since, until),
    )


def of_rail(t: Transaction, rail: str, state: str, limit: int) -> list[Any]:
    """A rail's payouts in a state that is no end, oldest first."""
    return t.rows(
        "SELECT * FROM payouts WHERE rail = ? AND state = ? AND state IN ('requested', 'sent') ORDER BY serial LIMIT ?",
        (rail, state, limit),
    )


def listed(t: Transaction, state: str | None, rail: str | None = None) -> Iterator[Any]:
    """Payouts with who gets them, oldest first."""
    return t.run(
        "SELECT p.*, a.handle, coalesce(s.verified, s.profile) AS profile, s.state AS seller FROM payouts p"
        " JOIN accounts a ON a.id = p.account LEFT JOIN sellers s ON s.account = p.account"
        " WHERE (? IS NULL OR p.state = ?) AND (? IS NULL OR p.rail = ?) ORDER BY p.serial",
        (state, state, rail, rail),
    )


def at_risk(t: Transaction, account: str) -> int:
    """What an account earned from buyers whose top-ups may still be taken back, and at most as much as may be."""
    row = t.row(
        "SELECT coalesce(sum(part), 0) FROM ("
        "SELECT min(r.risk, sum(o.charged - o.refunded)) AS part FROM"
        " (SELECT account, sum(amount - taken_back) AS risk, min(paid_at) AS since FROM topups"
        " WHERE state = 'paid' AND risk_release_at > ? GROUP BY account) r"
        " JOIN orders o ON o.buyer = r.account AND o.creator = ? AND o.settled_at >= r.since GROUP BY r.account)",
        (t.now, account),
    )
    return int(row[0])


def schedule(t: Transaction, account: str) -> Any:
    """An account's schedule, or None."""
    return t.row("SELECT * FROM payout_schedules WHERE account = ?", (account,))


def keep_schedule(
    t: Transaction, account: str, every: str, minimum: int, rail: str, destination: str, done: str
) -> None:
    """A new or a changed schedule, whose present period is done with."""
    t.run(
        "INSERT INTO payout_schedules (account, every, minimum, rail, destination, done) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (account) DO UPDATE SET every = excluded.every, minimum = excluded.minimum,"
        " rail = excluded.rail, destination = excluded.destination, done = max(done, excluded.done)",
        (account, every, minimum, rail, destination, done),
    )


def due(t: Transaction, today: str, week: str, month: str, limit: int) -> list[str]:
    """Accounts whose schedule has not run in the present week or month.

    One that has run in a period which has not begun ran before the clock was set back.
    """
    one = "SELECT account FROM payout_schedules WHERE every ="
    rows = t.rows(
        f"{one} 'week' AND done < ? UNION ALL {one} 'month' AND done < ?"
        f" UNION ALL {one} 'week' AND done > ? UNION ALL {one} 'month' AND done > ? LIMIT ?",
        (week, month, today, today, limit),
    )
    return [row["account"] for row in rows]


def done(t: Transaction, account: str, period: str) -> None:
    """A schedule has run in the period that begins on this day."""
    t.run("UPDATE payout_schedules SET done = ? WHERE account = ?", (period, account))
