"""The navigation at the left: pages, the balance, and how the connection stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Link
from artrator_desktop.ui.text import about, amount, credits_text
from artrator_desktop.ui.theme import logo, set_icon, theme
from artrator_desktop.ui.theme.tokens import NAV_WIDTH, M
from artrator_desktop.ui.widgets import Button, Card, ElidedLabel, IconButton, Label

if TYPE_CHECKING:
    from artrator_desktop.state import AppState

_PAGES: Final = (
    ("discover", "compass"),
    ("create", "sparkles"),
    ("gallery", "images"),
    ("library", "library"),
    ("wallet", "wallet"),
    ("earnings", "chart-column"),
    ("node", "server"),
    ("plugins", "puzzle"),
)


class Navigation(QFrame):
    """The list of pages, with the balance card and the connection below it."""

    chosen = Signal(str)
    top_up = Signal()

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self.setObjectName("nav")
        self.setFixedWidth(NAV_WIDTH)
        names = {
            "discover": self.tr("Discover"),
            "create": self.tr("Create"),
            "gallery": self.tr("Gallery"),
            "library": self.tr("Library"),
            "wallet": self.tr("Wallet"),
            "earnings": self.tr("Earnings"),
            "node": self.tr("My node"),
            "plugins": self.tr("Plugins"),
        }
        self._buttons: dict[str, Button] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(M, 20, M, M)
        column.setSpacing(4)
        column.addLayout(self._brand())
        column.addSpacing(12)
        for number, (page_id, icon) in enumerate(_PAGES, 1):
            button = Button(names[page_id], "nav")
            button.setAccessibleName(names[page_id])
            button.setCheckable(True)
            button.setToolTip(f"Ctrl+{number}" if number <= 7 else "")
            set_icon(button, icon, size=18, on="on_tint", gap=9)
            button.clicked.connect(self._choose)
            self._buttons[page_id] = button
            column.addWidget(button)
        column.addStretch(1)
        self.balance = _Balance()
        self.balance.top_up.clicked.connect(self.top_up)
        column.addWidget(self.balance)
        column.addSpacing(6)
        column.addLayout(self._foot())
        self._names = names
        for signal in (app.jobs.added, app.jobs.changed, app.jobs.ended, app.jobs.removed):
            signal.connect(self._count_jobs)
        self._count_jobs()
        app.wallet.changed.connect(self.refresh)
        app.session.changed.connect(self.refresh)
        app.earnings.selling_changed.connect(self.refresh)
        self.refresh()

    def set_current(self, page_id: str) -> None:
        """Light up the page that is shown."""
        for name, button in self._buttons.items():
            button.setChecked(name == page_id)
        self._buttons["earnings"].setVisible(self._app.earnings.selling is True or page_id == "earnings")

    def name_of(self, page_id: str) -> str:
        """Return a page's name, or an empty text for one that has no place here."""
        return self._names.get(page_id, "")

    def button(self, page_id: str) -> Button:
        """Return the button of a page."""
        return self._buttons[page_id]

    def refresh(self) -> None:
        """Show the balance and the connection."""
        info = self._app.session.info
        self.balance.show_balance(self._app.wallet.balance, pick(info.credit_note, language()) if info else "")
        # Most people sell nothing; the page comes when there is something on it, and stays with who is looking at it.
        selling = self._app.earnings.selling is True
        self._buttons["earnings"].setVisible(selling or self._buttons["earnings"].isChecked())
        link = self._app.session.link
        if link is Link.ONLINE:
            self.status.show_status("ok", self.tr("Connected to registry"), info.name if info else "")
        elif link is Link.CONNECTING:
            self.status.show_status("warn", self.tr("Connecting…"))
        elif self._app.session.retry_in:
            words = self.tr("Offline, retrying in {count} s").format(count=self._app.session.retry_in)
            self.status.show_status("bad", words)
        else:
            self.status.show_status("bad", self.tr("Offline"))

    def _count_jobs(self) -> None:
        count = len(self._app.jobs.active())
        name = self._names["create"]
        words = f"{name}  ·  {count}" if count else name
        # Every step of every job asks; setting a text lays the whole column out anew.
        if self._buttons["create"].text() != words:
            self._buttons["create"].setText(words)

    def _brand(self) -> QHBoxLayout:
        mark = QLabel()
        mark.setPixmap(logo(32))
        name = Label("Artrator", "section")
        name.setStyleSheet("font-size:18px; font-weight:700;")
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(mark)
        row.addWidget(name, 1)
        return row

    def _foot(self) -> QHBoxLayout:
        self.status = Status()
        self.settings = IconButton("settings", self.tr("Settings (Ctrl+,)"), size=30, glyph=16)
        self.settings.clicked.connect(lambda: self.chosen.emit("settings"))
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(self.status, 1)
        row.addWidget(self.settings)
        return row

    def _choose(self) -> None:
        for page_id, button in self._buttons.items():
            if button is self.sender():
                # The click has toggled it already; which one is lit follows from the page that is shown.
                self.chosen.emit(page_id)


class _Balance(Card):
    """What can be spent, what is on hold, and what a credit is worth."""

    def __init__(self) -> None:
        super().__init__("well", inset=14, gap=2)
        self.number = Label("–", "big")
        self.hold = Label("", "caption")
        self.note = Label("", "caption", wrap=True)
        self.top_up = Button(self.tr("Top up"), "soft")
        self.top_up.setFixedHeight(34)
        self.column.addWidget(Label(self.tr("Balance"), "caption"))
        self.column.addWidget(self.number)
        self.column.addWidget(self.hold)
        self.column.addWidget(self.note)
        self.column.addSpacing(8)
        self.column.addWidget(self.top_up)

    def show_balance(self, balance: object, note: str) -> None:
        """Show a balance; None while it is not known."""
        available = getattr(balance, "available", None)
        held = getattr(balance, "held", 0)
        if available is None:
            self.number.setText("–")
            self.hold.setText("")
        else:
            self.number.setText(amount(available, places=2))
            self.setAccessibleName(self.tr("Balance: {amount}").format(amount=credits_text(available)))
            self.number.setToolTip(credits_text(available))
            self.hold.setText(
                self.tr("credits · {amount} on hold").format(amount=about(held)) if held else self.tr("credits")
            )
        self.hold.setVisible(available is not None)
        self.note.setText(note)
        self.note.setVisible(bool(note))


class Status(QWidget):
    """A dot and a word for a connection."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = "text_faint"
        self.words = ElidedLabel("", "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 0, 0)
        row.addWidget(self.words, 1, Qt.AlignmentFlag.AlignVCenter)

    def show_status(self, role: str, words: str, detail: str = "") -> None:
        """Show a colour and a word."""
        self._role = role
        self.words.setText(words)
        self.setToolTip(detail)
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme().tokens, self._role)))
        painter.drawEllipse(QRectF(0, self.height() / 2 - 4, 8, 8))
