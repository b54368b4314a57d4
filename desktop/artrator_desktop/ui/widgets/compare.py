"""Two pictures over each other with a bar to wipe between them."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from artrator_desktop.ui.paint import badge, contain, rounded
from artrator_desktop.ui.theme import font, pixmap, theme
from artrator_desktop.ui.theme.fonts import SEMIBOLD
from artrator_desktop.ui.widgets.focus import mark_focus


class CompareSlider(QWidget):
    """Shows "before" left of the bar and "after" right of it; dragged, or moved with the arrow keys."""

    moved = Signal(float)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(240, 180))
        self._before = QPixmap()
        self._after = QPixmap()
        self._names = ("", "")
        self._share = 0.5

    def set_pictures(self, before: QPixmap, after: QPixmap, names: tuple[str, str]) -> None:
        """Show two pictures and what to call them."""
        self._before, self._after, self._names = before, after, names
        self.update()

    def share(self) -> float:
        """Return where the bar is, from 0 (left) to 1."""
        return self._share

    def set_share(self, share: float) -> None:
        """Move the bar."""
        self._share = min(max(share, 0.0), 1.0)
        self.setAccessibleDescription(f"{self._share:.0%}")
        self.moved.emit(self._share)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint both pictures, the bar and the names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = theme().tokens
        if self._after.isNull():
            painter.fillPath(rounded(QRectF(self.rect()), 14), QColor(tokens.raised))
            return
        area = self._area()
        painter.setClipPath(rounded(area, 14))
        contain(painter, area, self._after)
        x = area.x() + area.width() * self._share
        painter.save()
        painter.setClipRect(QRectF(area.x(), area.y(), x - area.x(), area.height()), Qt.ClipOperation.IntersectClip)
        painter.fillRect(area, QColor(tokens.raised))
        # The one picture may be smaller (an upscaler's input): both fill the same area, so that places match.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(area, self._before, QRectF(self._before.rect()))
        painter.restore()
        face = font(12, SEMIBOLD)
        ink, ground = tokens.on_glass, tokens.glass
        badge(painter, area.x() + 12, area.y() + 12, self._names[0], face, ground=ground, ink=ink, height=26)
        badge(
            painter, area.right() - 12, area.y() + 12, self._names[1], face,
            ground=ground, ink=ink, height=26, from_right=True,
        )  # fmt: skip
        painter.setPen(QPen(QColor("#FFFFFF"), 2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setClipping(False)
        painter.setPen(QPen(QColor(tokens.accent), 2) if self.property("kbd") else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(QColor("#FFFFFF"))
        middle = QPointF(x, area.center().y())
        painter.drawEllipse(middle, 17, 17)
        left, right = pixmap("chevron-left", "#12151C", 16), pixmap("chevron-right", "#12151C", 16)
        painter.drawPixmap(QPointF(middle.x() - 15, middle.y() - 8), left)
        painter.drawPixmap(QPointF(middle.x() - 1, middle.y() - 8), right)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the bar to the pointer."""
        self._follow(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the bar."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._follow(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the bar by a twentieth, or to an end."""
        places = {
            Qt.Key.Key_Left: self._share - 0.05,
            Qt.Key.Key_Right: self._share + 0.05,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: 1.0,
        }
        place = places.get(Qt.Key(event.key()))
        if place is None:
            super().keyPressEvent(event)
        else:
            self.set_share(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)

    def _area(self) -> QRectF:
        size = self._after.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - size.width()) / 2, (self.height() - size.height()) / 2, size.width(), size.height()
        )

    def _follow(self, x: float) -> None:
        area = self._area()
        if area.width() > 0:
            self.set_share((x - area.x()) / area.width())
