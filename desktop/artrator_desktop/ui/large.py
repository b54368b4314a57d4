"""Pictures as large as a window: decoded off the UI thread, and only the last few kept: each takes megabytes."""

from collections import OrderedDict
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from artrator_desktop.state.pictures import decode_file

#: Longest side in pixels: larger than any screen shows it; an upscaled picture may have many times as many.
_SIDE: Final = 2048
#: Two pairs to compare.
_KEPT: Final = 4


class _Bridge(QObject):
    """Carries pictures from the decoders; they hold it themselves, so it outlives whoever asked."""

    decoded = Signal(str, QImage)


class LargePictures(QObject):
    """A widget asks ``get(path)``; if the answer is None it comes later as ``ready(path)``, also if there is none."""

    ready = Signal(str)

    def __init__(self, pool: Executor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._wanted: OrderedDict[str, Future[None]] = OrderedDict()
        self._closed = False
        self._bridge = _Bridge()
        self._bridge.decoded.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def get(self, path: str) -> QPixmap | None:
        """Return a picture, a null one if the file is gone or damaged; or None and read it."""
        if (kept := self._kept.get(path)) is not None:
            self._kept.move_to_end(path)
            return kept
        if path not in self._wanted and not self._closed:
            bridge = self._bridge

            def work() -> None:
                image = decode_file(Path(path), _SIDE)
                kind = (
                    QImage.Format.Format_ARGB32_Premultiplied if image.hasAlphaChannel() else QImage.Format.Format_RGB32
                )
                bridge.decoded.emit(path, image.convertToFormat(kind))

            self._wanted[path] = self._pool.submit(work)
            # Who drags along a film passes frames by that nobody needs to read any more.
            for passed in list(self._wanted)[:-_KEPT]:
                if self._wanted[passed].cancel():
                    del self._wanted[passed]
        return None

    def close(self) -> None:
        """Nothing is read from now on."""
        self._closed = True

    def _keep(self, path: str, image: QImage) -> None:
        self._wanted.pop(path, None)
        self._kept[path] = QPixmap.fromImage(image)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(path)
        if image.isNull():  # the file may be there when it is asked for again
            self._kept.pop(path, None)
