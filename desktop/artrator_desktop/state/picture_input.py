"""Taking a picture into the form: reading, measuring, and a small image to show. All of it blocks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from PySide6.QtGui import QImage

from artrator_desktop.state import pictures as picture_files
from artrator_desktop.state.inputs import MAX_FILE_BYTES, Picture, Problem

#: Longest side of a chosen picture as it is shown.
_SHOWN_SIDE: Final = 1024


def read_picture(path: Path) -> Picture | Problem:
    """Read and measure a file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return Problem("file_large", MAX_FILE_BYTES, path.stat().st_size)
        data = picture_files.read_plain(path)
    except OSError:
        return Problem("corrupt")
    return from_bytes(data, str(path))


def from_bytes(data: bytes, path: str = "", shown_side: int = _SHOWN_SIDE) -> Picture | Problem:
    """Measure a picture by the rules that the node will apply."""
    from artrator.errors import ArtratorError, Code
    from artrator.inputs import image_size

    try:
        width, height = image_size(data)
    except ArtratorError as error:
        return _huge() if error.code is Code.IMAGE_TOO_LARGE else Problem("corrupt")
    if width * height > picture_files.MAX_PIXELS:
        return _huge()
    shown = picture_files.decode(data, shown_side)
    return Problem("corrupt") if shown.isNull() else Picture(data, width, height, shown, path)


def from_pixels(image: QImage, folder: Path) -> Picture | Problem:
    """Encode pasted pixels as PNG, into a file of their own that drafts and "compare" come back to."""
    from artrator_desktop.state.files import save

    data = picture_files.encode_png(image)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    save(path, data)
    return from_bytes(data, str(path))


def _huge() -> Problem:
    return Problem("huge", picture_files.MAX_PIXELS)
