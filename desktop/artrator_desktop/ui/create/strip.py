"""The strip below the large picture: one place for each picture of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QWidget

from artrator_desktop.state.job import JobPhase
from artrator_desktop.ui.create.preview import StripTile
from artrator_desktop.ui.widgets import FlowLayout, Picture

if TYPE_CHECKING:
    from artrator_desktop.state import Job
    from artrator_desktop.ui.images import Pixmaps


class BatchStrip(QWidget):
    """Finished pictures, and words for those that are not; hidden when there is only one."""

    chosen = Signal(str)

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._flow = FlowLayout(self, gap=10)
        self._tiles: dict[str, QWidget] = {}
        self._done: set[str] = set()

    def show_jobs(self, jobs: list[Job], current: str) -> None:
        """Show the jobs of a batch."""
        wanted = [job.id for job in jobs] if len(jobs) > 1 else []
        done = {job.id for job in jobs if job.images}
        if wanted != list(self._tiles) or done != self._done:
            self._rebuild(jobs if wanted else [])
            self._done = done
        for job in jobs if wanted else []:
            tile = self._tiles[job.id]
            if isinstance(tile, StripTile):
                tile.set_words(self._words(job))
            elif isinstance(tile, Picture):
                tile.setChecked(job.id == current)
        self.setVisible(bool(wanted))

    def _rebuild(self, jobs: list[Job]) -> None:
        for tile in self._tiles.values():
            self._flow.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = {job.id: self._make(job) for job in jobs}
        for tile in self._tiles.values():
            self._flow.addWidget(tile)
            tile.show()

    def _make(self, job: Job) -> QWidget:
        if not job.images:
            return StripTile(self._words(job), self)
        tile = Picture(self._pixmaps, job.images[0].prompt or job.title, self, radius=10, clickable=True)
        tile.setCheckable(True)
        tile.setFixedSize(QSize(104, 72))
        tile.set_key(job.images[0].path)
        name = job.id
        tile.clicked.connect(lambda: self.chosen.emit(name))
        return tile

    def _words(self, job: Job) -> str:
        words = {
            JobPhase.RUNNING: f"{job.share:.0%}",
            JobPhase.FETCHING: self.tr("fetching"),
            JobPhase.FAILED: self.tr("failed"),
            JobPhase.CANCELLED: self.tr("cancelled"),
        }
        return words.get(job.phase, self.tr("queued"))
