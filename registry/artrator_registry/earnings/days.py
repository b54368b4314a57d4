"""Days, UTC: when something was earned, and when it has matured."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from artrator.errors import ArtratorError, Code

DAY_SECONDS: Final = 86_400
#: More days than this are not asked for at once: a year and a month, so that a chart can compare.
_MOST_DAYS: Final = 400


def day_of(at: float) -> str:
    """The day of a moment. Whole seconds decide, here as in SQL: rounding must not move a moment over midnight."""
    return datetime.fromtimestamp(int(at), UTC).date().isoformat()


def start_of(day: str) -> float:
    """When a day begins."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp()


def matures_at(day: str, delay: float) -> float:
    """When what was earned on a day can be paid out: ``delay`` seconds after the day has ended."""
    return start_of(day) + DAY_SECONDS + delay


def first_immature(now: float, delay: float) -> str:
    """The first day whose earnings have not matured."""
    return day_of(now - delay)


def week_of(now: float) -> str:
    """The Monday of a moment's week."""
    today = datetime.fromtimestamp(int(now), UTC).date()
    return (today - timedelta(days=today.weekday())).isoformat()


def month_of(now: float) -> str:
    """The first day of a moment's month."""
    return datetime.fromtimestamp(int(now), UTC).date().replace(day=1).isoformat()


def period(since: str | None, until: str | None, now: float) -> tuple[str, str]:
    """The days that were asked for, or the last thirty; raises ArtratorError ``request_invalid``."""
    last = _day(until, "until") if until else date.fromisoformat(day_of(now))
    first = _day(since, "from") if since else last - timedelta(days=min(29, last.toordinal() - 1))
    if not 0 <= (last - first).days < _MOST_DAYS:
        raise ArtratorError(
            Code.REQUEST_INVALID, f"From the first day to the last there are 1 to {_MOST_DAYS} days.", field="from"
        )
    return first.isoformat(), last.isoformat()


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArtratorError(
            Code.REQUEST_INVALID, "There is no such day; write it as 2026-11-22.", field=field
        ) from error
