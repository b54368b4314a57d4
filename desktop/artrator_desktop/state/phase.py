"""The words that every observable state shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from artrator_desktop.state.failure_words import told


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
    def happened(self) -> str:
        """What went wrong, in the language of the interface."""
        return told(self.code, self.message, self.cure)[0]

    @property
    def sentence(self) -> str:
        """What went wrong and what helps, in the language of the interface."""
        return " ".join(told(self.code, self.message, self.cure)).strip()
