"""Times as a person reads them on a terminal."""

from __future__ import annotations

import time
from datetime import datetime


def when(moment: float, now: float | None = None) -> str:
    """A moment of local time: `23:30` today, `Tue 07:00` within a week, else with its date."""
    at = datetime.fromtimestamp(moment).astimezone()
    today = datetime.fromtimestamp(time.time() if now is None else now).astimezone().date()
    days = (at.date() - today).days
    if days == 0:
        return f"{at:%H:%M}"
    return f"{at:%a %H:%M}" if 0 < days < 7 else f"{at:%Y-%m-%d %H:%M}"


def span(seconds: float) -> str:
    """A length of time in at most two units: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
