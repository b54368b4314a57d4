"""What top-ups are made of."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

_RENEWALS: Final = uuid.UUID("0d1f4e2b-33a5-5f0e-8a56-6f0c2f4a9c11")


@dataclass(frozen=True)
class Agreed:
    """What was agreed of a top-up before anybody paid. ``body`` is the digest of the request."""

    id: str
    body: str
    account: str
    rail: str
    amount: int
    charge: int
    currency: str
    plan: str | None


def cause(rail: str, payment: str) -> str:
    """What the transfers of a payment are derived from."""
    return f"{rail}:{payment}"


def renewal_id(rail: str, payment: str) -> str:
    """The id of the top-up that a renewal makes: nobody asked for it, so it is made of the payment."""
    return str(uuid.uuid5(_RENEWALS, cause(rail, payment)))
