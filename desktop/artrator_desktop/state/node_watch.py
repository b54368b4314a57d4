"""The node on this computer, as its public health page tells it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call, Engine
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.settings import Settings

if TYPE_CHECKING:
    from artrator.messages.node import Health
    from artrator.node_controls import NodeControls


#: A node looks four times a second; a little longer, and the next look shows what it made of it.
_NOTICES_SECONDS: Final = 0.6


class NodeWatch(QObject):
    """Asks the node at ``settings.node_url`` how it is, and tells it to pause if it is this account's own."""

    changed = Signal()
    #: A pause was asked for and could not be written down.
    refused = Signal(Failure)

    def __init__(self, settings: Settings, engine: Engine, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._engine = engine
        self._folder = folder / "node"
        self._call: Call[Any] | None = None
        self._order: Call[Any] | None = None
        self.mine = False
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.health: Health | None = None

    def probe(self) -> None:
        """Ask; ``changed`` follows. EMPTY means that no node runs here."""
        if self._call is not None:
            return
        if self.health is None:
            self.phase = Phase.LOADING
            self.changed.emit()
        url, folder = self._settings.node_url, self._folder

        async def look() -> tuple[Health, bool]:
            health = await read_health(url)
            # Whoever answers there may be anybody's node; only one that lives in this account's folder reads from it.
            return health, health.node == await asyncio.to_thread(lambda: _controls(folder).node)

        self._call = self._engine.call(look, self._read, self._failed)

    def pause(self, seconds: float | None = None, *, now: bool = False) -> None:
        """Have the machine to oneself; ``now`` does not wait for running jobs. ``changed`` or ``refused`` follows."""
        asked, folder = time.time(), self._folder

        def write() -> None:
            from artrator.node_controls import Pause

            until = None if seconds is None else asked + seconds
            _controls(folder).pause(Pause(asked_at=asked, until=until, now=now))

        self._tell(write)

    def resume(self) -> None:
        """End the pause."""
        self._tell(lambda: _controls(self._folder).resume())

    def _tell(self, write: Callable[[], None]) -> None:
        async def work() -> None:
            await asyncio.to_thread(write)
            await asyncio.sleep(_NOTICES_SECONDS)

        if self._order is None:
            self._order = self._engine.call(work, self._told, self._not_told)

    def _told(self, _nothing: None) -> None:
        self._order = None
        self.probe()

    def _not_told(self, failure: Failure) -> None:
        self._order = None
        self.refused.emit(failure)

    def _read(self, answer: tuple[Health, bool]) -> None:
        self._call = None
        self.health, self.mine = answer
        self.failure = None
        self.phase = Phase.READY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.health = None
        self.failure = failure
        self.phase = Phase.EMPTY if failure.code == "node_unreachable" else Phase.FAILED
        self.changed.emit()


def _controls(folder: Path) -> NodeControls:
    """The files that a node in this folder reads."""
    # Loaded when it is needed, because the first paint waits for whatever is imported before it.
    from artrator.node_controls import NodeControls

    return NodeControls(folder)


async def read_health(url: str) -> Health:
    """The health page of a node of one's own.

    Its certificate is self-signed and nothing secret is sent, so it is not verified here; jobs go through
    ``NodeClient``, which pins it.

    Raises:
        ArtratorError: ``node_unreachable``, or ``internal`` when something else than a node answers.
    """
    import httpx

    from artrator.errors import ArtratorError, Code
    from artrator.messages.node import Health

    try:
        async with httpx.AsyncClient(verify=False, timeout=4.0, trust_env=False) as client:  # noqa: S501  # see above
            response = await client.get(url.rstrip("/") + "/v1/health")
        return Health.model_validate(response.json())
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ArtratorError(
            Code.NODE_UNREACHABLE, f"No node answers at {url}.", cure="Start one with `artrator node serve`."
        ) from error
    except ValueError as error:  # no JSON, or none of a node
        raise ArtratorError(
            Code.INTERNAL, f"What answers at {url} is not a node.", cure="Check the address in the settings."
        ) from error
