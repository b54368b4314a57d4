"""The result beside what it was painted over, frame by frame, while it is made and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from artrator_desktop.state.job import JobPhase
from artrator_desktop.ui.create.words import cancel_words, money, status
from artrator_desktop.ui.style.scrubber import Scrubber
from artrator_desktop.ui.widgets import Button, Card, CompareSlider, IconLabel, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artrator_desktop.state import Job
    from artrator_desktop.state.inputs import Picture
    from artrator_desktop.ui.large import LargePictures


class Comparison(QWidget):
    """The compare slider with its scrubber.

    Signals:
        frame_chosen: A frame number, from 1.
        keyed: The frame in view is to be a keyframe, or is not to be one any more.
        cancelled: The job in view is to stop.
        save: The finished film is to be saved as one file.
    """

    frame_chosen = Signal(int)
    keyed = Signal()
    cancelled = Signal()
    save = Signal()

    def __init__(self, pictures: LargePictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self.title = Label(self.tr("Compare"), "section")
        self.place = Label("", "dim")
        self.status = Label("", "dim")
        self.cancel = Button(self.tr("Cancel"), "danger", "x")
        self.cancel.clicked.connect(self.cancelled)
        self.keep = Button(self.tr("Save film…"), "plain", "save")
        self.keep.clicked.connect(self.save)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.slider = CompareSlider(self.tr("Target and result"))
        self.slider.setMinimumHeight(400)
        self.scrubber = Scrubber(self.tr("Frame"))
        self.scrubber.valueChanged.connect(self.frame_chosen)
        self.key = Button(self.tr("Keyframe here"), "ghost", "flag")
        self.key.clicked.connect(self.keyed)
        self.failure = Card("strip-bad", inset=14, gap=4)
        self.failure_text = Label("", "body", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(IconLabel("circle-alert", 18, "bad"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.failure_text, 1)
        self.failure.column.addLayout(row)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.title)
        head.addWidget(self.status, 1)
        for part in (self.keep, self.cancel, self.place):
            head.addWidget(part)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self.scrubber, 1)
        below.addWidget(self.key)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.failure)
        column.addWidget(self.slider)
        column.addLayout(below)
        self._names = ("", "")
        self._before = QPixmap()
        #: The result in view, and the one that is still read while the one before stays.
        self._after: tuple[str, QPixmap] = ("", QPixmap())
        self._awaited = ""
        pictures.ready.connect(self._arrived)

    def show_job(self, job: Job | None) -> None:
        """Show how the last run stands."""
        going = job is not None and not job.ended
        self.bar.setVisible(going)
        self.cancel.setVisible(going)
        self.keep.setVisible(job is not None and len(job.images) > 1)
        self.status.setText(status(job) if job is not None else "")
        failed = job is not None and job.phase in (JobPhase.FAILED, JobPhase.STALLED) and job.failure is not None
        self.failure.setVisible(failed)
        if job is None:
            return
        self.bar.setValue(round(job.share * 1000))
        self.cancel.setText(cancel_words(job.hold))
        self.cancel.setAccessibleName(self.cancel.text())
        self.cancel.setEnabled(not job.cancelling)
        if failed and job.failure is not None:
            words = money(job)
            self.failure_text.setText(f"{job.failure.sentence} {words[:1].upper()}{words[1:]}.")

    def show_frame(self, frames: Sequence[Picture], number: int, job: Job | None, place: int) -> None:
        """Show a frame of the target, and what became of it so far: the job's picture at ``place``."""
        film = len(frames) > 1
        self.scrubber.setVisible(film)
        self.place.setVisible(film)
        self.scrubber.set_frames(len(frames))
        if self.scrubber.value() != number:
            self.scrubber.blockSignals(True)  # the page knows: it asked
            self.scrubber.setValue(number)
            self.scrubber.blockSignals(False)
        words = self.tr("Frame {number} of {count}").format(number=number, count=len(frames))
        self.place.setText(words)
        self._before = QPixmap.fromImage(frames[number - 1].shown) if frames else QPixmap()
        self._names = (self.tr("Target"), self._name(job))
        self.slider.set_pictures(self._before, self._result(place, job), self._names)

    def show_keys(self, numbers: Sequence[int], number: int, *, offered: bool) -> None:
        """Show the keyframes, and offer to make the frame in view one."""
        self.scrubber.set_marks(numbers)
        self.key.setVisible(offered)
        here = number in numbers
        self.key.setText(self.tr("Not a keyframe") if here else self.tr("Keyframe here"))
        self.key.setAccessibleName(self.key.text())

    def _name(self, job: Job | None) -> str:
        return self.tr("Result") if job is None or job.ended else self.tr("Preview")

    def _result(self, place: int, job: Job | None) -> QPixmap:
        if job is None:
            return QPixmap()
        if job.images:
            path = job.images[min(place, len(job.images) - 1)].path
            self._awaited = path
            if self._after[0] != path and (read := self._pictures.get(path)) is not None:
                self._after = (path, read)
            return self._after[1]
        return QPixmap.fromImage(job.preview) if job.preview is not None else QPixmap()

    def _arrived(self, path: str) -> None:
        if path == self._awaited and (read := self._pictures.get(path)) is not None:
            self._after = (path, read)
            self.slider.set_pictures(self._before, read, self._names)
