"""The plan: the terms of a pass, signed by the creator who sells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, TypeAlias

from artrator._pydantic import Field
from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.money import MAX_AMOUNT
from artrator.plain_text import PlainText

_Title: TypeAlias = Annotated[PlainText, Field(min_length=1, max_length=120)]


class Plan(SignedDocument):
    """So many credits' worth of runs in each period, for one price.

    Attributes:
        creator: The creator's public key, encoded.
        name: The plan's name; buyers know it as ``handle/name``.
        title: By language.
        listings: Names of the creator's listings that it covers; empty for all of them, those to come included.
        price: Micro-credits for one period.
        allowance: What the runs of one period may be worth together, at their list prices, in micro-credits.
        period_days: Length of a period.
        withdrawn: No longer sold; passes in force run to their ends.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.plan+json"

    creator: EncodedKey
    name: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    title: Mapping[PlainText, _Title] = Field(min_length=1, max_length=20)
    listings: Sequence[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]] = Field(default=(), max_length=100)
    price: int = Field(ge=1, le=MAX_AMOUNT)
    allowance: int = Field(ge=1, le=MAX_AMOUNT)
    period_days: int = Field(default=30, ge=1, le=366)
    withdrawn: bool = False
    issued_at: int
