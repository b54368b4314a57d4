"""The bar below a film: where one looks, and which frames were painted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSlider, QWidget

from artrator_desktop.ui.theme import theme

_SIDE: Final = 10
_HEIGHT: Final = 40
_TRACK: Final = 6
_MARK: Final = 6.0


class Scrubber(QSlider):
    """A slider over frame numbers, from 1, with a diamond at every keyframe.

    Arrow keys go one frame, Page Up and Page Down ten, Home and End to the ends; a click goes to its place.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setRange(1, 1)
        self.setPageStep(10)
        self.setFixedHeight(_HEIGHT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._marks: list[int] = []

    def set_frames(self, count: int) -> None:
        """Say how many frames there are."""
        self.setRange(1, max(count, 1))
        self.update()

    def set_marks(self, numbers: Sequence[int]) -> None:
        """Show where the keyframes are."""
        self._marks = [number for number in numbers if 1 <= number <= self.maximum()]
        self.setAccessibleDescription(", ".join(str(number) for number in self._marks))
        self.update()

    def marks(self) -> list[int]:
        """Return the keyframes that are shown."""
        return list(self._marks)

    def sizeHint(self) -> QSize:
        """Ask for a line of the page's width."""
        return QSize(240, _HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the pointer."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._follow(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag along the film."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._follow(event.position().x())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the track, the keyframes and the place."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        track = QRectF(_SIDE, middle - _TRACK / 2, self.width() - 2 * _SIDE, _TRACK)
        painter.setBrush(QColor(tokens.border_strong))
        painter.drawRoundedRect(track, _TRACK / 2, _TRACK / 2)
        for number in self._marks:
            x = self._place(number)
            painter.setPen(QPen(QColor(tokens.bg), 2))
            painter.setBrush(QColor(tokens.warn))
            corners = [QPointF(x, middle - _MARK), QPointF(x + _MARK, middle), QPointF(x, middle + _MARK)]
            painter.drawPolygon(QPolygonF([*corners, QPointF(x - _MARK, middle)]))
        x = self._place(self.value())
        lit = self.hasFocus() and bool(self.property("kbd"))
        painter.setPen(QPen(QColor(tokens.accent), 3 if lit else 2))
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawRoundedRect(QRectF(x - 5, middle - 13, 10, 26), 4, 4)

    def _place(self, number: int) -> float:
        span = self.maximum() - self.minimum()
        share = (number - self.minimum()) / span if span else 0.0
        return _SIDE + share * (self.width() - 2 * _SIDE)

    def _follow(self, x: float) -> None:
        width = self.width() - 2 * _SIDE
        share = min(max((x - _SIDE) / width, 0.0), 1.0) if width > 0 else 0.0
        self.setValue(self.minimum() + round(share * (self.maximum() - self.minimum())))
