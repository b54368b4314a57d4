"""Messages about deliveries that are not what was bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from artrator._pydantic import Field
from artrator.messages._base import Message, Request
from artrator.messages.registry import Identifier, Json

_Text = Annotated[str, Field(max_length=2000)]


class DisputeReason(StrEnum):
    """What is wrong with a delivery. Alphabetical."""

    DAMAGED = "damaged"
    NOT_AS_DESCRIBED = "not_as_described"
    NOTHING_ARRIVED = "nothing_arrived"
    OTHER = "other"
    UNUSABLE = "unusable"
    WRONG_MODEL = "wrong_model"


class Evidence(Request):
    """What a side reveals of its own will: with the salt, the request's digest in the ticket proves the request."""

    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    request: Annotated[str, Field(max_length=65_536)]  # the canonical request, as its digest was made


class DisputeOpening(Request):
    """``PUT /v1/orders/{id}/dispute``: the buyer, while the dispute window is open. Repeating it is harmless.

    A delivery that was never accepted stays held; one that was accepted has been paid, and stays with the creator,
    who cannot be paid out before the window ends.
    """

    reason: DisputeReason
    text: _Text = ""
    evidence: Evidence | None = None


class DisputeAnswer(Request):
    """``PUT /v1/orders/{id}/dispute/answer``: the creator's side, once."""

    text: _Text
    give_back: bool = False  # ends it at once, in the buyer's favour


class DisputeState(StrEnum):
    """``open -> answered -> decided``; an operator may decide an open one too."""

    OPEN = "open"
    ANSWERED = "answered"
    DECIDED = "decided"


class Dispute(Message):
    """``GET /v1/orders/{id}/dispute``, for both sides and the operator.

    Attributes:
        amount: Micro-credits in question.
        decided_for: ``buyer`` or ``creator``.
        evidence_fits: Whether the revealed request has the digest that the ticket names; None if none was revealed.
    """

    order: Identifier
    listing: str
    buyer: str
    creator: str
    amount: int
    reason: DisputeReason
    text: str
    evidence: Evidence | None
    evidence_fits: bool | None
    opened_at: float
    answer: str | None = None
    answered_at: float | None = None
    state: DisputeState
    decided_for: str | None = None
    decided_at: float | None = None
    note: str = ""
    receipt: Json | None = None
    acknowledgement: Json | None = None


class Disputes(Message):
    """``GET /v1/disputes?before=``: the caller's as buyer and as creator, newest first."""

    items: Sequence[Dispute]
    next: str | None = None


class DisputeRates(Message):
    """``GET /v1/listings/{handle}/{name}/trust``: what happened to the orders of the last 90 days."""

    settled: int
    failed: int
    disputed: int
    refunded: int
    by_reason: Mapping[str, int]
