"""The plugins installed on this computer, told without importing any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call, Engine
from artrator_desktop.state.phase import Failure, Phase

if TYPE_CHECKING:
    from artrator.plugins import PluginInfo


class PluginList(QObject):
    """Rows as ``artrator plugins list`` shows them."""

    changed = Signal()

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._call: Call[Any] | None = None
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.rows: Sequence[PluginInfo] = ()

    def refresh(self) -> None:
        """Look again."""
        if self._call is not None:
            return
        if not self.rows:
            self.phase = Phase.LOADING
            self.changed.emit()
        self._call = self._engine.call(_discover, self._read, self._failed)

    def _read(self, rows: Sequence[PluginInfo]) -> None:
        self._call = None
        self.rows = rows
        self.failure = None
        self.phase = Phase.READY if rows else Phase.EMPTY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.changed.emit()


async def _discover() -> Sequence[PluginInfo]:
    from artrator.plugins import discover

    return await asyncio.to_thread(discover)
