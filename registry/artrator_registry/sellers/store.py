"""SQL of sellers."""

from __future__ import annotations

from typing import Any

from artrator_registry.storage import Transaction


def seller(t: Transaction, account: str) -> Any:
    """Who an account sells as, or None."""
    return t.row("SELECT * FROM sellers WHERE account = ?", (account,))


def submit(t: Transaction, account: str, profile: str) -> None:
    """A new or a changed profile; the operator has to look at it."""
    t.run(
        "INSERT INTO sellers (account, state, profile, changed_at) VALUES (?, 'submitted', ?, ?)"
        " ON CONFLICT (account) DO UPDATE"
        " SET state = 'submitted', profile = excluded.profile, reason = '', changed_at = excluded.changed_at",
        (account, profile, t.now),
    )


def verify(t: Transaction, account: str) -> None:
    """The operator has looked, and it is true."""
    t.run(
        "UPDATE sellers SET state = 'verified', verified = profile, reason = '', changed_at = ? WHERE account = ?",
        (t.now, account),
    )


def reject(t: Transaction, account: str, reason: str) -> None:
    """The operator has looked, and it is not right."""
    t.run(
        "UPDATE sellers SET state = 'rejected', reason = ?, changed_at = ? WHERE account = ?",
        (reason, t.now, account),
    )


def sellers(t: Transaction, state: str | None) -> list[Any]:
    """Sellers with their handles, those who wait longest first."""
    return t.rows(
        "SELECT s.*, a.handle FROM sellers s JOIN accounts a ON a.id = s.account"
        " WHERE ? IS NULL OR s.state = ? ORDER BY s.state <> 'submitted', s.changed_at, s.account",
        (state, state),
    )
