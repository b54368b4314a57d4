"""The quoted price: what a registry said that one request would cost at most, signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from artrator._pydantic import Field
from artrator.documents._signed import SignedDocument
from artrator.money import MAX_AMOUNT


class QuotedPrice(SignedDocument):
    """A buyer's proof of the price that was told, whatever becomes of the order. Signed by a ticket key.

    Attributes:
        registry: The registry's id (its root key's id).
        quote: The quote's id.
        buyer: The buyer's account id.
        package: Digest of the package.
        offer: Digest of the creator-signed offer whose prices were used.
        request: The salted request digest.
        measures: The cost units that were priced.
        worth: The list price, in micro-credits.
        cap: The most that the order can cost, in micro-credits.
        paid_by: What pays it.
        expires_at: Until when it holds, by the registry's clock.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.quote+json"

    registry: str
    quote: str
    buyer: str
    listing: str
    package: str
    offer: str
    request: str
    measures: Mapping[str, Annotated[int, Field(ge=0, le=10**12)]]
    worth: int = Field(ge=0, le=MAX_AMOUNT)
    cap: int = Field(ge=0, le=MAX_AMOUNT)
    paid_by: Literal["credits", "free", "own", "pass"]
    expires_at: float
