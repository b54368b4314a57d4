"""The words that every observable state shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where something that is loaded stands."""

    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    EMPTY = "empty"
    FAILED = "failed"


class Link(StrEnum):
    """How the registry can be reached."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"


@dataclass(frozen=True)
class Failure:
    """What went wrong and what helps: an ``ArtratorError`` as a value, so that widgets need not import it."""

    code: str
    message: str
    cure: str = ""

    @property
    def sentence(self) -> str:
        """Message and cure, ready to be shown."""
        return f"{self.message} {self.cure}".strip()
