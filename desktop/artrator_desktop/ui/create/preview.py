"""The large picture in the middle: a preview while it grows, then the picture itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from artrator_desktop.ui.paint import badge, contain, rounded
from artrator_desktop.ui.theme import font, pixmap, theme
from artrator_desktop.ui.theme.fonts import SEMIBOLD
from artrator_desktop.ui.widgets.skeleton import Pulse, tone

if TYPE_CHECKING:
    from artrator_desktop.ui.images import Pixmaps

_RADIUS: Final = 14
#: Small pictures are not blown up beyond this: 32 pixels of an emoji stay crisp enough at 384.
_ENLARGE: Final = 12
_LOWEST: Final = 220
_HIGHEST: Final = 560


class Preview(QWidget):
    """Shows an image in memory, or a file by its path; with a pill of words in its corner."""

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._image = QPixmap()
        self._key = ""
        self._pill = ""
        self._waiting = False
        self._shape = 1.5
        self._pulse = Pulse(self)
        self._pulse.beat.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(_LOWEST)
        self.setMaximumHeight(_HIGHEST)
        pixmaps.ready.connect(self._ready)
        pixmaps.missing.connect(self._ready)

    def show_image(self, image: QImage | None, pill: str = "") -> None:
        """Show an image that grows, or a quiet box while there is none yet."""
        self._key = ""
        self._waiting = image is None
        if image is not None:
            self._image = QPixmap.fromImage(image)
        else:
            self._image = QPixmap()
        self._say(pill)

    def show_key(self, key: str, pill: str = "") -> None:
        """Show a file or a sample of the registry."""
        if key != self._key:
            self._key = key
            # The last preview stays until the whole picture is decoded, so that nothing flickers.
            if not self._waiting and not key:
                self._image = QPixmap()
        self._waiting = False
        self._fetch()
        self._say(pill)

    def current(self) -> QPixmap:
        """Return what is shown."""
        return self._image

    def sizeHint(self) -> QSize:
        """Ask for the proportions of a landscape."""
        return QSize(640, 440)

    def resizeEvent(self, _event: object) -> None:
        """Decode for the new size."""
        self._fetch()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture, the ground around it and the pill."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        path = rounded(rect, _RADIUS)
        self._pulse.run(self._waiting and self.isVisible())
        painter.fillPath(path, tone() if self._waiting else QColor(tokens.surface))
        if not self._image.isNull():
            painter.setClipPath(path)
            contain(painter, self._target(rect), self._image)
            painter.setClipping(False)
        elif not self._waiting:
            glyph = pixmap("image", tokens.text_faint, 36)
            painter.drawPixmap(round(rect.center().x() - 18), round(rect.center().y() - 18), glyph)
        if self._pill:
            badge(
                painter, 14, self.height() - 44, self._pill, font(12, SEMIBOLD),
                ground=tokens.glass, ink=tokens.on_glass, height=30,
            )  # fmt: skip

    def _target(self, rect: QRectF) -> QRectF:
        ratio = self._image.devicePixelRatio() or 1.0
        width, height = self._image.width() / ratio, self._image.height() / ratio
        scale = min(rect.width() / width, rect.height() / height, _ENLARGE)
        middle = rect.center()
        return QRectF(middle.x() - width * scale / 2, middle.y() - height * scale / 2, width * scale, height * scale)

    def _fetch(self) -> None:
        if not self._key:
            return
        # Sizes in steps, so that dragging the window's edge does not decode at every pixel.
        size = QSize(math.ceil(self.width() / 128) * 128, math.ceil(self.height() / 128) * 128)
        found = self._pixmaps.get(self._key, size, self.devicePixelRatioF())
        if found is not None or self._pixmaps.is_missing(self._key):
            # Of a file that is gone or damaged there is nothing to see, and certainly not the picture before it.
            self._image = found if found is not None else QPixmap()
            self.update()

    def _ready(self, key: str) -> None:
        if key == self._key:
            self._fetch()

    def _say(self, pill: str) -> None:
        self._pill = pill
        self.setAccessibleDescription(pill)
        self.update()


class StripTile(QWidget):
    """A place in the strip of a batch that has no picture yet."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.setFixedSize(QSize(104, 72))
        self.setAccessibleName(words)

    def set_words(self, words: str) -> None:
        """Say how its job stands."""
        if words != self._words:
            self._words = words
            self.setAccessibleName(words)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint a dashed box with a word in it."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.7, 0.7, -0.7, -0.7)
        pen = painter.pen()
        pen.setColor(QColor(tokens.border_strong))
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(rect, 8, 8)
        painter.setPen(QColor(tokens.text_dim))
        painter.setFont(font(12))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._words)
