"""One numbered place of the Style page: what belongs here, what is here, and whether it fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.forms.images import size_words
from artrator_desktop.ui.forms.words import problem_words
from artrator_desktop.ui.style.film_drop import FilmDrop
from artrator_desktop.ui.theme import font, theme
from artrator_desktop.ui.theme.fonts import BOLD
from artrator_desktop.ui.widgets import Card, ElidedLabel, Label, LineEdit

if TYPE_CHECKING:
    from artrator_desktop.state.inputs import Picture, Problem
    from artrator_desktop.state.slots import Slot


class _Number(QWidget):
    """The slot's number on a round ground."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = str(number)
        self.setFixedSize(QSize(22, 22))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint it with the tokens in force."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent_tint))
        painter.drawEllipse(QRectF(self.rect()))
        painter.setPen(QColor(tokens.on_tint))
        painter.setFont(font(12, BOLD))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._number)


class SlotCard(Card):
    """A slot.

    Signals:
        files_chosen: Paths, in order.
        image_pasted: Pixels from the clipboard.
        cleared: What is here is not wanted.
        numbers_typed: Which frames the keyframes are, as typed.
    """

    files_chosen = Signal(list)
    image_pasted = Signal(QImage)
    cleared = Signal()
    numbers_typed = Signal(str)

    def __init__(self, slot: Slot, number: int, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=14, gap=10)
        self.slot = slot
        words = pick(slot.spec.label, language())
        self._help = pick(slot.spec.help, language())
        head = QHBoxLayout()
        head.setSpacing(9)
        head.addWidget(_Number(number))
        self.title = ElidedLabel(words, "strong")
        head.addWidget(self.title, 1)
        self.drop = FilmDrop(words, many=slot.film)
        self.drop.setFixedHeight(178)
        self.drop.setMinimumWidth(120)
        self.drop.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # four share the page's width
        self.drop.files_chosen.connect(self.files_chosen)
        self.drop.image_pasted.connect(self.image_pasted)
        self.drop.cleared.connect(self.cleared)
        self.numbers = LineEdit(words)
        self.numbers_name = Label("", "label")
        self.numbers_name.setBuddy(self.numbers)
        for part in (self.numbers_name, self.numbers):
            part.setVisible(bool(slot.numbers))
        self.numbers.textEdited.connect(self.numbers_typed)
        self.foot = Label("", "caption", wrap=True)
        self.foot.setMinimumHeight(34)
        self.foot.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(head)
        self.column.addWidget(self.drop)
        self.column.addWidget(self.numbers_name)
        self.column.addWidget(self.numbers)
        self.column.addWidget(self.foot)
        self.column.addStretch(1)
        self.show_pictures((), None, checked=False)

    def name_numbers(self, name: str, hint: str) -> None:
        """Say what the line of numbers is for."""
        self.numbers_name.setText(name)
        self.numbers.setAccessibleName(name)
        self.numbers.setPlaceholderText(hint)

    def show_numbers(self, numbers: str) -> None:
        """Show which frames the keyframes are."""
        if self.numbers.text() != numbers:
            self.numbers.setText(numbers)

    def show_pictures(self, pictures: Sequence[Picture], problem: Problem | None, *, checked: bool) -> None:
        """Show what is here; ``checked`` says that its size is the one it must have."""
        self.drop.show_pixmap(QPixmap.fromImage(pictures[0].shown) if pictures else QPixmap())
        if problem is not None:
            self._say(problem_words(problem), "bad")
        elif pictures:
            size = size_words(pictures[0])
            if len(pictures) > 1 or self.slot.film:
                size = self.tr("%Ln frame(s)", "", len(pictures)) + f", {size}"
            self._say(self.tr("The right size: {size}").format(size=size) if checked else size, "caption")
        elif self.slot.spec.required:
            self._say(self._help, "caption")
        else:
            self._say(self.tr("Optional. {help}").format(help=self._help), "caption")

    def refuse(self, problem: Problem) -> None:
        """Say why what was given was not taken."""
        self.drop.show_error(problem_words(problem))

    def _say(self, words: str, role: str) -> None:
        self.foot.setText(words)
        self.foot.set_role(role)
        self.drop.setAccessibleDescription(words)
