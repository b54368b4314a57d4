"""Hours of the week in local time, through every change of the clock."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artrator.errors import ArtratorError
from artrator_node.schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Half-hour changes, zones without any, changes at midnight, and one that skipped a whole day.
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia")


def at(zone: ZoneInfo, text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def open_minutes(schedule: Schedule, begin: float, end: float) -> int:
    return sum(schedule.open_at(begin + 60 * minute) for minute in range(int((end - begin) // 60)))


def test_nights_and_weekends_are_told_from_days() -> None:
    hours = Schedule(["mon-fri 22:00-07:00", "sat-sun"], BERLIN)
    for text, is_open in {
        "2026-11-23T21:59": False,  # a Monday
        "2026-11-23T22:00": True,
        "2026-11-24T06:59": True,
        "2026-11-24T07:00": False,
        "2026-11-28T06:00": True,  # Friday's night, and Saturday besides
        "2026-11-29T23:59": True,
        "2026-11-30T00:00": False,  # Sunday's span ends at midnight, and Monday's begins in the evening
    }.items():
        assert hours.open_at(at(BERLIN, text)) is is_open, text


@pytest.mark.parametrize(
    ("night", "length"),
    [("2026-03-28", 8), ("2026-03-29", 9), ("2026-10-24", 10), ("2026-10-25", 9)],
)
def test_a_night_in_which_the_clock_is_set_is_an_hour_shorter_or_longer(night: str, length: int) -> None:
    hours = Schedule(["22:00-07:00"], BERLIN)
    begin = at(BERLIN, f"{night}T22:00")
    assert not hours.open_at(begin - 1)
    end = hours.next_change(begin)
    assert end == begin + length * 3600
    assert hours.next_change(begin - 1) == begin
    assert hours.closed_since(end + 5) == end


def test_a_wall_time_that_comes_twice_is_open_twice_and_one_that_never_comes_is_not() -> None:
    hours = Schedule(["02:15-02:45"], BERLIN)
    first = at(BERLIN, "2026-10-25T02:15")
    assert hours.next_change(first - 60) == first
    assert hours.next_change(first) == first + 1800
    assert hours.next_change(first + 1800) == first + 3600
    assert hours.next_change(first + 3600) == first + 5400
    spring = at(BERLIN, "2026-03-29T00:00")
    assert open_minutes(hours, spring, spring + 82_800) == 0
    assert hours.next_change(spring) == at(BERLIN, "2026-03-30T02:15")


def test_days_of_23_and_25_hours_are_open_all_day() -> None:
    hours = Schedule(["sun"], BERLIN)
    for day, minutes in {"2026-03-29": 23 * 60, "2026-10-25": 25 * 60}.items():
        begin = at(BERLIN, f"{day}T00:00")
        assert open_minutes(hours, begin - 86_400, begin + 3 * 86_400) == minutes
        assert hours.next_change(begin) == begin + minutes * 60


spans = st.builds(
    lambda first, last, begin, length: (
        f"{DAYS[first]}-{DAYS[last]} {begin // 60:02}:{begin % 60:02}-"
        f"{(begin + length) % 1440 // 60:02}:{(begin + length) % 1440 % 60:02}"
    ),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 1439),
    st.integers(1, 1439),
)


@settings(deadline=None, max_examples=60)
@given(
    hours=st.lists(spans, min_size=1, max_size=3),
    zone=st.sampled_from(ZONES),
    year=st.integers(2011, 2030),
    minute=st.integers(0, 365 * 1440),
)
def test_the_next_change_is_the_first_minute_at_which_the_answer_differs(
    hours: list[str], zone: str, year: int, minute: int
) -> None:
    schedule = Schedule(hours, ZoneInfo(zone))
    moment = datetime(year, 1, 1, tzinfo=UTC).timestamp() + 60 * minute
    now = schedule.open_at(moment)
    change = schedule.next_change(moment)
    step = next((n for n in range(1, 8 * 1440) if schedule.open_at(moment + 60 * n) is not now), None)
    assert change == (None if step is None else moment + 60 * step)


@settings(deadline=None, max_examples=60)
@given(hours=st.lists(spans, min_size=1, max_size=3), zone=st.sampled_from(ZONES), minute=st.integers(0, 730 * 1440))
def test_asking_in_any_order_gives_the_same_answers(hours: list[str], zone: str, minute: int) -> None:
    asked = Schedule(hours, ZoneInfo(zone))
    begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + 60 * minute
    for ahead in (0, 3600, 60, 90_000, 30, 7200, -5000, 7201):
        fresh = Schedule(hours, ZoneInfo(zone))
        assert asked.next_change(begin + ahead) == fresh.next_change(begin + ahead)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let a program choose its time zone")
def test_without_a_zone_the_machines_own_clock_is_meant(in_berlin: None) -> None:
    theirs, ours = Schedule(["sat 22:00-07:00"], BERLIN), Schedule(["sat 22:00-07:00"])
    for text in ("2026-03-20T00:00", "2026-03-28T23:00", "2026-10-24T22:30", "2026-07-01T12:00"):
        moment = at(BERLIN, text)
        assert ours.open_at(moment) is theirs.open_at(moment)
        assert ours.next_change(moment) == theirs.next_change(moment)


def test_no_hours_mean_always() -> None:
    assert Schedule().always
    assert Schedule().open_at(0)
    assert Schedule().next_change(0) is None
    every = Schedule(["mon-sun"], BERLIN)
    assert every.open_at(0)
    assert every.next_change(time.time()) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "25:00-26:00",
        "08:00-08:00",
        "24:00-08:00",
        "mon-xyz 08:00-09:00",
        "mon 8-9",
        "08:60-09:00",
        "mon-",
        "-",
    ],
)
def test_hours_that_nobody_could_mean_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ArtratorError) as caught:
        Schedule([text])
    assert "22:00-07:00" in caught.value.cure


@given(st.text(max_size=60))
def test_no_text_is_anything_but_hours_or_a_refusal(text: str) -> None:
    with contextlib.suppress(ArtratorError):
        Schedule([text]).next_change(0)
