"""The picture on top of a card: one large sample, or a sheet of small ones."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from artrator_desktop.ui.paint import contain, cover, rounded_top
from artrator_desktop.ui.theme.tokens import RADIUS_CARD

if TYPE_CHECKING:
    from artrator_desktop.ui.images import Pixmaps

SHEET_COLUMNS: Final = 3
SHEET_ROWS: Final = 2
# A sample with less than this share of the pixels that the cover needs would turn to fog if it were stretched.
_SMALL: Final = 0.7
# Some ten screens of covers, under 40 MB at a scale of one.
_KEPT: Final = 200


class CoverPainter:
    """Paints covers; small samples (icons, emoji) are shown whole and several at once instead of stretched.

    A finished cover is kept at the size and shape it is shown in: scaling and clipping it anew took two thirds of the
    time of a scrolling step.
    """

    def __init__(self, pixmaps: Pixmaps) -> None:
        self._pixmaps = pixmaps
        self._kept: OrderedDict[tuple[str, int, int, float], QPixmap] = OrderedDict()

    def paint(self, painter: QPainter, rect: QRectF, samples: Sequence[str]) -> None:
        """Paint what has arrived of a listing's samples into a rectangle that is round at its upper corners."""
        ratio = painter.device().devicePixelRatio()
        key = (samples[0], round(rect.width()), round(rect.height()), ratio)
        cover_picture = self._kept.get(key)
        if cover_picture is None:
            cover_picture, complete = self._compose(rect, samples, ratio)
            if cover_picture is None:
                return
            if complete:
                self._kept[key] = cover_picture
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        painter.drawPixmap(rect.topLeft(), cover_picture)

    def _compose(self, rect: QRectF, samples: Sequence[str], ratio: float) -> tuple[QPixmap | None, bool]:
        """Return the cover, and whether nothing is missing in it."""
        # Sizes in steps, so that dragging the window's edge does not decode every cover at every pixel.
        width = math.ceil(rect.width() / 64) * 64
        size = QSize(width, math.ceil(width * rect.height() / rect.width()))
        first = self._pixmaps.get(samples[0], size, ratio)
        if first is None:
            return None, False
        result = QPixmap(math.ceil(rect.width() * ratio), math.ceil(rect.height() * ratio))
        result.setDevicePixelRatio(ratio)
        result.fill(Qt.GlobalColor.transparent)
        painter = QPainter(result)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(0, 0, rect.width(), rect.height())
        painter.setClipPath(rounded_top(area, RADIUS_CARD))
        complete = True
        if first.width() >= size.width() * ratio * _SMALL:
            cover(painter, area, first)
        else:
            painter.fillRect(area, _ground(first))
            if len(samples) >= SHEET_COLUMNS * SHEET_ROWS:
                complete = self._paint_sheet(painter, area, samples, ratio)
            else:
                contain(painter, area.adjusted(12, 12, -12, -12), first)
        painter.end()
        return result, complete

    def _paint_sheet(self, painter: QPainter, rect: QRectF, samples: Sequence[str], ratio: float) -> bool:
        width, height = rect.width() / SHEET_COLUMNS, rect.height() / SHEET_ROWS
        side = math.ceil(max(width, height) / 32) * 32
        complete = True
        for index in range(SHEET_COLUMNS * SHEET_ROWS):
            cell = QRectF(index % SHEET_COLUMNS * width, index // SHEET_COLUMNS * height, width, height)
            if (image := self._pixmaps.get(samples[index], QSize(side, side), ratio)) is not None:
                painter.fillRect(cell, _ground(image))
                contain(painter, cell.adjusted(5, 5, -5, -5), image)
            else:
                complete = complete and self._pixmaps.is_missing(samples[index])
        return complete


def _ground(image: QPixmap) -> QColor:
    """Return the colour of a picture's corner: what surrounds it then belongs to it."""
    return image.toImage().pixelColor(0, 0)
