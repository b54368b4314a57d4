"""The view of the cards: as many columns as fit, and as high as its content, so that the hero scrolls with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from artrator_desktop.ui.listings.delegate import GAP, INFO_HEIGHT, ListingDelegate
from artrator_desktop.ui.listings.model import ListingModel
from artrator_desktop.ui.widgets.skeleton import Pulse

if TYPE_CHECKING:
    from artrator_desktop.ui.images import Pixmaps

_NARROWEST: Final = 250
# QListView keeps room for a frame and a scroll bar when it counts its columns; without this it drops the last one.
_SLACK: Final = 40


class ListingGrid(QWidget):
    """Shows a `ListingModel`; `opened` gives the name of the listing that was clicked or entered."""

    opened = Signal(str)
    reveal = Signal(QRect)
    """Where the current card lies, in this widget, after the keyboard moved to it."""

    def __init__(self, pixmaps: Pixmaps, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ListingModel(self)
        self._pixmaps = pixmaps
        self._delegate = ListingDelegate(pixmaps)
        self.view = _View(self._delegate, self)
        self.view.setAccessibleName(name)
        self.view.setModel(self.model)
        self.view.setItemDelegate(self._delegate)
        self.view.clicked.connect(self._open)
        self.view.entered_key.connect(self._open)
        self.view.selectionModel().currentChanged.connect(self._moved)
        self.model.modelReset.connect(self._arrange)
        self.model.rowsInserted.connect(self._arrange)
        pixmaps.ready.connect(self._repaint)
        pixmaps.missing.connect(self._repaint)
        self._pulse = Pulse(self)
        self._pulse.beat.connect(self.view.viewport().update)

    def columns(self) -> int:
        """Return how many cards lie side by side."""
        return max(1, (self.width() + GAP) // (_NARROWEST + GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the cards anew."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = self.columns()
        # A cell is a card and the gap at its right and below; the last gap lies outside this widget and is cut off.
        cell = (self.width() + GAP) // columns
        height = (cell - GAP) * 5 // 8 + INFO_HEIGHT + GAP
        self._delegate.cell = QSize(cell, height)
        self.view.setGridSize(self._delegate.cell)
        rows = -(-self.model.rowCount() // columns)
        self.view.setGeometry(0, 0, cell * columns + _SLACK, rows * height + _SLACK)
        self.setFixedHeight(max(rows * height, 1))
        self._pulse.run(self.model.is_loading())

    def _open(self, index: QModelIndex) -> None:
        if (card := self.model.card(index.row())) is not None:
            self.opened.emit(card.listing)

    def _moved(self, index: QModelIndex) -> None:
        if index.isValid():
            self.reveal.emit(self.view.visualRect(index))

    def _repaint(self, key: str) -> None:
        for row in self.model.rows_of(key):
            self.view.update(self.model.index(row))


class _View(QListView):
    """The list view, without bars of its own."""

    entered_key = Signal(QModelIndex)

    def __init__(self, delegate: ListingDelegate, parent: QWidget) -> None:
        super().__init__(parent)
        self._delegate = delegate
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionRectVisible(False)
        self.setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the current card with Enter or Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self.entered_key.emit(self.currentIndex())
            return
        self._delegate.keyboard = True
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Ring the current card if the keyboard led here."""
        self._delegate.keyboard = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)
        if self._delegate.keyboard and not self.currentIndex().isValid() and self.model().rowCount():
            self.setCurrentIndex(self.model().index(0, 0))
        self.viewport().update()
