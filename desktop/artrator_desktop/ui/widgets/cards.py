"""Surfaces: cards, wells, strips, pills and lines."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from artrator_desktop.ui.theme.tokens import L, S
from artrator_desktop.ui.widgets.focus import set_look
from artrator_desktop.ui.widgets.labels import IconLabel, Label


class Card(QFrame):
    """A bordered surface with a column of content; `look` is card, well or strip-ok, -warn, -bad, -tint."""

    def __init__(self, look: str = "card", parent: QWidget | None = None, *, inset: int = L, gap: int = S) -> None:
        super().__init__(parent)
        self.setObjectName(look)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(inset, inset, inset, inset)
        self.column.setSpacing(gap)

    def set_look(self, look: str) -> None:
        """Change the surface."""
        if self.objectName() != look:
            self.setObjectName(look)
            self.style().unpolish(self)
            self.style().polish(self)


class StatCard(Card):
    """An icon and a name, a big number, and a line below it."""

    def __init__(self, icon: str, role: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=18, gap=4)
        self.icon = IconLabel(icon, 16, role)
        self.name = Label(name, "dim")
        self.number = Label("–", "big")
        self.note = Label("", "caption", wrap=True)  # or cards side by side would differ by their notes
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.icon)
        top.addWidget(self.name, 1)
        self.column.addLayout(top)
        self.column.addWidget(self.number)
        self.column.addWidget(self.note)

    def show_value(self, number: str, note: str = "", exact: str = "") -> None:
        """Show a number and the line below it; ``exact`` is the number with all its digits."""
        self.number.setText(number)
        self.number.setToolTip(exact)
        self.note.setText(note)
        self.setAccessibleName(f"{self.name.text()}: {number}")


class Pill(QLabel):
    """A short word on a tinted ground; `tone` is neutral, ok, warn, bad or accent."""

    def __init__(self, text: str = "", tone: str = "neutral", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName("pill")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", tone)
        self.setFixedHeight(24)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_tone(self, text: str, tone: str) -> None:
        """Change the word and its colour."""
        self.setText(text)
        set_look(self, "tone", tone)


class Line(QFrame):
    """A hairline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("line")
        self.setFixedHeight(1)


class Facts(QWidget):
    """Rows of a name at the left and a value at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(1, 1)

    def show_rows(self, rows: list[tuple[str, str]]) -> None:
        """Replace the rows."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for index, (name, value) in enumerate(rows):
            key = Label(name, "dim")
            key.setAlignment(Qt.AlignmentFlag.AlignTop)
            text = Label(value, "body", wrap=True).selectable()
            text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            text.setAccessibleName(f"{name}: {value}")
            self._grid.addWidget(key, index, 0)
            self._grid.addWidget(text, index, 1)
            # The layout shows them only later, and a sheet that fits itself at once would count them as nothing.
            key.show()
            text.show()
