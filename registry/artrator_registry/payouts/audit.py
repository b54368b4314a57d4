"""Whether payouts and the ledger tell the same."""

from __future__ import annotations

from collections.abc import Iterator

from artrator_registry.ledger import store as ledger
from artrator_registry.ledger.models import PAYOUTS, earnings, transfer_id
from artrator_registry.storage import Transaction

_STEPS = ("hold", "post", "void", "return")
#: Which transfers a payout in a state has.
_MADE = {
    "requested": ({"hold"},),
    "sent": ({"hold"},),
    "paid": ({"hold", "post"},),
    "failed": ({"hold", "void"}, {"hold", "post", "return"}),
    "cancelled": ({"hold", "void"},),
}


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    known = 0
    for row in t.run("SELECT id, account, amount, state FROM payouts ORDER BY serial"):
        where = f"payout {row['id']} ({row['state']})"
        steps = {step: transfer_id(f"payout:{row['id']}", step) for step in _STEPS}
        made = {step: found for step, each in steps.items() if (found := ledger.transfer(t, each)) is not None}
        known += len(made)
        if made.keys() not in _MADE[row["state"]]:
            yield f"{where}: the ledger has made {', '.join(sorted(made)) or 'nothing'} of it"
        for step, transfer in made.items():
            road = (earnings(row["account"]), PAYOUTS)
            if (transfer["debit"], transfer["credit"]) != (road if step != "return" else road[::-1]):
                yield f"{where}: its {step} is between other accounts"
            if transfer["amount"] != row["amount"]:
                yield f"{where}: its {step} is {transfer['amount']}, not {row['amount']}"
    total = t.row("SELECT count(*) FROM ledger_transfers WHERE kind = 'payout'")[0]
    if total != known:
        yield f"{total - known} transfers pay out what nobody asked for"


def explain(t: Transaction, silent_seconds: float) -> Iterator[str]:
    """What is no difference and yet wants a look."""
    for row in t.run(
        "SELECT id, rail, state, coalesce(sent_at, requested_at) AS since FROM payouts"
        " WHERE state IN ('requested', 'sent') AND coalesce(sent_at, requested_at) < ? ORDER BY serial",
        (t.now - silent_seconds,),
    ):
        days = int((t.now - row["since"]) // 86_400)
        act = "was sent and has not been confirmed" if row["state"] == "sent" else "has been waiting to be sent"
        yield f"payout {row['id']} by {row['rail']} {act} for {days} days"
