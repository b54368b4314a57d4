"""The strip below the large picture: one place for each picture of the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QWidget

from artrator_desktop.state.job import JobPhase
from artrator_desktop.ui.create.preview import StripTile
from artrator_desktop.ui.widgets import FlowLayout, Picture

if TYPE_CHECKING:
    from artrator_desktop.state import Job
    from artrator_desktop.ui.images import Pixmaps

_HEIGHT: Final = 72
#: A press may start hundreds of runs, and a tile is a widget; the gallery shows all of them.
_SHOWN: Final = 40


@dataclass(frozen=True)
class _Place:
    """One picture that is there or will be: the number `index` of a job."""

    job: str
    index: int
    path: str


class BatchStrip(QWidget):
    """Finished pictures, and words for those that are not; hidden when there is only one.

    Signals:
        chosen: A job's id and the number of its picture.
    """

    chosen = Signal(str, int)

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps = pixmaps
        self._flow = FlowLayout(self, gap=10)
        self._tiles: dict[_Place, StripTile | Picture] = {}

    def show_jobs(self, jobs: list[Job], current: str, index: int) -> None:
        """Show the pictures of a batch; the one with number `index` of the job `current` is ringed."""
        places = [place for job in jobs for place in _places(job)]
        places = _around(places, current, index) if len(places) > 1 else []
        if places != list(self._tiles):
            self._rebuild(places, jobs)
        known = {job.id: job for job in jobs}
        for place, tile in self._tiles.items():
            if isinstance(tile, StripTile):
                tile.set_words(self._words(known[place.job]))
            else:
                tile.setChecked(place.job == current and place.index == index)
        self.setVisible(bool(places))

    def _rebuild(self, places: list[_Place], jobs: list[Job]) -> None:
        known = {job.id: job for job in jobs}
        before, self._tiles = self._tiles, {}
        for place in places:
            self._tiles[place] = before.pop(place) if place in before else self._make(place, known[place.job])
        self._flow.arrange(list(self._tiles.values()))
        for tile in before.values():
            tile.hide()
            tile.deleteLater()
        for tile in self._tiles.values():
            tile.show()

    def _make(self, place: _Place, job: Job) -> StripTile | Picture:
        if not place.path:
            return StripTile(self._words(job), self)
        tile = Picture(self._pixmaps, job.images[place.index].prompt or job.title, self, radius=10, clickable=True)
        tile.setCheckable(True)
        record = job.images[place.index]
        shape = record.width / record.height if record.height else 1.0
        tile.setFixedSize(QSize(min(max(round(_HEIGHT * shape), 48), 132), _HEIGHT))
        tile.set_key(place.path)
        tile.clicked.connect(lambda: self.chosen.emit(place.job, place.index))
        return tile

    def _words(self, job: Job) -> str:
        words = {
            JobPhase.RUNNING: f"{job.share:.0%}",
            JobPhase.FETCHING: self.tr("fetching"),
            JobPhase.FAILED: self.tr("failed"),
            JobPhase.CANCELLED: self.tr("cancelled"),
        }
        return words.get(job.phase, self.tr("queued"))


def _around(places: list[_Place], current: str, index: int) -> list[_Place]:
    """As many places as can be looked over, with the current one among them."""
    here = next((at for at, place in enumerate(places) if (place.job, place.index) == (current, index)), 0)
    start = max(min(here - _SHOWN // 2, len(places) - _SHOWN), 0)
    return places[start : start + _SHOWN]


def _places(job: Job) -> list[_Place]:
    if job.images:
        return [_Place(job.id, index, record.path) for index, record in enumerate(job.images)]
    return [_Place(job.id, index, "") for index in range(1 if job.ended else job.expected)]
