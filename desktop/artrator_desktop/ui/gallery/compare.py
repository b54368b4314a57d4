"""Two pictures in one large frame, to wipe between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from artrator_desktop.ui.widgets import CompareSlider

if TYPE_CHECKING:
    from artrator_desktop.ui.large import LargePictures


class CompareDialog(QDialog):
    """Shows two files over each other; the first is stretched to the second's size, so that places match.

    Signals:
        incomplete: One of them is not there any more; the dialog has closed.
    """

    incomplete = Signal()

    def __init__(
        self, pictures: LargePictures, before: str, after: str, names: tuple[str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._paths = (before, after)
        self._names = names
        self.setWindowTitle(self.tr("Compare"))
        self.resize(1000, 720)
        self.slider = CompareSlider(self.tr("Before and after"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.addWidget(self.slider, 1)
        self.slider.setFocus(Qt.FocusReason.OtherFocusReason)
        pictures.ready.connect(self._arrived)
        self._show()

    def _arrived(self, path: str) -> None:
        if path in self._paths:
            self._show()

    def _show(self) -> None:
        before, after = (self._pictures.get(path) for path in self._paths)
        if (before is not None and before.isNull()) or (after is not None and after.isNull()):
            self._pictures.ready.disconnect(self._arrived)
            self.incomplete.emit()
            self.reject()
        elif before is not None and after is not None:
            self.slider.set_pictures(before, after, self._names)
