"""Pictures for the screen: decoded off the UI thread, at the size they are shown, and kept in a small cache.

A widget asks `get(key, size)`; if the answer is None it comes later as the signal `ready(key)`. Keys are what
`state.Media` can fetch: a path on the registry or a local file. Decoding straight to the size that is needed is what
keeps scrolling smooth; a QPixmap is only ever made on the UI thread.
"""

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

from PySide6.QtCore import QObject, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QImage, QImageReader, QPixmap

from artrator_desktop.state.pictures import head_of, settle_format
from artrator_desktop.ui.large import LargePictures

# A screen holds some 30 covers; this many lets one scroll back without decoding again and stays under 100 MB.
_KEPT: Final = 400
# Nothing on a screen needs more pixels than this, whatever a file's header claims.
_LARGEST_PIXELS: Final = 64_000_000


class MediaSource(Protocol):
    """What brings the bytes of a picture to this machine; `state.Media` does."""

    fetched: SignalInstance
    failed: SignalInstance

    def fetch(self, key: str) -> None:
        """Bring a picture; answers with `fetched(key, path)` or `failed(key)`."""


class _Bridge(QObject):
    """Carries pictures from the decoders; they hold it themselves, so it outlives a cache that goes while they work."""

    decoded = Signal(str, int, int, QImage)


class Pixmaps(QObject):
    """The cache of decoded pictures."""

    ready = Signal(str)
    missing = Signal(str)

    def __init__(self, media: MediaSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._media = media
        self._kept: OrderedDict[tuple[str, int, int], QPixmap] = OrderedDict()
        self._wanted: dict[str, set[tuple[int, int]]] = {}
        self._paths: dict[str, str] = {}
        self._gone: set[str] = set()
        self._closed = False
        # Two decoders keep up with any scrolling; more would take the cores away from the interface.
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="decode")
        #: Those that fill a window, which this cache would hold too many of.
        self.large = LargePictures(self._pool, self)
        self._bridge = _Bridge()
        self._bridge.decoded.connect(self._keep, Qt.ConnectionType.QueuedConnection)
        media.fetched.connect(self._fetched)
        media.failed.connect(self._failed)

    def get(self, key: str, size: QSize, ratio: float = 1.0) -> QPixmap | None:
        """Return a picture that covers `size` (in logical pixels), or None and fetch it."""
        if self._closed or not key or key in self._gone or size.isEmpty():
            return None
        pixels = (round(size.width() * ratio), round(size.height() * ratio))
        slot = (key, *pixels)
        if (image := self._kept.get(slot)) is not None:
            self._kept.move_to_end(slot)
            image.setDevicePixelRatio(ratio)
            return image
        waiting = self._wanted.setdefault(key, set())
        if pixels not in waiting:
            waiting.add(pixels)
            if (path := self._paths.get(key)) is not None:
                self._decode(key, path, pixels)
            elif len(waiting) == 1:
                self._media.fetch(key)
        return None

    def is_missing(self, key: str) -> bool:
        """Say whether a picture could not be had."""
        return key in self._gone

    def forget_missing(self) -> None:
        """Try the missing pictures again, after the connection came back."""
        gone, self._gone = self._gone, set()
        for key in gone:
            # Whoever shows it paints again, and by that asks for it again.
            self.ready.emit(key)

    def close(self) -> None:
        """Wait for the decoders; nothing is answered from now on."""
        if self._closed:
            return
        self._closed = True
        self.large.close()
        self._media.fetched.disconnect(self._fetched)
        self._pool.shutdown(cancel_futures=True)

    def _fetched(self, key: str, path: str) -> None:
        self._paths[key] = path
        for pixels in sorted(self._wanted.get(key, ())):
            self._decode(key, path, pixels)

    def _failed(self, key: str) -> None:
        self._wanted.pop(key, None)
        self._gone.add(key)
        self.missing.emit(key)

    def _decode(self, key: str, path: str, pixels: tuple[int, int]) -> None:
        bridge = self._bridge

        def work() -> None:
            bridge.decoded.emit(key, *pixels, read_covering(path, QSize(*pixels)))

        self._pool.submit(work)

    def _keep(self, key: str, width: int, height: int, image: QImage) -> None:
        waiting = self._wanted.get(key, set())
        waiting.discard((width, height))
        if not waiting:
            self._wanted.pop(key, None)
        if image.isNull():
            self._gone.add(key)
            self.missing.emit(key)
            return
        self._kept[key, width, height] = QPixmap.fromImage(image)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(key)


def read_covering(path: str, size: QSize) -> QImage:
    """Decode a file so that it just covers a size in pixels, never larger than it is; a null image if it is broken."""
    reader = QImageReader(path)
    if not settle_format(reader, head_of(Path(path))):
        return QImage()
    reader.setAutoTransform(True)
    whole = reader.size()
    if whole.isValid():
        if whole.width() * whole.height() > _LARGEST_PIXELS:
            return QImage()
        scaled = whole.scaled(size, Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        if scaled.width() < whole.width():
            reader.setScaledSize(scaled)
    return reader.read()
