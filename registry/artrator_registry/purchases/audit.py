"""Compares licences with the orders that paid for them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from artrator.documents import Licence, Receipt
from artrator.sealing import commitment
from artrator_registry.storage import Transaction


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    for row in t.run(
        "SELECT o.id FROM orders o LEFT JOIN licences c ON c.order_id = o.id"
        " WHERE o.kind = 'purchase' AND o.state = 'settled' AND c.order_id IS NULL"
    ):
        yield f"purchase {row['id']} is paid and has no licence"
    for row in t.run(
        "SELECT c.*, o.kind, o.state, o.ended_at, o.buyer AS order_buyer, o.package AS order_package"
        " FROM licences c JOIN orders o ON o.id = c.order_id"
    ):
        where = f"licence {row['order_id']}"
        if row["kind"] != "purchase" or row["state"] not in ("settled", "disputed", "refunded"):
            yield f"{where} belongs to an order that is {row['state']}"
        if (row["buyer"], row["package"]) != (row["order_buyer"], row["order_package"]):
            yield f"{where} is for another buyer or another package than its order"
        if row["document"] is not None:
            said = Licence.peek(json.loads(row["document"]))
            if (said.order, said.package, said.issued_at) != (row["order_id"], row["package"], row["issued_at"]):
                yield f"{where} says something else than what was issued"
    for row in t.run(
        "SELECT o.id, o.receipt, k.key FROM orders o LEFT JOIN sealed_keys k ON k.order_id = o.id"
        " WHERE o.kind = 'purchase' AND o.state IN ('claimed', 'settled')"
    ):
        sealed = Receipt.peek(json.loads(row["receipt"])).sealed
        if sealed is None or row["key"] is None or commitment(row["key"]) != sealed.key:
            yield f"purchase {row['id']} is paid for a key that is not here"
    for row in t.run(
        "SELECT buyer, package, count(*) AS bought FROM orders WHERE kind = 'purchase'"
        " AND state NOT IN ('released', 'refunded') GROUP BY buyer, package HAVING bought > 1"
    ):
        yield f"{row['buyer']} bought the package {row['package']} {row['bought']} times"
