"""The main window: navigation at the left, pages at the right, messages in the corner.

A page is named by its id and imported when it is first shown. After a language switch all pages are built anew, which
is why what the user typed belongs to the state.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QWidget

from artrator_desktop import i18n
from artrator_desktop.state import Link
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.nav import Navigation
from artrator_desktop.ui.notices import DamageNotices, JobNotices, UndoNotices
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.theme import logo_icon, theme
from artrator_desktop.ui.widgets import StatePanel, ToastStack

if TYPE_CHECKING:
    from artrator_desktop.state import AppState

_log = logging.getLogger(__name__)

PAGES: Final = {
    "discover": "artrator_desktop.ui.pages.discover:DiscoverPage",
    "create": "artrator_desktop.ui.pages.create:CreatePage",
    "style": "artrator_desktop.ui.pages.style:StylePage",
    "gallery": "artrator_desktop.ui.pages.gallery:GalleryPage",
    "library": "artrator_desktop.ui.pages.library:LibraryPage",
    "wallet": "artrator_desktop.ui.pages.wallet:WalletPage",
    "earnings": "artrator_desktop.ui.pages.earnings:EarningsPage",
    "node": "artrator_desktop.ui.pages.node:NodePage",
    "plugins": "artrator_desktop.ui.pages.plugins:PluginsPage",
    "settings": "artrator_desktop.ui.pages.settings:SettingsPage",
    "model": "artrator_desktop.ui.pages.model:ModelPage",
    "onboarding": "artrator_desktop.ui.pages.onboarding:OnboardingPage",
}
# Ctrl+1 … Ctrl+7, in the order of the navigation; what is not shown there has its number all the same.
_NUMBERED: Final = ("discover", "create", "gallery", "library", "wallet", "earnings", "node")


class Shell(QMainWindow):
    """The window."""

    def __init__(self, app: AppState) -> None:
        super().__init__()
        self.app = app
        self.pixmaps = Pixmaps(app.media, self)
        self.page_id = ""
        self._pages: dict[str, QWidget] = {}
        self.setWindowTitle("Artrator")
        self.setWindowIcon(logo_icon())
        self.setMinimumSize(QSize(1024, 640))
        self.resize(1440, 900)
        self._restore()
        self.nav = Navigation(app)
        self.stack = QStackedWidget()
        self.toasts = ToastStack(self, self._aside)
        self._build()
        self._notices = JobNotices(app, self.toasts, lambda: self.page_id, self.open, self)
        self._undo = UndoNotices(app, self.toasts, self)
        self._damage = DamageNotices(app, self.toasts, self)
        for number, page_id in enumerate(_NUMBERED, 1):
            self._shortcut(f"Ctrl+{number}", page_id)
        self._shortcut("Ctrl+,", "settings")
        for keys in ("Ctrl+K", "Ctrl+F"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.focus_search)
        for keys in ("F5", "Ctrl+R"):
            QShortcut(QKeySequence(keys), self).activated.connect(self._renew)
        for keys in ("Ctrl+W", "Ctrl+Q"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.close)
        theme().changed.connect(self._dress)
        app.settings.changed.connect(self._setting_changed)
        app.session.online.connect(self.pixmaps.forget_missing)
        app.session.changed.connect(self._session_changed)
        self.open("onboarding" if app.session.needs_onboarding else "discover")

    def open(self, page_id: str, arguments: object = None) -> None:
        """Show a page, perhaps with arguments for it."""
        if page_id not in PAGES:
            _log.warning("There is no page called %s.", page_id)
            return
        if (old := self._pages.get(self.page_id)) is not None and isinstance(old, Page):
            old.leave()
        page = self._pages.get(page_id) or self._make(page_id)
        self.page_id = page_id
        self.nav.setVisible(page_id != "onboarding")
        place = {"model": "discover", "style": "create"}.get(page_id, page_id)
        self.nav.set_current(place)
        # Qt adds the application's name to it.
        self.setWindowTitle(self.nav.name_of(place) or "Artrator")
        theme().dress(page)
        self.stack.setCurrentWidget(page)
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(page, Page):
            page.activate(**(arguments if isinstance(arguments, dict) else {}))
        self.toasts.place()

    def page(self, page_id: str) -> QWidget | None:
        """Return a page that was shown before."""
        return self._pages.get(page_id)

    def say(self, kind: str, sentence: str) -> None:
        """Show a message in the corner."""
        self.toasts.say(kind, sentence)

    def focus_search(self) -> None:
        """Put the cursor into this page's search field, or Discover's."""
        page = self._pages.get(self.page_id)
        if isinstance(page, Page) and page.focus_search():
            return
        if self.page_id != "onboarding":
            self.open("discover")
            page = self._pages["discover"]
            if isinstance(page, Page):
                page.focus_search()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let the page in view put its things away, and remember where the window stood."""
        place = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        self.app.settings.set("window", place)
        page = self._pages.get(self.page_id)
        if isinstance(page, Page):
            page.leave()
        super().closeEvent(event)

    def _aside(self) -> int:
        page = self._pages.get(self.page_id)
        return page.aside() if isinstance(page, Page) else 0

    def _build(self) -> None:
        body = QWidget()
        self._row = QHBoxLayout(body)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addWidget(self.nav)
        self._row.addWidget(self.stack, 1)
        self.setCentralWidget(body)
        self._listen()
        self.toasts.raise_()

    def _restore(self) -> None:
        place = self.app.settings.get("window")
        if isinstance(place, str):
            # Qt moves a window back into view if its screen is gone, and ignores what it cannot read.
            self.restoreGeometry(QByteArray.fromBase64(place.encode("ascii", "ignore")))

    def _listen(self) -> None:
        self.nav.chosen.connect(self.open)
        self.nav.top_up.connect(lambda: self.open("wallet", {"redeem": True}))

    def _make(self, page_id: str) -> QWidget:
        page: Page | StatePanel
        try:
            page = self._build_page(page_id)
        except Exception:
            # A page that cannot be built must not take the others down with it.
            _log.exception("The page %s could not be built.", page_id)
            page = StatePanel()
            page.setObjectName("page")
            page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            page.show_state(
                "triangle-alert",
                self.tr("This page could not be opened"),
                self.tr("The reason is in the log. The other pages go on working."),
                failed=True,
            )
        self._pages[page_id] = page
        self.stack.addWidget(page)
        return page

    def _build_page(self, page_id: str) -> Page:
        module, _, name = PAGES[page_id].partition(":")
        kind: type[Page] = getattr(importlib.import_module(module), name)
        page = kind(self.app, self.pixmaps)
        page.navigate.connect(self.open)
        page.say.connect(self.say)
        return page

    def _shortcut(self, keys: str, page_id: str) -> None:
        def go() -> None:
            if self.page_id != "onboarding":
                self.open(page_id)

        QShortcut(QKeySequence(keys), self).activated.connect(go)

    def _setting_changed(self, name: str) -> None:
        if name == "theme":
            theme().switch(str(self.app.settings.theme), lazily=True)
        elif name == "language":
            i18n.install(str(self.app.settings.language))
            self._rebuild()

    def _dress(self) -> None:
        """Show the theme in what is seen; a page behind follows when it is opened."""
        for part in (self.nav, self.toasts, self._pages.get(self.page_id)):
            if part is not None:
                theme().dress(part)

    def _renew(self) -> None:
        if self.app.session.link is Link.OFFLINE:
            self.app.session.retry()
        page = self._pages.get(self.page_id)
        if isinstance(page, Page):
            page.renew()

    def _session_changed(self) -> None:
        if self.app.session.needs_onboarding and self.page_id != "onboarding":
            self.open("onboarding")

    def _rebuild(self) -> None:
        current = self.page_id
        old = self._pages.get(current)
        kept = old.keep() if isinstance(old, Page) else {}
        for page in self._pages.values():
            self.stack.removeWidget(page)
            page.hide()
            page.deleteLater()
        self._pages.clear()
        self.page_id = ""
        self.nav.hide()
        self.nav.deleteLater()
        self.nav = Navigation(self.app)
        self._row.insertWidget(0, self.nav)
        theme().dress(self.nav)
        self._listen()
        self.open(current, kept)
