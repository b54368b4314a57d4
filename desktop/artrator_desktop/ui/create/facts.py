"""The settings of a job in a row of small columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.forms.words import number_words
from artrator_desktop.ui.widgets import Card, FlowLayout, Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from artrator.manifest import InputSpec


class SettingsUsed(Card):
    """Name above, value below, side by side; they wrap where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=16)
        body = QWidget()
        self._flow = FlowLayout(body, gap=30, row_gap=14)
        self._cells: list[QWidget] = []
        self._shown: list[tuple[str, str]] = []
        self.column.addWidget(body)

    def show_rows(self, rows: list[tuple[str, str]]) -> None:
        """Replace the columns."""
        self.setVisible(bool(rows))
        if rows == self._shown:
            return
        self._shown = rows
        for cell in self._cells:
            self._flow.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self._cells = []
        for name, value in rows:
            cell = QWidget()
            column = QVBoxLayout(cell)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(3)
            column.addWidget(Label(name, "caption"))
            column.addWidget(Label(value, "strong").selectable())
            cell.setAccessibleName(f"{name}: {value}")
            self._flow.addWidget(cell)
            cell.show()
            self._cells.append(cell)


def setting_rows(specs: Mapping[str, InputSpec], inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a job was asked for, without texts and pictures, in the manifest's words where it is known."""
    rows = []
    for name, value in inputs.items():
        spec = specs.get(name)
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float):
            label = pick(spec.label, language()) if spec is not None else _plain(name)
            # A seed is a name, not an amount: no commas.
            shown = str(value) if name == "seed" or (spec is not None and spec.random) else number_words(value)
            rows.append((label, shown))
        elif spec is not None and str(spec.type) == "choice":
            choice = next((each for each in spec.choices if each.value == value), None)
            rows.append((pick(spec.label, language()), pick(choice.label, language()) if choice else str(value)))
    return rows


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
