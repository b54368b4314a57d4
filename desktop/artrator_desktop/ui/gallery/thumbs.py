"""Thumbnails for the grid: what was asked for last is decoded first, what scrolled away is never decoded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from artrator_desktop.state.pictures import THUMBNAIL, decode_file, fit, thumbnail_path, write_thumbnail

if TYPE_CHECKING:
    from artrator_desktop.state import ImageRecord

#: Some ten screens of tiles, about 60 MB.
_KEPT: Final = 400
#: A screen and a half; older wishes have scrolled out of sight.
_WAITING: Final = 80


class Thumbs(QObject):
    """`get(record, side)` answers at once or None; then `ready(id)` follows, unless the tile scrolled away."""

    ready = Signal(int)
    _decoded = Signal(int, int, QImage)

    def __init__(self, cache: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cache = cache
        self._kept: OrderedDict[int, tuple[int, QPixmap]] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: OrderedDict[int, tuple[str, Path, int]] = OrderedDict()
        self._missing: set[int] = set()
        self._closed = False
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="artrator-thumbs")
        self._decoded.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def get(self, record: ImageRecord, side: int) -> QPixmap | None:
        """Return the picture's thumbnail of at least `side` pixels, or None while it is being decoded."""
        found = self._kept.get(record.id)
        if found is not None:
            self._kept.move_to_end(record.id)
            if found[0] >= side or found[0] >= THUMBNAIL:
                return found[1]
        if record.id not in self._missing:
            self._ask(record, min(side, THUMBNAIL))
        return found[1] if found is not None else None

    def is_missing(self, image: int) -> bool:
        """Say whether neither thumbnail nor picture could be read."""
        return image in self._missing

    def close(self) -> None:
        """Stop decoding."""
        with self._lock:
            self._closed = True
            self._wanted.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, record: ImageRecord, side: int) -> None:
        with self._lock:
            if self._closed:  # a last paint of a window that is going away
                return
            new = record.id not in self._wanted
            self._wanted[record.id] = (record.path, thumbnail_path(self._cache, record.sha256), side)
            self._wanted.move_to_end(record.id)
            while len(self._wanted) > _WAITING:
                self._wanted.popitem(last=False)
        if new:
            self._pool.submit(self._work)

    def _work(self) -> None:
        with self._lock:
            if not self._wanted:
                return
            image, (path, thumbnail, side) = self._wanted.popitem()
        picture = decode_file(thumbnail) if thumbnail.is_file() else QImage()
        if picture.isNull():
            picture = decode_file(Path(path), THUMBNAIL)
            if not picture.isNull():
                write_thumbnail(picture, thumbnail)
        self._decoded.emit(image, side, fit(picture, max(side, 1)) if not picture.isNull() else picture)

    def _keep(self, image: int, side: int, picture: QImage) -> None:
        if picture.isNull():
            self._missing.add(image)
        else:
            self._kept[image] = (side, QPixmap.fromImage(picture))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self.ready.emit(image)
