"""The grid of the gallery: square tiles that fill the width, painted by a delegate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from artrator_desktop.state.gallery_model import RecordRole
from artrator_desktop.ui.paint import cover, rounded
from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.widgets.skeleton import tone

if TYPE_CHECKING:
    from artrator_desktop.state import ImageRecord
    from artrator_desktop.state.gallery_model import GalleryModel
    from artrator_desktop.ui.gallery.thumbs import Thumbs

_GAP: Final = 10
_SMALLEST: Final = 150
_RADIUS: Final = 10
#: Qt lays out rows in batches of this many, so that 100,000 of them do not hold up the first paint.
_BATCH: Final = 2000
#: The scroll bar's width and a little, or Qt drops a column when the bar appears.
_BAR: Final = 16


class TileDelegate(QStyledItemDelegate):
    """Paints a picture, the ring around a chosen one, and a heart on a favourite."""

    def __init__(self, thumbs: Thumbs) -> None:
        super().__init__()
        self._thumbs = thumbs
        self.cell = QSize(164, 164)
        self.keyboard = False

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the size of a cell: a tile and the gap at its right and below."""
        return self.cell

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one cell."""
        tokens = theme().tokens
        rect = QRectF(option.rect).adjusted(0, 0, -_GAP, -_GAP)
        path = rounded(rect, _RADIUS)
        record: ImageRecord | None = index.data(RecordRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        image = None
        if record is not None:
            ratio = painter.device().devicePixelRatio()
            image = self._thumbs.get(record, round(rect.width() * ratio))
        if image is not None:
            painter.fillPath(path, QColor(tokens.raised))
            cover(painter, rect, image, path=path)
        else:
            painter.fillPath(path, tone(index.row() * 0.05))
            if record is not None and self._thumbs.is_missing(record.id):
                glyph = pixmap("image", tokens.text_faint, 28)
                painter.drawPixmap(round(rect.center().x() - 14), round(rect.center().y() - 14), glyph)
        if record is not None and record.favourite:
            self._paint_heart(painter, rect)
        self._paint_ring(painter, rect, option.state)
        painter.restore()

    def _paint_heart(self, painter: QPainter, rect: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme().tokens.glass))
        place = QRectF(rect.right() - 34, rect.y() + 8, 26, 26)
        painter.drawEllipse(place)
        painter.drawPixmap(round(place.x() + 6), round(place.y() + 6), pixmap("heart", "#FF7A9A", 14, fill=True))

    def _paint_ring(self, painter: QPainter, rect: QRectF, state: QStyle.StateFlag) -> None:
        tokens = theme().tokens
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or bool(state & QStyle.StateFlag.State_MouseOver):
            painter.setPen(QPen(QColor(tokens.accent if chosen else tokens.border_strong), 3 if chosen else 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(rounded(rect.adjusted(1.5, 1.5, -1.5, -1.5), _RADIUS - 1))
        if self.keyboard and bool(state & QStyle.StateFlag.State_HasFocus):
            painter.setPen(QPen(QColor(tokens.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(rounded(rect.adjusted(4, 4, -4, -4), _RADIUS - 3))


class GalleryGrid(QListView):
    """The view.

    Signals:
        picked: The current picture's id changed (-1: none). opened: double click or Enter.
        delete_pressed, favourite_pressed: the keys for it. scrolled: another first visible row.
    """

    picked = Signal(int)
    opened = Signal(int)
    delete_pressed = Signal()
    favourite_pressed = Signal()
    scrolled = Signal(int)

    def __init__(self, model: GalleryModel, thumbs: Thumbs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.tiles = TileDelegate(thumbs)
        self.setItemDelegate(self.tiles)
        self.setAccessibleName(self.tr("Pictures"))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(_BATCH)
        self.setUniformItemSizes(True)
        self.setSpacing(0)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(48)
        self.setMouseTracking(True)
        self.setDragEnabled(False)
        self._fitted = QTimer(self)
        self._fitted.setSingleShot(True)
        self._fitted.timeout.connect(self._fit)
        thumbs.ready.connect(self._ready)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._model.id_at(index.row())))
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.scrolled.emit(self.first_row()))

    def first_row(self) -> int:
        """Return the first row in view, or -1."""
        return self.indexAt(self.viewport().rect().topLeft() + self.viewport().rect().topLeft()).row()

    def chosen(self) -> list[int]:
        """Return the ids of the chosen pictures, in the order of the rows."""
        return [self._model.id_at(index.row()) for index in sorted(self.selectedIndexes(), key=lambda i: i.row())]

    def choose(self, image: int) -> None:
        """Choose a picture by its id."""
        row = self._model.row_of(image)
        if row >= 0:
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(self._model.index(row), flag)
            self.scrollTo(self._model.index(row))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Tell which picture is current."""
        super().selectionChanged(selected, deselected)
        current = self.currentIndex()
        chosen = current.isValid() and self.selectionModel().isSelected(current)
        self.picked.emit(self._model.id_at(current.row()) if chosen else -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes, F marks, Enter opens."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_pressed.emit()
        elif event.key() == Qt.Key.Key_F and not event.modifiers():
            self.favourite_pressed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self._model.id_at(self.currentIndex().row()))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the new width."""
        super().resizeEvent(event)
        # Changing the grid inside the event would start the layout anew from within itself.
        self._fitted.start(0)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self.tiles.keyboard = event.reason() in reasons
        super().focusInEvent(event)

    def _fit(self) -> None:
        width = self.width() - _BAR
        columns = max(width // (_SMALLEST + _GAP), 1)
        cell = QSize(width // columns, width // columns)
        if cell != self.tiles.cell:
            self.tiles.cell = cell
            self.setGridSize(cell)

    def _ready(self, image: int) -> None:
        row = self._model.row_of(image)
        if row >= 0:
            self.update(self._model.index(row))
