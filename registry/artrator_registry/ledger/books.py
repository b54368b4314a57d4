"""The operator's books: what stands in each account that belongs to nobody, and why.

A person's statement is kept line by line (``ledger_entries``), because it is read all the time. The operator's accounts
are moved by nearly every order and read once a month, so their lines are made of the transfers when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.accounts import store as accounts
from artrator_registry.ledger import store
from artrator_registry.ledger.service import as_line
from artrator_registry.ledger.words import sentence
from artrator_registry.storage import Transaction


def standing(t: Transaction) -> list[Any]:
    """The operator's accounts: ``id``, what was posted to it as ``balance``, what waits for it as ``pending``.

    The periods of passes are many, and their money is their buyers' or creators': they are one row, ``pass/*``.
    """
    return t.rows(
        "SELECT CASE WHEN id GLOB 'pass/*' THEN 'pass/*' ELSE id END AS account,"
        " sum(credits_posted - debits_posted) AS balance, sum(credits_pending - debits_pending) AS pending"
        " FROM ledger_accounts WHERE system = 1 GROUP BY 1 ORDER BY 1"
    )


def lines(t: Transaction, name: str) -> Iterator[m.StatementLine]:
    """Every line of one account, oldest first.

    Args:
        t: The transaction.
        name: One of the operator's accounts, such as ``system:fees``, or the period of a pass (``pass/ID.1``); or
            somebody's handle, alone or with ``/earnings`` or ``/debt``.

    Raises:
        ArtratorError: ``account_unknown``.
    """
    handle, slash, part = name.partition("/")
    owner = accounts.by_handle(t, handle)
    account = name if owner is None else f"{owner['id']}{slash}{part}"
    if store.balances(t, account) is None:
        raise ArtratorError(
            Code.ACCOUNT_UNKNOWN,
            f"There is no account {name}.",
            cure="Without a name the operator's are listed; a person's are HANDLE, HANDLE/earnings and HANDLE/debt.",
        )
    return _moves(t, account) if owner is None else map(as_line, store.every_line(t, account))


def _moves(t: Transaction, account: str) -> Iterator[m.StatementLine]:
    balance = 0
    for row in store.moves(t, account):
        balance += row["amount"]
        yield m.StatementLine(
            id=str(row["serial"]),
            at=row["at"],
            kind=row["kind"],
            amount=row["amount"],
            balance=balance,
            # In the words of the other side, which is somebody: what this account gave, they were given.
            text=sentence(row["kind"], row["kind"], -row["amount"], row["listing"], row["note"]),
            order=row["order_id"],
            listing=row["listing"],
            receipt=row["receipt"],
            counterparty=row["other_handle"] or row["other"],
        )
