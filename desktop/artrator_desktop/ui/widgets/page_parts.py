"""What every page is made of: a header, a body that scrolls, and the panel of an empty or failed page."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, XS, L, M, S
from artrator_desktop.ui.widgets.buttons import Button
from artrator_desktop.ui.widgets.labels import IconLabel, Label


class PageHeader(QWidget):
    """The page's title with a line below it, and room for controls at the right."""

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Label(title, "title")
        self.subtitle = Label(subtitle, "dim", wrap=True)
        self.beside_title = QHBoxLayout()
        self.beside_title.setSpacing(M)
        self.beside_title.addWidget(self.title)
        self.beside_title.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(self.beside_title)
        words.addWidget(self.subtitle)
        self.controls = QHBoxLayout()
        self.controls.setSpacing(S + 2)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(L)
        row.addLayout(words, 1)
        row.addLayout(self.controls)


class PageScroll(QScrollArea):
    """A column that scrolls; the bar lies over the page's margin, so the content keeps its width when it appears."""

    def __init__(
        self, parent: QWidget | None = None, *, side: int = PAGE_SIDE, top: int = 0, bottom: int = PAGE_TOP
    ) -> None:
        super().__init__(parent)
        self._side, self._top, self._bottom = side, top, bottom
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Tab would stop here although there is nothing to do; the arrow keys work from the controls inside.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body = QWidget()
        self.column = QVBoxLayout(self.body)
        self.column.setSpacing(L)
        self.setWidget(self.body)
        self.verticalScrollBar().installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Give the bar's width back to the margin while it is shown."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        bar = self.verticalScrollBar()
        bar.ensurePolished()  # one that has just been made has the width of the plain style
        width = bar.sizeHint().width() if bar.isVisible() else 0
        self.column.setContentsMargins(self._side, self._top, max(self._side - width, 0), self._bottom)


class StatePanel(QWidget):
    """The panel of a page with nothing to show: an icon, what happened, what to do about it, and the ways on."""

    primary = Signal()
    secondary = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = IconLabel("search", 26, "text_faint", ground="raised")
        self._title = Label("", "name")
        self._text = Label("", "dim", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._text.setMaximumWidth(440)
        # Up to its width in the middle, and less where there is less room.
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._text, 1000)
        middle.addStretch(1)
        self.first = Button("", "primary")
        self.second = Button("")
        self.first.hide()
        self.second.hide()
        self.first.clicked.connect(self.primary)
        self.second.clicked.connect(self.secondary)
        buttons = QHBoxLayout()
        buttons.setSpacing(S)
        buttons.addStretch(1)
        buttons.addWidget(self.first)
        buttons.addWidget(self.second)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(M)
        column.addStretch(2)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(middle)
        column.addSpacing(XS)
        column.addLayout(buttons)
        column.addStretch(3)

    def show_state(
        self, icon: str, title: str, text: str, first: str = "", second: str = "", *, failed: bool = False
    ) -> None:
        """Show a state; a button without a text is hidden."""
        self._icon.set_icon(icon, "bad" if failed else "text_faint", "bad_tint" if failed else "raised")
        self._title.setText(title)
        self._text.setText(text)
        for button, caption in ((self.first, first), (self.second, second)):
            button.setText(caption)
            button.setVisible(bool(caption))
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)

    def words(self) -> str:
        """Return what the panel says."""
        return f"{self._title.text()} {self._text.text()}"
