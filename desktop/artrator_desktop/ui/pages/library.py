"""Library: the passes that are in force, and the models that were bought to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Phase
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.kept import KeptCard
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.passes import PassCard
from artrator_desktop.ui.theme.tokens import L, M
from artrator_desktop.ui.widgets import Button, Card, ConfirmSheet, Label, PageHeader, PageScroll, Skeleton, StatePanel

if TYPE_CHECKING:
    from artrator.local import OwnedPackage
    from artrator.messages.products import Pass
    from artrator_desktop.state import AppState
    from artrator_desktop.state.library import Entry


class LibraryPage(Page):
    """What this account has besides single runs."""

    page_id: ClassVar[str] = "library"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._shown: object = None
        self.header = PageHeader(self.tr("Library"), self.tr("Your passes, and the models you may keep."))
        refresh = Button(self.tr("Refresh"), icon="refresh-cw")
        refresh.clicked.connect(self._ask)
        self.header.controls.addWidget(refresh)
        self.passes_title = Label(self.tr("Passes"), "section")
        self.passes = QWidget()
        self._passes = QVBoxLayout(self.passes)
        self._passes.setContentsMargins(0, 0, 0, 0)
        self._passes.setSpacing(M)
        self.loading = Card(gap=L)
        for width in (260, 180, 220):
            self.loading.column.addWidget(Skeleton(14, width))
        self.panel = StatePanel()
        self.panel.setMinimumHeight(420)
        self.panel.primary.connect(self._primary)
        self.models_title = Label(self.tr("Models to keep"), "section")
        self.models = QWidget()
        self._models = QVBoxLayout(self.models)
        self._models.setContentsMargins(0, 0, 0, 0)
        self._models.setSpacing(M)
        self.cards: dict[str, KeptCard] = {}
        self.area = PageScroll()
        for part in (self.passes_title, self.passes, self.models_title, self.models, self.loading, self.panel):
            self.area.column.addWidget(part)
        self.area.column.addStretch(1)
        self.lay_out(self.header, self.area)
        app.passes.changed.connect(self.refresh)
        app.passes.bought.connect(self._bought)
        app.passes.refused.connect(self.complain)
        app.library.changed.connect(self.refresh)
        app.library.refused.connect(self.complain)
        app.library.arrived.connect(self._arrived)
        self.refresh()

    def activate(self, **_arguments: object) -> None:
        """Ask for the newest."""
        self._ask()

    def refresh(self) -> None:
        """Show what there is, or why there is nothing."""
        passes, library = self.app.passes, self.app.library
        self._show_passes(list(passes.mine))
        entries = library.entries()
        self._show_models(entries)
        nothing = not passes.mine and not entries
        phases = {passes.phase, library.phase}
        failed = nothing and Phase.FAILED in phases
        waiting = nothing and not failed and bool(phases & {Phase.IDLE, Phase.LOADING})
        self.loading.setVisible(waiting)
        self.panel.setVisible(nothing and not waiting)
        if failed:
            failure = passes.failure or library.failure
            self.panel.show_state(
                "wifi-off" if failure is None or failure.code == "registry_unreachable" else "circle-alert",
                self.tr("Your library could not be read"),
                failure.sentence if failure is not None else "",
                self.tr("Retry now"),
                failed=True,
            )
        elif nothing:
            self.panel.show_state(
                "library",
                self.tr("Nothing here yet"),
                self.tr(
                    "Some models sell passes by the month, or a licence to keep them. You find both on their pages."
                ),
                self.tr("Discover models"),
            )

    def _show_passes(self, mine: list[Pass]) -> None:
        for part in (self.passes_title, self.passes):
            part.setVisible(bool(mine))
        shown = (mine, set(self.app.passes.busy))
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._passes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for bought in mine:
            card = PassCard(self.app, bought)
            card.again.connect(lambda plan, price: self.app.passes.buy(plan, price, renew=False))
            self._passes.addWidget(card)

    def _show_models(self, entries: list[Entry]) -> None:
        for part in (self.models_title, self.models):
            part.setVisible(bool(entries))
        # Bytes arrive many times a second: a card that is there is only brought up to date.
        if [entry.package for entry in entries] != list(self.cards):
            while (item := self._models.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()
            known = {card.listing: card for card in self.app.catalogue.cards}
            self.cards = {}
            for entry in entries:
                card = KeptCard(self.app, entry, known.get(entry.listing), self.pixmaps)
                card.wanted.connect(lambda listing: self.navigate.emit("create", {"listing_id": listing}))
                card.opened.connect(lambda listing: self.navigate.emit("model", {"listing_id": listing}))
                card.remove.connect(self._remove)
                self.cards[entry.package] = card
                self._models.addWidget(card)
        for entry in entries:
            self.cards[entry.package].show_entry(entry)

    def _remove(self, package: str, title: str) -> None:
        question = self.tr("Remove {title} from this computer?").format(title=title)
        consequence = self.tr("The licence stays yours, and the model can be fetched again for nothing.")
        if ConfirmSheet(question, consequence, self.tr("Remove"), self).ask():
            self.app.library.remove(package)

    def _arrived(self, owned: OwnedPackage) -> None:
        title = pick(owned.title, language()) or owned.listing
        self.say.emit("ok", self.tr("{title} is here, and runs on this computer.").format(title=title))

    def _ask(self) -> None:
        self.app.passes.refresh()
        self.app.library.refresh()

    def _primary(self) -> None:
        if Phase.FAILED in {self.app.passes.phase, self.app.library.phase}:
            self._ask()
        else:
            self.navigate.emit("discover", {})

    def _bought(self, bought: Pass) -> None:
        title = pick(bought.title, language()) or bought.plan
        self.say.emit("ok", self.tr("{title} is yours.").format(title=title))
