"""Ranges of bytes: the one form of the Range header that is understood, and what a set of ranges covers together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from artrator.errors import ArtratorError, Code

Span = tuple[int, int]

# Numbers of more digits are no offsets of files, and could not be compared for free.
_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
#: Whoever fetches a file in more separate pieces than this at a time is not counted on; nobody needs to.
MAX_SPANS: Final = 256


def parse(header: str | None, size: int) -> Span:
    """First byte and the byte after the last that a Range header asks for; all of them without one.

    One range only: several in one answer help nobody who fetches a file, and cost much.

    Raises:
        ArtratorError: ``range_invalid``.
    """
    if header is None:
        return 0, size
    match = _RANGE.fullmatch(header.strip()) if len(header) <= 100 else None
    if match is None:
        raise ArtratorError(Code.RANGE_INVALID, "The Range header is not one range of bytes.", size=size)
    first, last, suffix = match.groups()
    if suffix is not None:
        begin, end = max(0, size - int(suffix)), size
    else:
        begin, end = int(first), min(int(last) + 1, size) if last else size
    if begin >= end:
        raise ArtratorError(Code.RANGE_INVALID, f"The file has {size} bytes; none of them was asked for.", size=size)
    return begin, end


def add(spans: Sequence[Span], new: Span) -> list[Span]:
    """The spans with one more, in order, merged where they touch."""
    merged: list[Span] = []
    for begin, end in sorted([*spans, new]):
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def covers(spans: Sequence[Span], size: int) -> bool:
    """Whether spans as of ``add`` hold every byte of a file."""
    return size == 0 or list(spans) == [(0, size)]
