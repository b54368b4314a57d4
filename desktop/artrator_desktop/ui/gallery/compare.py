"""Two pictures in one large frame, to wipe between."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from artrator_desktop.ui.compare_pair import load_pair
from artrator_desktop.ui.widgets import CompareSlider


class CompareDialog(QDialog):
    """Shows two files over each other; the first is stretched to the second's size, so that places match."""

    def __init__(self, before: str, after: str, names: tuple[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare"))
        self.resize(1000, 720)
        self.slider = CompareSlider(self.tr("Before and after"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.addWidget(self.slider, 1)
        pictures = load_pair(before, after)
        self.complete = pictures is not None
        if pictures is not None:
            self.slider.set_pictures(*pictures, names)
        self.slider.setFocus(Qt.FocusReason.OtherFocusReason)
