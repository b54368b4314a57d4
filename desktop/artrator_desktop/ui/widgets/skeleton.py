"""Grey boxes in the shape of what is being loaded."""

import math
import time
from typing import Final

from PySide6.QtCore import QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from artrator_desktop.ui.paint import rounded
from artrator_desktop.ui.theme import theme

# Slow enough to breathe rather than blink, and cheap: a dozen boxes 15 times a second.
_PERIOD: Final = 1.6
_TICK_MS: Final = 66


class Pulse(QObject):
    """A clock for skeletons; it runs only while someone is looking."""

    beat = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.beat)

    def run(self, on: bool) -> None:
        """Start or stop."""
        if on and not self._timer.isActive():
            self._timer.start()
        elif not on:
            self._timer.stop()


def tone(offset: float = 0.0) -> QColor:
    """Return a skeleton's colour at this moment; `offset` in seconds lets neighbours breathe one after the other."""
    tokens = theme().tokens
    low, high = QColor(tokens.raised), QColor(tokens.border)
    share = 0.5 + 0.5 * math.sin(2 * math.pi * (time.monotonic() - offset) / _PERIOD)
    return QColor.fromRgbF(
        low.redF() + (high.redF() - low.redF()) * share,
        low.greenF() + (high.greenF() - low.greenF()) * share,
        low.blueF() + (high.blueF() - low.blueF()) * share,
    )


class Skeleton(QWidget):
    """One box."""

    def __init__(self, height: int = 14, width: int = 0, radius: int = 7, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._radius = radius
        self.setFixedHeight(height)
        if width:
            self.setFixedWidth(width)
        else:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._pulse = Pulse(self)
        self._pulse.beat.connect(self.update)

    def showEvent(self, event: QShowEvent) -> None:
        """Breathe."""
        super().showEvent(event)
        self._pulse.run(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop breathing: nobody looks."""
        super().hideEvent(event)
        self._pulse.run(False)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(rounded(QRectF(self.rect()), self._radius), tone())
