"""Latest wins: many values from other threads, one repaint.

Twenty jobs may report ten times a second each; the interface hears of it at most once every 33 ms, and then only of
the newest value of each key.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

#: Two frames of a 60 Hz screen: faster would not be seen, slower would look uneven.
INTERVAL_MS: Final = 33


class Latest(QObject):
    """Collects the newest value of each key and hands them over together."""

    arrived = Signal(object)
    _dirty = Signal()

    def __init__(self, parent: QObject | None = None, *, interval_ms: int = INTERVAL_MS) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._values: dict[Hashable, Any] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self.flush)
        self._dirty.connect(self._wake, Qt.ConnectionType.QueuedConnection)

    def put(self, key: Hashable, value: object) -> None:
        """Replace the value of ``key``; callable from any thread."""
        with self._lock:
            first = not self._values
            self._values[key] = value
        if first:
            self._dirty.emit()

    def flush(self) -> None:
        """Hand over now what has been collected, so that an end never overtakes the progress before it."""
        self._timer.stop()
        with self._lock:
            values, self._values = self._values, {}
        if values:
            self.arrived.emit(values)

    def _wake(self) -> None:
        if not self._timer.isActive():
            self._timer.start()
