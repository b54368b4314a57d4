"""Messages about what a creator earned and how it is paid out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from artrator._pydantic import Field
from artrator.messages._base import Amount, Message, Request
from artrator.messages.registry import Identifier

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Line = Annotated[str, Field(max_length=200)]


class EarningDay(Message):
    """What one listing (or pass) earned in one day, UTC: ``net = gross - fee - royalties - refunded``.

    Royalties that came in have the kind ``royalty`` and the listing that they are for.
    """

    day: Day
    listing: str
    kind: Literal["pass", "purchase", "royalty", "run"]
    runs: int
    gross: int
    fee: int
    royalties: int
    refunded: int
    net: int


class Earnings(Message):
    """``GET /v1/earnings?from=&until=``: days inclusive, at most 400 of them.

    ``maturing`` is earned and inside its dispute window or payout delay; ``available`` can be asked for; ``requested``
    is on its way. ``pending`` is what buyers still hold.
    """

    pending: int
    maturing: int
    available: int
    requested: int
    paid: int
    next_matures_at: float | None
    days: Sequence[EarningDay]


class EarningsTransfer(Request):
    """``PUT /v1/earnings/transfers/{id}``: spend what was earned: from available earnings to the wallet."""

    amount: Annotated[Amount, Field(gt=0)]


class SellerState(StrEnum):
    """``none -> submitted -> verified | rejected``; a change of a verified profile is submitted again."""

    NONE = "none"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REJECTED = "rejected"


class SellerProfile(Request):
    """``PUT /v1/account/seller``: who sells, as tax law asks.

    Attributes:
        country: ISO 3166 alpha-2.
        business_number: In Korea the ten digits of the business registration, whose last digit is checked.
        vat_registered: Whether prices contain VAT that the seller declares (in Korea: a general taxpayer).
        vat_number: Outside Korea, where there is one.
    """

    legal_name: Annotated[str, Field(min_length=1, max_length=200)]
    representative: _Line = ""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    address: Annotated[str, Field(max_length=500)] = ""
    email: _Line = ""
    business_number: Annotated[str, Field(max_length=20)] = ""
    vat_registered: bool = False
    vat_number: Annotated[str, Field(max_length=20)] = ""


class Seller(Message):
    """``GET /v1/account/seller``."""

    state: SellerState
    profile: SellerProfile | None
    reason: str = ""
    changed_at: float | None = None


class PayoutSchedule(Request):
    """``PUT /v1/account/payout-schedule``: ask by hand, or every week (Monday) or month (the first)."""

    every: Literal["hand", "week", "month"] = "hand"
    minimum: Amount = 0
    rail: Annotated[str, Field(max_length=40)] = "manual"
    destination: _Line = ""


class PayoutRequest(Request):
    """``PUT /v1/payouts/{id}``: the client makes the id.

    ``destination`` is what the rail needs: a connected account, a Lightning address, a bank account for ``manual``.
    """

    amount: Annotated[Amount, Field(gt=0)]
    rail: Annotated[str, Field(max_length=40)] = "manual"
    destination: _Line = ""


class PayoutState(StrEnum):
    """``requested -> sent -> paid | failed``, or ``cancelled`` before it was sent. The last two give it back."""

    REQUESTED = "requested"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Payout(Message):
    """A payout; ``reference`` is the rail's or the operator's."""

    id: Identifier
    amount: int
    rail: str
    destination: str
    state: PayoutState
    requested_at: float
    ended_at: float | None = None
    reference: str = ""
    reason: str = ""


class Payouts(Message):
    """``GET /v1/payouts?before=``: newest first."""

    items: Sequence[Payout]
    next: str | None = None
    minimum: int
    schedule: PayoutSchedule


class StatementEntry(Message):
    """What one listing earned in one month."""

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    listing: str
    kind: Literal["pass", "purchase", "royalty", "run"]
    runs: int
    gross: int
    fee: int
    royalties: int
    refunded: int
    net: int


class PaidOut(Message):
    """A payout that was paid in the year."""

    id: Identifier
    at: float
    amount: int
    rail: str
    reference: str


class EarningsStatement(Message):
    """``GET /v1/earnings/statements/{year}``, also as ``/v1/earnings/statements/{year}.csv``.

    Attributes:
        zone: The time zone in which days, months and the year are cut.
        complete: Whether the year is over; a statement of the present year grows.
        vat_base, vat: The gross less refunds without VAT, and the VAT in it; None where the seller declares none.
    """

    year: int
    zone: str
    registry: str
    creator: str
    profile: SellerProfile | None
    verified: bool
    complete: bool
    made_at: float
    entries: Sequence[StatementEntry]
    gross: int
    fee: int
    royalties: int
    refunded: int
    net: int
    vat_base: int | None = None
    vat: int | None = None
    payouts: Sequence[PaidOut]
    paid: int
