"""How a listing's card is painted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.listings.cover import CoverPainter
from artrator_desktop.ui.listings.model import CARD
from artrator_desktop.ui.paint import badge, rounded, rounded_top, text
from artrator_desktop.ui.text import about, task_name
from artrator_desktop.ui.theme import font, pixmap, theme
from artrator_desktop.ui.theme.fonts import BOLD, SEMIBOLD
from artrator_desktop.ui.theme.tokens import RADIUS_CARD
from artrator_desktop.ui.widgets.skeleton import tone

if TYPE_CHECKING:
    from artrator.messages.registry import ListingCard
    from artrator_desktop.ui.images import Pixmaps

GAP: Final = 16
INFO_HEIGHT: Final = 106
_INSET: Final = 14
_WEEK: Final = 7 * 24 * 3600


def state_words(state: str) -> tuple[str, str]:
    """Return the word for a node state and the colour role of its dot."""
    translate = QCoreApplication.translate
    return {
        "warm": (translate("NodeState", "Warm"), "ok"),
        "loading": (translate("NodeState", "Warming up"), "warn"),
        "cold": (translate("NodeState", "Cold start"), "warn"),
    }.get(state, (translate("NodeState", "Offline"), "text_faint"))


class ListingDelegate(QStyledItemDelegate):
    """Paints a card: cover, state, task, name, creator, licence and price; or its skeleton."""

    def __init__(self, pixmaps: Pixmaps) -> None:
        super().__init__()
        self._pixmaps = pixmaps
        self._covers = CoverPainter(pixmaps)
        self.keyboard = False
        """Whether the view got its focus by keyboard, so that the current card shows a ring."""
        self.cell = QSize(266, 300)
        """A card and the gap at its right and below; the grid sets it when it arranges the cards."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one cell; the gap is its right and lower edge."""
        tokens = theme().tokens
        cell = QRectF(option.rect)
        state = option.state
        rect = cell.adjusted(0.5, 0.5, -GAP - 0.5, -GAP - 0.5)
        card: ListingCard | None = index.data(CARD)
        hovered = card is not None and bool(state & QStyle.StateFlag.State_MouseOver)
        ringed = self.keyboard and bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if hovered:
            _shadow(painter, rect, tokens.dark)
        painter.fillPath(rounded(rect, RADIUS_CARD), QColor(tokens.surface))
        picture = QRectF(rect.x(), rect.y(), rect.width(), rect.height() - INFO_HEIGHT)
        if card is None:
            self._paint_skeleton(painter, picture, rect, index.row())
        else:
            self._paint_cover(painter, picture, card)
            self._paint_info(painter, QRectF(rect.x(), picture.bottom(), rect.width(), INFO_HEIGHT), card)
        colour = tokens.accent if hovered or ringed else tokens.border
        painter.setPen(QPen(QColor(colour), 2 if ringed else 1.4 if hovered else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, RADIUS_CARD, RADIUS_CARD)
        painter.restore()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the size of a cell."""
        return self.cell

    def _paint_cover(self, painter: QPainter, rect: QRectF, card: ListingCard) -> None:
        tokens = theme().tokens
        path = rounded_top(rect, RADIUS_CARD)
        painter.fillPath(path, QColor(tokens.raised))
        if card.samples:
            self._covers.paint(painter, rect, card.samples)
        if not card.samples or self._pixmaps.is_missing(card.samples[0]):
            glyph = pixmap("image", tokens.text_faint, 32)
            painter.drawPixmap(round(rect.center().x() - 16), round(rect.center().y() - 16), glyph)
        face = font(11, SEMIBOLD)
        words, role = state_words(card.state.value)
        dot = {"ok": "#3ECF8E", "warn": "#F5B94E"}.get(role, "#9AA3B5")
        badge(painter, rect.x() + 10, rect.y() + 10, words, face, ground=tokens.glass, ink=tokens.on_glass, dot=dot)
        badge(
            painter, rect.x() + 10, rect.bottom() - 32, task_name(card.task), face,
            ground=tokens.glass, ink=tokens.on_glass,
        )  # fmt: skip
        if time.time() - card.published_at < _WEEK:
            fresh = QCoreApplication.translate("ListingDelegate", "New")
            badge(
                painter, rect.right() - 10, rect.y() + 10, fresh, face,
                ground=tokens.accent, ink=tokens.on_accent, from_right=True,
            )  # fmt: skip

    def _paint_info(self, painter: QPainter, rect: QRectF, card: ListingCard) -> None:
        tokens = theme().tokens
        x, width = rect.x() + _INSET, rect.width() - 2 * _INSET
        title = pick(card.title, language())
        text(painter, QRectF(x, rect.y() + 11, width, 22), title, font(15, SEMIBOLD), tokens.text)
        maker = QRectF(x, rect.y() + 34, width - 20, 18)
        end = text(painter, maker, card.creator_name, font(12), tokens.text_dim)
        # Every listing is signed with its creator's key, or the registry would not have taken it.
        painter.drawPixmap(round(x + end + 5), round(maker.y() + 2), pixmap("badge-check", tokens.on_tint, 14))
        row = QRectF(x, rect.bottom() - 38, width, 24)
        number = about(card.price)
        unit = QCoreApplication.translate("ListingDelegate", "credits / run")
        end_unit = text(painter, row, unit, font(12), tokens.text_dim, Qt.AlignmentFlag.AlignRight)
        left = row.adjusted(0, 0, -end_unit - 5, 0)
        end_price = text(painter, left, number, font(15, BOLD), tokens.text, Qt.AlignmentFlag.AlignRight)
        painter.drawPixmap(round(x), round(row.y() + 5), pixmap("scale", tokens.text_faint, 14))
        licence = QRectF(x + 20, row.y(), max(width - 20 - end_unit - end_price - 18, 0), row.height())
        text(painter, licence, card.license, font(12), tokens.text_dim)

    def _paint_skeleton(self, painter: QPainter, picture: QRectF, rect: QRectF, row: int) -> None:
        colour = tone(row * 0.12)
        painter.fillPath(rounded_top(picture, RADIUS_CARD), colour)
        x, y = rect.x() + _INSET, picture.bottom()
        right = rect.right() - _INSET
        for box in (
            QRectF(x, y + 16, 130, 14),
            QRectF(x, y + 40, 84, 11),
            QRectF(x, rect.bottom() - 32, 70, 12),
            QRectF(right - 90, rect.bottom() - 32, 90, 12),
        ):
            painter.fillPath(rounded(box, box.height() / 2), colour)


def _shadow(painter: QPainter, rect: QRectF, dark: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for step in range(6):
        painter.setBrush(QColor(0, 0, 0, 22 if dark else 7))
        grown = rect.adjusted(-step, 1 - step * 0.5, step, 1 + step)
        painter.drawRoundedRect(grown, RADIUS_CARD + step, RADIUS_CARD + step)
