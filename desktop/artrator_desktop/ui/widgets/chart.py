"""Bars by day, stacked by what earned them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from artrator_desktop.ui.paint import rounded, rounded_top, text
from artrator_desktop.ui.theme import font, theme
from artrator_desktop.ui.widgets.focus import mark_focus

#: Colours of the theme in the order in which series take them; the last one is for all the rest.
SERIES: Final = ("accent", "ok", "warn", "bad", "text_faint")
_FOOT: Final = 22
_HEAD: Final = 10
#: Between the longest amount of the scale and the bars.
_SCALE_GAP: Final = 10


@dataclass(frozen=True)
class Column:
    """One day: its short name below the axis, its whole name, and the height of each series."""

    name: str
    whole_name: str
    parts: Sequence[int]

    @property
    def total(self) -> int:
        """All series together, never less than nothing: what was given back is told in words."""
        return max(sum(self.parts), 0)


def scale(highest: int) -> list[int]:
    """Return the marks of an axis from 0 to the first one that no bar outgrows: three to six, all round numbers."""
    if highest <= 0:
        return [0]
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * 5 >= highest:
                return list(range(0, highest + step, step))
        power *= 10


class StackedBars(QWidget):
    """A bar chart that is also a list: the arrow keys walk through the days, and each is read aloud.

    Args:
        name: What the chart shows.
        words: Says a day.
        number: Writes a height beside its line.

    Signals:
        pointed: The number of the day that is pointed at, or -1.
    """

    pointed = Signal(int)

    def __init__(
        self, name: str, words: Callable[[Column], str], number: Callable[[int], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._words = words
        self._number = number
        self._columns: list[Column] = []
        self._at = -1
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show days, oldest first."""
        self._columns = list(columns)
        self._point(-1)
        self.update()

    def column(self) -> Column | None:
        """Return the day that is pointed at."""
        return self._columns[self._at] if 0 <= self._at < len(self._columns) else None

    def sizeHint(self) -> QSize:
        """Ask for the room of the design."""
        return QSize(640, 210)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint lines, bars and names."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = self._plot()
        marks = self._marks()
        top = marks[-1]
        for mark in marks:
            y = round(plot.bottom() - (plot.height() * mark / top if top else 0))
            painter.setPen(QPen(QColor(tokens.border), 1))
            painter.drawLine(int(plot.left()), y, self.width(), y)
            beside = QRectF(0, y - 8, plot.left() - _SCALE_GAP, 16)
            text(painter, beside, self._number(mark), font(11), tokens.text_faint, Qt.AlignmentFlag.AlignRight)
        if not self._columns:
            return
        step = plot.width() / len(self._columns)
        width = max(min(step * 0.62, 34), min(step, 2))
        every = max(-(-44 // max(int(step), 1)), 1)
        last = len(self._columns) - 1
        for number, column in enumerate(self._columns):
            left = plot.left() + number * step + (step - width) / 2
            self._paint_bar(painter, column, QRectF(left, plot.top(), width, plot.height()), top, number)
            if (last - number) % every == 0:
                wide = QFontMetricsF(font(11)).horizontalAdvance(column.name) + 2
                middle = min(max(plot.left() + (number + 0.5) * step, wide / 2), plot.right() - wide / 2)
                at = QRectF(middle - wide / 2, plot.bottom() + 5, wide, _FOOT - 6)
                here = number == self._at
                text(painter, at, column.name, font(11), tokens.text if here else tokens.text_faint)
        if self.property("kbd"):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

    def _marks(self) -> list[int]:
        return scale(max((column.total for column in self._columns), default=0))

    def _plot(self) -> QRectF:
        """Where bars stand: right of the scale, above the days."""
        metrics = QFontMetricsF(font(11))
        left = max(metrics.horizontalAdvance(self._number(mark)) for mark in self._marks()) + 2 + _SCALE_GAP
        return QRectF(left, _HEAD, max(self.width() - left, 1), max(self.height() - _FOOT - _HEAD, 1))

    def _paint_bar(self, painter: QPainter, column: Column, room: QRectF, top: int, number: int) -> None:
        tokens = theme().tokens
        bright = number == self._at or (self._at < 0 and number == len(self._columns) - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        bottom = room.bottom()
        shown = [(series, part) for series, part in enumerate(column.parts) if part > 0]
        whole = sum(part for _series, part in shown)
        for place, (series, part) in enumerate(shown):
            # What was given back makes the bar lower, and every part of it in proportion.
            share = part / whole * column.total / top if top else 0.0
            height = max(room.height() * share, 1.0)
            colour = QColor(getattr(tokens, SERIES[min(series, len(SERIES) - 1)]))
            painter.setBrush(colour if bright else _mixed(colour, QColor(tokens.surface)))
            bar = QRectF(room.left(), bottom - height, room.width(), height)
            last = place == len(shown) - 1
            painter.drawPath(rounded_top(bar, min(4.0, height, room.width() / 3)) if last else rounded(bar, 0))
            bottom -= height

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at the day below the pointer."""
        if self._columns:
            plot = self._plot()
            at = int((event.position().x() - plot.left()) / (plot.width() / len(self._columns)))
            self._point(min(max(at, 0), len(self._columns) - 1))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Point at nothing."""
        super().leaveEvent(event)
        if not self.hasFocus():
            self._point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk through the days."""
        last = len(self._columns) - 1
        at = self._at if self._at >= 0 else last + (event.key() == Qt.Key.Key_Left)
        moves = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
            Qt.Key.Key_PageUp: at - 7,
            Qt.Key.Key_PageDown: at + 7,
        }
        key = Qt.Key(event.key())
        if key in moves and last >= 0:
            self._point(min(max(moves[key], 0), last))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)
        self._point(-1)

    def _point(self, number: int) -> None:
        if number == self._at:
            return
        self._at = number
        column = self.column()
        # A screen reader speaks a description that changes while its widget has the focus.
        self.setAccessibleDescription(self._words(column) if column is not None else "")
        self.pointed.emit(number)
        self.update()


def _mixed(one: QColor, other: QColor) -> QColor:
    """Return a colour between two, so that lines behind a bar do not shine through it."""
    share = 0.5
    return QColor.fromRgbF(
        one.redF() * share + other.redF() * (1 - share),
        one.greenF() * share + other.greenF() * (1 - share),
        one.blueF() * share + other.blueF() * (1 - share),
    )
