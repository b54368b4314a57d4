"""Whether disputes, their orders and the ledger tell the same."""

from __future__ import annotations

from collections.abc import Iterator

from artrator.money import format_credits
from artrator_registry.disputes import refund
from artrator_registry.ledger import store as ledger
from artrator_registry.orders import shares
from artrator_registry.orders import store as orders
from artrator_registry.storage import Transaction

#: States that the order of a dispute can be in: while it is open, decided for the buyer, for the creator.
_FITS = {None: "disputed", "buyer": "refunded", "creator": "settled"}


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    for row in t.run(
        "SELECT o.id FROM orders o LEFT JOIN disputes d ON d.order_id = o.id"
        " WHERE o.state IN ('disputed', 'refunded') AND d.order_id IS NULL"
    ):
        yield f"order {row['id']} is disputed, and there is no dispute about it"
    known = 0
    for dispute in t.run("SELECT * FROM disputes ORDER BY serial"):
        order = orders.order(t, dispute["order_id"])
        where = f"dispute about {order['id']} ({dispute['state']})"
        if order["state"] != _FITS[dispute["decided_for"]]:
            yield f"{where}: the order is {order['state']}"
        at_stake = shares.paid(t, order) if dispute["settled"] else order["cap"]
        if dispute["amount"] != at_stake:
            yield f"{where}: it is about {dispute['amount']}, the order is about {at_stake}"
        if not dispute["settled"]:
            continue
        names = refund.transfers(order["id"], shares.parts(t, order))
        made = {name: found for each, name in names.items() if (found := ledger.transfer(t, each)) is not None}
        known += len(made)
        resolved = {name.partition(" ")[2]: each for name, each in made.items() if name.startswith("back ")}
        for name, hold in ((name, each) for name, each in made.items() if name.startswith("hold ")):
            back = resolved.get(name.partition(" ")[2])
            phase = None if back is None else back["phase"]
            if phase != {None: None, "buyer": "post", "creator": "void"}[dispute["decided_for"]]:
                yield f"{where}: its {name} of {hold['amount']} is {phase or 'still held'}"
        covered = made["operator"]["amount"] if "operator" in made else 0
        given = covered + sum(each["amount"] for each in resolved.values() if each["phase"] == "post")
        due = dispute["amount"] if dispute["decided_for"] == "buyer" else 0
        if given != due:
            yield f"{where}: {given} went back of {due}"
        if covered != dispute["covered"]:
            yield f"{where}: the operator paid {covered}, it says {dispute['covered']}"
    total = t.row("SELECT count(*) FROM ledger_transfers WHERE kind = 'refund' AND order_id IS NOT NULL")[0]
    if total != known:
        yield f"{total - known} transfers refund orders that nobody disputed"


def explain(t: Transaction) -> Iterator[str]:
    """What is no difference and yet wants a look."""
    for row in t.run("SELECT order_id, covered FROM disputes WHERE covered > 0 ORDER BY serial"):
        yield (
            f"dispute about {row['order_id']}: the operator paid {format_credits(row['covered'])} credits,"
            " because those who got them had them no longer"
        )
