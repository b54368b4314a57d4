"""Challenges: what a key signs to sign in.

They live in memory, because one that a restart lost costs a second try, and because nobody should be able to fill the
disk before showing a key.
"""

from __future__ import annotations

import secrets
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

#: The oldest challenge gives way beyond this; at a minute's life each, that is 1600 sign-ins a second.
_MOST: Final = 100_000


@dataclass(frozen=True)
class _Open:
    nonce: str
    public_key: str
    expires_at: float


class Challenges:
    """Open challenges, each good for one try."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._guard = threading.Lock()

    def issue(self, public_key: str, expires_at: float) -> tuple[str, str]:
        """A new challenge for a key: its id and its nonce."""
        challenge, nonce = str(uuid.uuid4()), secrets.token_urlsafe(32)
        with self._guard:
            self._open[challenge] = _Open(nonce, public_key, expires_at)
            while len(self._open) > _MOST:
                self._open.popitem(last=False)
        return challenge, nonce

    def take(self, challenge: str, public_key: str, now: float) -> str | None:
        """The nonce of an open challenge, which is closed by asking; None if there is none for this key."""
        with self._guard:
            found = self._open.pop(challenge, None)
        if found is None or found.public_key != public_key or found.expires_at <= now:
            return None
        return found.nonce

    def forget(self, now: float) -> None:
        """Drop the ones that have ended."""
        with self._guard:
            for challenge in [name for name, entry in self._open.items() if entry.expires_at <= now]:
                del self._open[challenge]
