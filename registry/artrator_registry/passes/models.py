"""What the pass service hands around."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NewPass:
    """A pass about to be written.

    Attributes:
        body: The digest of the request that bought it, by which a repeated request is known.
        terms: The digest of the plan's terms.
        rail: What renews it: ``credits`` or the name of a rail.
        api_key: On which API key's limit it renews itself.
    """

    id: str
    body: str
    buyer: str
    creator: str
    plan: str
    terms: str
    rail: str
    api_key: str | None
    renew: bool


@dataclass(frozen=True)
class NewPeriod:
    """A period about to be written. It begins now.

    Attributes:
        fee: The operator's share in basis points, for everything that is paid out of this period.
        payment: A rail's name of the payment that it was begun with, once.
    """

    id: str
    pass_id: str
    number: int
    price: int
    allowance: int
    fee: int
    api_key: str | None
    payment: str | None
    ends: float
