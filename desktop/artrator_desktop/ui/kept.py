"""One model of the library: on its way with its bytes, here with its size, or to be fetched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import bytes_text, credits_text, day
from artrator_desktop.ui.theme.tokens import M
from artrator_desktop.ui.widgets import Button, Card, ElidedLabel, IconLabel, Label, Picture, Pill

if TYPE_CHECKING:
    from artrator.messages.registry import ListingCard
    from artrator_desktop.state import AppState
    from artrator_desktop.state.library import Entry
    from artrator_desktop.ui.images import Pixmaps


class KeptCard(Card):
    """``wanted``: run it. ``opened``: see its page. ``remove``: delete it here, after asking. All carry the listing."""

    wanted = Signal(str)
    opened = Signal(str)
    remove = Signal(str, str)

    def __init__(
        self, app: AppState, entry: Entry, card: ListingCard | None, pixmaps: Pixmaps, parent: QWidget | None = None
    ) -> None:
        super().__init__("card", parent, inset=18, gap=M)
        self._library = app.library
        self._entry = entry
        self._title = pick(entry.title, language()) or entry.listing
        head = QHBoxLayout()
        head.setSpacing(M)
        if card is not None and card.samples:
            picture = Picture(pixmaps, self._title, radius=8)
            picture.setFixedSize(44, 44)
            picture.set_key(card.samples[0])
            head.addWidget(picture)
        else:
            head.addWidget(IconLabel("package", 20, "on_tint"))
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(ElidedLabel(self._title, "name"))
        self.facts = ElidedLabel("", "dim")
        names.addWidget(self.facts)
        head.addLayout(names, 1)
        self.state = Pill()
        head.addWidget(self.state)
        self.column.addLayout(head)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.words = Label("", "meta", wrap=True)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.words)
        self.page = Button(self.tr("Page"), "ghost")
        self.page.setAccessibleName(self.tr("Page of {title}").format(title=self._title))
        self.page.clicked.connect(lambda: self.opened.emit(self._entry.listing))
        self.back = Button(self.tr("Give up"), "danger")
        self.back.clicked.connect(lambda: self._library.give_up(self._entry.package))
        self.away = Button(self.tr("Remove"), "ghost", "trash-2")
        self.away.clicked.connect(lambda: self.remove.emit(self._entry.package, self._title))
        self.go = Button("")
        self.go.clicked.connect(self._press)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        self.licence = Label("", "caption")
        foot.addWidget(self.licence, 1)
        for button in (self.page, self.away, self.back, self.go):
            foot.addWidget(button)
        self.column.addLayout(foot)
        self.show_entry(entry)

    def show_entry(self, entry: Entry) -> None:
        """Show how it stands now."""
        self._entry = entry
        parts = [entry.listing, self.tr("version {version}").format(version=entry.version)]
        if entry.owned is not None:
            parts.append(bytes_text(entry.owned.size))
        self.facts.setText(" · ".join(parts))
        fetching = entry.fetching
        here = entry.owned is not None
        moving = fetching is not None and not fetching.paused
        if moving:
            state = (self.tr("Fetching"), "accent")
        elif here:
            state = (self.tr("On this computer"), "ok")
        elif entry.pending is not None:
            state = (self.tr("Waiting"), "warn")
        else:
            state = (self.tr("Not on this computer"), "neutral")
        self.state.set_tone(*state)
        self.bar.setVisible(fetching is not None and not here)
        self._show_progress()
        self.away.setVisible(here)
        self.back.setVisible(entry.pending is not None and not moving and not here)
        captions = {"create": self.tr("Create"), "pause": self.tr("Pause"), "fetch": self.tr("Go on"),
                    "download": self.tr("Download")}  # fmt: skip
        self.go.setText(captions[self._action()])
        self.go.setAccessibleName(f"{captions[self._action()]}: {self._title}")
        self.licence.setText(self._licence_words())
        self.setAccessibleName(f"{self._title}: {state[0]}. {self.words.text()}")

    def _show_progress(self) -> None:
        fetching = self._entry.fetching
        words = ""
        if fetching is not None and self._entry.owned is None:
            self.bar.setValue(fetching.done * 1000 // fetching.total if fetching.total else 0)
            if fetching.total:
                words = self.tr("{done} of {total}").format(
                    done=bytes_text(fetching.done), total=bytes_text(fetching.total)
                )
            if fetching.failure is not None:
                words = " · ".join(part for part in (words, fetching.failure.sentence) if part)
            elif fetching.paused:
                words = " · ".join(part for part in (words, self.tr("stopped; it goes on from here")) if part)
            elif not fetching.total:
                words = self.tr("Asking the node…")
        self.words.set_role("bad" if fetching is not None and fetching.failure is not None else "meta")
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.bar.setAccessibleName(words)

    def _licence_words(self) -> str:
        entry = self._entry
        if entry.pending is not None and entry.owned is None:
            return self.tr("{amount} held until it has arrived").format(amount=credits_text(entry.price or 0))
        if entry.purchase is not None and entry.price is not None:
            bought = day(entry.purchase.order.created_at)
            return self.tr("Bought on {day} for {amount}").format(day=bought, amount=credits_text(entry.price))
        return ""

    def _action(self) -> str:
        entry = self._entry
        if entry.fetching is not None and not entry.fetching.paused:
            return "pause"
        if entry.owned is not None:
            return "create"
        return "fetch" if entry.fetching is not None or entry.pending is not None else "download"

    def _press(self) -> None:
        action = self._action()
        if action == "create":
            self.wanted.emit(self._entry.listing)
        elif action == "pause":
            self._library.pause(self._entry.package)
        else:
            self._library.fetch(self._entry.package)
