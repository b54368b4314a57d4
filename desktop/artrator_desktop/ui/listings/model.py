"""Listings as a Qt model; while they load, rows without a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import credits_text, task_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artrator.messages.registry import ListingCard

# As many as a sheet of small samples shows.
_ON_COVER: Final = 6
CARD: Final = int(Qt.ItemDataRole.UserRole) + 1
_Index = QModelIndex | QPersistentModelIndex


class ListingModel(QAbstractListModel):
    """The cards of a search, or skeletons."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cards: list[ListingCard] = []
        self._skeletons = 0

    def show_cards(self, cards: Sequence[ListingCard]) -> None:
        """Show cards; a longer list with the same beginning only grows, so that the place in it is kept."""
        old, new = self._cards, list(cards)
        if not self._skeletons and len(new) > len(old) > 0 and new[: len(old)] == old:
            self.beginInsertRows(QModelIndex(), len(old), len(new) - 1)
            self._cards = new
            self.endInsertRows()
        elif self._skeletons or new != old:
            self.beginResetModel()
            self._cards, self._skeletons = new, 0
            self.endResetModel()

    def show_skeletons(self, count: int) -> None:
        """Show boxes in the shape of cards."""
        if self._skeletons != count:
            self.beginResetModel()
            self._cards, self._skeletons = [], count
            self.endResetModel()

    def is_loading(self) -> bool:
        """Say whether skeletons are shown."""
        return bool(self._skeletons)

    def card(self, row: int) -> ListingCard | None:
        """Return the card of a row; None for a skeleton."""
        return self._cards[row] if row < len(self._cards) else None

    def rows_of(self, key: str) -> list[int]:
        """Return the rows whose cover shows the picture of a key."""
        return [row for row, card in enumerate(self._cards) if key in card.samples[:_ON_COVER]]

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return the number of cards or skeletons."""
        return 0 if parent is not None and parent.isValid() else self._skeletons or len(self._cards)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Let cards be chosen, skeletons not."""
        return super().flags(index) if not self._skeletons else Qt.ItemFlag.NoItemFlags

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return the card for the delegate and words for screen readers."""
        card = self.card(index.row())
        if role == CARD:
            return card
        if card is None:
            return self.tr("Loading") if role == Qt.ItemDataRole.AccessibleTextRole else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return pick(card.title, language())
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self.tr("{task} by {creator}, {price} a run, licence {licence}, {state}").format(
                task=task_name(card.task),
                creator=card.creator_name,
                price=credits_text(card.price),
                licence=card.license,
                state=card.state.value,
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return pick(card.summary, language())
        return None
