"""PySide6 6.12.0 loses a reference to True at every emit and aborts on Python 3.11 after some 600: the pin holds."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.ui.widgets import Slider


class Bell(QObject):
    rang = Signal(int)


def test_five_thousand_signals_and_void_calls_do_not_abort(qtbot: Any) -> None:
    bell = Bell()
    heard: list[int] = []
    bell.rang.connect(heard.append)
    slider = Slider("Steps", 0, 10_000, 0)
    qtbot.addWidget(slider)
    for number in range(5000):
        bell.rang.emit(number)
        slider.setValue(number)
    assert len(heard) == 5000
    assert slider.value() == 4999
