"""Short messages in the corner that go away by themselves."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from artrator_desktop.ui.theme.tokens import L, M, S
from artrator_desktop.ui.widgets.buttons import Button, IconButton
from artrator_desktop.ui.widgets.labels import IconLabel, Label

_LOOKS: Final = {
    "ok": ("circle-check", "ok"),
    "info": ("info", "on_tint"),
    "warn": ("triangle-alert", "warn"),
    "bad": ("circle-alert", "bad"),
}
_SHOWN: Final = 3
_WIDTH: Final = 380


class Toast(QFrame):
    """One message, with an optional button."""

    clicked = Signal()
    gone = Signal()

    def __init__(
        self, kind: str, sentence: str, action: str = "", parent: QWidget | None = None, *, lasting: bool = False
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setFixedWidth(_WIDTH)
        icon, role = _LOOKS.get(kind, _LOOKS["info"])
        self.words = Label(sentence, "body", wrap=True)
        self.setAccessibleName(sentence)
        row = QHBoxLayout(self)
        row.setContentsMargins(L - 2, M, S, M)
        row.setSpacing(M)
        row.addWidget(IconLabel(icon, 18, role), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.words, 1)
        if action:
            button = Button(action, "ghost")
            button.clicked.connect(self.clicked)
            button.clicked.connect(self.close_now)
            row.addWidget(button)
        cross = IconButton("x", self.tr("Close message"), size=26, glyph=14)
        cross.clicked.connect(self.close_now)
        row.addWidget(cross, 0, Qt.AlignmentFlag.AlignVCenter)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close_now)
        # Time to read, and a failure stays until it is closed.
        if kind != "bad" and not lasting:
            self._timer.start(3500 + 45 * len(sentence))

    def close_now(self) -> None:
        """Go away."""
        self.hide()
        self.gone.emit()
        self.deleteLater()


class ToastStack(QWidget):
    """The newest messages, at the lower right of a window, left of what ``aside`` keeps clear there (in points)."""

    def __init__(self, window: QWidget, aside: Callable[[], int] = lambda: 0) -> None:
        super().__init__(window)
        self._aside = aside
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(S)
        self._toasts: list[Toast] = []
        window.installEventFilter(self)
        self.hide()

    def say(self, kind: str, sentence: str, action: str = "", *, lasting: bool = False) -> Toast:
        """Show a message; `kind` is ok, info, warn or bad. One that is lasting is closed by whoever knows when."""
        # The same sentence twice would only push others out.
        for old in [toast for toast in self._toasts if toast.words.text() == sentence] + self._toasts[: 1 - _SHOWN]:
            old.close_now()
        toast = Toast(kind, sentence, action, self, lasting=lasting)
        toast.gone.connect(lambda: self._forget(toast))
        self._toasts.append(toast)
        self._column.addWidget(toast)
        toast.show()
        self.show()
        self.place()
        return toast

    def sentences(self) -> list[str]:
        """Return what is shown, oldest first."""
        return [toast.words.text() for toast in self._toasts]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if event.type() == QEvent.Type.Resize:
            self.place()
        return super().eventFilter(watched, event)

    def _forget(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._column.removeWidget(toast)
        self.setVisible(bool(self._toasts))
        self.place()

    def place(self) -> None:
        """Go where the messages belong now."""
        window = self.parentWidget()
        if window is None:
            return
        height = sum(max(toast.heightForWidth(_WIDTH), toast.sizeHint().height()) + S for toast in self._toasts)
        self.resize(_WIDTH, max(height - S, 0))
        self.move(window.width() - self._aside() - _WIDTH - 24, window.height() - self.height() - 24)
        self.raise_()
