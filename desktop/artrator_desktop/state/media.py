"""Media: sample pictures of the registry, brought to this computer once and kept in the cache."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.phase import Failure
from artrator_desktop.state.session import Session

if TYPE_CHECKING:
    from artrator_desktop.state.network import Network

#: The registry takes samples of at most 512 KiB; twice that leaves room for another registry's taste.
_LARGEST: Final = 1_048_576


class Media(QObject):
    """Fetches by key: a path on the registry (``/v1/samples/…``) or a local file."""

    fetched = Signal(str, str)
    failed = Signal(str)

    def __init__(self, session: Session, engine: Engine, cache: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._engine = engine
        self._folder = cache / "samples"
        self._wanted: set[str] = set()

    def fetch(self, key: str) -> None:
        """Bring a picture; ``fetched(key, path)`` or ``failed(key)`` follows."""
        if not key.startswith("/v1/"):
            path = Path(key)
            # Answered from the event loop, never from inside the caller: a painter may be asking.
            self._engine.post(lambda: self.fetched.emit(key, str(path)) if path.is_file() else self.failed.emit(key))
            return
        if key in self._wanted:
            return
        self._wanted.add(key)
        path = self._path(key)

        async def work(network: Network) -> str:
            return await self._bring(network, key, path)

        def done(found: str) -> None:
            self._wanted.discard(key)
            self.fetched.emit(key, found)

        def failed(_failure: Failure) -> None:
            self._wanted.discard(key)
            self.failed.emit(key)

        self._session.call(work, done, failed)

    def _path(self, key: str) -> Path:
        # Sample paths name the digest of their content, so a cached file never grows stale. The digest of the key
        # keeps whatever a registry may write into a path out of the file system.
        return self._folder / (hashlib.sha256(key.encode()).hexdigest() + Path(key).suffix[:6])

    async def _bring(self, network: Network, key: str, path: Path) -> str:
        from artrator.errors import ArtratorError, Code
        from artrator.profile import write_atomically

        if not await asyncio.to_thread(_is_sound, key, path):
            data = await network.registry.sample(key)
            if len(data) > _LARGEST:
                raise ArtratorError(Code.IMAGE_TOO_LARGE, "The sample picture is larger than a sample may be.")
            write_atomically(path, data)
        return str(path)


def _is_sound(key: str, path: Path) -> bool:
    """Whether a cached file is there, and is what its key names; a key of another form names nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    named = Path(key).stem
    return bool(content) and (len(named) != 64 or hashlib.sha256(content).hexdigest() == named)
