"""The chart of daily earnings, with its legend and the day that is pointed at in words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QDate, QLocale, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from artrator_desktop.state.earnings import SPANS
from artrator_desktop.ui.text import amount, credits_text
from artrator_desktop.ui.theme import theme
from artrator_desktop.ui.theme.tokens import L, M
from artrator_desktop.ui.widgets import Card, Column, FlowLayout, Label, Segmented, StackedBars
from artrator_desktop.ui.widgets.chart import SERIES

if TYPE_CHECKING:
    from artrator_desktop.state import AppState

#: As many listings have a colour of their own; the rest share the last one.
_NAMED: Final = len(SERIES) - 1


class EarningsChart(Card):
    """Bars by day, stacked by listing, over a span that can be chosen."""

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=18, gap=M)
        self._earnings = app.earnings
        self._series: list[str] = []
        self.title = Label(self.tr("Earnings by day"), "section")
        self.pointed = Label("", "dim")
        self.span = Segmented(
            [(str(days), self.tr("%Ln day(s)", "", days)) for days in SPANS],
            str(app.earnings.span),
            self.tr("How many days"),
        )
        self.span.chosen.connect(lambda value: app.earnings.set_span(int(value)))
        top = QHBoxLayout()
        top.setSpacing(L)
        top.addWidget(self.title)
        top.addWidget(self.pointed, 1)
        top.addWidget(self.span)
        self.bars = StackedBars(self.tr("Earnings by day"), self._in_words, amount)
        self.bars.pointed.connect(self._point)
        self.nothing = Label(self.tr("Nothing was earned in this time."), "dim")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMinimumHeight(180)
        self.legend = QWidget()
        self._legend = FlowLayout(self.legend, gap=18)
        self.column.addLayout(top)
        self.column.addWidget(self.bars)
        self.column.addWidget(self.nothing)
        self.column.addWidget(self.legend)

    def refresh(self) -> None:
        """Show the span that is chosen."""
        days = self._earnings.days()
        rows = self._earnings.by_listing()
        ordered = [row.listing for row in rows]
        self._series = ordered[:_NAMED] if len(ordered) > _NAMED + 1 else ordered[: _NAMED + 1]
        others = len(self._series) < len(ordered)
        columns = []
        for day, parts in days:
            named = [parts.get(listing, 0) for listing in self._series]
            rest = sum(value for listing, value in parts.items() if listing not in self._series)
            columns.append(Column(_short(day, len(days)), _long(day), [*named, rest] if others else named))
        self.bars.show_columns(columns)
        any_day = any(column.total for column in columns)
        self.bars.setVisible(any_day)
        self.nothing.setVisible(not any_day)
        self.span.set_value(str(self._earnings.span))
        self._show_legend(others)
        self._point(-1)

    def _show_legend(self, others: bool) -> None:
        while (item := self._legend.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        names = [listing.rpartition("/")[2] for listing in self._series]
        for number, name in enumerate([*names, self.tr("others")] if others else names):
            entry = _Entry(name, SERIES[min(number, len(SERIES) - 1)], self.legend)
            self._legend.addWidget(entry)
            entry.show()
        self.legend.setVisible(len(names) > 1)

    def _point(self, _number: int) -> None:
        column = self.bars.column()
        if column is not None:
            self.pointed.setText(self._in_words(column))
            return
        whole = sum(sum(parts.values()) for _day, parts in self._earnings.days())
        self.pointed.setText(self.tr("{amount} in this time").format(amount=credits_text(whole, places=2)))

    def _in_words(self, column: Column) -> str:
        parts = [
            f"{listing.rpartition('/')[2]} {amount(part, places=2)}"
            for listing, part in zip(self._series, column.parts, strict=False)
            if part and len(self._series) > 1
        ]
        words = f"{column.whole_name}: {credits_text(sum(column.parts), places=2)}"
        return f"{words} ({', '.join(parts)})" if parts else words


class _Entry(QWidget):
    """A dot of a colour and a name."""

    def __init__(self, name: str, role: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._role = role
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 0, 0)
        row.addWidget(Label(name, "meta"))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme().tokens, self._role)))
        painter.drawEllipse(QRectF(0, self.height() / 2 - 4, 8, 8))


def _short(day: str, count: int) -> str:
    """Return a day below the axis: its number, with its month where the span is long."""
    found = date.fromisoformat(day)
    if count <= 31:
        return str(found.day)
    locale = QLocale()
    korean = locale.language() == QLocale.Language.Korean
    return locale.toString(QDate(found.year, found.month, found.day), "M월 d일" if korean else "d MMM")


def _long(day: str) -> str:
    found = date.fromisoformat(day)
    locale = QLocale()
    korean = locale.language() == QLocale.Language.Korean
    pattern = "yyyy년 M월 d일" if korean else "d MMM yyyy"
    return locale.toString(QDate(found.year, found.month, found.day), pattern)
