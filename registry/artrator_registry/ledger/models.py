"""What the ledger speaks of."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Final, NamedTuple

DISPUTES: Final = "system:disputes"
FEES: Final = "system:fees"
GRANTS: Final = "system:grants"
LOSSES: Final = "system:losses"
PAYOUTS: Final = "system:payouts"
PROMOTIONS: Final = "system:promotions"
ROUNDING: Final = "system:rounding"
VOUCHERS: Final = "system:vouchers"

#: Ids of transfers are derived from what causes them, so that doing a thing twice does it once.
_NAMESPACE: Final = uuid.UUID("5f3b1c0e-8f4e-5d0a-9c1b-2f6d7a8e9b10").bytes
#: UUIDs of version 7, which begin with the time at which they were made.
_TIMED: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def transfer_id(cause: str, step: str) -> str:
    """The id of the transfer that ``step`` (``hold``, ``capture``, …) of ``cause`` (an order, a voucher) makes.

    A cause whose id begins with the time names its transfers itself, so that in every index they stand beside those of
    the same hour: a job then writes as few pages in a large ledger as in a new one. Nothing is hashed, so no choice of
    ids, however clever, makes two causes meet.

    For any other cause it is a UUID of version 8. Its first six bytes come from the cause alone, so that at least the
    transfers of one order lie side by side. The rest comes from both.
    """
    if _TIMED.fullmatch(cause):
        return f"{cause}/{step}"
    where = hashlib.sha1(_NAMESPACE + cause.encode(), usedforsecurity=False).digest()
    digest = hashlib.sha1(_NAMESPACE + f"{cause}/{step}".encode(), usedforsecurity=False).digest()
    digits = (where[:6] + bytes((digest[6] & 0x0F | 0x80, digest[7], digest[8] & 0x3F | 0x80)) + digest[9:16]).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def earnings(person: str) -> str:
    """The account of what a person earned. It is apart from what they can spend, because only this is ever paid out."""
    return f"{person}/earnings"


def debt(person: str) -> str:
    """The account of what a person owes after a top-up was charged back; it stands below zero or at zero."""
    return f"{person}/debt"


def rail(name: str) -> str:
    """The account of a rail: below zero by what came in through it."""
    return f"system:rail/{name}"


def pass_period(period: str) -> str:
    """The account that holds the price of one pass period until it is earned."""
    return f"pass/{period}"


class Why(NamedTuple):
    """What a transfer is for; it stands on the statements of both sides."""

    kind: str
    order: str | None = None
    listing: str | None = None
    receipt: str | None = None
    note: str = ""


class Balances(NamedTuple):
    """What an account has, in micro-credits."""

    available: int
    held: int
    pending: int
