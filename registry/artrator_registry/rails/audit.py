"""Compares top-ups with their transfers, rails' accounts with their top-ups, and explains every debt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from artrator_registry.ledger.models import debt, transfer_id
from artrator_registry.ledger.models import rail as rail_account
from artrator_registry.rails.models import cause
from artrator_registry.storage import Transaction

_PREFIX: Final = rail_account("")


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    made: dict[str, Any] = {
        row["id"]: row for row in t.run("SELECT * FROM ledger_transfers WHERE kind IN ('topup', 'chargeback')")
    }
    came_in: defaultdict[str, int] = defaultdict(int)
    for row in t.rows("SELECT * FROM topups WHERE payment IS NOT NULL"):
        came_in[rail_account(row["rail"])] += row["amount"] - row["taken_back"]
        yield from _topup(row, made)
    for stray in made.values():
        yield f"transfer {stray['id']} ({stray['kind']}) belongs to no top-up"
    yield from _rails(t, came_in)
    yield from _debts(t)


def _topup(row: Any, made: dict[str, Any]) -> Iterator[str]:
    where = f"top-up {row['id']} ({row['state']})"
    account, person = rail_account(row["rail"]), row["account"]
    because = cause(row["rail"], row["payment"])
    credited = made.pop(transfer_id(because, "topup"), None)
    if credited is None or (credited["debit"], credited["credit"], credited["amount"]) != (
        account,
        person,
        row["amount"],
    ):
        yield f"{where}: it was paid and not credited as it should"
    taken, takes = 0, set()
    # Each take made a transfer at least: a number that is torn makes nobody count to it.
    for take in range(min(row["takes"], len(made))):
        for step, whose in (("chargeback", person), ("debt", debt(person))):
            moved = made.pop(transfer_id(because, f"{step}/{take}"), None)
            if moved is None:
                continue
            takes.add(take)
            if (moved["debit"], moved["credit"]) == (whose, account):
                taken += moved["amount"]
            elif (moved["debit"], moved["credit"]) == (account, whose):
                taken -= moved["amount"]
            else:
                yield f"{where}: transfer {moved['id']} is between other accounts"
    if len(takes) != row["takes"]:
        yield f"{where}: it was taken back {row['takes']} times, its transfers show {len(takes)}"
    if taken != row["taken_back"]:
        yield f"{where}: {row['taken_back']} was taken back, its transfers make {taken}"


def _rails(t: Transaction, came_in: dict[str, int]) -> Iterator[str]:
    found = t.rows(
        "SELECT id, debits_posted - credits_posted AS given FROM ledger_accounts WHERE substr(id, 1, ?) = ?",
        (len(_PREFIX), _PREFIX),
    )
    for row in found:
        expected = came_in.pop(row["id"], 0)
        if row["given"] != expected:
            yield f"account {row['id']} gave out {row['given']}, its top-ups say {expected}"
    for account in came_in:
        yield f"top-ups were paid through {account}, which does not exist"


def _debts(t: Transaction) -> Iterator[str]:
    """What stands on a debt is a chargeback, a repayment by its own person, or a write-off by the operator."""
    strays = t.rows(
        "SELECT x.id, d.id AS account FROM ledger_transfers x"
        " JOIN ledger_accounts d ON d.id IN (x.debit, x.credit) AND d.id = d.owner || '/debt'"
        " WHERE NOT (x.kind = 'chargeback'"
        " OR (x.kind = 'clawback' AND x.debit = d.owner AND x.credit = d.id)"
        " OR (x.kind = 'writeoff' AND 'system:losses' IN (x.debit, x.credit)))"
    )
    for row in strays:
        yield f"transfer {row['id']} on {row['account']} explains no debt"
    for row in t.rows(
        "SELECT id, credits_posted - debits_posted AS above FROM ledger_accounts"
        " WHERE id = owner || '/debt' AND credits_posted > debits_posted"
    ):
        yield f"account {row['id']} is {row['above']} above zero: nobody can owe less than nothing"
