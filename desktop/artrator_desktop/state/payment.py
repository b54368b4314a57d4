"""How a press of the button is paid: by free runs, a pass or credits, and the most that it can cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artrator.messages.registry import Quote


@dataclass(frozen=True)
class Payment:
    """A whole press of ``runs`` equal runs.

    Attributes:
        paid_by: ``credits``, ``free``, ``own`` or ``pass``: what pays the first run; or ``here``, this computer.
        worth: The list price of one run, in micro-credits.
        covered: How many of the runs cost nothing, as far as this quote tells.
        cap: The most that all of them together can cost.
        left: What there is before the press: free runs of today, or the pass's allowance in micro-credits.
    """

    paid_by: str
    runs: int
    worth: int
    covered: int
    cap: int
    left: int | None = None

    @property
    def limit(self) -> int:
        """The most that any single one of the runs can cost."""
        return self.worth if self.cap else 0

    @property
    def runs_left(self) -> int | None:
        """How many runs like this one the pass or the free runs still give, or None if it is paid otherwise."""
        if self.left is None or self.paid_by not in {"free", "pass"}:
            return None
        return self.left if self.paid_by == "free" else self.left // self.worth if self.worth else None


def payment(quote: Quote, runs: int, worth: int | None = None) -> Payment:
    """What a press costs, from a quote of one of its runs; ``left`` of a quote is what remains after that one.

    Args:
        quote: Of this request, or of one a moment ago.
        runs: How many equal runs one press starts.
        worth: The list price of a run now, if the quote is of a moment ago.
    """
    quoted = quote.worth or quote.cap
    worth = quoted if worth is None else worth
    if quote.paid_by == "own":
        return Payment("own", runs, worth, runs, 0)
    if quote.paid_by == "free":
        left = (quote.left or 0) + 1
        covered = min(runs, left)
    elif quote.paid_by == "pass":
        left = (quote.left or 0) + quoted
        covered = min(runs, left // worth) if worth else runs
    else:
        return Payment("credits", runs, worth, 0, worth * runs)
    return Payment(quote.paid_by, runs, worth, covered, (runs - covered) * worth, left)


class Budget:
    """What the runs of one press may cost together. It lives in the engine's thread."""

    def __init__(self, amount: int) -> None:
        self.left = amount

    def take(self, amount: int) -> bool:
        """Set an amount aside; False if so much is not there."""
        if amount > self.left:
            return False
        self.left -= amount
        return True

    def give_back(self, amount: int) -> None:
        """What was set aside was not spent."""
        self.left += amount
