"""SQL of top-ups and of what providers said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from artrator.rail import Notice, OpenedTopUp, Payment
from artrator_registry.rails.models import Agreed
from artrator_registry.storage import Transaction


def add(t: Transaction, new: Agreed, *, renewal_of: str | None = None) -> None:
    """A new top-up, open, about which the provider has not been asked yet."""
    t.run(
        "INSERT INTO topups (id, body, account, rail, amount, charge, currency, plan, renewal_of, state, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",
        (
            new.id,
            new.body,
            new.account,
            new.rail,
            new.amount,
            new.charge,
            new.currency,
            new.plan,
            renewal_of,
            t.now,
        ),
    )


def topup(t: Transaction, topup: str) -> Any:
    """A top-up, or None."""
    return t.row("SELECT * FROM topups WHERE id = ?", (topup,))


def by_payment(t: Transaction, rail: str, payment: str) -> Any:
    """The top-up that this money paid, or None."""
    return t.row("SELECT * FROM topups WHERE rail = ? AND payment = ?", (rail, payment))


def topups(t: Transaction, account: str, before: int | None, limit: int) -> list[Any]:
    """An account's top-ups, newest first."""
    return t.rows(
        "SELECT * FROM topups WHERE account = ? AND serial < ? ORDER BY serial DESC LIMIT ?",
        (account, before if before is not None else 2**62, limit),
    )


def count_open(t: Transaction, account: str, rail: str) -> int:
    """How many top-ups of an account wait to be paid through a rail."""
    row = t.row("SELECT count(*) FROM topups WHERE account = ? AND rail = ? AND state = 'open'", (account, rail))
    return int(row[0])


def opened(t: Transaction, topup: str, answer: OpenedTopUp, look_at: float) -> None:
    """The provider waits for the payment; its first answer stays."""
    t.run(
        "UPDATE topups SET reference = ?, page = ?, invoice = ?, expires_at = ?, look_at = ?"
        " WHERE id = ? AND reference IS NULL",
        (answer.reference, answer.page, answer.invoice, answer.expires_at, look_at, topup),
    )


def paid(t: Transaction, topup: str, payment: str, subscription: str, risk_release_at: float) -> None:
    """The money came."""
    t.run(
        "UPDATE topups SET state = 'paid', payment = ?, subscription = nullif(?, ''), paid_at = ?,"
        " risk_release_at = ?, reason = '' WHERE id = ?",
        (payment, subscription, t.now, risk_release_at, topup),
    )


def ended(t: Transaction, topup: str, state: str, reason: str) -> None:
    """It ended without money."""
    t.run("UPDATE topups SET state = ?, reason = ? WHERE id = ?", (state, reason, topup))


def keep_evidence(t: Transaction, topup: str, evidence: Mapping[str, object]) -> None:
    """Money that does not fit, as the provider described it; the first of a kind stays beside later ones."""
    row = t.row("SELECT evidence FROM topups WHERE id = ?", (topup,))
    known = json.loads(row["evidence"] or "[]")
    if evidence not in [{**each, "at": evidence["at"]} for each in known] and len(known) < 20:
        t.run("UPDATE topups SET evidence = ? WHERE id = ?", (json.dumps([*known, evidence]), topup))


def explain(t: Transaction, topup: str, reason: str) -> None:
    """What is to be known of a top-up that was paid."""
    t.run("UPDATE topups SET reason = ? WHERE id = ?", (reason, topup))


def keep_stray(t: Transaction, rail: str, payment: Payment) -> None:
    """Money of a top-up that is not known here."""
    t.run(
        "INSERT INTO rail_strays (rail, payment, topup, charge, currency, seen_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (rail, payment.payment, payment.topup, payment.charge, payment.currency, t.now),
    )


def forget_stray(t: Transaction, rail: str, payment: str) -> None:
    """It has found its top-up."""
    t.run("DELETE FROM rail_strays WHERE rail = ? AND payment = ?", (rail, payment))


def taken_back(t: Transaction, topup: str, amount: int, state: str, reason: str) -> None:
    """So much of it has been taken back by now."""
    t.run(
        "UPDATE topups SET taken_back = ?, takes = takes + 1, state = ?, reason = ? WHERE id = ?",
        (amount, state, reason, topup),
    )


def look_again(t: Transaction, topup: str, at: float | None) -> None:
    """When to ask the provider again; None is never."""
    t.run("UPDATE topups SET look_at = ?, looks = looks + 1 WHERE id = ?", (at, topup))


def look_before(t: Transaction, topup: str, at: float) -> None:
    """Ask the provider again by then, if it was to be asked later."""
    t.run("UPDATE topups SET look_at = ? WHERE id = ? AND look_at > ?", (at, topup, at))


def due(t: Transaction, rail: str, limit: int, longest: float) -> list[Any]:
    """Top-ups of a rail about which its provider is to be asked now.

    None waits longer than ``longest``: whichever seems to was put off before the clock was set back.
    """
    one = "SELECT * FROM topups WHERE rail = ? AND reference IS NOT NULL AND look_at"
    return t.rows(
        f"{one} <= ? UNION ALL {one} > ? ORDER BY look_at LIMIT ?", (rail, t.now, rail, t.now + longest, limit)
    )


def end_never_opened(t: Transaction, before: float) -> None:
    """End top-ups that never got as far as the provider."""
    t.run(
        "UPDATE topups SET state = 'expired', reason = 'never_opened' WHERE id IN"
        " (SELECT id FROM topups WHERE state = 'open' AND reference IS NULL AND created_at < ? LIMIT 100)",
        (before,),
    )


# --- what providers said


def hear(t: Transaction, rail: str, notice: Notice) -> bool:
    """Keep a notice; False if it came before."""
    found = t.run(
        "INSERT INTO rail_events (rail, id, reference, topup, kind, received_at, try_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (rail, notice.id, notice.reference, notice.topup, notice.kind, t.now, t.now),
    )
    return found.rowcount == 1


def waiting(t: Transaction, rail: str, limit: int, longest: float) -> list[Any]:
    """Notices of a rail that were not acted upon yet and whose time has come.

    None waits longer than ``longest``: whichever seems to was put off before the clock was set back.
    """
    one = "SELECT * FROM rail_events WHERE done_at IS NULL AND rail = ? AND try_at"
    return t.rows(
        f"{one} <= ? UNION ALL {one} > ? ORDER BY try_at LIMIT ?", (rail, t.now, rail, t.now + longest, limit)
    )


def acted(t: Transaction, rail: str, notice: str) -> None:
    """A notice was acted upon."""
    t.run("UPDATE rail_events SET done_at = ? WHERE rail = ? AND id = ? AND done_at IS NULL", (t.now, rail, notice))


def put_off(t: Transaction, rail: str, notice: str, seconds: float, longest: float) -> None:
    """The provider could not be asked; try again then, each time after twice as long, up to ``longest``."""
    t.run(
        "UPDATE rail_events SET tries = tries + 1, try_at = ? + min(? * (1 << min(tries, 12)), ?)"
        " WHERE rail = ? AND id = ?",
        (t.now, seconds, longest, rail, notice),
    )


def forget_events(t: Transaction, before: float) -> None:
    """Delete notices that were acted upon before then: their provider has long stopped repeating them."""
    t.run("DELETE FROM rail_events WHERE done_at < ?", (before,))


def mark(t: Transaction, rail: str) -> float | None:
    """Until when a rail's payments were compared with ours."""
    row = t.row("SELECT reconciled_until FROM rail_marks WHERE rail = ?", (rail,))
    return None if row is None else float(row["reconciled_until"])


def set_mark(t: Transaction, rail: str, until: float) -> None:
    """Everything before then was compared."""
    t.run(
        "INSERT INTO rail_marks (rail, reconciled_until) VALUES (?, ?)"
        " ON CONFLICT (rail) DO UPDATE SET reconciled_until = excluded.reconciled_until",
        (rail, until),
    )
