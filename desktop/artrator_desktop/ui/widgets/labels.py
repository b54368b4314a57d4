"""Text in the sizes of the design."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from artrator_desktop.ui.text import straight, tip
from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.widgets.focus import set_look

#: Words of every language are shorter, in pixels.
_LONGEST_WORD: Final = 160


class Label(QLabel):
    """A label with a role: `title`, `section`, `name`, `body`, `dim`, `label`, `meta`, `caption`, `mono` and more."""

    def __init__(
        self, text: str = "", role: str = "body", parent: QWidget | None = None, *, wrap: bool = False
    ) -> None:
        super().__init__(straight(text), parent)
        # What is shown may come from strangers, so nothing is ever taken for HTML.
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setWordWrap(wrap)

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(straight(text))

    def minimumSizeHint(self) -> QSize:
        """Where lines may break, a word without an end is cut off rather than making the whole page wider."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), _LONGEST_WORD), hint.height()) if self.wordWrap() else hint

    def set_role(self, role: str) -> None:
        """Change the label's role."""
        set_look(self, "role", role)

    def selectable(self) -> "Label":
        """Let the text be selected and copied; returns the label itself."""
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        return self


class ElidedLabel(Label):
    """A label of one line that ends in "…" where it does not fit; the whole text is its tool tip."""

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__("", role, parent)
        self._whole = ""
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text."""
        self._whole = straight(text)
        self.setAccessibleName(self._whole)
        self._elide()

    def whole(self) -> str:
        """Return the text before it was shortened."""
        return self._whole

    def sizeHint(self) -> QSize:
        """Ask for room for the whole text."""
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten again."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(self.width(), 24))
        super().setText(shown)
        self.setToolTip(tip(self._whole) if shown != self._whole else "")


class IconLabel(QWidget):
    """An icon in a theme colour, on an optional round ground."""

    def __init__(
        self, name: str, size: int = 18, role: str = "text_dim", parent: QWidget | None = None, *, ground: str = ""
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._size = size
        self._role = role
        self._ground = ground
        self.setFixedSize(QSize(size * 3, size * 3) if ground else QSize(size, size))

    def set_icon(self, name: str, role: str = "", ground: str = "") -> None:
        """Show another icon."""
        self._name = name
        self._role = role or self._role
        self._ground = ground or self._ground
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint it with the tokens in force."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._ground:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(getattr(tokens, self._ground)))
            painter.drawEllipse(QRectF(self.rect()))
        image = pixmap(self._name, getattr(tokens, self._role), self._size)
        painter.drawPixmap((self.width() - self._size) // 2, (self.height() - self._size) // 2, image)
