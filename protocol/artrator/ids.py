"""Ids that are made in order of time."""

from __future__ import annotations

import os
import time
import uuid
from typing import Final

#: How every id is written, whoever made it.
ID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): the millisecond, then 74 random bits.

    What is made together then lies together in every index, however much there is already: with ids that are random
    from the first digit on, each order lands on a page of its own (docs/decisions/0033).
    """
    return timed_id(int(time.time() * 1000), os.urandom(10))


def timed_id(milliseconds: int, random: bytes) -> str:
    """The UUID of version 7 of a time since 1970 and ten random bytes, of which it takes 74 bits."""
    made = int.from_bytes(milliseconds.to_bytes(6, "big") + random, "big")
    return str(uuid.UUID(int=made & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62))
