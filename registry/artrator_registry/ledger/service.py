"""Moving money. These are the only functions that append transfers; each is called inside a writer's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.money import MAX_AMOUNT, format_credits
from artrator_registry import cells
from artrator_registry.ledger import store
from artrator_registry.ledger.models import Balances, Why, debt, earnings
from artrator_registry.ledger.words import sentence
from artrator_registry.paging import pack, unpack
from artrator_registry.storage import Database, Transaction

#: What stands in the columns of an export.
COLUMNS: Final = (
    "line", "at (UTC)", "kind", "amount", "balance", "why", "order", "listing", "receipt", "other side",
)  # fmt: skip
#: Lines of an export that are read at once: short enough that a reader's thread is soon free for others.
_PAGE: Final = 1000


def balances(t: Transaction, account: str) -> Balances:
    """What an account has."""
    found = store.balances(t, account)
    if found is None:
        raise ArtratorError(Code.ACCOUNT_UNKNOWN, "There is no such account.")
    return found


def balance(t: Transaction, account: str) -> m.Balance:
    """What an account has, as a message."""
    spendable, earned, owed = (balances(t, each) for each in (account, earnings(account), debt(account)))
    return m.Balance(
        available=spendable.available,
        held=spendable.held,
        pending=earned.pending,
        earnings=earned.available,
        debt=-owed.available,
    )


def move(t: Transaction, transfer: str, debit: str, credit: str, amount: int, why: Why) -> None:
    """Move money in one phase. Doing it again with the same id is harmless; with another amount it is refused."""
    try:
        check_amount(amount)
        store.add_transfer(t, transfer, "single", debit, credit, amount, why)
    except (ArtratorError, sqlite3.IntegrityError):  # mostly it was not made before, so nobody asks first
        known = store.transfer(t, transfer)
        if known is None:
            raise
        if (known["debit"], known["credit"], known["amount"]) != (debit, credit, amount):
            raise ArtratorError(Code.CONFLICT, "This transfer was made before, with other figures.") from None


def hold(
    t: Transaction, transfer: str, debit: str, credit: str, amount: int, why: Why, expires_at: float | None
) -> None:
    """Set money aside: it leaves what ``debit`` can spend and waits for ``credit``."""
    check_amount(amount)
    try:
        store.add_transfer(t, transfer, "pending", debit, credit, amount, why, expires_at=expires_at)
    except sqlite3.IntegrityError:  # mostly it is there, and the books forbid it where it is not: so nobody asks first
        available = balances(t, debit).available
        if available >= amount:
            raise
        raise ArtratorError(
            Code.CREDITS_INSUFFICIENT,
            f"This costs up to {format_credits(amount)} credits and {format_credits(available)} can be spent.",
            available=available,
            needed=amount,
            shortfall=amount - available,
        ) from None


def capture(t: Transaction, transfer: str, pending: str, amount: int, why: Why) -> None:
    """Hand over ``amount`` of a hold; what is left of it goes back to its owner."""
    held = _open_hold(t, pending)
    if not 0 < amount <= held["amount"]:
        raise ArtratorError(Code.INTERNAL, "A capture must be above zero and within its hold.")
    store.add_transfer(t, transfer, "post", held["debit"], held["credit"], amount, why, pending=pending)


def release(t: Transaction, transfer: str, pending: str, why: Why, *, expired: bool = False) -> None:
    """Give a whole hold back."""
    held = _open_hold(t, pending)
    phase = "expire" if expired else "void"
    store.add_transfer(t, transfer, phase, held["debit"], held["credit"], held["amount"], why, pending=pending)


def statement(t: Transaction, account: str, before: str | None, limit: int) -> m.Statement:
    """The newest lines, or those before a cursor."""
    cursor = unpack(before, int, int) if before else None
    rows = store.lines(t, account, cursor, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    lines = [as_line(row) for row in rows[:limit]]
    return m.Statement(lines=lines, next=pack(last["transfer"], last["part"]) if last else None)


def as_line(row: Any) -> m.StatementLine:
    """A line of a person's statement as its reader sees it."""
    return m.StatementLine(
        id=f"{row['transfer']}-{row['part']}",
        at=row["at"],
        kind=row["kind"],
        amount=row["amount"],
        balance=row["balance"],
        text=sentence(row["kind"], row["transfer_kind"], row["amount"], row["listing"], row["note"]),
        order=row["order_id"],
        listing=row["listing"],
        receipt=row["receipt"],
        counterparty=row["other_handle"] or row["other"],
    )


def _open_hold(t: Transaction, pending: str) -> Any:
    held = store.hold(t, pending)
    if held is None:
        raise ArtratorError(Code.INTERNAL, "There is no such hold.")
    if held["resolved"]:
        raise ArtratorError(Code.ORDER_CLOSED, "This hold was resolved before.")
    return held


def check_amount(amount: int) -> None:
    """Raise ArtratorError ``request_invalid`` unless this can be moved at once."""
    if not 0 < amount <= MAX_AMOUNT:
        raise ArtratorError(
            Code.REQUEST_INVALID, f"An amount must be above 0 and at most {format_credits(MAX_AMOUNT)} credits."
        )


class Ledger:
    """What an account may ask the ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def balance(self, account: str) -> m.Balance:
        """What an account has."""
        return await self._db.read(balance, account)

    async def statement(self, person: str, of: m.StatementOf, before: str | None, limit: int) -> m.Statement:
        """The newest lines of one of a person's accounts, or those before a cursor."""
        return await self._db.read(statement, _account(person, of), before, limit)

    async def export(self, person: str, of: m.StatementOf) -> AsyncIterator[str]:
        """Every line of one of a person's accounts as CSV, oldest first.

        A page at a time: lines are only ever added, so a long statement needs neither much memory nor one long look
        at the database, which would keep its log from being cut.
        """
        yield "".join(cells.lines([COLUMNS]))
        after = (0, 0)
        while rows := await self._db.read(store.lines_after, _account(person, of), after, _PAGE):
            yield "".join(cells.lines(as_cells(as_line(row)) for row in rows))
            after = (rows[-1]["transfer"], rows[-1]["part"])


def _account(person: str, of: m.StatementOf) -> str:
    return {"wallet": person, "earnings": earnings(person), "debt": debt(person)}[of]


def as_cells(line: m.StatementLine) -> tuple[object, ...]:
    """A line as ``COLUMNS`` of a spreadsheet."""
    return (
        line.id,
        cells.moment(line.at),
        line.kind,
        cells.credits_(line.amount),
        cells.credits_(line.balance),
        cells.text(line.text),
        cells.text(line.order),
        cells.text(line.listing),
        cells.text(line.receipt),
        cells.text(line.counterparty),
    )
