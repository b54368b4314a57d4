"""The gallery: every picture that was made, searched, kept, deleted, checked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.gallery_model import GalleryModel
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.settings import Settings
from artrator_desktop.state.store import Database, images
from artrator_desktop.state.store.images import ImageQuery, ImageRecord, Totals

if TYPE_CHECKING:
    from artrator_desktop.state.receipts import Verdict

log = logging.getLogger(__name__)

#: A pause in typing this long starts the search.
_TYPING_MS: Final = 120


class Gallery(QObject):
    """What the gallery page and "just made" show. The rows are in ``model``."""

    changed = Signal()
    #: A verdict arrived: image id, ``Verdict``.
    verified = Signal(int, object)
    failed = Signal(object)

    def __init__(
        self, database: Database, engine: Engine, settings: Settings, cache: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._database = database
        self._engine = engine
        self._settings = settings
        self.cache = cache
        self.phase = Phase.IDLE
        self.query = ImageQuery()
        self.totals = Totals(0, 0, 0, ())
        self.newest: list[ImageRecord] = []
        self.model = GalleryModel(database, engine, self)
        self._serial = 0
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.refresh)

    def search(self, query: ImageQuery) -> None:
        """Show other pictures; what is typed is searched for after a short pause."""
        typed = query.text != self.query.text
        self.query = query
        if typed:
            self._typing.start()
        else:
            self.refresh()

    def refresh(self) -> None:
        """Read again."""
        self._typing.stop()
        self._serial += 1
        serial, query = self._serial, self.query
        if self.phase is Phase.IDLE:
            self.phase = Phase.LOADING
            self.changed.emit()

        def done(result: tuple[list[int], Totals, list[ImageRecord]]) -> None:
            if serial != self._serial:
                return
            found, self.totals, self.newest = result
            self.model.show_ids(found)
            self.phase = Phase.READY if found else Phase.EMPTY
            self.changed.emit()

        def failed(failure: Failure) -> None:
            self.phase = Phase.FAILED
            self.failed.emit(failure)
            self.changed.emit()

        self._engine.follow(
            self._database.read(lambda c: (images.ids(c, query), images.totals(c), images.newest(c, 12))), done, failed
        )

    def set_favourite(self, wanted: Sequence[int], on: bool) -> None:
        """Mark or unmark."""
        chosen = list(wanted)
        self.model.mark(chosen, on)
        self._engine.follow(
            self._database.write(lambda c: images.set_favourite(c, chosen, on)), lambda _none: self.refresh()
        )

    def delete(self, wanted: Sequence[int]) -> None:
        """Forget pictures and move their files to the trash, or delete them where there is none."""
        chosen = list(wanted)

        def done(paths: list[str]) -> None:
            self.refresh()
            self._engine.call(lambda: asyncio.to_thread(_discard, paths))

        self._engine.follow(self._database.write(lambda c: images.remove(c, chosen)), done, self.failed.emit)

    def earlier(self, record: ImageRecord, done: Callable[[list[ImageRecord]], object], limit: int = 6) -> None:
        """Find the last pictures of the same listing and prompt, and call ``done`` with them."""
        self._engine.follow(
            self._database.read(lambda c: images.earlier(c, record.listing, record.prompt, record.id, limit)), done
        )

    def verify(self, record: ImageRecord) -> None:
        """Check a picture's receipt; ``verified`` follows."""
        folder, url = self._settings.data_dir, self._settings.registry_url

        async def work() -> Verdict:
            return await self._engine.decode(_verify, record, folder, url)

        self._engine.call(work, lambda verdict: self.verified.emit(record.id, verdict), self.failed.emit)


def _verify(record: ImageRecord, folder: Path, url: str) -> Verdict:
    from artrator.profile import Profile
    from artrator_desktop.state.receipts import verify

    handle = record.listing.partition("/")[0]
    return verify(record, Profile(folder).pinned_creator(url.rstrip("/"), handle))


def _discard(paths: Sequence[str]) -> None:
    from PySide6.QtCore import QFile

    for path in paths:
        if Path(path).exists() and not QFile(path).moveToTrash():
            try:
                Path(path).unlink()
            except OSError as error:
                log.warning("%s could not be deleted: %s", Path(path).name, error.strerror)
