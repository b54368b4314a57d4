"""What is known of a plugin without importing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Wants:
    """What a plugin asks its owner for: ``artrator-plugin.toml``. Unset means that it needs nothing.

    Attributes:
        network: Outgoing TCP connections.
        gpu: The devices of a GPU and their drivers.
        files: A folder of its own to write to, emptied when the worker ends. Nothing else is ever writable.
        reasons: Why, by the names above, in the author's words.
    """

    network: bool = False
    gpu: bool = False
    files: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: Wants) -> Wants:
        """What both together ask for."""
        return Wants(
            network=self.network or other.network,
            gpu=self.gpu or other.gpu,
            files=self.files or other.files,
            reasons={**other.reasons, **self.reasons},
        )

    def names(self) -> list[str]:
        """The names of what is asked for."""
        return [name for name in ("network", "gpu", "files") if getattr(self, name)]


@dataclass(frozen=True)
class PluginInfo:
    """A plugin as its metadata describes it.

    Attributes:
        name: The normalised name of its distribution, by which it is installed and uninstalled.
        distribution: The name as its author writes it.
        origin: ``built-in`` for this environment's own, ``environment`` for one in an environment of its own.
        backends: The names of the backends it provides.
        entry_points: Backend name to what is imported for it, in a worker only.
        interpreter: What runs its worker.
        sys_path: The folders its worker imports from, after the standard library.
        wants: What it asks for.
        allowed: What the owner of this machine has granted of that.
        location: The folder of its environment; None for a built-in one.
        prepare: The module that makes its cache, run once in a confined process; None if it has none.
        error: Why it cannot be used, in one sentence; None if nothing is known against it.
    """

    name: str
    version: str
    distribution: str
    origin: str
    entry_points: Mapping[str, str]
    interpreter: Path
    sys_path: Sequence[Path]
    summary: str = ""
    wants: Wants = field(default_factory=Wants)
    allowed: Wants = field(default_factory=Wants)
    location: Path | None = None
    prepare: str | None = None
    error: str | None = None

    @property
    def backends(self) -> tuple[str, ...]:
        """The names of the backends it provides."""
        return tuple(sorted(self.entry_points))
