"""The picture on top of a card: one large sample, or a sheet of small ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap

from artrator_desktop.ui.paint import contain, cover

if TYPE_CHECKING:
    from artrator_desktop.ui.images import Pixmaps

SHEET_COLUMNS: Final = 3
SHEET_ROWS: Final = 2
# A sample with less than this share of the pixels that the cover needs would turn to fog if it were stretched.
_SMALL: Final = 0.7


class CoverPainter:
    """Paints covers; small samples (icons, emoji) are shown whole and several at once instead of stretched."""

    def __init__(self, pixmaps: Pixmaps) -> None:
        self._pixmaps = pixmaps
        self._grounds: dict[str, QColor] = {}

    def paint(self, painter: QPainter, rect: QRectF, samples: Sequence[str]) -> None:
        """Paint what has arrived of a listing's samples."""
        ratio = painter.device().devicePixelRatio()
        # Sizes in steps, so that dragging the window's edge does not decode every cover at every pixel.
        width = math.ceil(rect.width() / 64) * 64
        size = QSize(width, math.ceil(width * rect.height() / rect.width()))
        first = self._pixmaps.get(samples[0], size, ratio)
        if first is None:
            return
        if first.width() >= size.width() * _SMALL:
            cover(painter, rect, first)
            return
        painter.fillRect(rect, self._ground(samples[0], first))
        if len(samples) >= SHEET_COLUMNS * SHEET_ROWS:
            self._paint_sheet(painter, rect, samples, ratio)
        else:
            contain(painter, rect.adjusted(12, 12, -12, -12), first)

    def _paint_sheet(self, painter: QPainter, rect: QRectF, samples: Sequence[str], ratio: float) -> None:
        width, height = rect.width() / SHEET_COLUMNS, rect.height() / SHEET_ROWS
        side = math.ceil(max(width, height) / 32) * 32
        for index in range(SHEET_COLUMNS * SHEET_ROWS):
            cell = QRectF(
                rect.x() + index % SHEET_COLUMNS * width, rect.y() + index // SHEET_COLUMNS * height, width, height
            )
            if (image := self._pixmaps.get(samples[index], QSize(side, side), ratio)) is not None:
                painter.fillRect(cell, self._ground(samples[index], image))
                contain(painter, cell.adjusted(5, 5, -5, -5), image)

    def _ground(self, key: str, image: QPixmap) -> QColor:
        """Return the colour of a picture's corner: what surrounds it then belongs to it."""
        if key not in self._grounds:
            self._grounds[key] = image.toImage().pixelColor(0, 0)
        return self._grounds[key]
