"""A place to drop pictures, a folder of frames, or a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from artrator.frames import natural
from artrator_desktop.ui.theme import font, pixmap, theme
from artrator_desktop.ui.theme.fonts import SEMIBOLD
from artrator_desktop.ui.widgets import ImageDrop

_PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp")
_FILMS: Final = (".mp4", ".mov", ".webm", ".avi", ".gif", ".zip")


class FilmDrop(ImageDrop):
    """Takes one picture, or with ``many`` any number of pictures, a folder, or a film: ``files_chosen(paths)``.

    Dropped together, pictures are put in the order of the numbers in their names.
    """

    def __init__(self, name: str, *, many: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(name, parent, many=many)
        self.file_chosen.connect(lambda path: self.files_chosen.emit([path]))

    def browse(self) -> None:
        """Ask for files."""
        if not self._many:
            super().browse()
            return
        patterns = " ".join(f"*{suffix}" for suffix in (*_PICTURES, *_FILMS))
        words = self.tr("Pictures and films ({patterns})").format(patterns=patterns)
        paths, _ = QFileDialog.getOpenFileNames(self, self.tr("Choose frames or a film"), "", words)
        if paths:
            self.files_chosen.emit(in_order(paths))

    def take(self, data: QMimeData) -> bool:
        """Take what was dropped or pasted; returns whether there was anything in it to paint."""
        if not self._many:
            return super().take(data)
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        good = [path for path in paths if Path(path).is_dir() or Path(path).suffix.lower() in (*_PICTURES, *_FILMS)]
        if good:
            self.files_chosen.emit(in_order(good))
            return True
        image = data.imageData() if data.hasImage() else None
        if isinstance(image, QImage) and not image.isNull():
            self.image_pasted.emit(image)
            return True
        return False

    def _paint_invitation(self, painter: QPainter, rect: QRectF) -> None:
        tokens = theme().tokens
        middle = rect.center().y()
        painter.drawPixmap(round(rect.center().x() - 14), round(middle - 34), pixmap("image-plus", tokens.on_tint, 28))
        line = QRectF(rect.x() + 8, middle + 4, rect.width() - 16, 20)
        words = self.tr("Drop frames, or browse") if self._many else self.tr("Drop a picture, or browse")
        if self._error:
            _wrapped(painter, line, self._error, font(12), tokens.bad)
        else:
            _wrapped(painter, line, words, font(13, SEMIBOLD), tokens.on_tint)


def _wrapped(painter: QPainter, line: QRectF, words: str, face: QFont, colour: str) -> None:
    painter.setFont(face)
    painter.setPen(colour)
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
    painter.drawText(line.adjusted(0, 0, 0, 44), flags, words)


def in_order(paths: Sequence[str]) -> list[str]:
    """The paths by the numbers in their names: frame_2 comes before frame_10."""
    return natural(paths)
