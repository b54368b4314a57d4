"""What the order service hands around."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from artrator.documents import Acknowledgement, Receipt, Ticket


@dataclass(frozen=True)
class CheckedReceipt:
    """A receipt that the order's node signed and that fits the order; ``size`` is what it takes on the disk."""

    receipt: Receipt
    document: Mapping[str, Any]
    digest: str
    size: int


@dataclass(frozen=True)
class CheckedAcknowledgement:
    """An acknowledgement that the order's buyer signed, of one receipt."""

    acknowledgement: Acknowledgement
    document: Mapping[str, Any]

    @property
    def accepts(self) -> bool:
        """Whether the buyer is content."""
        return self.acknowledgement.verdict == "accepted"


@dataclass(frozen=True)
class NewOrder:
    """An order about to be placed: its ticket is signed; the writer has the last word.

    Attributes:
        body: The digest of the request that places it, by which a repeated request is known.
        ticket: Says the rest: kind, what it is paid by, cap, measures, and the times, which may be days apart.
        worth: Its list price in micro-credits.
        fee: The operator's share in basis points, as it was shown.
        period: The pass period that pays for it.
    """

    id: str
    body: str
    buyer: str
    api_key: str | None
    creator: str
    ticket: Ticket
    token: str
    token_digest: str
    worth: int
    fee: int
    period: str | None = None
