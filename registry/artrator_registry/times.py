"""Times that people sign: which of them can be meant."""

from __future__ import annotations

from typing import Final

#: Times beyond this (the year 5138) are mistakes, and do not fit everywhere.
_LATEST: Final = 10**11


def is_sane(seconds: float) -> bool:
    """Whether a time, in seconds since 1970, can be one that somebody means."""
    return 0 <= seconds <= _LATEST
