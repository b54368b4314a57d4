"""The ledger's SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from artrator_registry.ledger.models import Balances, Why, debt, earnings
from artrator_registry.storage import Transaction


def add_accounts(t: Transaction, person: str) -> None:
    """The three accounts of a person: what can be spent and what was earned cannot overdraw; a debt is below zero."""
    for account, overdraft in ((person, 0), (earnings(person), 0), (debt(person), 1)):
        t.run(
            "INSERT INTO ledger_accounts (id, owner, system, overdraft) VALUES (?, ?, 0, ?)",
            (account, person, overdraft),
        )


def add_system_account(t: Transaction, account: str, *, overdraft: bool) -> None:
    """An account that belongs to nobody, such as a rail's or a pass period's. Harmless if it is there."""
    t.run(
        "INSERT INTO ledger_accounts (id, system, overdraft) VALUES (?, 1, ?) ON CONFLICT DO NOTHING",
        (account, int(overdraft)),
    )


def balances(t: Transaction, account: str) -> Balances | None:
    """What an account has."""
    row = t.row(
        "SELECT credits_posted - debits_posted - debits_pending AS available, debits_pending AS held,"
        " credits_pending AS pending FROM ledger_accounts WHERE id = ?",
        (account,),
    )
    return None if row is None else Balances(row["available"], row["held"], row["pending"])


def add_transfer(
    t: Transaction,
    transfer: str,
    phase: str,
    debit: str,
    credit: str,
    amount: int,
    why: Why,
    *,
    pending: str | None = None,
    expires_at: float | None = None,
) -> None:
    """Append one transfer; the triggers move the balances and write the statement lines."""
    t.run(
        "INSERT INTO ledger_transfers"
        " (id, phase, pending, debit, credit, amount, expires_at, kind, at, order_id, listing, receipt, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            transfer,
            phase,
            pending,
            debit,
            credit,
            amount,
            expires_at,
            why.kind,
            t.now,
            why.order,
            why.listing,
            why.receipt,
            why.note,
        ),
    )


def transfer(t: Transaction, transfer: str) -> Any:
    """One transfer, or None."""
    return t.row("SELECT * FROM ledger_transfers WHERE id = ?", (transfer,))


def hold(t: Transaction, pending: str) -> Any:
    """A pending transfer and whether it was ``resolved``, or None."""
    return t.row(
        "SELECT debit, credit, amount, EXISTS (SELECT 1 FROM ledger_transfers r WHERE r.pending = h.id) AS resolved"
        " FROM ledger_transfers h WHERE h.id = ? AND h.phase = 'pending'",
        (pending,),
    )


_LINES = (
    "SELECT e.transfer, e.part, e.kind, e.amount, e.balance, x.at, x.kind AS transfer_kind, x.order_id, x.listing,"
    " x.receipt, x.note, CASE WHEN x.debit = e.account THEN x.credit ELSE x.debit END AS other,"
    " a.handle AS other_handle"
    " FROM ledger_entries e JOIN ledger_transfers x ON x.serial = e.transfer"
    " JOIN ledger_accounts o ON o.id = CASE WHEN x.debit = e.account THEN x.credit ELSE x.debit END"
    " LEFT JOIN accounts a ON a.id = o.owner WHERE e.account = ?"
)


def lines(t: Transaction, account: str, before: tuple[int, int] | None, limit: int) -> list[Any]:
    """Statement lines, newest first, with the other side's handle."""
    return t.rows(
        f"{_LINES} AND (e.transfer, e.part) < (?, ?) ORDER BY e.transfer DESC, e.part DESC LIMIT ?",
        (account, *(before or (2**62, 0)), limit),
    )


def lines_after(t: Transaction, account: str, after: tuple[int, int], limit: int) -> list[Any]:
    """Statement lines that came after one, oldest first."""
    return t.rows(
        f"{_LINES} AND (e.transfer, e.part) > (?, ?) ORDER BY e.transfer, e.part LIMIT ?", (account, *after, limit)
    )


def every_line(t: Transaction, account: str) -> Iterator[Any]:
    """Every statement line of one account, oldest first."""
    return t.run(f"{_LINES} ORDER BY e.transfer, e.part", (account,))


def moves(t: Transaction, account: str) -> Iterator[Any]:
    """Every transfer that moved what was posted to an account, oldest first. Reads the whole ledger."""
    return t.run(
        "SELECT x.serial, x.at, x.kind, CASE WHEN x.credit = ?1 THEN x.amount ELSE -x.amount END AS amount,"
        " x.order_id, x.listing, x.receipt, x.note, a.handle AS other_handle,"
        " CASE WHEN x.credit = ?1 THEN x.debit ELSE x.credit END AS other"
        " FROM ledger_transfers x"
        " JOIN ledger_accounts o ON o.id = CASE WHEN x.credit = ?1 THEN x.debit ELSE x.credit END"
        " LEFT JOIN accounts a ON a.id = o.owner"
        " WHERE ?1 IN (x.debit, x.credit) AND x.phase IN ('single', 'post') ORDER BY x.serial",
        (account,),
    )
