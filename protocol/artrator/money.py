"""Money: integer micro-credits, and nothing else.

One credit is 1,000,000 micro-credits. No float, no truncation: a split hands out every last micro-credit
by largest remainder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

MICRO: Final = 1_000_000
#: More than this can be neither held nor granted at once; it keeps every sum inside SQLite's 64-bit integers.
MAX_AMOUNT: Final = 10**15

# Commas group thousands and do nothing else: "1,5" is refused, since it means one and a half to half the world.
_CREDITS = re.compile(r"(?P<whole>[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:[.](?P<part>[0-9]{1,6}))?")


def parse_credits(text: str) -> int:
    """Read '12', '0.25' or '1,500' credits as micro-credits; raises ValueError for anything else."""
    match = _CREDITS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an amount of credits such as 12 or 0.25")
    return int(match["whole"].replace(",", "")) * MICRO + int((match["part"] or "0").ljust(6, "0"))


def format_credits(amount: int) -> str:
    """Write micro-credits as credits, exactly: 12500000 -> '12.5', -1 -> '-0.000001', 1234000000 -> '1,234'."""
    whole, part = divmod(abs(amount), MICRO)
    digits = f"{part:06d}".rstrip("0")
    return f"{'-' if amount < 0 else ''}{whole:,}{'.' if digits else ''}{digits}"


def price(amount: int, per: int, measure: int) -> int:
    """``amount`` micro-credits for every ``per`` units, for ``measure`` units, rounded up to a micro-credit."""
    if amount < 0 or per <= 0 or measure < 0:
        raise ValueError("a price needs amount >= 0, per > 0 and measure >= 0")
    return -(-amount * measure // per)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` in proportion to ``weights`` by largest remainder; the parts sum to ``total`` exactly."""
    weight = sum(weights)
    if weight <= 0 or min(weights) < 0 or total < 0:
        raise ValueError("a split needs a total >= 0 and weights >= 0 that are not all zero")
    parts = [total * w // weight for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % weight), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
