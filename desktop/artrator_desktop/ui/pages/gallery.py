"""The Gallery page: every picture that was made on this computer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator_desktop.ui.gallery.compare import CompareDialog
from artrator_desktop.ui.gallery.details import DetailsPane
from artrator_desktop.ui.gallery.grid import GalleryGrid
from artrator_desktop.ui.gallery.receipt import ReceiptDialog
from artrator_desktop.ui.gallery.thumbs import Thumbs
from artrator_desktop.ui.listings.titles import title_of
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.text import bytes_text, when
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, L
from artrator_desktop.ui.widgets import ChipRow, ComboBox, ConfirmSheet, Label, PageHeader, SearchField, StatePanel

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord
    from artrator_desktop.state.receipts import Verdict
    from artrator_desktop.ui.images import Pixmaps

_CHIPS = 6
#: So many pictures are hardly deleted by one slip of a finger.
_MANY = 20
#: The search is as wide as this, and less on a page below a width.
_SEARCH, _NARROW_SEARCH, _NARROW = 300, 160, 980
#: The grid has a bar for scrolling at its right.
_SCROLLING = 16
#: Room for two lines below the title, beside the search.
_SUBTITLE = 130


class GalleryPage(Page):
    """History with search, favourites, details and receipts."""

    page_id: ClassVar[str] = "gallery"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._gallery = app.gallery
        self._wish = -1
        self._row = 0
        self.thumbs = Thumbs(app.gallery.cache, self)
        self.destroyed.connect(self.thumbs.close)
        self.header = PageHeader(self.tr("Gallery"))
        self.header.subtitle.setMinimumWidth(_SUBTITLE)
        self.search = SearchField(self.tr("Search pictures"), self.tr("Search prompts, models, seeds"))
        self.search.setText(self._gallery.query.text)
        self.search.textChanged.connect(self._search)
        self.order = ComboBox(self.tr("Order"))
        self.order.set_choices([("new", self.tr("Newest first")), ("old", self.tr("Oldest first"))])
        self.order.currentIndexChanged.connect(self._search)
        self.header.controls.addWidget(self.search)
        self.header.controls.addWidget(self.order)
        self.chips = ChipRow(self.tr("Which pictures"))
        self.chips.chosen.connect(self._choose_chip)
        self.day = Label("", "section")
        self.grid = GalleryGrid(self._gallery.model, self.thumbs)
        self.grid.picked.connect(self._picked)
        self.grid.opened.connect(self._open)
        self.grid.delete_pressed.connect(self.delete_chosen)
        self.grid.favourite_pressed.connect(self._toggle_favourites)
        self.grid.scrolled.connect(lambda _row: self._show_day())
        self.panel = StatePanel()
        self.panel.primary.connect(self._primary)
        self.details = DetailsPane(app, pixmaps)
        self.details.more.connect(self._more)
        self.details.compare.connect(self._compare)
        self.details.delete.connect(self.delete_chosen)
        self.details.favourite.connect(self._favourite)
        self.details.receipt.connect(self._show_receipt)
        self.details.sent.connect(self._send)
        self.details.said.connect(self.say)
        self.details.hide()
        self._build()
        self.chips.follow(self.order)
        self._gallery.changed.connect(self.refresh)
        app.catalogue.changed.connect(self.refresh)  # it knows more titles
        self._gallery.verified.connect(self.details.show_verdict)
        self._gallery.failed.connect(self.complain)
        self._gallery.restored.connect(self._restored)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self._gallery.restore)
        self._gallery.model.dataChanged.connect(self._rows_changed)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the words of the header have their room beside the search."""
        super().resizeEvent(event)
        self.search.setFixedWidth(_NARROW_SEARCH if self.width() < _NARROW else _SEARCH)

    def activate(self, **arguments: object) -> None:
        """Be shown, perhaps with one picture chosen."""
        wanted = arguments.get("image")
        self._wish = wanted if isinstance(wanted, int) else -1
        self._gallery.refresh()

    def aside(self) -> int:
        """Keep the buttons of the picture free: who deletes one may go on to the next."""
        return self.details.width() if self.details.isVisible() else 0

    def focus_search(self) -> bool:
        """Put the cursor into the search field."""
        self.search.setFocus()
        self.search.selectAll()
        return True

    def refresh(self) -> None:
        """Show the counts, the chips and the grid, or why it is empty."""
        totals, query = self._gallery.totals, self._gallery.query
        words = self.tr("{count} images · {size} on this computer")
        held = words.format(count=f"{totals.count:,}", size=bytes_text(totals.size))
        self.header.subtitle.setText(held if totals.count else "")
        chips = [("", self.tr("All")), ("*", self.tr("Favourites"))]
        chips += [(listing, title_of(self.app, listing, title)) for listing, title, _count in totals.listings[:_CHIPS]]
        self.chips.set_choices(chips, "*" if query.favourites else query.listing)
        self.chips.setVisible(totals.count > 0)
        phase = str(self._gallery.phase)
        if phase == "empty" or (phase == "failed" and not totals.count):
            self._show_panel(totals.count)
            self.stack.setCurrentWidget(self.panel)
            self.details.hide()
        else:
            self.stack.setCurrentWidget(self.shown)
            self._settle_choice()
        self._show_day()

    def delete_chosen(self) -> None:
        """Delete the chosen pictures; they can be taken back for a while, so that only many are asked about."""
        chosen = self.grid.chosen()
        if chosen and (len(chosen) < _MANY or self._confirm(len(chosen))):
            # What comes after them takes their place under the eyes and the keys.
            self._row = min(self._gallery.model.row_of(image) for image in chosen)
            self._gallery.delete(chosen)

    def _build(self) -> None:
        self.shown = QWidget()
        inner = QVBoxLayout(self.shown)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(10)
        inner.addWidget(self.day)
        inner.addWidget(self.grid, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.shown)
        self.stack.addWidget(self.panel)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, _SCROLLING, 0)  # it ends where it does on other pages
        top.setSpacing(L)
        top.addWidget(self.header)
        top.addWidget(self.chips)
        left = QVBoxLayout()
        left.setContentsMargins(PAGE_SIDE, PAGE_TOP, PAGE_SIDE - _SCROLLING, 0)
        left.setSpacing(L)
        left.addLayout(top)
        left.addWidget(self.stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.details)

    # --- which pictures

    def _search(self) -> None:
        query = self._gallery.query
        self._gallery.search(replace(query, text=self.search.text().strip(), oldest=self.order.value() == "old"))

    def _choose_chip(self, value: str) -> None:
        favourites = value == "*"
        query = replace(self._gallery.query, favourites=favourites, listing="" if favourites else value)
        self._gallery.search(query)

    def _show_panel(self, count: int) -> None:
        if count:
            text = self._gallery.query.text
            self.panel.show_state(
                "search",
                self.tr("Nothing matches “{query}”").format(query=text) if text else self.tr("Nothing here yet"),
                self.tr("Words of prompts, names of models and seeds are searched."),
                self.tr("Show all"),
            )
        else:
            self.panel.show_state(
                "images",
                self.tr("Nothing made yet"),
                self.tr("Every picture you make is kept here, with its settings and its receipt."),
                self.tr("Make one"),
            )

    def _primary(self) -> None:
        if self._gallery.totals.count:
            self.search.setText("")
            self._gallery.search(replace(self._gallery.query, text="", favourites=False, listing=""))
        else:
            self.navigate.emit("create", {})

    def _show_day(self) -> None:
        record = self._gallery.model.record(max(self.grid.first_row(), 0))
        if record is None:
            return
        words = when(record.created_at)
        # A time of day means that it was made today.
        self.day.setText(self.tr("Today") if ":" in words else words)

    # --- one picture

    def _settle_choice(self) -> None:
        """Keep the choice where it was; after a change of rows choose what was wished for, else the first."""
        if self._wish >= 0:
            self.grid.choose(self._wish)
            self._wish = -1
        elif not self.grid.selectedIndexes() and self._gallery.model.rowCount():
            shown = self.details.record()
            kept = shown is not None and self._gallery.model.row_of(shown.id) >= 0
            row = min(self._row, self._gallery.model.rowCount() - 1)
            self.grid.choose(shown.id if kept and shown is not None else self._gallery.model.id_at(row))
            self._row = 0

    def _restored(self, images: list[int]) -> None:
        self._wish = images[0]

    def _picked(self, image: int) -> None:
        row = self._gallery.model.row_of(image)
        record = self._gallery.model.record(row) if row >= 0 else None
        if record is not None:
            self.details.show_record(record)
            self.details.comparing.setEnabled(bool(record.source) or self._pair() is not None)
        self.details.setVisible(record is not None or (row >= 0 and self.details.isVisible()))

    def _rows_changed(self) -> None:
        """Rows were read: the chosen one may be among them."""
        current = self.grid.currentIndex()
        record = self._gallery.model.record(current.row()) if current.isValid() else None
        if record is not None and self.details.record() != record:
            self.details.show_record(record)
            self.details.show()
        self._show_day()

    def _open(self, image: int) -> None:
        record = self._gallery.model.record(self._gallery.model.row_of(image))
        if record is not None:
            self._more(record)

    def _more(self, record: ImageRecord) -> None:
        arguments = {"listing_id": record.listing, "settings": dict(record.inputs), "origin": record.title}
        self.navigate.emit("create", arguments)

    def _send(self, listing: str, path: str) -> None:
        self.navigate.emit("create", {"listing_id": listing, "picture": path})

    def _favourite(self, on: bool) -> None:
        record = self.details.record()
        if record is not None:
            self._gallery.set_favourite([record.id], on)

    def _toggle_favourites(self) -> None:
        record = self.details.record()
        if record is not None:
            self._gallery.set_favourite(self.grid.chosen(), not record.favourite)

    def _pair(self) -> tuple[ImageRecord, ImageRecord] | None:
        """Return the two chosen pictures, the older one first, if two are chosen."""
        model = self._gallery.model
        found = [model.record(model.row_of(image)) for image in self.grid.chosen()[:3]]
        records = sorted((record for record in found if record is not None), key=lambda record: record.created_at)
        return (records[0], records[1]) if len(found) == len(records) == 2 else None

    def _compare(self, record: ImageRecord) -> None:
        """Compare two chosen pictures, or one with the picture it was made from."""
        pair = self._pair()
        if pair is not None:
            names = (when(pair[0].created_at), when(pair[1].created_at))
            paths = (pair[0].path, pair[1].path)
        else:
            names, paths = (self.tr("Before"), self.tr("After")), (record.source, record.path)
        dialog = CompareDialog(self.pixmaps.large, *paths, names, self)
        dialog.incomplete.connect(self._not_there)
        dialog.exec()
        dialog.deleteLater()

    def _not_there(self) -> None:
        self.say.emit("warn", self.tr("The picture it was made from is not there any more."))

    def _show_receipt(self, verdict: Verdict) -> None:
        dialog = ReceiptDialog(verdict, self)
        dialog.exec()
        dialog.deleteLater()

    def _confirm(self, count: int) -> bool:
        question = self.tr("Delete {count} pictures?").format(count=count)
        consequence = self.tr("The files go to the trash; their receipts are deleted.")
        return ConfirmSheet(question, consequence, self.tr("Delete"), self).ask()
