"""Compares every pass period with its account, its transfers and its orders."""

from __future__ import annotations

from collections.abc import Iterator

from artrator_registry.ledger.models import pass_period
from artrator_registry.storage import Transaction

_PERIODS = """
SELECT q.*, coalesce(a.credits_posted, 0) AS came, coalesce(a.debits_posted, 0) AS went, coalesce(o.open, 0) AS open,
    coalesce(o.delivered, 0) AS delivered
FROM pass_periods q
LEFT JOIN ledger_accounts a ON a.id = 'pass/' || q.id
LEFT JOIN (
    SELECT pass, sum(CASE WHEN settled_at IS NULL AND ended_at IS NULL THEN worth ELSE 0 END) AS open,
        sum(settled_at IS NOT NULL) AS delivered
    FROM orders WHERE pass IS NOT NULL GROUP BY pass
) o ON o.pass = q.id
"""


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    for row in t.run(_PERIODS):
        where = f"pass period {row['id']} ({row['state']})"
        over = row["state"] in ("paid", "refunded")
        if row["came"] != row["price"]:
            yield f"{where}: {row['came']} was set aside for its price of {row['price']}"
        if row["went"] != (row["price"] if over else row["earned"]):
            yield f"{where}: {row['went']} went out of it, {row['earned']} was earned of {row['price']}"
        if not over and row["earned"] != row["price"] * row["used"] // row["allowance"]:
            yield f"{where}: {row['earned']} was earned for {row['used']} of {row['allowance']}"
        if row["waiting"] != row["open"]:
            yield f"{where}: {row['waiting']} waits, its open orders make {row['open']}"
        if row["runs"] != row["delivered"]:
            yield f"{where}: {row['runs']} runs are counted, {row['delivered']} orders were delivered"
    for row in t.run(
        "SELECT s.id FROM passes s WHERE (s.state = 'active') <>"
        " EXISTS (SELECT 1 FROM pass_periods q WHERE q.pass = s.id AND q.state = 'open')"
    ):
        yield f"pass {row['id']}: its state does not fit its periods"
    known = {pass_period(row["id"]) for row in t.run("SELECT id FROM pass_periods")}
    for row in t.run("SELECT id FROM ledger_accounts WHERE id GLOB 'pass/*'"):
        if row["id"] not in known:
            yield f"account {row['id']} belongs to no pass period"
