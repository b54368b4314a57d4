"""Texts and choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.forms.base import InputField
from artrator_desktop.ui.widgets import ComboBox, LineEdit, Segmented, TextArea

if TYPE_CHECKING:
    from artrator.manifest import InputSpec

#: Side by side up to this many choices and letters; more would be cut off in the form's column.
_SEGMENTS: Final = 4
_SEGMENT_LETTERS: Final = 26


class TextInput(InputField):
    """A text of one or several lines, with a counter where the package has a limit."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.area: TextArea | None = None
        self.line: LineEdit | None = None
        if spec.multiline:
            self.area = TextArea(self.label)
            self.area.setFixedHeight(104)
            self.hold(self.area)
            self.area.textChanged.connect(self._edited)
        else:
            self.line = LineEdit(self.label)
            self.hold(self.line)
            self.line.textChanged.connect(self._edited)
        self._count()

    def value(self) -> str:
        """Return what was typed."""
        return self.area.toPlainText() if self.area is not None else self.line.text() if self.line is not None else ""

    def show_value(self, value: Any) -> None:
        """Show a text."""
        text = str(value or "")
        if text == self.value():
            return
        for control in (self.area, self.line):
            if control is not None:
                blocked = control.blockSignals(True)
                control.setPlainText(text) if isinstance(control, TextArea) else control.setText(text)
                control.blockSignals(blocked)
        self._count()

    def _edited(self) -> None:
        self._count()
        self.edited.emit(self.value())

    def _count(self) -> None:
        if self.spec.max_length is not None and self.field is not None:
            self.field.value.set_role("meta")
            self.field.value.setText(f"{len(self.value())} / {self.spec.max_length}")


class ChoiceInput(InputField):
    """One of some values: side by side when they are few and short, else a list."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        choices = [(choice.value, pick(choice.label, language()) or choice.value) for choice in spec.choices]
        letters = sum(len(words) for _, words in choices)
        self.segments: Segmented | None = None
        self.list: ComboBox | None = None
        if len(choices) <= _SEGMENTS and letters <= _SEGMENT_LETTERS:
            self.segments = Segmented(choices, name=self.label)
            self.hold(self.segments)
            self.segments.chosen.connect(self.edited.emit)
        else:
            self.list = ComboBox(self.label)
            self.list.set_choices(choices)
            # Its widest entry must not push the form's column apart.
            self.list.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.list.setMinimumContentsLength(8)
            self.hold(self.list)
            self.list.currentIndexChanged.connect(self._chosen)

    def value(self) -> str:
        """Return the chosen value."""
        return self.segments.value() if self.segments is not None else self.list.value() if self.list else ""

    def show_value(self, value: Any) -> None:
        """Choose a value."""
        if self.segments is not None:
            self.segments.set_value(str(value))
        elif self.list is not None:
            blocked = self.list.blockSignals(True)
            self.list.setCurrentIndex(max(self.list.findData(str(value)), 0))
            self.list.blockSignals(blocked)

    def _chosen(self, _index: int) -> None:
        self.edited.emit(self.value())
