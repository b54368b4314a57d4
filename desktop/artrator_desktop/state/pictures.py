"""Finished pictures on disk: names, atomic writing, thumbnails."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

from artrator_desktop.state import png_text

#: Longest side of a thumbnail in pixels: the gallery's largest tile on a screen of double density.
THUMBNAIL: Final = 384
#: Decoding more than this would take more memory than a picture viewer should.
MAX_PIXELS: Final = 100_000_000
#: What nodes and registries may send, by how it begins. Qt would also read SVG and others, whose readers were not made
#: for strangers. Nor is Qt asked what a file is: its SVG reader connects signals to find out, and waits for Qt's lock
#: with Python's in its hands, while the window may hold Qt's and wait for Python's.
FORMATS: Final = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF"}
# Qt's own limit stops at 64 million pixels, less than an enlarged picture may have.
QImageReader.setAllocationLimit(512)
_SUFFIXES: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "text/plain": ".txt"}


def file_name(listing: str, order: str, position: int, media_type: str, ordered_at: float) -> str:
    """A name that sorts by time and is the same each time the same output is saved."""
    when = time.strftime("%Y-%m-%d_%H%M%S", time.localtime(ordered_at))
    model = "".join(c for c in listing.rpartition("/")[2] if c.isalnum() or c in "-_.")[:40] or "picture"
    number = f"-{position + 1}" if position else ""
    return f"{when}_{model}_{order[:8]}{number}{_SUFFIXES.get(media_type.partition(';')[0], '.bin')}"


def decode(data: bytes, side: int = 0, *, pixels: int = MAX_PIXELS) -> QImage:
    """Decode a picture of at most ``pixels``, scaled down while it is read so that its longer side is at most ``side``.

    The image is null if it is damaged, too large, or of another format than ``FORMATS``.
    """
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    return _read(QImageReader(buffer), data[:16], side, pixels)


def decode_file(path: Path, side: int = 0) -> QImage:
    """Decode a file as ``decode`` does."""
    return _read(QImageReader(str(path)), head_of(path), side, MAX_PIXELS)


def thumbnail_path(cache: Path, sha256: str) -> Path:
    """Where the thumbnail of an output lies."""
    return cache / "thumbs" / sha256[:2] / f"{sha256[2:34]}.thumb"


def write_thumbnail(image: QImage, path: Path) -> None:
    """Write a thumbnail; failing costs nothing but time, because it can be made again."""
    from artrator.errors import ArtratorError
    from artrator.profile import write_atomically

    small = fit(image, THUMBNAIL)
    data = _encode(small, "png") if small.hasAlphaChannel() else _encode(small, "jpeg", 88)
    try:
        write_atomically(path, data)
    except (ArtratorError, OSError):  # a full cache must not stop a picture from being shown
        return


def fit(image: QImage, side: int) -> QImage:
    """The image, scaled down where its longer side is more than ``side``."""
    if max(image.width(), image.height()) <= side:
        return image
    mode = Qt.TransformationMode.SmoothTransformation
    return image.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, mode)


def read_settings(path: Path) -> dict[str, object] | None:
    """The settings inside a saved picture, or None."""
    try:
        if path.stat().st_size > 256 * 1024 * 1024:
            return None
        return png_text.read(read_plain(path))
    except OSError:
        return None


def read_plain(path: Path, size: int = -1) -> bytes:
    """The first bytes of a plain file, or all; raises OSError for all else: a pipe would be waited for without end."""
    if not path.is_file():
        raise OSError(f"{path} is no file")
    with path.open("rb") as file:
        return file.read(size)


def head_of(path: Path) -> bytes:
    """How a file begins; nothing if it cannot be read."""
    try:
        return read_plain(path, 16)
    except OSError:
        return b""


def settle_format(reader: QImageReader, head: bytes) -> bool:
    """Tell the reader which format the content is, whatever the file is called; False if strangers may not send it."""
    kind = next((kind for kind, begin in FORMATS.items() if head.startswith(begin)), "")
    if not kind or (kind == "webp" and head[8:12] != b"WEBP"):
        return False
    reader.setAutoDetectImageFormat(False)
    reader.setFormat(QByteArray(kind.encode()))
    return True


def _read(reader: QImageReader, head: bytes, side: int, pixels: int) -> QImage:
    if not settle_format(reader, head):
        return QImage()
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        if size.width() * size.height() > pixels:
            return QImage()
        if side and max(size.width(), size.height()) > side:
            reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def encode_png(image: QImage) -> bytes:
    """The pixels as PNG."""
    return _encode(image, "png")


def _encode(image: QImage, kind: str, quality: int = -1) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(kind.encode()))
    writer.setQuality(quality)
    writer.write(image)
    buffer.close()
    return bytes(data.data())
