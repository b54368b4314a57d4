"""The offer: price and terms of one package version, signed by its creator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from artrator._pydantic import BaseModel, ConfigDict, Field
from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.money import MAX_AMOUNT, price
from artrator.plain_text import PlainText


class UnitPrice(BaseModel):
    """``amount`` micro-credits for every ``per`` of a cost unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int = Field(ge=0, le=10**12)
    per: int = Field(default=1, ge=1, le=10**12)


class Royalty(BaseModel):
    """A share of every charge for the creator of a model that this one was made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listing: str = Field(pattern=r"^[a-z0-9-]{1,32}/[a-z0-9-]{1,64}$")
    basis_points: int = Field(ge=1, le=10_000)


class Offer(SignedDocument):
    """Price and terms.

    Attributes:
        creator: The creator's public key, encoded.
        package: Digest of the package.
        base: Micro-credits for every run, whatever it measures.
        units: Price by cost unit; every name must be a unit of the package's manifest.
        free_runs: Runs a day (UTC) that each buyer has for nothing.
        royalties: What the creators of its base models get of every charge; together with the fee, at most all of it.
        licence: Micro-credits for a licence to keep the package and run it oneself; None if it is not sold.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.offer+json"

    creator: EncodedKey
    package: str
    name: PlainText
    version: PlainText
    base: int = Field(default=0, ge=0, le=10**12)
    units: Mapping[PlainText, UnitPrice] = Field(default_factory=dict)
    free_runs: int = Field(default=0, ge=0, le=1_000_000)
    royalties: Sequence[Royalty] = Field(default=(), max_length=8)
    licence: int | None = Field(default=None, ge=0, le=MAX_AMOUNT)
    issued_at: int

    def breakdown(self, measures: Mapping[str, int]) -> dict[str, int]:
        """Micro-credits by line (``base`` and each unit) for a request of these measures; sums to its price."""
        lines = {"base": self.base} if self.base or not self.units else {}
        for name, unit in self.units.items():
            lines[name] = price(unit.amount, unit.per, measures.get(name, 0))
        return lines
