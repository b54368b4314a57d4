"""The Style page: pictures that belong together in numbered slots, one bar to run them, and the result to compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state.inputs import FILE_TYPES
from artrator_desktop.ui.forms import ManifestForm
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pay import Deliberate
from artrator_desktop.ui.style.comparison import Comparison
from artrator_desktop.ui.style.run_bar import RunBar
from artrator_desktop.ui.style.slot_card import SlotCard
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, L
from artrator_desktop.ui.widgets import Button, Card, PageHeader, PageScroll, Segmented, StatePanel

if TYPE_CHECKING:
    from artrator_desktop.state import AppState
    from artrator_desktop.ui.images import Pixmaps

_COLUMNS: Final = 4
_FILM_FILES: Final = "MP4 (*.mp4);;GIF (*.gif);;WebP (*.webp);;PNG zip (*.zip)"


class StylePage(Page):
    """The listing that is open in Create, if it makes pictures from pictures."""

    page_id: ClassVar[str] = "style"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._create, self._style = app.create, app.style
        self._drawn: object = None
        self._job = ""
        self.header = PageHeader(self.tr("Style transfer"))
        self.mode = Segmented(
            [("create", self.tr("Plain form")), ("style", self.tr("Style transfer"))], "style", self.tr("Way to work")
        )
        self.mode.chosen.connect(self._switch)
        self.change = Button(self.tr("Another model"), "ghost", "compass")
        self.change.clicked.connect(lambda: self.navigate.emit("discover", {}))
        self.header.controls.addWidget(self.change)
        self.header.controls.addWidget(self.mode)
        self.cards: dict[str, SlotCard] = {}
        self.run_bar = RunBar(app)
        self.press = Deliberate(self)
        self.press.meant.connect(self.generate)
        self.run_bar.run.connect(self.press.press)
        self.run_bar.preview.connect(self.preview)
        self.form = ManifestForm(self._create, without=frozenset(FILE_TYPES))
        self.settings = Card("card", inset=18)
        self.settings.column.addWidget(self.form)
        self.settings.hide()
        self.run_bar.settings.connect(self.settings.setVisible)
        self.comparison = Comparison(pixmaps.large)
        self.comparison.frame_chosen.connect(self._style.look_at)
        self.comparison.keyed.connect(self._style.toggle_key)
        self.comparison.cancelled.connect(self._cancel)
        self.comparison.save.connect(self._save)
        self.panel = StatePanel()
        self.panel.primary.connect(self._primary)
        self._build()
        self._create.listing_changed.connect(self.refresh)
        self._create.chosen.changed.connect(self.refresh)
        self._create.values_changed.connect(self.refresh)
        self._create.problems_changed.connect(self.refresh)
        self._create.chosen.refused.connect(self._refused)
        self._create.quoting.changed.connect(self.refresh)
        self._style.changed.connect(self.refresh)
        app.wallet.changed.connect(self.refresh)
        for signal in (app.jobs.added, app.jobs.changed, app.jobs.ended):
            signal.connect(self.refresh)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(self.press.press)
        self.refresh()

    def activate(self, **arguments: object) -> None:
        """Open a listing, or the one that was worked on last."""
        listing = arguments.get("listing_id")
        if isinstance(listing, str):
            self._create.open(listing)
        else:
            self._create.reopen_last()
        self.mode.set_value("style")
        self._create.quoting.watch(on=True)
        self._style.quoting.watch(on=True)
        self.refresh()

    def leave(self) -> None:
        """Keep what was chosen, and stop asking for prices."""
        self._create.quoting.watch(on=False)
        self._style.quoting.watch(on=False)
        self._create.save_draft()

    def generate(self) -> None:
        """Press the button: buy, or say what is missing."""
        if self._complains() or not self.run_bar.button.isEnabled():
            return
        self._create.generate(self._title())

    def preview(self) -> None:
        """Buy the frame in view alone."""
        if not self._complains():
            self._style.preview(self._title())

    def refresh(self) -> None:
        """Show the slots, the price and the frame in view as they are now."""
        detail, layout = self._create.detail, self._style.layout
        if detail is None or layout is None:
            self._show_panel()
            return
        self.body.setCurrentWidget(self.area)
        if self._drawn is not detail:
            self._drawn = detail
            self._draw_slots()
        self.header.title.setText(self._title())
        self.header.subtitle.setText(pick(detail.manifest.summary, language()))
        for slot in layout.slots:
            card = self.cards[slot.name]
            pictures = self._create.chosen.pictures.get(slot.name, ())
            problem = self._style.problem(slot)
            partner = self._create.chosen.pictures.get(slot.partner, ())
            card.show_pictures(pictures, problem, checked=bool(pictures and partner and problem is None))
            if slot.numbers:
                card.show_numbers(str(self._create.values.get(slot.numbers, "")))
        frames, number, job = self._style.frames, self._style.frame, self._style.job()
        self.run_bar.show_run(len(frames), number, can_preview=self._style.can_preview)
        self.comparison.setVisible(bool(frames))
        self.comparison.show_job(job)
        self.comparison.show_frame(frames, number, job, self._style.place_in(job))
        offered = len(frames) > 1 and layout.keys is not None
        self.comparison.show_keys(self._style.keyframes, number, offered=offered)

    def _build(self) -> None:
        self.area = PageScroll()
        self.grid_box = QWidget()
        self.grid = QGridLayout(self.grid_box)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(14)
        for part in (self.grid_box, self.run_bar, self.settings, self.comparison):
            self.area.column.addWidget(part)
        self.area.column.addStretch(1)
        self.body = QStackedWidget()
        self.body.addWidget(self.area)
        self.body.addWidget(self.panel)
        head = QVBoxLayout()
        head.setContentsMargins(PAGE_SIDE, PAGE_TOP, PAGE_SIDE, L)
        head.addWidget(self.header)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(0)
        column_.addLayout(head)
        column_.addWidget(self.body, 1)

    def _draw_slots(self) -> None:
        for card in self.cards.values():
            self.grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = {}
        self.form.rebuild()
        layout = self._style.layout
        slots = layout.slots if layout is not None else ()
        for column in range(_COLUMNS):  # three share the width, as four do
            self.grid.setColumnStretch(column, 1 if column < len(slots) else 0)
        for place, slot in enumerate(slots):
            card = SlotCard(slot, place + 1)
            name = slot.name
            card.files_chosen.connect(lambda paths, name=name: self._create.chosen.set_files(name, paths))
            card.image_pasted.connect(lambda image, name=name: self._create.chosen.add_image(name, image))
            card.cleared.connect(lambda name=name: self._create.chosen.clear(name))
            if slot.numbers:
                label = pick(self._create.specs()[slot.numbers].label, language())
                card.name_numbers(label, self.tr("{label}: 1, 24, 48").format(label=label))
                card.numbers_typed.connect(self._style.set_numbers)
            self.cards[name] = card
            self.grid.addWidget(card, place // _COLUMNS, place % _COLUMNS)
        # A widget that is made later stands last in the order of the Tab key.
        previous: QWidget = self.mode.button("style")
        for card in self.cards.values():
            for control in (card.drop, card.numbers):
                if control.window() is previous.window():
                    QWidget.setTabOrder(previous, control)
                    previous = control

    def _show_panel(self) -> None:
        self.header.title.setText(self.tr("Style transfer"))
        self.header.subtitle.setText(self.tr("Paint one frame, the node paints the rest"))
        loading = str(self._create.phase) == "loading"
        self.panel.show_state(
            "paintbrush",
            self.tr("Opening the model…") if loading else self.tr("Choose a model that paints by example"),
            self.tr("You give a picture and the same picture painted by you; it paints the others the same way."),
            "" if loading else self.tr("Find one"),
        )
        self.body.setCurrentWidget(self.panel)

    def _title(self) -> str:
        detail = self._create.detail
        return pick(detail.manifest.title, language()) if detail is not None else ""

    def _complains(self) -> bool:
        problems = self._style.problems()
        if not problems:
            return False
        for name in problems:
            if name in self.cards:
                self.cards[name].drop.setFocus(Qt.FocusReason.OtherFocusReason)
                break
        else:
            self.run_bar.more.setChecked(True)
            self.form.complain_about_all()
        missing = [pick(self._create.specs()[name].label, language()) for name in problems]
        self.say.emit("warn", self.tr("Look at: {names}").format(names=", ".join(missing)))
        return True

    def _refused(self, name: str, problem: object) -> None:
        from artrator_desktop.state.inputs import Problem

        if name in self.cards and isinstance(problem, Problem):
            self.cards[name].refuse(problem)

    def _switch(self, mode: str) -> None:
        if mode == "create":
            self.navigate.emit("create", {"plain": True})

    def _primary(self) -> None:
        self.navigate.emit("discover", {"query": "example-based"})

    def _cancel(self) -> None:
        job = self._style.job()
        if job is not None:
            self.app.jobs.cancel(job.id)

    def _save(self) -> None:
        job = self._style.job()
        if job is None or not job.images:
            return
        start = str(Path.home() / f"{self._create.listing.rpartition('/')[2]}.mp4")
        target, _ = QFileDialog.getSaveFileName(self, self.tr("Save film"), start, _FILM_FILES)
        if target:
            self.save_to(Path(target))

    def save_to(self, target: Path) -> None:
        """Write the finished frames as one film."""
        job = self._style.job()
        if job is None:
            return

        def saved(problem: str) -> None:
            if problem:
                self.say.emit("bad", self.tr("It could not be saved: {reason}.").format(reason=problem))
            else:
                self.say.emit("ok", self.tr("Saved as {name}.").format(name=target.name))

        self._style.save_film(job, target, saved)
