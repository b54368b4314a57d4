"""Settings: language, theme, registry, folders, and who one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from artrator_desktop.state import Link
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.text import short_digest
from artrator_desktop.ui.theme.tokens import L, S
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    ElidedLabel,
    IconButton,
    Label,
    Line,
    LineEdit,
    PageHeader,
    PageScroll,
    Segmented,
)

if TYPE_CHECKING:
    from artrator_desktop.state import AppState


class SettingsPage(Page):
    """The few things one can set; each takes effect at once."""

    page_id: ClassVar[str] = "settings"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        settings = app.settings
        system = self.tr("System")
        self.language = Segmented(
            # Each language by its own name, so that one can find the way back.
            [("system", system), ("en", "English"), ("ko", "한국어")],
            settings.language,
            self.tr("Language"),
        )
        self.theme = Segmented(
            [("system", system), ("dark", self.tr("Dark")), ("light", self.tr("Light"))],
            settings.theme,
            self.tr("Theme"),
        )
        self.language.chosen.connect(lambda value: settings.set("language", value))
        self.theme.chosen.connect(lambda value: settings.set("theme", value))
        self.registry = LineEdit(self.tr("Registry address"), "https://")
        self.registry.setText(settings.registry_url)
        self.node = LineEdit(self.tr("Node address"), "https://127.0.0.1:8443")
        self.node.setText(settings.node_url)
        self.node.editingFinished.connect(lambda: settings.set("node_url", self.node.text().strip()))
        self.connect_button = Button(self.tr("Connect"))
        self.connect_button.clicked.connect(self._connect)
        self.registry.returnPressed.connect(self._connect)
        self.link = Label("", "meta", wrap=True)
        self.pictures = ElidedLabel(str(settings.pictures_dir), "dim")
        self.name = Label("", "strong")
        self.key = Label("", "mono")
        self.key.setToolTip(self.tr("The fingerprint of your key"))

        area = PageScroll(top=0)
        area.column.setSpacing(L)
        area.column.addWidget(self._appearance())
        area.column.addWidget(self._network())
        area.column.addWidget(self._account())
        area.column.addWidget(self._folders())
        area.column.addStretch(1)
        self.lay_out(PageHeader(self.tr("Settings"), self.tr("Every change takes effect at once.")), area)
        app.session.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show who is signed in, and how the connection stands."""
        session = self.app.session
        info = session.info
        link = session.link
        if link is Link.ONLINE and info is not None:
            words, role = self.tr("Connected to {name}, version {version}"), "ok"
            self.link.setText(words.format(name=info.name, version=info.version))
        elif link is Link.CONNECTING:
            self.link.setText(self.tr("Connecting…"))
            role = "meta"
        else:
            self.link.setText(session.failure.sentence if session.failure is not None else self.tr("Not connected"))
            role = "bad"
        self.link.set_role(role)
        account = session.account
        self.name.setText(
            f"{session.display_name} (@{account.handle})" if account is not None else self.tr("Not signed in")
        )
        self.key.setText(short_digest(session.key_fingerprint))

    def _appearance(self) -> Card:
        card = _section(self.tr("Appearance"))
        _row(card, self.tr("Language"), self.tr("Pages are drawn anew; nothing you typed is lost."), self.language, 320)
        _row(card, self.tr("Theme"), self.tr("System follows your desktop."), self.theme, 320)
        return card

    def _network(self) -> Card:
        card = _section(self.tr("Network"))
        address = QWidget()
        line = QHBoxLayout(address)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        line.addWidget(self.registry, 1)
        line.addWidget(self.connect_button)
        help_text = self.tr("It keeps accounts, listings and credits; it never sees what you make.")
        _row(card, self.tr("Registry"), help_text, address, 420)
        card.column.addWidget(self.link)
        help_text = self.tr("The node of your own that My node watches.")
        _row(card, self.tr("Node"), help_text, self.node, 420)
        return card

    def _account(self) -> Card:
        card = _section(self.tr("You"))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.key)
        copy = IconButton("copy", self.tr("Copy the fingerprint of your key"))
        copy.clicked.connect(self._copy_key)
        line = QHBoxLayout()
        line.addLayout(words, 1)
        line.addWidget(copy)
        card.column.addLayout(line)
        note = self.tr("Your account is your key. Keep a copy of identity.pem from the data folder: who has it is you.")
        card.column.addWidget(Label(note, "caption", wrap=True))
        return card

    def _folders(self) -> Card:
        card = _section(self.tr("Folders"))
        for title, path_label, change in (
            (self.tr("Pictures"), self.pictures, True),
            (self.tr("Keys, settings and history"), ElidedLabel(str(self.app.settings.data_dir), "dim"), False),
        ):
            show = Button(self.tr("Open"), "plain", "folder-open")
            show.setAccessibleName(f"{title}: {show.text()}")
            show.clicked.connect(lambda _=False, label=path_label: self._open_folder(label.whole()))
            words = QVBoxLayout()
            words.setSpacing(2)
            words.addWidget(Label(title, "strong"))
            words.addWidget(path_label)
            line = QHBoxLayout()
            line.setSpacing(S)
            line.addLayout(words, 1)
            if change:
                button = Button(self.tr("Change…"))
                button.setAccessibleName(f"{title}: {button.text()}")
                button.clicked.connect(self._change_pictures)
                line.addWidget(button)
            line.addWidget(show)
            card.column.addLayout(line)
        return card

    def _connect(self) -> None:
        address = self.registry.text().strip().rstrip("/")
        if not address.startswith(("http://", "https://")):
            self.registry.set_wrong(True)
            self.say.emit("bad", self.tr("An address begins with https:// or http://."))
            return
        self.registry.set_wrong(False)
        if address != self.app.settings.registry_url:
            self.app.settings.set("registry_url", address)
        self.app.session.retry()

    def _change_pictures(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Where shall finished pictures go?"), self.pictures.whole()
        )
        if folder:
            self.app.settings.set("pictures_dir", folder)
            self.pictures.setText(folder)

    def _open_folder(self, path: str) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
            self.say.emit("info", path)

    def _copy_key(self) -> None:
        if self.app.session.key_fingerprint:
            QGuiApplication.clipboard().setText(self.app.session.key_fingerprint)
            self.say.emit("ok", self.tr("The fingerprint of your key was copied."))


def _section(title: str) -> Card:
    card = Card("card", inset=20, gap=14)
    card.column.addWidget(Label(title, "section"))
    card.column.addWidget(Line())
    return card


def _row(card: Card, title: str, help_text: str, control: QWidget, width: int) -> None:
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(Label(title, "strong"))
    words.addWidget(Label(help_text, "caption", wrap=True))
    control.setFixedWidth(width)
    line = QHBoxLayout()
    line.setSpacing(L)
    line.addLayout(words, 1)
    line.addWidget(control)
    card.column.addLayout(line)
