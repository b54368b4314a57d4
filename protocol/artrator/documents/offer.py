"""The offer: price and terms of one package version, signed by its creator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.money import price


class UnitPrice(BaseModel):
    """``amount`` micro-credits for every ``per`` of a cost unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int = Field(ge=0, le=10**12)
    per: int = Field(default=1, ge=1, le=10**12)


class Offer(SignedDocument):
    """Price and terms.

    Attributes:
        creator: The creator's public key, encoded.
        package: Digest of the package.
        base: Micro-credits for every run, whatever it measures.
        units: Price by cost unit; every name must be a unit of the package's manifest.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.offer+json"

    creator: EncodedKey
    package: str
    name: str
    version: str
    base: int = Field(default=0, ge=0, le=10**12)
    units: Mapping[str, UnitPrice] = Field(default_factory=dict)
    issued_at: int

    def breakdown(self, measures: Mapping[str, int]) -> dict[str, int]:
        """Micro-credits by line (``base`` and each unit) for a request of these measures; sums to its price."""
        lines = {"base": self.base} if self.base or not self.units else {}
        for name, unit in self.units.items():
            lines[name] = price(unit.amount, unit.per, measures.get(name, 0))
        return lines
