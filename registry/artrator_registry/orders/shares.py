"""Who gets what of a price: the one split that quotes show, plans and purchases name, and settlements make.

The weights are hundredths of a percent: the operator's fee, what the offer promises to the creators of its base models,
and the rest for the creator. The parts are made by largest remainder, so that they sum to the price exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from artrator.documents import Offer
from artrator.messages import registry as m
from artrator.money import split
from artrator_registry.earnings.service import earned
from artrator_registry.ledger import service as moving
from artrator_registry.ledger import store as ledger
from artrator_registry.ledger.models import FEES, Why, earnings, transfer_id
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.storage import Transaction

WHOLE: Final = 10_000


class Part(NamedTuple):
    """One share of an amount.

    Attributes:
        account: The ledger account that it belongs to.
        listing: The base model that a royalty is for.
    """

    kind: Literal["creator", "fee", "royalty"]
    account: str
    basis_points: int
    amount: int
    listing: str | None = None


def divide(t: Transaction, amount: int, creator: str, fee: int, offer: Offer | None = None) -> Sequence[Part]:
    """The shares of ``amount`` micro-credits: the creator's, the fee, and each royalty in the offer's order.

    Args:
        t: For whose listings the royalties are.
        amount: Micro-credits.
        creator: The account of who sells.
        fee: The operator's share in basis points. Royalties are promised in a signed document and the fee is not: where
            both together are more than all (the operator raised the fee since), the fee yields.
        offer: With its royalties; a plan has none of its own.
    """
    royalties = offer.royalties if offer is not None else ()
    promised = sum(royalty.basis_points for royalty in royalties)
    fee = min(fee, WHOLE - promised)
    owners = [listings.by_name(t, royalty.listing)["creator"] for royalty in royalties]
    weights = [WHOLE - fee - promised, fee, *(royalty.basis_points for royalty in royalties)]
    amounts = split(amount, weights)
    return [
        Part("creator", earnings(creator), weights[0], amounts[0]),
        Part("fee", FEES, fee, amounts[1]),
        *(
            Part("royalty", earnings(owner), royalty.basis_points, part, royalty.listing)
            for royalty, owner, part in zip(royalties, owners, amounts[2:], strict=True)
        ),
    ]


def as_messages(t: Transaction, parts: Sequence[Part], registry: str) -> Sequence[m.Share]:
    """Shares as both sides see them; ``registry`` is the name that the fee goes to."""
    return [
        m.Share(
            kind=part.kind,
            to=registry if part.kind == "fee" else _handle(t, part.account),
            basis_points=part.basis_points,
            amount=part.amount,
            listing=part.listing,
        )
        for part in parts
        if part.basis_points or part.kind == "creator"
    ]


def paid(t: Transaction, order: Any) -> int:
    """What an order (its row) brought in all: what was charged, or what its pass paid for it. Refunds do not lower it.

    0 before it was settled, for free runs and for one's own.
    """
    for step in ("capture", "pass"):
        transfer = ledger.transfer(t, transfer_id(order["id"], step))
        if transfer is not None:
            return int(transfer["amount"])
    return 0


def parts(t: Transaction, order: Any) -> Sequence[Part]:
    """What each got of an order (its row) when it was settled; their amounts sum to ``paid``."""
    offer = parsed.offer(listings.offer_by_digest(t, order["offer"])["document"])
    return divide(t, paid(t, order), order["creator"], order["fee"], offer)


def hand_out(t: Transaction, cause: str, parts: Sequence[Part], why: Why) -> None:
    """Move the fee and the royalties on from what has just come into a creator's earnings, and was split so.

    Args:
        t: The transaction in which it came in.
        cause: What the transfers' ids are derived from: an order, a pass period.
        parts: The split; its first part stays where it is.
        why: What came in; the statements of those who get a share name its order and listing.
    """
    creator = parts[0].account
    for part in parts[1:]:
        if part.amount:
            note = "" if part.listing is None else f"for {part.listing}"
            reason = Why(part.kind, order=why.order, listing=why.listing, receipt=why.receipt, note=note)
            moving.move(t, transfer_id(cause, step(part)), creator, part.account, part.amount, reason)
    earned(t, parts, why, runs=0 if why.order is None else 1)


def step(part: Part) -> str:
    """What the transfer of a fee or a royalty is derived from, beside its order."""
    return "fee" if part.listing is None else f"royalty:{part.listing}"


def _handle(t: Transaction, account: str) -> str:
    row = t.row("SELECT a.handle FROM ledger_accounts l JOIN accounts a ON a.id = l.owner WHERE l.id = ?", (account,))
    return str(row["handle"])
