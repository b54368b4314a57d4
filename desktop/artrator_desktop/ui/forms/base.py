"""What every field of a form has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.widgets import Field

if TYPE_CHECKING:
    from artrator.manifest import InputSpec


class InputField(QWidget):
    """One input of a package, with its label, its help and what is wrong with it.

    Signals:
        edited: The person gave another value.
    """

    edited = Signal(object)

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.name = spec.name
        self.label = pick(spec.label, language()) or spec.name
        self.help = pick(spec.help, language()) if spec.help else ""
        self.field: Field | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)

    def hold(self, control: QWidget, help_text: str = "") -> Field:
        """Put the control under the input's label; the package's own help comes before ``help_text``."""
        self.field = Field(self.label, control, self.help or help_text)
        self._column.addWidget(self.field)
        return self.field

    def show_value(self, value: Any) -> None:
        """Show a value that came from elsewhere, without ``edited``."""
        raise NotImplementedError

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong, or nothing."""
        if self.field is not None:
            self.field.set_error(sentence)
