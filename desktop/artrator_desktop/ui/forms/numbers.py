"""Numbers, seeds and switches."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from artrator_desktop.ui.forms.base import InputField
from artrator_desktop.ui.theme import set_icon
from artrator_desktop.ui.widgets import (
    IconButton,
    IntegerField,
    Label,
    LineEdit,
    NumberField,
    Segmented,
    Slider,
    Switch,
)

if TYPE_CHECKING:
    from artrator.manifest import InputSpec

#: A slider with more stops than its pixels cannot be set exactly; such a number is typed.
_STOPS: Final = 2000
#: A number without a step of its own moves in this many.
_PARTS: Final = 100
_WIDEST: Final = 2**31 - 1
_SEED_DIGITS: Final = 16
#: Numbers side by side: more would be too narrow to hit.
_SEGMENTS: Final = 8
#: What they may take together in the form of a small window, in pixels, and what a digit and the space around take.
_SEGMENTS_WIDTH, _DIGIT, _AROUND = 240, 9, 12


class NumberInput(InputField):
    """An integer or a number: typed, and with a slider where both bounds are known."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._whole = str(spec.type) == "integer"
        low = spec.minimum if spec.minimum is not None else -_WIDEST
        high = spec.maximum if spec.maximum is not None else _WIDEST
        self._low = float(low)
        self._step = float(spec.step or (1 if self._whole else (high - low) / _PARTS or 1))
        self.box: IntegerField | NumberField
        if self._whole:
            self.box = IntegerField(self.label, int(low), int(high), int(low))
            self.box.setSingleStep(int(self._step))
        else:
            self.box = NumberField(self.label, low, high, low)
            self.box.setSingleStep(self._step)
            self.box.setDecimals(_decimals(self._step))
        self.box.setKeyboardTracking(True)
        self.slider: Slider | None = None
        bounded = spec.minimum is not None and spec.maximum is not None
        stops = round((high - low) / self._step) if bounded else 0
        if 0 < stops <= _STOPS:
            self._build_slider(stops)
        else:
            # The style sheet's padding does not reach the line inside a spin box.
            self.box.lineEdit().setTextMargins(10, 0, 10, 0)
            self.hold(self.box)
        self.box.valueChanged.connect(self._typed)

    def show_value(self, value: Any) -> None:
        """Show a number."""
        if isinstance(value, int | float):
            blocked = self.box.blockSignals(True)
            self.box.setValue(int(value)) if isinstance(self.box, IntegerField) else self.box.setValue(float(value))
            self.box.blockSignals(blocked)
            self._move(float(value))

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong below the slider."""
        super().show_problem(sentence)
        if self.slider is not None:
            self._note.setText(sentence or self.help)
            self._note.set_role("bad" if sentence else "caption")
            self._note.setVisible(bool(sentence or self.help))

    def _build_slider(self, stops: int) -> None:
        self.slider = Slider(self.label, 0, stops, 0)
        self.slider.setPageStep(max(stops // 10, 1))
        self.slider.valueChanged.connect(self._slid)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setObjectName("inline-number")
        self.box.setFixedSize(84, 26)
        label = Label(self.label, "label")
        label.setBuddy(self.box)
        self._note = Label(self.help, "caption", wrap=True)
        self._note.setVisible(bool(self.help))
        top = QHBoxLayout()
        top.addWidget(label, 1)
        top.addWidget(self.box)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.slider)
        column.addWidget(self._note)
        self._column.addLayout(column)

    def _typed(self, value: float) -> None:
        self._move(value)
        self.edited.emit(int(value) if self._whole else float(value))

    def _slid(self, stop: int) -> None:
        value = self._low + stop * self._step
        blocked = self.box.blockSignals(True)
        self.box.setValue(round(value)) if isinstance(self.box, IntegerField) else self.box.setValue(value)
        self.box.blockSignals(blocked)
        self.edited.emit(int(self.box.value()) if self._whole else float(self.box.value()))

    def _move(self, value: float) -> None:
        if self.slider is not None:
            blocked = self.slider.blockSignals(True)
            self.slider.setValue(round((value - self._low) / self._step))
            self.slider.blockSignals(blocked)


class StopsInput(InputField):
    """A whole number of which there are only a few: side by side, as a choice."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        stops = few_stops(spec)
        self.segments = Segmented([(str(stop), str(stop)) for stop in stops], name=self.label, tight=True)
        self.hold(self.segments)
        self.segments.chosen.connect(lambda value: self.edited.emit(int(value)))

    def show_value(self, value: Any) -> None:
        """Choose a number."""
        self.segments.set_value(str(value))


def few_stops(spec: InputSpec) -> list[int]:
    """Return the numbers that a bounded input can have if they are few, else nothing."""
    if spec.minimum is None or spec.maximum is None:
        return []
    stops = list(range(int(spec.minimum), int(spec.maximum) + 1, int(spec.step or 1)))
    width = sum(len(str(stop)) * _DIGIT + _AROUND for stop in stops[: _SEGMENTS + 1])
    return stops if 2 <= len(stops) <= _SEGMENTS and width <= _SEGMENTS_WIDTH else []


class SeedInput(InputField):
    """A whole number that is drawn anew for every job unless it is held: value None means "draw one"."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._low = int(spec.minimum or 0)
        self._high = int(spec.maximum if spec.maximum is not None else 2**32 - 1)
        self._last: int | None = None
        self.line = LineEdit(self.label, self.tr("Random"))
        self.line.setMaxLength(_SEED_DIGITS)
        self.line.textEdited.connect(self._typed)
        self.lock = IconButton("lock", self.tr("Keep this number"), size=38)
        self.lock.setCheckable(True)
        set_icon(self.lock, "lock", size=18, on="on_tint")
        self.lock.clicked.connect(self._lock)
        self.dice = IconButton("dices", self.tr("Draw a number and keep it"), size=38)
        self.dice.clicked.connect(self._draw)
        for button in (self.lock, self.dice):
            button.setObjectName("beside-field")
        row = QWidget()
        row.setAccessibleName(self.label)
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.line, 1)
        box.addWidget(self.lock)
        box.addWidget(self.dice)
        field = self.hold(row)
        field.label.setBuddy(self.line)

    def show_value(self, value: Any) -> None:
        """Show a held number, or that one will be drawn."""
        held = isinstance(value, int)
        shown = str(value) if held else ""
        if self.line.text() != shown:
            self.line.setText(shown)
        self.lock.setChecked(held)
        self.lock.setEnabled(held or self._last is not None)

    def show_drawn(self, seed: int) -> None:
        """Remember the number that the last job drew, so that the lock can keep it."""
        if seed == self._last:
            return
        self._last = seed
        self.line.setPlaceholderText(self.tr("Random, last {seed}").format(seed=seed))
        self.lock.setEnabled(True)

    def _typed(self, text: str) -> None:
        text = text.strip()
        number = int(text) if text.removeprefix("-").isdigit() else None
        self.lock.setChecked(number is not None)
        if text and number is None:
            self.show_problem(self.tr("Give a whole number, or leave it empty."))
            return
        self.show_problem("")
        self.edited.emit(number)

    def _lock(self, on: bool) -> None:
        value = self._last if on else None
        if self.line.text().isdigit():
            self._last = int(self.line.text())
        self.show_value(value)
        self.edited.emit(value)

    def _draw(self) -> None:
        value = self._low + secrets.randbelow(self._high - self._low + 1)
        self._last = value
        self.show_value(value)
        self.edited.emit(value)


class SwitchInput(InputField):
    """Yes or no."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.switch = Switch(self.label)
        label = Label(self.label, "label")
        label.setBuddy(self.switch)
        row = QHBoxLayout()
        row.addWidget(label, 1)
        row.addWidget(self.switch)
        self._column.addLayout(row)
        if self.help:
            note = Label(self.help, "caption", wrap=True)
            note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            self._column.addWidget(note)
        self.switch.toggled.connect(self.edited.emit)

    def show_value(self, value: Any) -> None:
        """Show whether it is on."""
        blocked = self.switch.blockSignals(True)
        self.switch.setChecked(bool(value))
        self.switch.blockSignals(blocked)


def _decimals(step: float) -> int:
    text = f"{step:.6f}".rstrip("0")
    return min(max(len(text.partition(".")[2]), 1), 4)
