"""The node on this computer, as its public health page tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call, Engine
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.settings import Settings

if TYPE_CHECKING:
    from artrator.messages.node import Health


class NodeWatch(QObject):
    """Asks the node at ``settings.node_url`` how it is."""

    changed = Signal()

    def __init__(self, settings: Settings, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._engine = engine
        self._call: Call[Any] | None = None
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
        url = self._settings.node_url
        self._call = self._engine.call(lambda: read_health(url), self._read, self._failed)

    def _read(self, health: Health) -> None:
        self._call = None
        self.health = health
        self.failure = None
        self.phase = Phase.READY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.health = None
        self.failure = failure
        self.phase = Phase.EMPTY if failure.code == "node_unreachable" else Phase.FAILED
        self.changed.emit()


async def read_health(url: str) -> Health:
    """The health page of a node of one's own.

    Its certificate is self-signed and nothing secret is sent, so it is not verified here; jobs go through
    ``NodeClient``, which pins it.

    Raises:
        ArtratorError: ``node_unreachable``, or ``internal`` when something else than a node answers.
    """
    import httpx
    import pydantic

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
    except (ValueError, pydantic.ValidationError) as error:
        raise ArtratorError(
            Code.INTERNAL, f"What answers at {url} is not a node.", cure="Check the address in the settings."
        ) from error
