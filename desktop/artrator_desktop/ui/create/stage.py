"""The middle of the Create page: the job that is looked at, from its first step to its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state.job import JobPhase, Money
from artrator_desktop.ui.create.actions import PictureActions
from artrator_desktop.ui.create.earlier import EarlierStrip
from artrator_desktop.ui.create.facts import SettingsUsed, setting_rows
from artrator_desktop.ui.create.preview import Preview
from artrator_desktop.ui.create.strip import BatchStrip
from artrator_desktop.ui.create.words import cancel_words, headline, money, status
from artrator_desktop.ui.listings.titles import title_of
from artrator_desktop.ui.text import duration, short_price, tip
from artrator_desktop.ui.theme.tokens import L, M
from artrator_desktop.ui.widgets import Button, Card, CompareSlider, FlowLayout, IconLabel, Label, PageScroll

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord, Job
    from artrator_desktop.ui.images import Pixmaps

#: Two frames of a 60 Hz screen.
_REFRESH_MS: Final = 33

#: Words and buttons do not fit side by side below this width.
_NARROW: Final = 520


class Stage(QWidget):
    """Shows a batch of jobs, one of them large; or a finished picture; or the open listing's samples.

    Signals:
        sent: Another listing is to take the picture: its ref and the picture's path.
        said: A kind of toast and its sentence.
        again: The settings of the picture that is shown are wanted in the form.
    """

    sent = Signal(str, str)
    said = Signal(str, str)
    again = Signal(object)

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._pixmaps = pixmaps
        self._job = ""
        self._index = 0
        self._record: ImageRecord | None = None
        self.title = Label("", "section")
        self.status = Label("", "dim", wrap=True)
        self.compare = Button(self.tr("Compare"), "ghost", "square-split-horizontal")
        self.compare.setCheckable(True)
        self.compare.toggled.connect(self.refresh)
        self.reuse = Button(self.tr("Reuse settings"), "ghost", "history")
        self.reuse.clicked.connect(self._reuse)
        self.cancel = Button("", "danger", "x")
        self.cancel.clicked.connect(self._cancel)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.failure = Card("strip-bad", inset=14, gap=4)
        self.failure_text = Label("", "body", wrap=True)
        self.money_text = Label("", "strong", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.failure_text)
        words.addWidget(self.money_text)
        row = QHBoxLayout()
        row.setSpacing(M)
        self._failure_icon = IconLabel("circle-alert", 18, "bad")
        row.addWidget(self._failure_icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.failure.column.addLayout(row)
        self.preview = Preview(pixmaps)
        self.slider = CompareSlider(self.tr("Before and after"))
        self.slider.setMinimumHeight(360)
        self.pictures = QStackedWidget()
        self.pictures.addWidget(self.preview)
        self.pictures.addWidget(self.slider)
        self.said_words = Card("well", inset=16)
        self.words = Label("", "body", wrap=True).selectable()
        self.said_words.column.addWidget(self.words)
        self.strip = BatchStrip(pixmaps)
        self.strip.chosen.connect(self.show_job)
        self.tools = PictureActions(app)
        self.tools.sent.connect(self.sent)
        self.tools.said.connect(self.said)
        self.settings = SettingsUsed()
        self.earlier = EarlierStrip(app, pixmaps)
        self.earlier.picked.connect(self.show_record)
        self._build()
        # Several jobs of a batch report at once; the stage is brought up to date once for all of them.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        pixmaps.large.ready.connect(self._read)
        app.jobs.changed.connect(self._changed)
        app.jobs.ended.connect(self._ended)
        app.create.listing_changed.connect(self._listing_changed)
        self.refresh()

    def show_job(self, job: str, index: int = 0) -> None:
        """Look at a job, and at one of its pictures once they are there."""
        self._job = job
        self._index = index
        self._record = None
        self.compare.setChecked(False)
        self.refresh()

    def follow(self, job: str) -> None:
        """Look at another job of the batch, now that the one that was looked at has ended."""
        self._job, self._index, self._record = job, 0, None
        self.compare.setChecked(False)
        self._soon.start(0)

    def show_record(self, record: ImageRecord) -> None:
        """Look at a finished picture."""
        self._job = ""
        self._record = record
        self.compare.setChecked(False)
        self.refresh()

    def job(self) -> Job | None:
        """Return the job that is looked at."""
        return self._app.jobs.get(self._job)

    def record(self) -> ImageRecord | None:
        """Return the finished picture that is looked at."""
        job = self.job()
        if self._record is not None or job is None or not job.images:
            return self._record
        return job.images[min(self._index, len(job.images) - 1)]

    def refresh(self) -> None:
        """Show how things stand."""
        job = self.job()
        record = self.record()
        self._show_head(job, record)
        self._show_failure(job)
        self.words.setText("\n\n".join(job.texts) if job is not None else "")
        self.said_words.setVisible(bool(self.words.text()))
        self._show_picture(job, record)
        self.strip.show_jobs(self._app.jobs.batch(job.batch) if job is not None else [], self._job, self._index)
        self.tools.show_record(record)
        self.earlier.show_for(record)
        listing = record.listing if record is not None else job.listing if job is not None else ""
        specs = self._app.companions.inputs_of(listing) if listing else {}
        inputs = record.inputs if record is not None else job.inputs if job is not None else {}
        rows = setting_rows(specs, inputs)
        if record is not None:
            rows.append((self.tr("Size"), f"{record.width} × {record.height}"))
        self.settings.show_rows(rows)

    def _build(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.status)
        buttons = QWidget()
        flow = FlowLayout(buttons, gap=M)
        for button in (self.reuse, self.compare, self.cancel):
            flow.addWidget(button)
        head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.setSpacing(M)
        head.addLayout(words, 1)
        head.addWidget(buttons, 0, Qt.AlignmentFlag.AlignTop)
        area = PageScroll(side=24, top=0, bottom=24)
        area.column.setSpacing(L - 2)
        for part in (self.failure, self.said_words, self.pictures, self.strip, self.tools, self.settings, self.earlier):
            area.column.addWidget(part)
        area.column.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(24, 20, 24, 12)
        top.setSpacing(14)
        top.addLayout(head)
        top.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(area, 1)
        self._area, self._head = area, head

    def _show_head(self, job: Job | None, record: ImageRecord | None) -> None:
        if job is not None:
            batch = self._app.jobs.batch(job.batch)
            going = [each for each in batch if not each.ended]
            hold = sum(each.hold for each in going if each.money is Money.HELD)
            self.title.setText(headline(job, sum(each.expected for each in batch)))
            self.status.setText(status(job) if job.phase is not JobPhase.FAILED else job.title)
            self.cancel.setVisible(bool(going))
            self._name_cancel(cancel_words(hold))
            self.cancel.setEnabled(any(not each.cancelling for each in going))
            self.bar.setVisible(not job.ended)
            self.bar.setValue(round(sum(each.share for each in batch) / len(batch) * 1000))
        elif record is not None:
            self.title.setText(title_of(self._app, record.listing, record.title))
            words = self.tr("Node {name} · {time} · paid {amount}")
            self.status.setText(
                words.format(name=record.node_name, time=duration(record.seconds), amount=short_price(record.cost))
            )
        else:
            detail = self._app.create.detail
            self.title.setText(pick(detail.manifest.title, language()) if detail is not None else "")
            self.status.setText(pick(detail.manifest.summary, language()) if detail is not None else "")
        if job is None:
            self.cancel.hide()
            self.bar.hide()
        self.reuse.setVisible(record is not None)
        self.compare.setVisible(record is not None and bool(record.source))

    def _name_cancel(self, words: str) -> None:
        """Say on the button what it gives back, or in its tool tip where that is too much for the button."""
        self.cancel.setAccessibleName(words)
        self.cancel.setText(words)
        fits = self.cancel.sizeHint().width() <= self.width() - 48
        self.cancel.setText(words if fits else cancel_words(0))
        self.cancel.setToolTip("" if fits else tip(words))

    def _show_failure(self, job: Job | None) -> None:
        failed = job is not None and job.phase in (JobPhase.FAILED, JobPhase.STALLED) and job.failure is not None
        self.failure.setVisible(failed)
        if failed and job is not None and job.failure is not None:
            stalled = job.phase is JobPhase.STALLED
            self.failure.set_look("strip-warn" if stalled else "strip-bad")
            self._failure_icon.set_icon("clock" if stalled else "circle-alert", "warn" if stalled else "bad")
            self.failure_text.setText(job.failure.sentence)
            words = money(job)
            self.money_text.setText(words[:1].upper() + words[1:] + ".")

    def _show_picture(self, job: Job | None, record: ImageRecord | None) -> None:
        comparing = record is not None and bool(record.source) and self.compare.isChecked()
        self.pictures.setCurrentWidget(self.slider if comparing else self.preview)
        if comparing and record is not None:
            self._show_comparison(record)
        if record is not None:
            self.preview.setAccessibleName(record.prompt or record.title)
            self._shape(record.width, record.height)
            self.preview.show_key(record.path)
        elif job is not None:
            self.preview.setAccessibleName(job.title)
            pill = ""
            if job.preview is not None and job.total:
                pill = self.tr("Preview · step {done} / {total}").format(done=job.done, total=job.total)
            if job.preview is not None:
                self._shape(job.preview.width(), job.preview.height())
            else:
                self._shape(3, 2)
            if job.preview is not None or not job.ended:
                self.preview.show_image(job.preview, pill)
            else:
                self.preview.show_key("")
        else:
            self._show_sample()
        self.pictures.setVisible(job is None or not job.ended or record is not None)

    def _show_sample(self) -> None:
        detail = self._app.create.detail
        samples = detail.listing.card.samples if detail is not None else ()
        caption = ""
        if detail is not None and samples and detail.manifest.samples:
            caption = pick(detail.manifest.samples[0].caption, language())
        self._shape(3, 2)
        words = " · ".join((self.tr("Sample"), caption)) if caption else self.tr("Sample")
        self.preview.setAccessibleName(words)
        self.preview.show_key(samples[0] if samples else "", words if samples else "")

    def _shape(self, width: int, height: int) -> None:
        """Let a picture be as high as its proportions ask, within the window."""
        room = max(self.width() - 48, 200)
        wanted = round(room * height / width) if width else 420
        self.pictures.setFixedHeight(min(max(wanted, 260), max(self.height() - 330, 300)))

    def resizeEvent(self, _event: object) -> None:
        """Fit the picture again; where it is narrow, the buttons go below the words."""
        direction = QBoxLayout.Direction
        self._head.setDirection(direction.TopToBottom if self.width() < _NARROW else direction.LeftToRight)
        self.refresh()

    def _show_comparison(self, record: ImageRecord) -> None:
        before, after = (self._pixmaps.large.get(path) for path in (record.source, record.path))
        if (before is not None and before.isNull()) or (after is not None and after.isNull()):
            self.said.emit("warn", self.tr("The picture it was made from is not there any more."))
            self.compare.setChecked(False)
        elif before is None or after is None:
            self.slider.set_pictures(QPixmap(), QPixmap(), ("", ""))
        else:
            self.slider.set_pictures(before, after, (self.tr("Before"), self.tr("After")))

    def _read(self, path: str) -> None:
        record = self.record()
        if record is not None and self.compare.isChecked() and path in (record.source, record.path):
            self._show_picture(self.job(), record)

    def _changed(self, job: str) -> None:
        shown = self.job()
        changed = self._app.jobs.get(job)
        same = shown is not None and changed is not None and changed.batch == shown.batch
        if same and not self._soon.isActive():
            self._soon.start(_REFRESH_MS)

    def _ended(self, job: str) -> None:
        self._changed(job)
        if self._soon.isActive():
            self._soon.start(0)  # at once, and once for all that ended together

    def _listing_changed(self) -> None:
        shown = self.job()
        if shown is None or (shown.ended and shown.listing != self._app.create.listing):
            self._job = ""
            if self._record is not None and self._record.listing != self._app.create.listing:
                self._record = None
        self.refresh()

    def _cancel(self) -> None:
        job = self.job()
        if job is not None:
            for each in self._app.jobs.batch(job.batch):
                self._app.jobs.cancel(each.id)

    def _reuse(self) -> None:
        record = self.record()
        if record is not None:
            self.again.emit(record)
