"""The gallery: every picture that was made, searched, kept, deleted, checked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.gallery_model import GalleryModel
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.pictures import thumbnail_path
from artrator_desktop.state.settings import Settings
from artrator_desktop.state.store import Database, images, trash
from artrator_desktop.state.store.images import ImageQuery, ImageRecord, Totals
from artrator_desktop.state.store.trash import Thrown

if TYPE_CHECKING:
    from artrator_desktop.state.receipts import Verdict

log = logging.getLogger(__name__)

#: A pause in typing this long starts the search.
_TYPING_MS: Final = 120
#: New pictures are shown together, this often.
_MADE_MS: Final = 100
#: How long deleted pictures can be taken back: time to see that it was the wrong one, and to reach the button.
_GRACE_MS: Final = 15_000
#: Files that are put away while the application closes, which nobody should wait for; the others at its next start.
_AT_CLOSING: Final = 100


class Gallery(QObject):
    """What the gallery page and "just made" show. The rows are in ``model``."""

    changed = Signal()
    #: A verdict arrived: image id, ``Verdict``.
    verified = Signal(int, object)
    failed = Signal(object)
    #: Pictures were deleted, taken back, or are gone for good; see ``trashed``.
    trash_changed = Signal()
    #: Pictures were taken back: a list of ids.
    restored = Signal(object)
    #: So many pictures are back because their files could not be deleted.
    undeletable = Signal(int)

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
        #: Pictures that were deleted and can still be taken back.
        self.trashed: list[int] = []
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(_GRACE_MS)
        self._grace.timeout.connect(self._grace_over)
        engine.at_farewell(self._leave)
        self._serial = 0
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_MADE_MS)
        self._soon.timeout.connect(self.refresh)

    def start(self) -> None:
        """Read for the first time, and put away what was deleted when the application last ran."""
        self._engine.follow(self._database.write(trash.content), self._put_away)
        self.refresh()

    def search(self, query: ImageQuery) -> None:
        """Show other pictures; what is typed is searched for after a short pause."""
        typed = query.text != self.query.text
        self.query = query
        if typed:
            self._typing.start()
        else:
            self.refresh()

    def refresh_soon(self) -> None:
        """Read again in a moment: jobs of one press end together."""
        if not self._soon.isActive():
            self._soon.start()

    def refresh(self) -> None:
        """Read again."""
        self._typing.stop()
        self._soon.stop()
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
        """Hide pictures at once; their files go to the trash, and what is known of them goes, when ``trashed`` ends.

        Whoever deletes more meanwhile takes all of it back, or nothing.
        """
        chosen = [each for each in wanted if each not in self.trashed]

        def done(_none: None) -> None:
            self.trashed = [*self.trashed, *chosen]
            self._grace.start()
            self.trash_changed.emit()
            self.refresh()

        self._engine.follow(self._database.write(lambda c: trash.put(c, chosen)), done, self.failed.emit)

    def restore(self) -> None:
        """Take back what was deleted, as long as that can be."""
        chosen = self._end_grace()
        if not chosen:
            return

        def done(_none: None) -> None:
            self.restored.emit(chosen)
            self.refresh()

        def failed(failure: Failure) -> None:
            self.trashed = [*chosen, *self.trashed]  # or the next start would put them away
            self._grace.start()
            self.trash_changed.emit()
            self.failed.emit(failure)

        self._engine.follow(self._database.write(lambda c: trash.take_back(c, chosen)), done, failed)

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

    # --- the trash

    def _end_grace(self) -> list[int]:
        self._grace.stop()
        chosen, self.trashed = self.trashed, []
        if chosen:
            self.trash_changed.emit()
        return chosen

    def _grace_over(self) -> None:
        chosen = frozenset(self._end_grace())

        def done(thrown: list[Thrown]) -> None:
            self._put_away([each for each in thrown if each.id in chosen])

        self._engine.follow(self._database.write(trash.content), done, self.failed.emit)

    def _put_away(self, thrown: Sequence[Thrown]) -> None:
        if thrown:
            self._engine.call(lambda: self._discard(thrown), self._put_back, self.failed.emit)

    async def _discard(self, thrown: Sequence[Thrown]) -> list[int]:
        """Delete the files of pictures, then forget the pictures; the ids of those that had to stay."""
        # The file first: a crash between the two leaves a row that says what is still to do, and never a lost file.
        stayed = set(await asyncio.to_thread(_throw_away, thrown, self.cache))
        gone = [each.id for each in thrown if each.id not in stayed]
        await asyncio.wrap_future(self._database.write(lambda c: trash.forget(c, gone)))
        return sorted(stayed)

    def _put_back(self, stayed: list[int]) -> None:
        """Show what could not be deleted: it is still there."""

        def done(_none: None) -> None:
            self.undeletable.emit(len(stayed))
            self.refresh()

        if stayed:
            self._engine.follow(self._database.write(lambda c: trash.take_back(c, stayed)), done, self.failed.emit)

    async def _leave(self) -> None:
        """Put away at closing what nobody can take back any more; what stays is told at the next start."""
        thrown = await asyncio.wrap_future(self._database.write(trash.content))
        await self._discard(thrown[:_AT_CLOSING])


def _verify(record: ImageRecord, folder: Path, url: str) -> Verdict:
    from artrator.profile import Profile
    from artrator_desktop.state.receipts import verify

    handle = record.listing.partition("/")[0]
    return verify(record, Profile(folder).pinned_creator(url.rstrip("/"), handle))


def _throw_away(thrown: Sequence[Thrown], cache: Path) -> list[int]:
    """Move files to the system's trash, or delete them where there is none; the ids of those that had to stay."""
    from PySide6.QtCore import QFile

    stayed = []
    for each in thrown:
        if not QFile(each.path).moveToTrash():
            try:
                Path(each.path).unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s could not be deleted: %s", Path(each.path).name, error.strerror)
                stayed.append(each.id)
                continue
        with contextlib.suppress(OSError):  # the cache may be emptied at any time
            thumbnail_path(cache, each.sha256).unlink(missing_ok=True)
    return stayed
