"""The page of one model: what it makes, what it asks for, what it costs, and what one may do with the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Phase
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.listings.delegate import state_words
from artrator_desktop.ui.listings.titles import title_of
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pages.model_inputs import InputTable
from artrator_desktop.ui.pages.model_terms import TermsPanel
from artrator_desktop.ui.text import paragraphs, task_name, tip
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, L, M, S
from artrator_desktop.ui.widgets import (
    ElidedLabel,
    FlowLayout,
    IconButton,
    Label,
    PageScroll,
    Picture,
    Pill,
    Skeleton,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator.messages.products import Pass
    from artrator_desktop.state import AppState, ListingDetail

_TONES: Final = {"ok": "ok", "warn": "warn"}
_TALLEST: Final = 460


class ModelPage(Page):
    """One listing, opened."""

    page_id: ClassVar[str] = "model"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._catalogue = app.catalogue
        self._listing = ""
        self._shown: ListingDetail | None = None
        self.back = IconButton("arrow-left", self.tr("Back to Discover"))
        self.back.clicked.connect(lambda: self.navigate.emit("discover", {}))
        self.title = ElidedLabel("", "title")
        # As wide as its words, and narrower where there is no room beside the pill.
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.title.setMinimumWidth(60)
        self.by_line = ElidedLabel("", "dim")
        self.state = Pill()
        self.panel = StatePanel()
        self.panel.primary.connect(self._retry)
        self.panel.secondary.connect(lambda: self.navigate.emit("discover", {}))
        self.terms = TermsPanel(app)
        self.terms.navigate.connect(self.navigate)
        self.terms.create_clicked.connect(lambda: self.navigate.emit("create", {"listing_id": self._listing}))
        self.terms.copied.connect(lambda words: self.say.emit("ok", words))
        self.picture = _Stage(pixmaps, "", radius=14, whole=True)
        self.caption = Label("", "caption", wrap=True)
        self.thumbs = QWidget()
        self._thumb_row = FlowLayout(self.thumbs, gap=S + 2)
        self._thumbs: list[Picture] = []
        self.summary = Label("", "section", wrap=True)
        self.description = Label("", "body", wrap=True).selectable()
        self.tags = QWidget()
        self._tag_row = FlowLayout(self.tags, gap=6)
        self.inputs = InputTable()
        self.loading = self._make_skeleton()

        self.area = PageScroll()
        for part in (self.picture, self.caption, self.thumbs, self.summary, self.description, self.tags):
            self.area.column.addWidget(part)
        self.area.column.addSpacing(S)
        self.area.column.addWidget(Label(self.tr("What it asks you for"), "section"))
        self.area.column.addWidget(self.inputs)
        self.area.column.addStretch(1)
        self.stack = QStackedWidget()
        for part in (self.area, self.loading, self.panel):
            self.stack.addWidget(part)

        words = QVBoxLayout()
        words.setSpacing(2)
        name = QHBoxLayout()
        name.setSpacing(M)
        name.addWidget(self.title)
        name.addWidget(self.state)
        name.addStretch(1)
        words.addLayout(name)
        words.addWidget(self.by_line)
        head = QHBoxLayout()
        head.setSpacing(M)
        head.addWidget(self.back)
        head.addLayout(words, 1)
        head.setContentsMargins(PAGE_SIDE - S, PAGE_TOP, PAGE_SIDE, 0)
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(L)
        left.addLayout(head)
        left.addWidget(self.stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.terms)
        for keys in ("Escape", "Alt+Left"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.back.click)
        self._catalogue.detail_changed.connect(self.refresh)
        self._catalogue.terms_changed.connect(self.terms.refresh)
        app.passes.bought.connect(self._bought)

    def activate(self, **arguments: object) -> None:
        """Open the listing that another page chose."""
        listing = arguments.get("listing_id")
        if isinstance(listing, str):
            self._listing = listing
            self._catalogue.open(listing)
            self.app.passes.look(listing)
        self.refresh()

    def keep(self) -> dict[str, object]:
        """Keep the listing."""
        return {"listing_id": self._listing}

    def refresh(self) -> None:
        """Show what the catalogue knows of the listing."""
        detail = self._catalogue.detail
        failed = self._catalogue.detail_phase is Phase.FAILED
        self.terms.setVisible(detail is not None)
        if detail is not None:
            if detail is not self._shown:
                self._show(detail)
            self.stack.setCurrentWidget(self.area)
        elif failed:
            failure = self._catalogue.detail_failure
            self.title.setText(title_of(self.app, self._listing, self._listing))
            self.by_line.setText("")
            self.state.hide()
            self.panel.show_state(
                "circle-alert",
                self.tr("This model could not be opened"),
                failure.sentence if failure is not None else "",
                self.tr("Retry now"),
                self.tr("Back to Discover"),
                failed=True,
            )
            self.stack.setCurrentWidget(self.panel)
        else:
            self.title.setText(title_of(self.app, self._listing, self._listing.rpartition("/")[2]))
            self.by_line.setText("")
            self.state.hide()
            self.stack.setCurrentWidget(self.loading)

    def _show(self, detail: ListingDetail) -> None:
        self._shown = detail
        card, manifest = detail.listing.card, detail.manifest
        self._listing = card.listing
        self.title.setText(pick(card.title, language()))
        self.by_line.setText(
            self.tr("{task} by {creator} · version {version}").format(
                task=task_name(card.task), creator=card.creator_name, version=card.version
            )
        )
        words, role = state_words(card.state.value)
        self.state.set_tone(words, _TONES.get(role, "neutral"))
        self.state.show()
        self.summary.setText(pick(card.summary, language()))
        description = paragraphs(pick(manifest.description, language()))
        self.description.setText(description)
        self.description.setVisible(bool(description))
        self._show_samples(detail)
        self._show_tags(list(card.tags))
        self.inputs.show_inputs(list(manifest.inputs.values()))
        self.terms.show_detail(detail)

    def _show_samples(self, detail: ListingDetail) -> None:
        samples = list(detail.listing.card.samples)
        for thumb in self._thumbs:
            self._thumb_row.removeWidget(thumb)
            thumb.hide()
            thumb.deleteLater()
        self._thumbs = []
        captions = [pick(sample.caption, language()) for sample in detail.manifest.samples]
        for index, key in enumerate(samples):
            caption = captions[index] if len(captions) == len(samples) else ""
            name = caption or self.tr("Sample {number}").format(number=index + 1)
            thumb = Picture(self.pixmaps, name, self.thumbs, clickable=True)
            thumb.setCheckable(True)
            thumb.setFixedSize(88, 88)
            thumb.set_key(key)
            thumb.setToolTip(tip(caption))
            thumb.clicked.connect(lambda _=False, number=index, words=caption: self._choose(number, words))
            self._thumbs.append(thumb)
            self._thumb_row.addWidget(thumb)
            thumb.show()
        self.picture.setVisible(bool(samples))
        self.thumbs.setVisible(len(samples) > 1)
        if samples:
            self._choose(0, captions[0] if len(captions) == len(samples) else "")
        else:
            self.caption.hide()

    def _choose(self, index: int, caption: str) -> None:
        for number, thumb in enumerate(self._thumbs):
            thumb.setChecked(number == index)
        self.picture.set_key(self._thumbs[index].key())
        self.picture.setAccessibleName(caption or self.tr("Sample {number}").format(number=index + 1))
        self.caption.setText(caption)
        self.caption.setVisible(bool(caption))

    def _show_tags(self, tags: list[str]) -> None:
        while (item := self._tag_row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for tag in tags:
            pill = Pill(tag, parent=self.tags)
            self._tag_row.addWidget(pill)
            pill.show()
        self.tags.setVisible(bool(tags))

    def _make_skeleton(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(PAGE_SIDE, 0, PAGE_SIDE, 0)
        column.setSpacing(L)
        column.addWidget(Skeleton(380, radius=14))
        column.addWidget(Skeleton(16, 320))
        column.addWidget(Skeleton(12, 380))
        column.addWidget(Skeleton(12, 340))
        column.addStretch(1)
        return holder

    def _bought(self, bought: Pass) -> None:
        title = pick(bought.title, language()) or bought.plan
        self.say.emit("ok", self.tr("{title} is yours.").format(title=title))
        self._catalogue.look_at_terms()

    def _retry(self) -> None:
        if self._listing:
            self._catalogue.open(self._listing)


class _Stage(Picture):
    """The large picture: as wide as the page, and never higher than leaves the words in sight."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a landscape shape."""
        super().resizeEvent(event)
        self.setFixedHeight(min(self.width() * 9 // 16, _TALLEST))
