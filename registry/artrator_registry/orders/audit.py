"""Compares every order with the transfers that it made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from artrator.canonical import unb64
from artrator.documents import Offer, document_digest, ticket_digest
from artrator_registry.ledger.models import earnings, pass_period, transfer_id
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.orders import shares
from artrator_registry.orders import store as orders
from artrator_registry.storage import Transaction

#: What is charged for these is yet to be said, by what was signed about them. Of others the ledger knows.
_UNDECIDED: Final = frozenset({"held", "claimed", "disputed"})
#: What the ticket of an order says of it: claim and column.
_AGREED: Final = (
    ("jti", "id"),
    ("sub", "buyer"),
    ("aud", "node"),
    *((name, name) for name in ("listing", "package", "offer", "request", "kind", "paid_by", "cap")),
    *((name, name) for name in ("start_by", "finish_by", "capture_by")),
)
#: The transfers that an order makes itself; what disputes add later is theirs to explain.
_MADE: Final = (
    "SELECT * FROM ledger_transfers WHERE order_id = ? AND kind IN ('order', 'purchase', 'pass', 'fee', 'royalty')"
)


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    offers: dict[str, Offer] = {}
    # One order and its own transfers at a time, by an index: a large ledger does not fit into memory.
    for order in t.run(
        "SELECT id, buyer, creator, offer, pass, paid_by, cap, worth, charged, refunded, fee, state FROM orders"
        " ORDER BY serial"
    ):
        made: dict[str, Any] = {row["id"]: row for row in t.run(_MADE, (order["id"],))}
        where = f"order {order['id']} ({order['state']})"
        if order["offer"] not in offers:
            published = listings.offer_by_digest(t, order["offer"])
            if published is None:
                yield f"{where}: its offer {order['offer']} is missing"
                continue
            if document_digest(json.loads(published["document"])) != order["offer"]:
                yield f"{where}: its offer {order['offer']} is not the one that was signed"
            offers[order["offer"]] = parsed.offer(published["document"])
        if order["state"] in _UNDECIDED:
            yield from (f"{where}: {problem}" for problem in _documents(orders.order(t, order["id"])))
        own = {step: made.pop(transfer_id(order["id"], step), None) for step in ("hold", "capture", "release", "pass")}
        yield from (f"{where}: {problem}" for problem in _hold(order, own))
        for part in shares.divide(t, _came_in(own), order["creator"], order["fee"], offers[order["offer"]])[1:]:
            step = shares.step(part)
            moved = made.pop(transfer_id(order["id"], step), None)
            fits = moved is None or (moved["debit"], moved["credit"]) == (earnings(order["creator"]), part.account)
            if not fits or (moved["amount"] if moved else 0) != part.amount:
                yield f"{where}: its {step} of {moved['amount'] if moved else 0} should be {part.amount}"
        for stray in made:
            yield f"transfer {stray} names an order that does not know it"
    for row in t.run(
        "SELECT x.id FROM ledger_transfers x LEFT JOIN orders o ON o.id = x.order_id"
        " WHERE x.order_id IS NOT NULL AND o.id IS NULL"
    ):
        yield f"transfer {row['id']} names an order that there is not"


def _documents(order: Any) -> Iterator[str]:
    """What was signed about an order says what was agreed, in words that no broken disk makes up."""
    said = json.loads(unb64(order["ticket"].split(".")[1]))
    if order["ticket_digest"] != ticket_digest(order["ticket"]):
        yield "its ticket is another one than its digest names"
    for claim, column in _AGREED:
        if said[claim] != order[column]:
            yield f"its {column} is {order[column]}, its ticket says {said[claim]}"
    if said["measures"] != json.loads(order["measures"]):
        yield "its measures are others than its ticket's"
    if order["receipt"] is not None and document_digest(json.loads(order["receipt"])) != order["receipt_digest"]:
        yield "its receipt is another one than its digest names"


def _hold(order: Any, made: Mapping[str, Any]) -> Iterator[str]:
    hold, capture, release, passed = (made[step] for step in ("hold", "capture", "release", "pass"))
    if (hold["amount"] if hold else 0) != order["cap"]:
        yield f"its hold is not its cap of {order['cap']}"
    elif hold and (hold["debit"], hold["credit"]) != (order["buyer"], earnings(order["creator"])):
        yield "its hold is between other accounts"
    if (capture["amount"] if capture else 0) != order["charged"]:
        yield f"{order['charged']} was charged and {capture['amount'] if capture else 0} captured"
    if passed and (
        order["pass"] is None
        or (passed["debit"], passed["credit"]) != (pass_period(order["pass"]), earnings(order["creator"]))
    ):
        yield "a pass paid for it that is not its own"
    if order["paid_by"] == "credits" and order["worth"] != order["cap"]:
        yield f"its worth is {order['worth']}, its cap {order['cap']}"
    if order["refunded"] != (order["charged"] if order["state"] == "refunded" else 0):
        yield f"{order['refunded']} was refunded of {order['charged']}"
    waits = order["state"] in ("held", "claimed") or (order["state"] == "disputed" and not order["charged"])
    if order["cap"] and bool(capture or release) == waits:
        yield f"its hold is {'open' if not waits else 'resolved'}"


def _came_in(made: Mapping[str, Any]) -> int:
    return sum(made[step]["amount"] for step in ("capture", "pass") if made[step])
