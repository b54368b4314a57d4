"""The chart's scale can be read: round marks, none too many, and no bar outgrows them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from artrator.money import MICRO
from artrator_desktop.ui.text import amount
from artrator_desktop.ui.widgets import Column, StackedBars
from artrator_desktop.ui.widgets.chart import scale


@given(st.integers(min_value=1, max_value=2**62))
def test_a_scale_is_round_and_as_high_as_its_bars(highest: int) -> None:
    marks = scale(highest)
    step = marks[1]
    assert marks == [step * number for number in range(len(marks))]
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert 2 <= len(marks) <= 6
    assert marks[-2] < highest <= marks[-1]


@pytest.mark.parametrize(
    ("highest", "marks"),
    [(0, ["0"]), (24_389_112, ["0", "5", "10", "15", "20", "25"]), (110_000, ["0", "0.05", "0.1", "0.15"])],
)
def test_marks_are_written_as_credits(highest: int, marks: list[str]) -> None:
    assert [amount(mark) for mark in scale(highest)] == marks


def test_the_pointer_finds_the_day_beside_the_scale(qtbot: Any) -> None:
    bars = StackedBars("Earnings", lambda column: column.whole_name, amount)
    qtbot.addWidget(bars)
    bars.resize(640, 210)
    bars.show_columns([Column(str(day), f"day {day}", [day * MICRO]) for day in range(1, 31)])
    bars.show()
    assert not bars.grab().isNull()

    def pointed_at(x: float) -> str:
        place = QPointF(x, 100)
        none = Qt.MouseButton.NoButton
        bars.mouseMoveEvent(
            QMouseEvent(QMouseEvent.Type.MouseMove, place, place, none, none, Qt.KeyboardModifier.NoModifier)
        )
        found = bars.column()
        return found.whole_name if found else ""

    plot = bars._plot()
    assert plot.left() > 0  # the scale has room of its own
    for day in (1, 15, 30):
        assert pointed_at(plot.left() + (day - 0.5) * plot.width() / 30) == f"day {day}"
    assert pointed_at(0) == "day 1"
    assert pointed_at(639) == "day 30"
