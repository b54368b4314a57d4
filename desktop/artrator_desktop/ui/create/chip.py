"""The chosen model, on top of the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import short_price
from artrator_desktop.ui.widgets import Button, Card, ElidedLabel, Picture

if TYPE_CHECKING:
    from artrator.messages.registry import ListingCard
    from artrator_desktop.ui.images import Pixmaps


class ModelChip(Card):
    """Cover, name, creator and usual price of the open listing, and the way to another one."""

    change = Signal()

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__("well", parent, inset=10, gap=0)
        self.cover = Picture(pixmaps, "", radius=8)
        self.cover.setFixedSize(QSize(44, 44))
        self.name = ElidedLabel("", "strong")
        self.maker = ElidedLabel("", "caption")
        self.button = Button(self.tr("Change"), "ghost")
        self.button.clicked.connect(self.change)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self.name)
        words.addWidget(self.maker)
        words.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.cover)
        row.addLayout(words, 1)
        row.addWidget(self.button)
        self.column.addLayout(row)

    def show_card(self, card: ListingCard) -> None:
        """Show a listing."""
        title = pick(card.title, language())
        self.name.setText(title)
        self.maker.setText(f"{card.creator_name} · {short_price(card.price)}")
        self.cover.set_key(card.samples[0] if card.samples else "")
        self.cover.setAccessibleName(title)

    def show_name(self, listing: str) -> None:
        """Show a listing that is still on its way."""
        self.name.setText(listing)
        self.maker.setText("")
        self.cover.set_key("")
