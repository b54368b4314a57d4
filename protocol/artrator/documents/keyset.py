"""The registry's key set: which keys sign tickets, and when, signed by the registry's root key."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from artrator._pydantic import BaseModel, ConfigDict
from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.keys import PublicKey


class TicketKey(BaseModel):
    """One key and its time. Times are seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kid: str
    public_key: EncodedKey
    not_before: int
    not_after: int


class KeySet(SignedDocument):
    """Every key that may sign tickets now. ``serial`` only grows: an older set is refused."""

    payload_type: ClassVar[str] = "application/vnd.artrator.keyset+json"

    registry: str
    serial: int
    keys: Sequence[TicketKey]

    def valid_keys(self, now: float | None = None) -> Mapping[str, PublicKey]:
        """The keys that are valid at ``now``, by key id."""
        at = time.time() if now is None else now
        return {k.kid: PublicKey.decode(k.public_key) for k in self.keys if k.not_before <= at < k.not_after}
