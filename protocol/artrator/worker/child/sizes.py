"""How many rows of a kernel are worth computing together, learnt from how long each size took.

A model that is bound by memory gains several times from company, one that is bound by arithmetic gains nothing. So
the size with the most rows a second is taken, the smallest of those that are as good, and larger ones are tried as long
as that gained something, or as they are over in no time. What did not fit into memory is remembered.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

#: Sizes whose rows a second are within this share of the best are as good; one of them that is at most half as large as
#: what waits answers sooner.
_AS_GOOD: Final = 0.95
#: All that waits goes together unless that makes fewer rows a second than this share of the best, and two batches are
#: quicker than it.
_NOT_WORSE: Final = 0.85
#: A size that was measured less often than this is taken once more: its first run may have prepared something.
_SURE: Final = 3
#: So many of the newest measurements count, and of these the quickest but one: whatever else goes on in the machine
#: makes a batch longer, never shorter.
_NEWEST: Final = 8
#: A batch that is over within this time, even if company gains nothing, is tried without further thought.
_BRIEF_SECONDS: Final = 0.5
#: Rows at most that are tried first, of a kernel that nothing is known of.
_FIRST: Final = 8
#: After so many batches that were smaller than they could have been, a larger one is tried again: much may have
#: changed, on a machine that others use as well.
_LOOK_AGAIN: Final = 256
#: Of the free memory, what a batch that was never tried may take by the measure of smaller ones.
_SPARE: Final = 0.8


class Measured:
    """What something takes, from the newest measurements of it.

    Attributes:
        seconds: Infinite before the first one.
    """

    def __init__(self) -> None:
        self._newest: Final[deque[float]] = deque(maxlen=_NEWEST)
        self.seconds = math.inf

    def add(self, seconds: float) -> bool:
        """It took so long once more; whether that changes what it is believed to take."""
        before = self.seconds
        self._newest.append(seconds)
        self.seconds = sorted(self._newest)[1 if len(self._newest) > _SURE else 0]
        return self.seconds != before

    @property
    def is_sure(self) -> bool:
        """Whether it was measured often enough to be believed."""
        return len(self._newest) >= _SURE


class Sizes:
    """What is known of one kernel at one size of rows.

    Attributes:
        spent: Seconds of the device, all batches together.
        calls, rows: How many there were.
    """

    def __init__(self, limit: int) -> None:
        """Know nothing.

        Args:
            limit: Rows at most, as the kernel says.
        """
        self._limit: Final = max(1, limit)
        self._points: Final[dict[int, Measured]] = {}
        # What is reckoned from the points, as long as they stay the same: it is asked for several times a batch.
        self._curve: Final[dict[int, float]] = {}
        self._bests: Final[dict[int, int]] = {}
        self._ceiling = self._limit
        self._tried = 0
        self._fatal = 0
        self._passed_over = 0
        self._held_back = 0
        self.spent = 0.0
        self.calls = 0
        self.rows = 0
        self.row_bytes = 0.0

    # --- choosing

    def choose(self, waiting: int, first: int, free_bytes: Callable[[], float] = lambda: math.inf) -> int:
        """How many of the waiting rows to take.

        Args:
            waiting: Rows that could go together now.
            first: Rows of the most urgent call.
            free_bytes: Asked what a batch may take beyond what the process has taken before.
        """
        if min(waiting, self._limit) > self._ceiling:
            self._raise_ceiling()
        most = min(waiting, self._limit, self._ceiling)
        if not self._points:
            return min(most, first, _FIRST)
        largest = max(self._points)
        if most > largest and (reach := min(most, self._reach(largest, free_bytes))) > largest:
            return reach
        most = min(most, largest)
        if most in self._points and not self._points[most].is_sure:
            return most
        best = self._best(most)
        if (half := best // 2) >= first and self._is_worth_a_look(best, half):
            return half  # it may be as good, and answer sooner
        if best < most:
            self._passed_over += 1
            if self._passed_over >= _LOOK_AGAIN:
                self._passed_over = 0
                return min(most, 2 * best)
        # A call of a few rows gains nothing from being cut.
        return max(best, min(most, first, _FIRST))

    def is_new(self, rows: int) -> bool:
        """Whether so many were never tried before."""
        return rows > max(self._tried, max(self._points, default=0))

    def is_doubtful(self, rows: int) -> bool:
        """Whether so many were tried, but too seldom to believe what they took: a first run may have prepared much."""
        return rows in self._points and not self._points[rows].is_sure

    @property
    def best(self) -> int:
        """The size with the most rows a second; 1 before anything was measured."""
        return self._best(min(max(self._points), self._ceiling)) if self._points else 1

    @property
    def wanted(self) -> int:
        """The size for which rows should be at hand: the best, or a larger one that is worth a try."""
        if not self._points:
            return min(_FIRST, self._ceiling)
        largest = max(self._points)
        reach = min(self._reach(largest, lambda: math.inf), 2 * largest, self._limit, self._ceiling)
        return max(reach if reach > largest else 0, self.best)

    def seconds(self, rows: int) -> float | None:
        """What a batch of so many takes, read between and beyond what was measured; None if nothing was."""
        if not self._points or rows < 1:
            return None
        known = self._known()
        if (exactly := known.get(rows)) is not None:
            return exactly
        below = max((size for size in known if size <= rows), default=None)
        above = min((size for size in known if size >= rows), default=None)
        if below is None:
            return known[min(known)]
        if above is None:
            return known[below] * rows / below
        return known[below] + (rows - below) / (above - below) * (known[above] - known[below])

    def _known(self) -> Mapping[int, float]:
        """Seconds by size. No batch takes longer than a larger one: if it seemed to, something was in its way."""
        if not self._curve:
            least = math.inf
            for size in sorted(self._points, reverse=True):
                least = self._curve[size] = min(least, self._points[size].seconds)
        return self._curve

    def _changed(self) -> None:
        """The points say something else than before."""
        self._curve.clear()
        self._bests.clear()

    def _best(self, most: int) -> int:
        """The size to take if so many wait."""
        if most not in self._bests:
            self._bests[most] = self._find_best(most)
        return self._bests[most]

    def _find_best(self, most: int) -> int:
        rates = {size: size / seconds for size, seconds in self._known().items() if size <= most}
        whole = self.seconds(most) or math.inf
        all_of_them = rates[most] = most / whole
        quickest = max(rates, key=lambda size: rates[size])
        top = rates[quickest]
        # What is left over has to be computed as well, and few rows are slow.
        in_two = (self.seconds(quickest) or 0.0) + (self.seconds(most - quickest) or 0.0)
        below = most // 2 if all_of_them >= _NOT_WORSE * top or whole <= in_two else most
        return min((size for size, rate in rates.items() if size <= below and rate >= _AS_GOOD * top), default=most)

    def _raise_ceiling(self) -> None:
        """What did not fit may fit again, when whatever else took the memory has ended; never what ended a worker."""
        self._held_back += 1
        if self._held_back >= 4 * _LOOK_AGAIN:
            self._held_back = 0
            self._ceiling = min(2 * self._ceiling, self._limit, self._fatal // 2 or self._limit)

    def _is_worth_a_look(self, best: int, half: int) -> bool:
        """Whether a batch is long enough to be halved, and no size so near was measured that it would teach nothing."""
        if (self.seconds(best) or 0.0) < _BRIEF_SECONDS / 10:
            return False
        return not any(0.7 * half <= size <= 1.4 * half and point.is_sure for size, point in self._points.items())

    def _reach(self, largest: int, free_bytes: Callable[[], float]) -> int:
        """The largest size that may be tried next."""
        reach = int(largest * _BRIEF_SECONDS / self._points[largest].seconds)
        if self._rising(largest):
            reach = max(reach, 2 * largest)
        if self.row_bytes > 0 and (free := free_bytes()) < math.inf:
            reach = min(reach, largest + int(max(0.0, free) * _SPARE / self.row_bytes))
        return reach

    def _rising(self, largest: int) -> bool:
        """Whether the last doubling gained something."""
        half = [size for size in self._points if size <= largest // 2]
        if not half:
            return True
        before = max(half)
        return largest / self._points[largest].seconds > before / self._points[before].seconds / _AS_GOOD

    # --- learning

    def trying(self, rows: int) -> None:
        """A batch larger than any before begins; whoever does not hear of its end knows what killed the process."""
        self._tried = max(self._tried, rows)

    def observe(self, rows: int, seconds: float, calls: int) -> None:
        """A batch took so long."""
        seconds = max(seconds, 1e-7)
        self.spent += seconds
        self.calls += calls
        self.rows += rows
        if self._points.setdefault(rows, Measured()).add(seconds):
            self._changed()

    def observe_memory(self, rows: int, grown: int) -> None:
        """The process has taken so many bytes more since before the first batch, and this was the largest."""
        self.row_bytes = max(self.row_bytes, grown / rows)

    def too_large(self, rows: int) -> None:
        """So many rows did not fit into memory, or not into the graph."""
        self._ceiling = min(self._ceiling, max(1, rows // 2))
        for size in [size for size in self._points if size > self._ceiling]:
            del self._points[size]
        self._changed()

    # --- across restarts

    def to_json(self) -> Mapping[str, Any]:
        """What is worth keeping."""
        return {
            "sizes": [[size, round(point.seconds, 7)] for size, point in sorted(self._points.items())],
            "ceiling": self._ceiling if self._ceiling < self._limit else 0,
            "tried": self._tried if self._tried > max(self._points, default=0) else self._fatal,
        }

    def recall(self, known: Iterable[tuple[int, float]], ceiling: int, tried: int) -> None:
        """Take up what was kept. A size that was tried and never came to its end is not tried again."""
        for size, seconds in known:
            if 0 < size <= self._limit and seconds > 0:
                self._points.setdefault(size, Measured()).add(seconds)
        self._changed()
        if ceiling:
            self._ceiling = min(self._ceiling, max(1, ceiling))
        if tried > max(self._points, default=0):
            self._fatal = tried
            self.too_large(tried)
