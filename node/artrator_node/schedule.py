"""When the node may work: spans of the week in the owner's local time.

A span is read from the clock on the wall: `22:00-07:00` is ten hours long in the night in which clocks go back and
eight in the night in which they go forward, and a wall time that comes twice is within its span both times. So the
only question ever asked of a moment is what a clock on the wall shows then; the moments at which the answer can change
are tried out, never computed by adding hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from artrator.errors import ArtratorError, Code

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT: Final = 24 * 60
_SPAN: Final = re.compile(r"(?:([a-z,\- ]+?)\s*)?(?:(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2}))?")
#: Beyond this the answer comes round again: a week, and a day for each end that a change of the clock may move.
_AHEAD_DAYS: Final = 9
_STEP: Final = 3600.0


@dataclass(frozen=True)
class Span:
    """Every week on ``days`` (0 is Monday), from minute ``begin`` of the day up to ``end``; past midnight if later."""

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether a clock on the wall is within the span."""
        if weekday in self.days and self.begin <= minute < self.end:
            return True
        return (weekday - 1) % 7 in self.days and minute < self.end - _MIDNIGHT


class Schedule:
    """The owner's hours.

    Args:
        hours: Spans such as ``mon-fri 22:00-07:00``, ``sat-sun`` or ``20:00-24:00``; none at all means always.
        zone: Whose clock is meant; None is this machine's.
    """

    def __init__(self, hours: Iterable[str] = (), zone: tzinfo | None = None) -> None:
        self._spans = tuple(parse(text) for text in hours)
        self._zone = zone
        self._known: tuple[float, float | None] | None = None

    @property
    def always(self) -> bool:
        """Whether no hours were set."""
        return not self._spans

    def open_at(self, moment: float) -> bool:
        """Whether the node may work at a moment, in seconds since 1970."""
        if not self._spans:
            return True
        wall = datetime.fromtimestamp(moment, self._zone)
        minute = wall.hour * 60 + wall.minute
        return any(span.holds(wall.weekday(), minute) for span in self._spans)

    def next_change(self, moment: float) -> float | None:
        """When that will be otherwise, first after ``moment``; None if it never is."""
        if not self._spans:
            return None
        if self._known is not None:
            asked, change = self._known
            if asked <= moment and (change is None or moment < change) and moment - asked < _STEP:
                return change
        self._known = (moment, self._search(moment))
        return self._known[1]

    def closed_since(self, moment: float) -> float | None:
        """When the hours ended last before ``moment``, at which they are over; None if that is more than a week."""
        begin = moment - _AHEAD_DAYS * 86_400
        ends = [
            candidate
            for candidate in sorted({*self._edges(begin), *self._jumps(begin)})
            if candidate <= moment and not self.open_at(candidate) and self.open_at(candidate - 1)
        ]
        return ends[-1] if ends else None

    def _search(self, moment: float) -> float | None:
        now = self.open_at(moment)
        for candidate in sorted({*self._edges(moment), *self._jumps(moment)}):
            if candidate > moment and self.open_at(candidate) is not now:
                return candidate
        return None

    def _edges(self, moment: float) -> Iterator[float]:
        """Every moment at which a wall clock shows the begin or end of a span, in the days around and after."""
        today = datetime.fromtimestamp(moment, self._zone).date()
        minutes = {minute % _MIDNIGHT for span in self._spans for minute in (span.begin, span.end)}
        for ahead in range(-1, _AHEAD_DAYS + 2):
            for minute in minutes:
                yield from self._moments(today + timedelta(days=ahead), minute)

    def _moments(self, day: date, minute: int) -> Iterator[float]:
        wall = datetime.combine(day, time(minute // 60, minute % 60), self._zone)
        for fold in (0, 1):
            yield wall.replace(fold=fold).timestamp()

    def _jumps(self, moment: float) -> Iterator[float]:
        """The moments at which the wall clock is set, to the second."""
        begin = moment
        for _ in range(_AHEAD_DAYS * 24):
            end = begin + _STEP
            if self._offset(begin) != self._offset(end):
                yield self._jump(begin, end)
            begin = end

    def _jump(self, before: float, after: float) -> float:
        offset = self._offset(before)
        low, high = int(before), int(after) + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == offset else (low, middle)
        return float(high)

    def _offset(self, moment: float) -> timedelta:
        wall = datetime.fromtimestamp(moment, self._zone).replace(tzinfo=None)
        return wall - datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)


def parse(text: str) -> Span:
    """One span of the week.

    Raises:
        ArtratorError: ``request_invalid`` that quotes it.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None or not match.group(0):
        raise _unclear(text)
    days, *clock = match.groups()
    begin, end = (0, _MIDNIGHT) if clock[0] is None else (_minute(text, *clock[:2]), _minute(text, *clock[2:]))
    if begin in (end, _MIDNIGHT):
        raise _unclear(text)
    return Span(_days(text, days), begin, end if end > begin else end + _MIDNIGHT)


def _minute(text: str, hour: str, minute: str) -> int:
    if int(minute) > 59 or int(hour) * 60 + int(minute) > _MIDNIGHT:
        raise _unclear(text)
    return int(hour) * 60 + int(minute)


def _days(text: str, words: str | None) -> frozenset[int]:
    if words is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in words.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or any(end not in _DAYS for end in ends):
            raise _unclear(text)
        first, last = _DAYS.index(ends[0]), _DAYS.index(ends[-1])
        found.update((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))
    return frozenset(found)


def _unclear(text: str) -> ArtratorError:
    return ArtratorError(
        Code.REQUEST_INVALID,
        f"The hours {text!r} cannot be read.",
        cure='Write them as "mon-fri 22:00-07:00", "sat-sun" or "20:00-24:00".',
    )


def describe(hours: Sequence[str], zone: str) -> str:
    """The hours for a person."""
    return f"{', '.join(hours)} ({zone or 'local time'})" if hours else "always"
