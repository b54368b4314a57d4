"""The name of the application with its mark, and the dots of a short sequence of steps."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from artrator_desktop.ui.theme import logo, theme
from artrator_desktop.ui.widgets.labels import Label


class Brand(QWidget):
    """The mark and the name."""

    def __init__(self, size: int = 44, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        mark = QLabel()
        mark.setPixmap(logo(size))
        name = Label("Artrator", "display")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addWidget(mark)
        row.addWidget(name)


class StepDots(QWidget):
    """One dot a step; the current one is long."""

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = count
        self._current = 0
        self.setFixedSize(QSize(count * 14 + 14, 6))

    def set_current(self, step: int) -> None:
        """Move on."""
        self._current = step
        self.setAccessibleName(self.tr("Step {number} of {count}").format(number=step + 1, count=self._count))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the dots."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        x = 0.0
        for step in range(self._count):
            width = 20.0 if step == self._current else 6.0
            painter.setBrush(QColor(tokens.accent if step <= self._current else tokens.border_strong))
            painter.drawRoundedRect(QRectF(x, 0, width, 6), 3, 3)
            x += width + 8
