"""The Create page: the form at the left, the work in the middle, the queue at the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.create.chip import ModelChip
from artrator_desktop.ui.create.footer import PriceFooter
from artrator_desktop.ui.create.queue import QueuePanel
from artrator_desktop.ui.create.stage import Stage
from artrator_desktop.ui.forms import ManifestForm
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pay import Deliberate
from artrator_desktop.ui.widgets import Button, Card, ElidedLabel, PageScroll, Skeleton, StatePanel

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord
    from artrator_desktop.ui.images import Pixmaps

#: The form's width, and where the page is narrow.
_SIDEBAR, _NARROW_SIDEBAR = 336, 296
#: A page below this is narrow: the work in the middle would be squeezed between form and queue.
_NARROW = 980


class CreatePage(Page):
    """One listing's form, its price, and what became of the last press."""

    page_id: ClassVar[str] = "create"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._create = app.create
        self._drawn: object = None
        self._plain = False
        self.chip = ModelChip(pixmaps)
        self.chip.change.connect(lambda: self.navigate.emit("discover", {}))
        self.form = ManifestForm(self._create)
        self.footer = PriceFooter(app)
        self.press = Deliberate(self)
        self.press.meant.connect(self.generate)
        self.footer.generate.connect(self.press.press)
        self.footer.top_up.connect(lambda: self.navigate.emit("wallet", {"redeem": True}))
        self.undo = Card("strip-tint", inset=8, gap=0)
        self.undo_text = ElidedLabel("", "meta")
        undo = Button(self.tr("Undo"), "ghost", "rotate-ccw")
        undo.clicked.connect(self._undo)
        row = QHBoxLayout()
        row.addWidget(self.undo_text, 1)
        row.addWidget(undo)
        self.undo.column.addLayout(row)
        self.undo.hide()
        self.stage = Stage(app, pixmaps)
        self.stage.sent.connect(self._send)
        self.stage.said.connect(self.say)
        self.stage.again.connect(self._reuse)
        self.queue = QueuePanel(app, pixmaps)
        self.queue.opened.connect(self._open_job)
        self.queue.picked.connect(self._show_picture)
        self.queue.gallery.connect(lambda: self.navigate.emit("gallery", {}))
        self.queue.dropped.connect(self._create.reuse_file)
        self.panel = StatePanel()
        self.panel.primary.connect(self._primary)
        self.panel.secondary.connect(lambda: self.navigate.emit("discover", {}))
        self._build()
        self.form.follow(self.chip.button)
        self._create.listing_changed.connect(self.refresh)
        self._create.submitted.connect(self._submitted)
        self._create.reused.connect(self._reused)
        self._create.nothing_inside.connect(self._nothing_inside)
        app.jobs.changed.connect(self._job_changed)
        app.jobs.ended.connect(self._job_ended)
        self._shortcuts()
        self._show_newest_job()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the work in the middle."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self.sidebar.setFixedWidth(_NARROW_SIDEBAR if narrow else _SIDEBAR)
        self.queue.set_narrow(narrow)

    def activate(self, **arguments: object) -> None:
        """Open a listing, perhaps with settings or a picture for it; else the one that was worked on last."""
        listing, settings, picture = (arguments.get(name) for name in ("listing_id", "settings", "picture"))
        if isinstance(listing, str) and isinstance(settings, Mapping):
            self._create.reuse(listing, dict(settings), str(arguments.get("origin") or ""))
        elif isinstance(listing, str):
            self._create.open(listing, picture=picture if isinstance(picture, str) else "")
        else:
            self._create.reopen_last()
        if isinstance(job := arguments.get("job"), str):
            self._open_job(job)
        self._create.quoting.watch(on=True)
        self._plain = arguments.get("plain") is True or isinstance(arguments.get("job"), str)
        self.refresh()

    def renew(self) -> None:
        """Ask for the price again, or for the model that could not be opened."""
        if str(self._create.phase) == "failed":
            self._create.open(self._create.listing)
        self._create.quoting.again()

    def leave(self) -> None:
        """Keep what was typed, and stop asking for prices that nobody looks at."""
        self._create.quoting.watch(on=False)
        self._create.save_draft()

    def generate(self) -> None:
        """Press the button: buy, or say what is missing."""
        if self._create.problems():
            self.form.complain_about_all()
            self.say.emit("warn", self.tr("Something is missing: look at the red lines."))
            return
        detail = self._create.detail
        if detail is not None and self.footer.button.isEnabled():
            self._create.generate(pick(detail.manifest.title, language()))

    def refresh(self) -> None:
        """Show the listing that is open, on its way, or missing."""
        create = self._create
        phase = str(create.phase)
        if create.detail is not None and self.app.style.layout is not None and self.isVisible() and not self._plain:
            self.navigate.emit("style", {})  # pictures that belong together have a page of their own
            return
        if create.detail is not None:
            self.chip.show_card(create.detail.listing.card)
            if self._drawn is not create.detail:
                self._drawn = create.detail
                self.form.rebuild()
                self.undo.hide()
            self.left.setCurrentWidget(self.ready)
            self.middle.setCurrentWidget(self.stage)
        elif phase == "loading":
            self.chip.show_name(create.listing)
            self.left.setCurrentWidget(self.loading)
            self.middle.setCurrentWidget(self.stage)
        else:
            failed = phase == "failed" and create.failure is not None
            self.left.hide()
            self.panel.show_state(
                "circle-alert" if failed else "sparkles",
                self.tr("This model could not be opened") if failed else self.tr("Choose a model to begin"),
                create.failure.sentence
                if failed and create.failure is not None
                else self.tr("Every model brings its own form: words, pictures, sizes. You see the price first."),
                self.tr("Retry now") if failed else self.tr("Discover models"),
                self.tr("Discover models") if failed else "",
                failed=failed,
            )
            self.middle.setCurrentWidget(self.stage if self.stage.job() is not None else self.panel)
        self.sidebar.setVisible(create.detail is not None or phase == "loading")
        self.left.setVisible(True)
        self.footer.refresh()

    def _build(self) -> None:
        self.ready = QWidget()
        column = QVBoxLayout(self.ready)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        scroll = PageScroll(side=20, top=16, bottom=20)
        scroll.column.addWidget(self.undo)
        scroll.column.addWidget(self.form)
        column.addWidget(scroll, 1)
        column.addWidget(self.footer)
        self.loading = QWidget()
        boxes = QVBoxLayout(self.loading)
        boxes.setContentsMargins(20, 20, 20, 20)
        boxes.setSpacing(18)
        for height in (104, 38, 38, 24, 24):
            boxes.addWidget(Skeleton(height, radius=8))
        boxes.addStretch(1)
        self.left = QStackedWidget()
        self.left.addWidget(self.ready)
        self.left.addWidget(self.loading)
        self.sidebar = QFrame()
        self.sidebar.setObjectName("sidebar")
        self.sidebar.setFixedWidth(_SIDEBAR)
        side = QVBoxLayout(self.sidebar)
        side.setContentsMargins(0, 20, 0, 0)
        side.setSpacing(0)
        chip = QHBoxLayout()
        chip.setContentsMargins(20, 0, 20, 0)
        chip.addWidget(self.chip)
        side.addLayout(chip)
        side.addWidget(self.left, 1)
        self.middle = QStackedWidget()
        self.middle.addWidget(self.stage)
        self.middle.addWidget(self.panel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addWidget(self.middle, 1)
        row.addWidget(self.queue)

    def _shortcuts(self) -> None:
        for keys, action in (
            ("Ctrl+Return", self.press.press),
            ("Ctrl+Enter", self.press.press),
            ("Ctrl+Z", self._undo),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(action)

    def _primary(self) -> None:
        if str(self._create.phase) == "failed":
            self._create.open(self._create.listing)
        else:
            self.navigate.emit("discover", {})

    def _submitted(self, jobs: object) -> None:
        if isinstance(jobs, list) and jobs:
            self.stage.show_job(str(jobs[0]))
            self.refresh()

    def _open_job(self, job: str) -> None:
        self.stage.show_job(job)
        self.middle.setCurrentWidget(self.stage)

    def _show_picture(self, record: ImageRecord) -> None:
        self.stage.show_record(record)
        self.middle.setCurrentWidget(self.stage)

    def _show_newest_job(self) -> None:
        # A page is built anew after a language switch; what was made meanwhile is what one comes back for.
        if newest := self.app.jobs.active()[:1] or self.app.jobs.all()[-1:]:
            self.stage.show_job(newest[0].id)

    def _job_changed(self, name: str) -> None:
        job = self.app.jobs.get(name)
        if job is not None and job.listing == self._create.listing:
            self.form.show_drawn(dict(job.inputs))

    def _job_ended(self, name: str) -> None:
        """Follow the batch: when the job that is looked at has ended, look at the next one that has not."""
        shown = self.stage.job()
        if shown is None or shown.id != name:
            return
        going = [job for job in self.app.jobs.batch(shown.batch) if not job.ended]
        if going:
            self.stage.follow(going[0].id)

    def _send(self, listing: str, path: str) -> None:
        self._create.open(listing, picture=path)
        self.say.emit("info", self.tr("The picture is in the form: look at the price and press Generate."))

    def _reuse(self, record: ImageRecord) -> None:
        self._create.reuse(record.listing, dict(record.inputs), record.title)

    def _reused(self, origin: str) -> None:
        words = self.tr("Settings taken from {name}").format(name=origin) if origin else self.tr("Settings taken over")
        self.undo_text.setText(words)
        self.undo.setVisible(self._create.can_undo)

    def _undo(self) -> None:
        if self._create.can_undo:
            self._create.undo()
        self.undo.hide()

    def _nothing_inside(self, name: str) -> None:
        self.say.emit("warn", self.tr("There are no Artrator settings inside {name}.").format(name=name))
