"""The session: who is signed in, how the registry can be reached, and when it is tried again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Call, Engine
from artrator_desktop.state.phase import Failure, Link
from artrator_desktop.state.settings import Settings

if TYPE_CHECKING:
    from artrator.messages.registry import Account, RegistryInfo
    from artrator_desktop.state.network import Network

T = TypeVar("T")

#: Waits between tries in seconds: quick at first, then no more than a light breeze for the registry.
_BACKOFF: Final = (2, 4, 8, 15, 30, 60)
#: While online, how often the registry is asked how it is, in milliseconds.
_CHECK_MS: Final = 30_000
#: Failures that say "no connection" rather than "no".
_LOST: Final = frozenset({"registry_unreachable"})


class Session(QObject):
    """Connects, signs in, watches the connection, and gives the other states their way to the network."""

    changed = Signal()
    #: The connection came up (again).
    online = Signal()
    onboarded = Signal()
    onboarding_failed = Signal(object)

    def __init__(self, settings: Settings, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._engine = engine
        self._network: Network | None = None
        self._connecting: Call[Any] | None = None
        self._tries = 0
        self.link = Link.OFFLINE
        self.retry_in = 0
        self.failure: Failure | None = None
        self.info: RegistryInfo | None = None
        self.account: Account | None = None
        self.key_fingerprint = ""
        self._countdown = QTimer(self)
        self._countdown.setInterval(1000)
        self._countdown.timeout.connect(self._tick)
        self._check = QTimer(self)
        self._check.setInterval(_CHECK_MS)
        self._check.timeout.connect(self._look)
        engine.at_farewell(self._farewell)
        settings.changed.connect(self._setting_changed)

    @property
    def needs_onboarding(self) -> bool:
        """Whether there is no key or no registry yet."""
        return not (self._settings.data_dir / "identity.pem").exists() or not self._settings.registry_url

    @property
    def registry_url(self) -> str:
        """The registry that is chosen, or an empty text."""
        return self._settings.registry_url.rstrip("/")

    @property
    def display_name(self) -> str:
        """The account's name, or an empty text."""
        return self.account.display_name or self.account.handle if self.account is not None else ""

    @property
    def account_id(self) -> str:
        """The account's id, or an empty text."""
        return self.account.id if self.account is not None else ""

    def start(self) -> None:
        """Connect, unless there is nobody to connect as."""
        if not self.needs_onboarding:
            self.retry()

    def retry(self) -> None:
        """Try now."""
        if self._connecting is not None or self.needs_onboarding:
            return
        self._countdown.stop()
        self.retry_in = 0
        self.link = Link.CONNECTING
        self.changed.emit()
        self._connecting = self._engine.call(self._connect, self._connected, self._refused)

    def create_account(
        self, registry_url: str, display_name: str, handle: str = "", key_path: Path | None = None
    ) -> None:
        """Make the identity (or take the one in ``key_path``), then sign in once; ``onboarded`` follows."""
        folder = self._settings.data_dir
        url = registry_url.strip().rstrip("/")

        async def work() -> tuple[RegistryInfo, Account]:
            from artrator_desktop.state.network import join

            joined = await join(folder, url, display_name, handle, key_path)
            await self._farewell()
            self._network = joined
            return await joined.connect()

        def done(result: tuple[RegistryInfo, Account]) -> None:
            self._settings.set("registry_url", url)
            self._connected(result)
            self.onboarded.emit()

        self._engine.call(work, done, self.onboarding_failed.emit)

    def call(
        self,
        work: Callable[[Network], Coroutine[Any, Any, T]],
        done: Callable[[T], object] | None = None,
        failed: Callable[[Failure], object] | None = None,
    ) -> Call[T]:
        """Run ``work(network)`` in the engine; a lost connection is noticed here for everybody."""

        def refused(failure: Failure) -> None:
            self._notice(failure)
            if failed is not None:
                failed(failure)

        return self._engine.call(lambda: self._with_network(work), done, refused)

    def _setting_changed(self, name: str) -> None:
        """Leave the old registry when another one is chosen; whoever changed the setting calls ``retry``."""
        if name != "registry_url" or self._network is None or self._network.url == self._settings.registry_url:
            return
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        self._engine.call(self._farewell)
        self._check.stop()
        self._countdown.stop()
        self.retry_in = self._tries = 0
        self.info = self.account = self.failure = None
        self.link = Link.OFFLINE
        self.changed.emit()

    async def network(self) -> Network:
        """The network, made on first use. Await it in the engine only."""
        if self._network is None:
            from artrator.errors import ArtratorError, Code

            if self.needs_onboarding:
                raise ArtratorError(Code.SESSION_INVALID, "Nobody is signed in on this computer yet.")
            from artrator_desktop.state.network import Network

            self._network = Network(self._settings.data_dir, self._settings.registry_url)
        return self._network

    async def _with_network(self, work: Callable[[Network], Coroutine[Any, Any, T]]) -> T:
        return await work(await self.network())

    async def _connect(self) -> tuple[RegistryInfo, Account]:
        network = await self.network()
        return await network.connect()

    def _connected(self, result: tuple[RegistryInfo, Account]) -> None:
        self._connecting = None
        self._tries = 0
        self.info, self.account = result
        self.key_fingerprint = self._fingerprint()
        self.failure = None
        self.link = Link.ONLINE
        self._check.start()
        self.changed.emit()
        self.online.emit()

    def _fingerprint(self) -> str:
        key = self.account.public_key if self.account is not None else ""
        from artrator.keys import PublicKey

        return PublicKey.decode(key).id if key else ""

    def _refused(self, failure: Failure) -> None:
        self._connecting = None
        self._check.stop()
        self.failure = failure
        self.link = Link.OFFLINE
        self.retry_in = _BACKOFF[min(self._tries, len(_BACKOFF) - 1)]
        self._tries += 1
        self._countdown.start()
        self.changed.emit()

    def _notice(self, failure: Failure) -> None:
        if failure.code in _LOST and self.link is Link.ONLINE:
            self._refused(failure)

    def _tick(self) -> None:
        self.retry_in = max(self.retry_in - 1, 0)
        if self.retry_in == 0:
            self.retry()
        else:
            self.changed.emit()

    def _look(self) -> None:
        def done(info: RegistryInfo) -> None:
            self.info = info
            self.changed.emit()

        self.call(lambda network: network.registry.info(), done)

    async def _farewell(self) -> None:
        network, self._network = self._network, None
        if network is not None:
            await network.aclose()
