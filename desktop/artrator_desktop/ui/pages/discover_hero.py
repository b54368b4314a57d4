"""The wide banner at the top of Discover: the most used model, with its own pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.paint import cover, rounded
from artrator_desktop.ui.text import about
from artrator_desktop.ui.theme.tokens import RADIUS_HERO
from artrator_desktop.ui.widgets import Button, ElidedLabel, Label, Picture

if TYPE_CHECKING:
    from artrator.messages.registry import ListingCard

_HEIGHT: Final = 180
_PICTURES: Final = 3
# The banner keeps this ground in both themes, so its words are always light on dark.
_GROUND: Final = "#15121F"


class Hero(QWidget):
    """A banner for one listing."""

    opened = Signal(str)
    create_with = Signal(str)

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._card: ListingCard | None = None
        self._blurred: tuple[str, QPixmap] | None = None
        self.setFixedHeight(_HEIGHT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.kicker = Label("", "badge")
        self.name = ElidedLabel("", "display")
        self.line = ElidedLabel("", "body")
        for label, colour in ((self.kicker, "#A5F0D0"), (self.name, "#FFFFFF"), (self.line, "#D9DCE6")):
            label.setStyleSheet(f"color:{colour};")
        self.button = Button("", "white")
        self.button.clicked.connect(lambda: self._emit(self.create_with))
        self.price = Label("", "strong")
        self.price.setStyleSheet(
            "color:#FFFFFF; background:rgba(255,255,255,36); border-radius:8px; padding:0 14px; font-weight:600;"
        )
        self.price.setFixedHeight(38)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self.button)
        buttons.addWidget(self.price)
        buttons.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addStretch(1)
        words.addWidget(self.kicker)
        words.addWidget(self.name)
        words.addWidget(self.line)
        words.addSpacing(10)
        words.addLayout(buttons)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(32, 16, 32, 16)
        row.setSpacing(14)
        row.addLayout(words, 1)
        self.pictures = [Picture(pixmaps, "", self, radius=12) for _ in range(_PICTURES)]
        for picture in self.pictures:
            picture.setFixedSize(QSize(124, 132))
            row.addWidget(picture)
        pixmaps.ready.connect(self._ready)

    def show_card(self, card: ListingCard) -> None:
        """Show a listing."""
        self._card = card
        self.kicker.setText(self.tr("MOST USED") if card.runs else self.tr("NEW HERE"))
        self.name.setText(pick(card.title, language()))
        self.line.setText(pick(card.summary, language()))
        self.button.setText(self.tr("Create with it"))
        self.price.setText(self.tr("{price} credits / run").format(price=about(card.price)))
        for index, picture in enumerate(self.pictures):
            picture.setVisible(index < len(card.samples))
            if index < len(card.samples):
                picture.set_key(card.samples[index])
        self.setAccessibleName(f"{self.kicker.text()}: {self.name.whole()}")
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the model page."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._emit(self.opened)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the first sample, blurred, under a veil that keeps the words readable."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        path = rounded(rect, RADIUS_HERO)
        painter.fillPath(path, QColor(_GROUND))
        if (image := self._backdrop()) is not None:
            cover(painter, rect, image, path=path)
        veil = QLinearGradient(rect.topLeft(), rect.topRight())
        ground = QColor(_GROUND)
        for place, opacity in ((0.0, 0.92), (0.35, 0.74), (0.75, 0.3), (1.0, 0.18)):
            ground.setAlphaF(opacity)
            veil.setColorAt(place, ground)
        painter.fillPath(path, veil)

    def _backdrop(self) -> QPixmap | None:
        if self._card is None or not self._card.samples:
            return None
        key = self._card.samples[0]
        if self._blurred is None or self._blurred[0] != key:
            tiny = self._pixmaps.get(key, QSize(28, 14))
            if tiny is None:
                return None
            # Growing a tiny picture in smooth steps is a blur that costs nothing.
            smooth = Qt.TransformationMode.SmoothTransformation
            grown = tiny.scaledToWidth(90, smooth).scaledToWidth(300, smooth).scaledToWidth(1200, smooth)
            self._blurred = (key, grown)
        return self._blurred[1]

    def _emit(self, signal: object) -> None:
        if self._card is not None and hasattr(signal, "emit"):
            signal.emit(self._card.listing)

    def _ready(self, key: str) -> None:
        if self._card is not None and key in self._card.samples:
            self.update()
