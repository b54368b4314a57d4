"""A model's inputs as a table, before one decides to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import tip
from artrator_desktop.ui.theme.tokens import L
from artrator_desktop.ui.widgets import Card, IconLabel, Label

if TYPE_CHECKING:
    from artrator.manifest import InputSpec

_ICONS = {
    "text": "type",
    "integer": "sliders-horizontal",
    "number": "sliders-horizontal",
    "boolean": "check",
    "choice": "palette",
    "image": "image",
    "mask": "paintbrush",
    "images": "images",
}


def type_name(kind: str) -> str:
    """Return the name of an input's type."""
    translate = QCoreApplication.translate
    return {
        "text": translate("InputTable", "Text"),
        "integer": translate("InputTable", "Whole number"),
        "number": translate("InputTable", "Number"),
        "boolean": translate("InputTable", "Yes or no"),
        "choice": translate("InputTable", "Choice"),
        "image": translate("InputTable", "Picture"),
        "mask": translate("InputTable", "Mask"),
        "images": translate("InputTable", "Pictures"),
    }.get(kind, kind)


def bounds(spec: InputSpec) -> str:
    """Say in words what an input accepts: "1 to 50", "26 choices", "up to 1,024 px"."""
    translate = QCoreApplication.translate
    if spec.choices:
        # Three names say more than a number, thirty would say less.
        names = [pick(choice.label, language()) for choice in spec.choices]
        if len(names) <= 4:
            return " · ".join(names)
        return translate("InputTable", "{count} choices").format(count=len(names))
    if spec.minimum is not None and spec.maximum is not None:
        return translate("InputTable", "{low} to {high}").format(low=_plain(spec.minimum), high=_plain(spec.maximum))
    if spec.max_length is not None:
        return translate("InputTable", "up to {count} characters").format(count=f"{spec.max_length:,}")
    if spec.max_items is not None:
        return translate("InputTable", "up to {count} pictures").format(count=spec.max_items)
    if spec.max_side is not None:
        return translate("InputTable", "up to {count} px a side").format(count=f"{spec.max_side:,}")
    if spec.max_pixels is not None:
        return translate("InputTable", "up to {count} megapixels").format(count=_plain(round(spec.max_pixels / 1e6, 1)))
    return ""


def default(spec: InputSpec) -> str:
    """Say what an input is when one leaves it alone."""
    translate = QCoreApplication.translate
    if spec.random:
        return translate("InputTable", "new each time")
    if spec.default is None:
        return translate("InputTable", "needed") if spec.required else ""
    if isinstance(spec.default, bool):
        return translate("InputTable", "yes") if spec.default else translate("InputTable", "no")
    if isinstance(spec.default, int | float):
        return _plain(spec.default)
    for choice in spec.choices:
        if choice.value == spec.default:
            return pick(choice.label, language())
    return f"“{spec.default}”" if spec.default else ""


def _plain(number: float) -> str:
    return f"{number:,.4f}".rstrip("0").rstrip(".") if number != int(number) else f"{int(number):,}"


class InputTable(Card):
    """Rows of icon, label, type, bounds and default."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=L, gap=0)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(L)
        self._grid.setVerticalSpacing(12)
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 2)
        self._grid.setColumnStretch(3, 3)
        self._grid.setColumnStretch(4, 2)
        self.column.addLayout(self._grid)

    def show_inputs(self, specs: list[InputSpec]) -> None:
        """Replace the rows."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for row, spec in enumerate(specs):
            label = Label(pick(spec.label, language()), "strong", wrap=True)
            label.setToolTip(tip(pick(spec.help, language())) if spec.help else "")
            value = Label(default(spec), "dim", wrap=True)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(IconLabel(_ICONS.get(spec.type.value, "info"), 16), row, 0)
            self._grid.addWidget(label, row, 1)
            self._grid.addWidget(Label(type_name(spec.type.value), "dim"), row, 2)
            self._grid.addWidget(Label(bounds(spec), "dim", wrap=True), row, 3)
            self._grid.addWidget(value, row, 4)
