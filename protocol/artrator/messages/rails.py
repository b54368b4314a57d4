"""Messages about money that comes in through a rail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from artrator._pydantic import Field
from artrator.messages._base import Amount, Message, Request
from artrator.messages.registry import Identifier


class Rail(Message):
    """A way for money to come in, or go out.

    Attributes:
        flow: ``redirect`` opens a page in the browser; ``invoice`` shows a text and its QR code; ``voucher`` and
            ``grant`` have no top-up of their own.
        currency: ISO 4217, or ``sat``; empty where credits have no cash value.
        rate: Micro-credits for one minor unit (cent, won, satoshi) of the currency; 0 without one.
        minimum, maximum, suggested: Of a top-up, in micro-credits.
    """

    name: str
    title: Mapping[str, str]
    flow: Literal["grant", "invoice", "redirect", "voucher"]
    currency: str = ""
    rate: int = 0
    minimum: int = 0
    maximum: int = 0
    suggested: Sequence[int] = ()
    pays_in: bool = True
    pays_out: bool = False
    renews_passes: bool = False
    cash_value: bool = False


class Rails(Message):
    """``GET /v1/rails``."""

    items: Sequence[Rail]


class TopUpRequest(Request):
    """``PUT /v1/topups/{id}``: the client makes the id and keeps it before it asks. Nothing is paid yet.

    With ``pass_plan`` the rail sells that pass by subscription (``renews_passes``): ``amount`` is its price.
    """

    rail: Annotated[str, Field(max_length=40)]
    amount: Annotated[Amount, Field(gt=0)]
    pass_plan: Annotated[str, Field(max_length=140)] | None = None


class TopUpState(StrEnum):
    """``open -> paid -> charged_back``, or ``expired`` or ``failed``.

    A late payment still makes it ``paid``, and a chargeback that is decided for the payee does so again.
    """

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"
    CHARGED_BACK = "charged_back"


class TopUp(Message):
    """A top-up.

    ``charge`` is in minor units of ``currency``; ``page`` is opened in the browser, ``invoice`` is paid from a wallet.
    ``taken_back`` is the part of ``amount`` that was refunded or charged back.
    """

    id: Identifier
    rail: str
    amount: int
    charge: int
    currency: str
    state: TopUpState
    created_at: float
    expires_at: float | None
    paid_at: float | None = None
    taken_back: int = 0
    page: str | None = None
    invoice: str | None = None
    reason: str = ""


class TopUps(Message):
    """``GET /v1/topups?before=&limit=``: newest first."""

    items: Sequence[TopUp]
    next: str | None = None
