"""The registry's ticket keys as this node knows them: fetched, verified with the pinned root, kept on disk.

An older key set than the one known is refused, so that nobody can bring back a key that was dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from artrator.clients.registry import RegistryClient
from artrator.documents import KeySet
from artrator.errors import ArtratorError
from artrator.keys import PublicKey
from artrator.profile import write_atomically
from artrator_node.clock import Clock
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: Between two fetches that tickets with unknown keys cause.
_ASK_AGAIN_SECONDS: Final = 10.0


class Keyring:
    """Ticket keys by key id."""

    def __init__(self, path: Path, root: PublicKey, registry: RegistryClient, clock: Clock) -> None:
        self._path = path
        self._root = root
        self._registry = registry
        self._clock = clock
        self._keyset: KeySet | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    @property
    def registry_id(self) -> str:
        """The id that tickets must be issued by."""
        return self._root.id

    @property
    def root(self) -> PublicKey:
        """The registry's pinned root key, which signs licences."""
        return self._root

    @property
    def serial(self) -> int:
        """The known set's serial; 0 before any is known."""
        return self._keyset.serial if self._keyset else 0

    def load(self) -> None:
        """Read the set that was kept, if it still is a set of this registry."""
        try:
            keyset = KeySet.model_validate_json(self._path.read_bytes())
        except (OSError, ValueError):
            return
        if keyset.registry == self.registry_id:
            self._keyset = keyset

    def keys(self) -> Mapping[str, PublicKey]:
        """The keys that are valid now."""
        return self._keyset.valid_keys(self._clock.now()) if self._keyset else {}

    async def refresh(self) -> None:
        """Fetch the set; raises what the registry's client raises."""
        async with self._asking:
            await self._fetch()

    async def refresh_for_ticket(self) -> bool:
        """Fetch the set because a ticket names an unknown key; answers whether it may be known now.

        Strangers can send such tickets, so the registry is asked at most every few seconds; a question that is on
        its way already is waited for.
        """
        if self._asking.locked():
            async with self._asking:
                return True
        if self._clock.monotonic() - self._asked_at < _ASK_AGAIN_SECONDS:
            return False
        try:
            await self.refresh()
        except ArtratorError:
            return False
        return True

    async def _fetch(self) -> None:
        self._asked_at = self._clock.monotonic()
        keyset = await self._registry.keyset(self._root)
        if keyset.serial < self.serial:
            log(_logger, logging.WARNING, "keyset_rollback_refused", offered=keyset.serial, known=self.serial)
            return
        if keyset.serial > self.serial or self._keyset is None:
            write_atomically(self._path, keyset.model_dump_json().encode())
            log(_logger, logging.INFO, "keyset_updated", serial=keyset.serial)
        self._keyset = keyset
