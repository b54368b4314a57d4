"""Giving back what a settled order cost: first set aside where it lies, then moved or left there.

Each who got a share of the charge gives that share back. It is set aside when the dispute is opened, so that it cannot
be paid out or spent while somebody decides. Nobody is overdrawn: what is not there is the operator's to pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from artrator_registry.earnings import store as earning_days
from artrator_registry.earnings.days import day_of
from artrator_registry.earnings.service import sold
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger import store as ledger_store
from artrator_registry.ledger.models import DISPUTES, Why, earnings, transfer_id
from artrator_registry.orders import shares
from artrator_registry.storage import Transaction


def set_aside(t: Transaction, order: Any) -> None:
    """Hold every share of a settled order (its row), as far as it is there."""
    for part in _shares(t, order):
        amount = min(part.amount, ledger.balances(t, part.account).available)
        if amount > 0:
            ledger.hold(t, _step(order, part, "hold"), part.account, order["buyer"], amount, _why(order), None)
            _count_held(t, order, part, amount)


def give_back(t: Transaction, order: Any) -> int:
    """Move what was set aside to the buyer; answers what the operator had to add."""
    back = {"creator": 0, "fee": 0, "royalty": 0}
    wanted = 0
    for part in _shares(t, order):
        wanted += part.amount
        held = _held(t, order, part)
        if held:
            ledger.capture(t, _step(order, part, "back"), _step(order, part, "hold"), held, _why(order))
            _count_held(t, order, part, -held, gone=True)
            back[_role(order, part)] += held
    taken = sum(back.values())
    if wanted > taken:
        ledger.move(t, transfer_id(order["id"], "refund"), DISPUTES, order["buyer"], wanted - taken, _why(order))
    # The sale is undone on the creator's side: the fee and the royalties that came back are costs no more.
    if taken:
        _change(t, order, order["creator"], order["listing"], _kind(order), fee=-back["fee"],
                royalties=-back["royalty"], refunded=taken)  # fmt: skip
    return wanted - taken


def leave(t: Transaction, order: Any) -> None:
    """Free what was set aside: it stays where it is."""
    for part in _shares(t, order):
        held = _held(t, order, part)
        if held:
            ledger.release(t, _step(order, part, "back"), _step(order, part, "hold"), _why(order))
            _count_held(t, order, part, -held)


def transfers(order: str, parts: Sequence[shares.Part]) -> dict[str, str]:
    """The ids of every transfer that a dispute about an order can have made -> what it is for."""
    named = {transfer_id(order, "refund"): "operator"}
    for part in parts:
        for act in ("hold", "back"):
            named[transfer_id(order, f"refund/{act}/{part.kind}/{part.listing or ''}")] = f"{act} {part.account}"
    return named


def _shares(t: Transaction, order: Any) -> list[shares.Part]:
    return [part for part in shares.parts(t, order) if part.amount]


def _step(order: Any, part: shares.Part, act: str) -> str:
    return transfer_id(order["id"], f"refund/{act}/{part.kind}/{part.listing or ''}")


def _held(t: Transaction, order: Any, part: shares.Part) -> int:
    hold = ledger_store.transfer(t, _step(order, part, "hold"))
    return 0 if hold is None else int(hold["amount"])


def _why(order: Any) -> Why:
    return Why("refund", order=order["id"], listing=order["listing"], receipt=order["receipt_digest"])


def _kind(order: Any) -> str:
    if order["paid_by"] == "pass":
        return sold("pass")
    return sold("purchase" if order["kind"] == "purchase" else "order")


def _count_held(t: Transaction, order: Any, part: shares.Part, amount: int, *, gone: bool = False) -> None:
    match _role(order, part):
        case "creator":  # what is gone is told once for the whole order, see ``give_back``
            _change(t, order, order["creator"], order["listing"], _kind(order), held=amount)
        case "royalty":
            person, refunded = part.account.removesuffix("/earnings"), -amount if gone else 0
            _change(t, order, person, part.listing or "", "royalty", held=amount, refunded=refunded)


def _role(order: Any, part: shares.Part) -> str:
    # A royalty to oneself never left.
    return "creator" if part.account == earnings(order["creator"]) else part.kind


def _change(t: Transaction, order: Any, person: str, listing: str, kind: str, **by: int) -> None:
    earning_days.change(t, person, day_of(order["settled_at"]), listing, kind, **by)
