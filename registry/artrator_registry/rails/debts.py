"""What people owe after a top-up was taken back: made, paid off first by whatever comes in, forgiven by the operator.

Ordering is blocked while there is a debt, so nothing can be spent between the moment credits come in by another road (a
hold that comes back, earnings that are moved) and the next sweep that takes the debt out of them.
"""

from __future__ import annotations

from artrator.errors import ArtratorError, Code
from artrator.money import format_credits
from artrator_registry.accounts import service as accounts
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import LOSSES, Why, debt, transfer_id
from artrator_registry.ledger.models import rail as rail_account
from artrator_registry.rails.models import cause
from artrator_registry.storage import Transaction


def owed(t: Transaction, person: str) -> int:
    """What a person owes."""
    return -ledger.balances(t, debt(person)).available


def require_none(t: Transaction, person: str) -> None:
    """Raise ArtratorError ``debt_unpaid`` if the person owes anything."""
    amount = owed(t, person)
    if amount > 0:
        raise ArtratorError(
            Code.DEBT_UNPAID,
            f"A top-up was taken back after it was spent; {format_credits(amount)} credits are owed.",
            debt=amount,
        )


def repay(t: Transaction, person: str, because: str) -> int:
    """Pay what is owed from what can be spent; answers how much. ``because`` names this occasion, once."""
    amount = min(owed(t, person), ledger.balances(t, person).available)
    if amount <= 0:
        return 0
    ledger.move(t, transfer_id(because, "clawback"), person, debt(person), amount, Why("clawback"))
    return amount


def payable(t: Transaction, limit: int) -> list[str]:
    """Who owes something and has credits again."""
    rows = t.rows(
        "SELECT w.id AS person FROM ledger_accounts d JOIN ledger_accounts w ON w.id = d.owner"
        " WHERE d.system = 0 AND d.debits_posted > d.credits_posted AND d.id = d.owner || '/debt'"
        " AND w.credits_posted - w.debits_posted - w.debits_pending > 0 LIMIT ?",
        (limit,),
    )
    return [row["person"] for row in rows]


def repay_anew(t: Transaction, person: str) -> bool:
    """Pay what can be paid of a debt; False if there is nothing to pay, or to pay it with."""
    # What went through the account so far grows with every payment, so it names this occasion.
    turnover = t.row("SELECT credits_posted + debits_posted FROM ledger_accounts WHERE id = ?", (debt(person),))[0]
    return repay(t, person, f"debt:{person}:{turnover}") > 0


def take_back(t: Transaction, rail: str, payment: str, person: str, take: int, amount: int, note: str) -> None:
    """Take ``amount`` of a payment out of a wallet; what is not there becomes a debt.

    What is held for open orders stays held: those may finish, and what comes back of them pays the debt.

    Args:
        t: The transaction.
        rail: The rail.
        payment: The provider's name of the money.
        person: Who topped up.
        take: Counts the changes of this payment, from 0.
        amount: Micro-credits.
        note: Why.
    """
    step = cause(rail, payment)
    there = min(amount, ledger.balances(t, person).available)
    why = Why("chargeback", note=note)
    if there > 0:
        ledger.move(t, transfer_id(step, f"chargeback/{take}"), person, rail_account(rail), there, why)
    if amount > there:
        ledger.move(t, transfer_id(step, f"debt/{take}"), debt(person), rail_account(rail), amount - there, why)


def give_again(t: Transaction, rail: str, payment: str, person: str, take: int, amount: int, note: str) -> None:
    """Money that was taken back has come again (a dispute was won): it pays the debt, then losses, then the wallet."""
    step = cause(rail, payment)
    why = Why("chargeback", note=note)
    to_debt = min(amount, owed(t, person) + written_off(t, person))
    if to_debt > 0:
        ledger.move(t, transfer_id(step, f"debt/{take}"), rail_account(rail), debt(person), to_debt, why)
        above = -owed(t, person)
        if above > 0:  # the operator had forgiven this part, so it is the operator's
            forgiven = Why("writeoff", note=note)
            ledger.move(t, transfer_id(step, f"losses/{take}"), debt(person), LOSSES, above, forgiven)
    if amount > to_debt:
        ledger.move(t, transfer_id(step, f"chargeback/{take}"), rail_account(rail), person, amount - to_debt, why)


def written_off(t: Transaction, person: str) -> int:
    """What the operator has forgiven a person and not got back since."""
    row = t.row(
        "SELECT coalesce(sum(CASE WHEN debit = ? THEN amount ELSE -amount END), 0) FROM ledger_transfers"
        " WHERE kind = 'writeoff' AND ((credit = ? AND debit = ?) OR (credit = ? AND debit = ?))",
        (LOSSES, debt(person), LOSSES, LOSSES, debt(person)),
    )
    return int(row[0])


def forgive(t: Transaction, handle: str, note: str, request: str) -> int:
    """Write a debt off; answers how much it was. ``request`` names this act, so that repeating it changes nothing."""
    account = accounts.named(t, handle)
    repay(t, account["id"], f"forgive:{request}")
    amount = owed(t, account["id"])
    if amount > 0:
        why = Why("writeoff", note=note)
        ledger.move(t, transfer_id(f"forgive:{request}", "writeoff"), LOSSES, debt(account["id"]), amount, why)
    return amount
