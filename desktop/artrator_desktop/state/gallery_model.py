"""The gallery's rows as a Qt model: all ids at once, their contents by the page and only where somebody looks."""

from __future__ import annotations

import html
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.store import Database, images
from artrator_desktop.state.store.images import ImageRecord

RecordRole: Final = int(Qt.ItemDataRole.UserRole) + 1
#: Rows read at once: a little more than a large screen shows.
_PAGE: Final = 100
#: Rows kept: some twenty screens, about 10 MB with their papers.
_KEPT: Final = 2000


class GalleryModel(QAbstractListModel):
    """100,000 rows cost one list of numbers; a row's ``ImageRecord`` is there a moment after it is asked for."""

    def __init__(self, database: Database, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._database = database
        self._engine = engine
        self._ids: list[int] = []
        self._rows: dict[int, int] = {}
        self._kept: OrderedDict[int, ImageRecord] = OrderedDict()
        self._asked: set[int] = set()

    def show_ids(self, ids: list[int]) -> None:
        """Show these pictures, in this order. The same ids again only forget what was read."""
        if ids == self._ids:
            self._kept.clear()
            self._asked.clear()
            if ids:
                self.dataChanged.emit(self.index(0), self.index(len(ids) - 1))
            return
        self.beginResetModel()
        self._ids = ids
        self._rows = {each: row for row, each in enumerate(ids)}
        self._asked.clear()
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's way
        """How many pictures match."""
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The record (None while it is being read), and words for tool tips and screen readers."""
        if not index.isValid():
            return None
        if role == RecordRole:
            return self.record(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            record = self.record(index.row())
            words = f"{record.title}: {record.prompt}" if record is not None else ""
            # A tool tip that looks like HTML is drawn as HTML, and titles come from strangers.
            return f"<p>{html.escape(words)}</p>" if words and role == Qt.ItemDataRole.ToolTipRole else words
        return None

    def id_at(self, row: int) -> int:
        """The id of a row."""
        return self._ids[row]

    def row_of(self, image: int) -> int:
        """The row of an id, or -1."""
        return self._rows.get(image, -1)

    def record(self, row: int) -> ImageRecord | None:
        """A row's record, or None; then it is read and ``dataChanged`` follows."""
        if not 0 <= row < len(self._ids):
            return None
        found = self._kept.get(self._ids[row])
        if found is not None:
            self._kept.move_to_end(found.id)
            return found
        self._read(row // _PAGE)
        return None

    def mark(self, wanted: Sequence[int], on: bool) -> None:
        """Show a favourite at once; the database follows."""
        for each in wanted:
            if each in self._kept:
                self._kept[each] = replace(self._kept[each], favourite=on)
                index = self.index(self.row_of(each))
                self.dataChanged.emit(index, index)

    def _read(self, page: int) -> None:
        if page in self._asked:
            return
        self._asked.add(page)
        ids, wanted = self._ids, self._ids[page * _PAGE : (page + 1) * _PAGE]

        def done(found: dict[int, ImageRecord]) -> None:
            if self._ids is not ids:
                return
            self._asked.discard(page)
            for each, record in found.items():
                self._kept[each] = record
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            first = page * _PAGE
            self.dataChanged.emit(self.index(first), self.index(min(first + _PAGE, len(ids)) - 1))

        self._engine.follow(self._database.read(lambda connection: images.records(connection, wanted)), done)
