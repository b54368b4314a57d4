"""A sheet: one thing to decide, over the page that led there."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from artrator_desktop.ui.theme.tokens import XL, L, M, S
from artrator_desktop.ui.widgets.buttons import Button
from artrator_desktop.ui.widgets.labels import Label

_WIDTH: Final = 500
_NARROW: Final = 420
#: Taller content scrolls: a small laptop shows this much.
_TALLEST: Final = 640


class Sheet(QDialog):
    """A title and a line below it, a column of content that scrolls when it must, and buttons at the lower right."""

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None, *, width: int = _WIDTH) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setFixedWidth(width)
        self.title = Label(title, "title", wrap=True)
        self.subtitle = Label(subtitle, "dim", wrap=True)
        self.subtitle.setVisible(bool(subtitle))
        self.body = QWidget()
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(XL, 2, XL, 2)
        self.column.setSpacing(L)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.body)
        head = QVBoxLayout()
        head.setContentsMargins(XL, XL, XL, 0)
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addWidget(self.subtitle)
        self.buttons = QHBoxLayout()
        self.buttons.setContentsMargins(XL, 0, XL, XL)
        self.buttons.setSpacing(S)
        self.buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(M + 2)
        whole.addLayout(head)
        whole.addWidget(self.area, 1)
        whole.addLayout(self.buttons)

    def add_button(self, text: str, kind: str = "plain", icon: str = "") -> Button:
        """Add a button at the lower right, after those that are there; the primary one answers Enter."""
        button = Button(text, kind, icon)
        button.setAutoDefault(kind == "primary")
        button.setDefault(kind == "primary")
        self.buttons.addWidget(button)
        return button

    def fit(self) -> None:
        """Take the height of what is shown now."""
        layout = self.body.layout()
        if isinstance(layout, QLayout):
            layout.activate()
        inner = self.column.heightForWidth(self.width()) if self.column.hasHeightForWidth() else -1
        wanted = max(inner, self.column.sizeHint().height() if inner < 0 else 0)
        self.area.setFixedHeight(min(wanted + 4, _TALLEST))
        self.adjustSize()


class ConfirmSheet(Sheet):
    """A question before something is gone. Keeping is what Enter and Escape do."""

    def __init__(self, question: str, consequence: str, action: str, parent: QWidget | None = None) -> None:
        super().__init__(question, consequence, parent, width=_NARROW)
        self.area.hide()
        self.keep = self.add_button(self.tr("Keep"))
        self.keep.setAutoDefault(True)
        self.keep.setDefault(True)
        self.keep.clicked.connect(self.reject)
        self.go = self.add_button(action, "danger", "trash-2")
        self.go.clicked.connect(self.accept)
        self.keep.setFocus()

    def ask(self) -> bool:
        """Wait for the answer."""
        wanted = self.exec() == QDialog.DialogCode.Accepted
        self.deleteLater()
        return wanted


class AskingSheet(Sheet):
    """A sheet that asks somebody else for something, and tells when the answer is no.

    Attributes:
        problem: Why not; hidden until there is something to say. Subclasses put it where it belongs.
    """

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None, *, width: int = _WIDTH) -> None:
        super().__init__(title, subtitle, parent, width=width)
        self.problem = Label("", "bad", wrap=True)
        self.problem.hide()

    def complain(self, sentence: str) -> None:
        """Say what is wrong."""
        self.problem.setText(sentence)
        self.problem.show()
        self.fit()
