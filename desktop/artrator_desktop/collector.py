"""Python's garbage collector, kept on the interface's thread.

The collector runs in whatever thread happens to allocate when a threshold is reached. If that is the engine's thread
or a decoder's, a forgotten widget in a reference cycle is destroyed there, and Qt crashes: widgets may only be
destroyed where they live. So automatic collection is switched off, and a timer collects on the interface's thread by
the same thresholds.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

# Often enough that cycles do not pile up; a young collection takes well under a millisecond.
_EVERY_MS: Final = 1000


class Collector(QObject):
    """Collects on the thread it was made on, for as long as it lives."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)
        self._timer.start(_EVERY_MS)

    def collect(self) -> int:
        """Collect the generations that are due; returns the oldest one that was, or -1."""
        due = [
            generation
            for generation, (count, threshold) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
            # A threshold of nothing means that this generation is never due by itself.
            if threshold and count > threshold
        ]
        if not due:
            return -1
        gc.collect(due[-1])
        return due[-1]

    def stop(self) -> None:
        """Give collection back to Python."""
        self._timer.stop()
        gc.enable()
