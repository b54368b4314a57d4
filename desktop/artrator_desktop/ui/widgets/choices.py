"""Choices with an explanation each, one below the other, and rows that can be opened."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from artrator_desktop.ui.paint import rounded
from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.theme.tokens import M
from artrator_desktop.ui.widgets.cards import Pill
from artrator_desktop.ui.widgets.focus import mark_focus, set_look
from artrator_desktop.ui.widgets.labels import Label


class Choice(QAbstractButton):
    """An icon, a name, what it means, and a word at the right; on or off."""

    def __init__(
        self, value: str, name: str, note: str = "", icon: str = "", pill: str = "", tone: str = "neutral"
    ) -> None:
        super().__init__()
        self.value = value
        self._icon = icon
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setAccessibleDescription(f"{note} {pill}".strip())
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Label(name, "strong"))
        if note:
            words.addWidget(Label(note, "meta", wrap=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(46 if icon else 16, 10, M, 10)
        row.setSpacing(M)
        row.addLayout(words, 1)
        if pill:
            row.addWidget(Pill(pill, tone))
        for label in self.findChildren(QWidget):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """Say that the explanation may wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of the wrapped words."""
        layout = self.layout()
        return max(layout.totalHeightForWidth(width) if layout is not None else 0, 52)

    def sizeHint(self) -> QSize:
        """Ask for the height of the words in the width that there is."""
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the ground, its edge and the icon."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        edge = (
            tokens.accent
            if on or self.property("kbd")
            else tokens.border_strong
            if self.underMouse()
            else tokens.border
        )
        painter.setPen(QPen(QColor(edge), 2 if on and self.property("kbd") else 1))
        painter.setBrush(QColor(tokens.accent_tint if on else tokens.surface))
        painter.drawPath(rounded(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 10))
        if self._icon:
            image = pixmap(self._icon, tokens.on_tint if on else tokens.text_dim, 18)
            painter.drawPixmap(16, (self.height() - 18) // 2, image)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)


class ChoiceList(QWidget):
    """Choices of which one is on; the arrow keys move among them."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None, *, columns: int = 1) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._columns = columns
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)

    def set_choices(self, choices: Iterable[Choice], value: str = "") -> None:
        """Show choices and switch one on, the first if the value is not among them."""
        for old in self.choices():
            self._group.removeButton(old)
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        for number, choice in enumerate(choices):
            self._group.addButton(choice)
            self._grid.addWidget(choice, number // self._columns, number % self._columns)
            choice.clicked.connect(lambda _on=False, key=choice.value: self.chosen.emit(key))
        wanted = [choice for choice in self.choices() if choice.value == value] or self.choices()
        if wanted:
            wanted[0].setChecked(True)

    def choices(self) -> list[Choice]:
        """Return the choices, in order."""
        return [button for button in self._group.buttons() if isinstance(button, Choice)]

    def value(self) -> str:
        """Return the choice that is on, or an empty text."""
        return next((choice.value for choice in self.choices() if choice.isChecked()), "")


class RowButton(QWidget):
    """A row of a list that can be opened, with the mouse, Enter or Space."""

    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("row")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._can_open = False

    def set_can_open(self, on: bool) -> None:
        """Say whether there is something to open."""
        self._can_open = on
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if on else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if on else Qt.CursorShape.ArrowCursor)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Light up."""
        super().enterEvent(event)
        set_look(self, "hover", self._can_open)

    def leaveEvent(self, event: QEvent) -> None:
        """Go dark."""
        super().leaveEvent(event)
        set_look(self, "hover", False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open."""
        super().mouseReleaseEvent(event)
        if self._can_open and event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter or Space."""
        if self._can_open and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)
