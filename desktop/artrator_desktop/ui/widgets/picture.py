"""A picture with round corners."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.paint import contain, cover, rounded
from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.widgets.focus import mark_focus

# How many times its own size a small picture may be shown.
_LARGEST: Final = 2.5


class Picture(QAbstractButton):
    """Shows a picture by its key; it can be clicked, and is ringed while it is checked."""

    loaded = Signal()

    def __init__(
        self,
        pixmaps: Pixmaps,
        name: str,
        parent: QWidget | None = None,
        *,
        radius: int = 10,
        whole: bool = False,
        clickable: bool = False,
    ) -> None:
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._radius = radius
        self._whole = whole
        self._key = ""
        self.setAccessibleName(name)
        if clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        pixmaps.ready.connect(self._ready)
        pixmaps.missing.connect(self._ready)

    def set_key(self, key: str) -> None:
        """Show another picture."""
        if key != self._key:
            self._key = key
            self.update()

    def key(self) -> str:
        """Return the key of the picture."""
        return self._key

    def sizeHint(self) -> QSize:
        """Ask for a thumbnail's size."""
        return QSize(96, 96)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture, or a quiet box while it is on its way."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        path = rounded(rect, self._radius)
        painter.fillPath(path, QColor(tokens.raised))
        image = self._pixmaps.get(self._key, self.size(), self.devicePixelRatioF())
        if image is not None and self._whole:
            self._paint_whole(painter, rect, image)
        elif image is not None:
            cover(painter, rect, image, path=path)
        elif not self._key or self._pixmaps.is_missing(self._key):
            size = 18 if self.width() < 120 else 32
            glyph: QPixmap = pixmap("image", tokens.text_faint, size)
            painter.drawPixmap((self.width() - size) // 2, (self.height() - size) // 2, glyph)
        # A hairline, because a picture may be as white or as dark as what lies around it.
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.drawPath(rounded(rect.adjusted(0.5, 0.5, -0.5, -0.5), self._radius))
        if self.isChecked() or self.property("kbd"):
            painter.setPen(QPen(QColor(tokens.accent if self.isChecked() else tokens.text), 3))
            painter.drawPath(rounded(rect.adjusted(1.5, 1.5, -1.5, -1.5), self._radius - 1))

    def _paint_whole(self, painter: QPainter, rect: QRectF, image: QPixmap) -> None:
        painter.save()
        if image.height() * _LARGEST < rect.height():
            # A small picture is shown larger, but not so large that it turns to fog, on a quiet ground.
            painter.fillPath(rounded(rect, self._radius), QColor(theme().tokens.surface))
            side = min(rect.height() - 48, image.height() * _LARGEST)
            width = side * image.width() / max(image.height(), 1)
            place = QRectF(rect.center().x() - width / 2, rect.center().y() - side / 2, width, side)
            cover(painter, place, image, path=rounded(place, self._radius))
        else:
            painter.setClipPath(rounded(rect, self._radius))
            # The room beside a picture of another shape is filled with its own colours.
            if (tiny := self._pixmaps.get(self._key, QSize(16, 9))) is not None:
                cover(painter, rect, tiny)
                painter.fillRect(rect, QColor(14, 16, 20, 130))
            contain(painter, rect, image)
        painter.restore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)

    def _ready(self, key: str) -> None:
        if key == self._key:
            self.update()
            self.loaded.emit()
