"""Discover: search and browse what creators offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import QRect, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator_desktop.state import Link, Phase
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.listings import ListingGrid
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pages.discover_hero import Hero
from artrator_desktop.ui.text import task_name
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, L, M
from artrator_desktop.ui.widgets import (
    ChipRow,
    ComboBox,
    Label,
    PageHeader,
    PageScroll,
    SearchField,
    Skeleton,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator.messages.registry import ListingCard
    from artrator_desktop.state import AppState

# Typing pauses shorter than this are the middle of a word.
_PAUSE_MS: Final = 250
_SKELETONS: Final = 12
# How near the end of the list, in pixels, the next page is asked for.
_AHEAD: Final = 900


class DiscoverPage(Page):
    """The shop window: search, tasks, order, the most used model, and the grid."""

    page_id: ClassVar[str] = "discover"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._catalogue = app.catalogue
        self.header = PageHeader(self.tr("Discover"))
        self.search = SearchField(self.tr("Search models"), self.tr("Search models, styles or creators"), self.header)
        self.search.setFixedWidth(340)
        self.search.setText(self._catalogue.query)
        self.sort = ComboBox(self.tr("Order of the models"), self.header)
        self.sort.setFixedWidth(176)
        self.sort.set_choices(
            [
                ("relevant", self.tr("Best match")),
                ("popular", self.tr("Most used")),
                ("new", self.tr("Newest first")),
                ("price", self.tr("Lowest price")),
            ],
            self._catalogue.sort,
        )
        self.header.controls.addWidget(self.search)
        self.header.controls.addWidget(self.sort)
        self.chips = ChipRow(self.tr("Kind of model"))
        self.hero = Hero(pixmaps)
        self.hero_place = Skeleton(180, radius=16)
        self.heading = Label("", "section")
        self.grid = ListingGrid(pixmaps, self.tr("Models"))
        self.panel = StatePanel()
        self.area = PageScroll()
        self.area.column.addWidget(self.hero)
        self.area.column.addWidget(self.hero_place)
        self.area.column.addWidget(self.heading)
        self.area.column.addWidget(self.grid)
        self.area.column.addStretch(1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.area)
        self.stack.addWidget(self.panel)

        top = QVBoxLayout()
        top.setContentsMargins(PAGE_SIDE, PAGE_TOP, PAGE_SIDE, 0)
        top.setSpacing(L - 2)
        top.addWidget(self.header)
        row = QHBoxLayout()
        row.addWidget(self.chips, 1)
        top.addLayout(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M + 2)
        column.addLayout(top)
        column.addWidget(self.stack, 1)

        self.chips.follow(self.sort)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_PAUSE_MS)
        self._typing.timeout.connect(self._search)
        self.search.textChanged.connect(lambda: self._typing.start())
        self.search.returnPressed.connect(self._search)
        self.sort.currentIndexChanged.connect(self._search)
        self.chips.chosen.connect(self._choose_task)
        self.grid.opened.connect(self._open)
        self.grid.reveal.connect(self._reveal)
        self.hero.opened.connect(self._open)
        self.hero.create_with.connect(self._create)
        self.panel.primary.connect(self._first_way)
        self.panel.secondary.connect(self._second_way)
        self.area.verticalScrollBar().valueChanged.connect(self._near_end)
        self._catalogue.changed.connect(self.refresh)
        app.session.changed.connect(self._connection_changed)
        self.refresh()

    def activate(self, **arguments: object) -> None:
        """Search for what another page asked for, or for everything the first time."""
        query = arguments.get("query")
        if isinstance(query, str):
            self.search.setText(query)
            self._search()
        elif self._catalogue.phase is Phase.IDLE:
            self._search()

    def renew(self) -> None:
        """Search again."""
        self._search()

    def focus_search(self) -> bool:
        """Put the cursor into the search field."""
        self.search.setFocus()
        self.search.selectAll()
        return True

    def refresh(self) -> None:
        """Show what the catalogue holds."""
        catalogue = self._catalogue
        phase = catalogue.phase
        self._show_counts()
        tasks = [("", self.tr("All")), *((task, task_name(task)) for task in catalogue.tasks)]
        self.chips.set_choices(tasks, catalogue.task)
        if phase is Phase.FAILED and not catalogue.cards:
            self._show_failure()
        elif phase is Phase.EMPTY:
            self._show_empty()
        elif catalogue.cards:
            self.grid.model.show_cards(catalogue.cards)
            self._show_hero(catalogue.cards)
            self.stack.setCurrentWidget(self.area)
        else:
            self.hero.hide()
            # The same boxes as when everything is there, so that nothing jumps.
            browsing = not catalogue.query and not catalogue.task
            self.hero_place.setVisible(browsing)
            self.heading.setVisible(browsing)
            self.heading.setText(self.tr("All models"))
            self.grid.model.show_skeletons(_SKELETONS)
            self.stack.setCurrentWidget(self.area)

    def _show_counts(self) -> None:
        info = self.app.session.info
        if info is None:
            self.header.subtitle.setText(self.tr("Models by independent creators, on their own machines"))
            return
        models = self.tr("%Ln model(s)", "", info.listings)
        nodes = self.tr("%Ln node(s) online", "", info.nodes_online)
        online = self.app.session.link is Link.ONLINE  # who is online is not known while nobody says so
        self.header.subtitle.setText(f"{models} · {nodes}" if online else models)

    def _show_hero(self, cards: list[ListingCard]) -> None:
        browsing = not self._catalogue.query and not self._catalogue.task
        pick = max(cards, key=lambda card: (bool(card.samples), card.runs, card.published_at))
        shown = browsing and bool(pick.samples)
        self.hero_place.hide()
        self.hero.setVisible(shown)
        if shown:
            self.hero.show_card(pick)
        self.heading.show()
        if browsing:
            self.heading.setText(self.tr("All models"))
        else:
            self.heading.setText(self.tr("%Ln result(s)", "", self._catalogue.total))

    def _show_empty(self) -> None:
        catalogue = self._catalogue
        if not catalogue.query and not catalogue.task:
            self.panel.show_state(
                "package",
                self.tr("No models here yet"),
                self.tr("As soon as a creator publishes a model in this registry, it appears here."),
                self.tr("Look again"),
            )
        else:
            hint = self.tr("Try fewer words, or clear the search and the kind of model.")
            first = ""
            if catalogue.suggestion is not None:
                words, count = catalogue.suggestion
                hint += " " + self.tr("%Ln model(s) match “{words}”.", "", count).format(words=words)
                first = self.tr("Search “{words}”").format(words=words)
            title = self.tr("No model matches “{query}”").format(query=catalogue.query or task_name(catalogue.task))
            self.panel.show_state(
                "search", title, hint, first or self.tr("Clear search"), "" if not first else self.tr("Clear search")
            )
        self.stack.setCurrentWidget(self.panel)

    def _show_failure(self) -> None:
        failure = self._catalogue.failure
        unreachable = failure is None or failure.code == "registry_unreachable"
        title = self.tr("Can’t reach the registry") if unreachable else self.tr("The search failed")
        if unreachable:
            words = self.tr("Your gallery and what you have made still work.")
            seconds = self.app.session.retry_in
            if seconds:
                words += "\n" + self.tr("Trying again in %Ln second(s).", "", seconds)
        else:
            words = failure.sentence if failure is not None else ""
        icon = "wifi-off" if unreachable else "circle-alert"
        self.panel.show_state(icon, title, words, self.tr("Retry now"), self.tr("Network settings"), failed=True)
        self.stack.setCurrentWidget(self.panel)

    def _connection_changed(self) -> None:
        self._show_counts()
        if self._catalogue.phase is Phase.FAILED and not self._catalogue.cards:
            self._show_failure()

    def _search(self) -> None:
        self._typing.stop()
        self._catalogue.search(self.search.text().strip(), self._catalogue.task, self.sort.value())

    def _choose_task(self, task: str) -> None:
        self._catalogue.search(self.search.text().strip(), task, self.sort.value())

    def _clear(self) -> None:
        blocked = self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(blocked)
        self._catalogue.search("", "", self.sort.value())

    def _first_way(self) -> None:
        catalogue = self._catalogue
        if catalogue.phase is Phase.FAILED:
            self.app.session.retry()
            catalogue.refresh()
        elif catalogue.suggestion is not None:
            self.search.setText(catalogue.suggestion[0])
            self._search()
        elif catalogue.query or catalogue.task:
            self._clear()
        else:
            catalogue.refresh()

    def _second_way(self) -> None:
        if self._catalogue.phase is Phase.FAILED:
            self.navigate.emit("settings", {})
        else:
            self._clear()

    def _open(self, listing: str) -> None:
        self.navigate.emit("model", {"listing_id": listing})

    def _create(self, listing: str) -> None:
        self.navigate.emit("create", {"listing_id": listing})

    def _reveal(self, card: QRect) -> None:
        top = self.grid.mapTo(self.area.body, card.topLeft()).y()
        self.area.ensureVisible(0, top, 0, 24)
        self.area.ensureVisible(0, top + card.height(), 0, 24)

    def _near_end(self, value: int) -> None:
        bar = self.area.verticalScrollBar()
        more = len(self._catalogue.cards) < self._catalogue.total
        if more and self._catalogue.phase is Phase.READY and value > bar.maximum() - _AHEAD:
            self._catalogue.load_more()
