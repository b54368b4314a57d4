"""Earlier pictures with the same prompt, below the one that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from artrator_desktop.state.pictures import thumbnail_path
from artrator_desktop.ui.widgets import FlowLayout, Label, Picture

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord
    from artrator_desktop.ui.images import Pixmaps

_TILE: Final = QSize(124, 84)


class EarlierStrip(QWidget):
    """Hidden when there are none."""

    picked = Signal(object)

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._pixmaps = pixmaps
        self._shown = -1
        self._tiles: list[Picture] = []
        self._title = Label("", "section")
        self._row = QWidget()
        self._flow = FlowLayout(self._row, gap=10)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._title)
        column.addWidget(self._row)
        self.hide()

    def show_for(self, record: ImageRecord | None) -> None:
        """Show what was made before with this picture's prompt."""
        wanted = record.id if record is not None else -1
        if wanted == self._shown:
            return
        self._shown = wanted
        if record is None:
            self.hide()
            return
        words = self.tr("Earlier with this prompt") if record.prompt else self.tr("Earlier with this model")
        self._title.setText(words)
        self._app.gallery.earlier(record, lambda found: self._fill(wanted, found))

    def _fill(self, wanted: int, found: list[ImageRecord]) -> None:
        # A language switch may have taken the page away while the database was asked.
        if not isValid(self) or wanted != self._shown:
            return
        for tile in self._tiles:
            self._flow.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = []
        for record in found:
            tile = Picture(self._pixmaps, record.prompt or record.title, self._row, radius=10, clickable=True)
            tile.setFixedSize(_TILE)
            thumbnail = thumbnail_path(self._app.gallery.cache, record.sha256)
            tile.set_key(str(thumbnail) if thumbnail.is_file() else record.path)
            tile.clicked.connect(lambda _on=False, record=record: self.picked.emit(record))
            self._flow.addWidget(tile)
            tile.show()
            self._tiles.append(tile)
        self.setVisible(bool(found))
