"""Two pictures at one size, for the compare slider."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap

from artrator_desktop.state.pictures import decode_file

#: Larger than any screen shows it; an upscaled picture may have many times as many pixels.
_SIDE: Final = 2048


def load_pair(before: str, after: str) -> tuple[QPixmap, QPixmap] | None:
    """Read two pictures at the size of the second, or None if either is gone."""
    first, second = decode_file(Path(before), _SIDE), decode_file(Path(after), _SIDE)
    if first.isNull() or second.isNull():
        return None
    size = QSize(second.width(), second.height())
    same = first.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return QPixmap.fromImage(same), QPixmap.fromImage(second)
