"""The registry's own keys: a root key that names it, and ticket keys that the root vouches for and that rotate.

The folder holds ``root.pem``, one ``ticket-<serial>.pem`` for each key, and ``keyset.json``, the signed key set. A
rotation writes the new key first and the set last, so that a power cut leaves the old set, whole. A running registry
notices a rotation by another process because the file changed. One process at a time changes the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from artrator import durable
from artrator.documents import KeySet, TicketKey
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.one_process import only_one

_DAY: Final = 86_400
#: A new key signs only after nodes had several heartbeats to fetch it.
_NOTICE_SECONDS: Final = 120
#: A key that was replaced is listed until the tickets it signed have ended on their nodes.
_AFTERLIFE_SECONDS: Final = 3_600
#: A registry whose clock runs ahead of a node's must still be believed.
_CLOCK_SKEW_SECONDS: Final = 300
#: How often it is looked, before signing, whether another process rotated: a new key signs only two minutes later.
_LOOK_SECONDS: Final = 1.0
#: A key this close to its end is replaced.
_RENEW_SECONDS: Final = 7 * _DAY


@dataclass(frozen=True)
class _Loaded:
    stamp: tuple[int, int, int]
    document: Mapping[str, Any]
    keyset: KeySet
    signers: Mapping[str, PrivateKey]


class Authority:
    """The keys in one folder. Safe to use from several threads."""

    def __init__(self, folder: Path, *, days: int = 90) -> None:
        self._folder = folder
        self._path = folder / "keyset.json"
        self._days = days
        self._guard = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.root: Final = PrivateKey.load_or_create(folder / "root.pem")
        #: The registry's id: its root key's.
        self.id: Final = self.root.id
        self._loaded: _Loaded | None = None
        self._looked_at = 0.0

    def prepare(self, now: float) -> None:
        """Make the first ticket key, or replace one that ends soon."""
        with self._guard:
            if self._is_prepared(now):
                return
            with self._alone():
                if not self._path.exists():
                    self._write(1, [self._new_key(1, now - _CLOCK_SKEW_SECONDS, now)])
                elif not self._is_prepared(now):  # another process may just have seen to it
                    self._rotate(now)

    def rotate(self, now: float) -> int:
        """Make a new ticket key and let the others end; answers the new serial.

        Raises:
            ArtratorError: ``conflict``: another process is about it.
        """
        with self._guard, self._alone():
            return self._rotate(now)

    def document(self) -> Mapping[str, Any]:
        """The signed key set."""
        with self._guard:
            return self._current().document

    def keyset(self) -> KeySet:
        """The key set."""
        with self._guard:
            return self._current().keyset

    def signer(self, now: float) -> PrivateKey:
        """The key that signs tickets now: the newest that nodes have had time to hear of."""
        with self._guard:
            loaded = self._lately()
        usable = [key for key in loaded.keyset.keys if key.not_before <= now < key.not_after]
        # A clock far off finds no key that is valid; an old ticket key is then better than no tickets at all,
        # because nodes judge by their own clocks.
        best = max(usable or loaded.keyset.keys, key=lambda key: key.not_before)
        return loaded.signers[best.kid]

    def _is_prepared(self, now: float) -> bool:
        if not self._path.exists():
            return False
        # A key from the future was made while the clock was wrong: it helps nobody now.
        ends = [key.not_after for key in self._current().keyset.keys if key.not_before <= now + _NOTICE_SECONDS]
        return bool(ends) and max(ends) - now >= _RENEW_SECONDS

    def _alone(self) -> AbstractContextManager[None]:
        busy = ArtratorError(
            Code.CONFLICT, "Another program is changing the ticket keys.", cure="Try again in a moment."
        )
        return only_one(self._folder / ".lock", busy)

    def _rotate(self, now: float) -> int:
        old = self._current().keyset
        serial = old.serial + 1
        ending = int(now) + _NOTICE_SECONDS + _AFTERLIFE_SECONDS
        kept = [
            key.model_copy(update={"not_after": min(key.not_after, ending)})
            for key in old.keys
            if key.not_after > now and key.not_before < ending
        ]
        notice = _NOTICE_SECONDS if any(key.not_before <= now for key in kept) else 0
        self._write(serial, [*kept, self._new_key(serial, now + notice, now)])
        return serial

    def _new_key(self, serial: int, not_before: float, now: float) -> TicketKey:
        key = PrivateKey.generate()
        key.save(self._folder / f"ticket-{serial}.pem")
        return TicketKey(
            kid=key.id,
            public_key=key.public.encode(),
            not_before=int(not_before),
            not_after=int(now) + self._days * _DAY,
        )

    def _write(self, serial: int, keys: list[TicketKey]) -> None:
        document = KeySet(registry=self.id, serial=serial, keys=keys).sign(self.root)
        scratch = self._path.with_suffix(".new")
        with scratch.open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        durable.replace(scratch, self._path)  # on the disk before a key that only the old set lists is removed
        self._loaded = None
        listed = {key.kid for key in keys}
        for path in self._folder.glob("ticket-*.pem"):
            if PrivateKey.load(path).id not in listed:  # a key that signs nothing any more can only be stolen
                path.unlink()

    def _lately(self) -> _Loaded:
        now = time.monotonic()
        if self._loaded is None or now - self._looked_at >= _LOOK_SECONDS:
            self._loaded, self._looked_at = self._current(), now
        return self._loaded

    def _current(self) -> _Loaded:
        found = self._path.stat()
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._loaded is None or self._loaded.stamp != stamp:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            keyset = KeySet.verify(document, self.root.public)
            listed = {key.kid for key in keyset.keys}
            signers = {}
            for path in self._folder.glob("ticket-*.pem"):
                with contextlib.suppress(FileNotFoundError):  # another process rotates, and it has ended
                    key = PrivateKey.load(path)
                    if key.id in listed:
                        signers[key.id] = key
            self._loaded = _Loaded(stamp, document, keyset, signers)
        return self._loaded
