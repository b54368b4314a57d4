"""What a sender would like of the answer: the header ``Prefer`` of RFC 7240, as far as it is about jobs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: Longer than this nobody holds a silent connection open; who still waits asks again.
MAX_WAIT_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Preference:
    """``Prefer: wait=30, outputs``.

    Attributes:
        wait: Seconds for which the answer may wait for the end of the job; None answers at once.
        outputs: Whether the outputs come along.
    """

    wait: float | None = None
    outputs: bool = False

    @classmethod
    def of(cls, headers: Iterable[str]) -> Preference:
        """Read the headers; what is not known or makes no sense is no preference, as the RFC wants it."""
        found: dict[str, str] = {}
        for header in headers:
            for wish in header.split(","):
                name, _, value = wish.partition(";")[0].partition("=")
                # The first of several counts.
                found.setdefault(name.strip().lower(), value.strip().strip('"'))
        seconds = found.get("wait", "")
        if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 10):
            return cls()
        return cls(min(float(seconds), MAX_WAIT_SECONDS), "outputs" in found)

    @property
    def applied(self) -> str:
        """The header ``Preference-Applied``."""
        return f"wait={self.wait or 0:.0f}" + (", outputs" if self.outputs else "")
