"""What a plugin's prepare step left: a cache that its workers read, and a record of how the step went.

::

    <profile>/plugins/<name>/       of an installed plugin, <profile>/built-in/<name>/ of a built-in one
        cache/          what the plugin wrote in a confined process
        prepared.json   for which version and interpreter, and why it failed if it did

The host asks how large the files of a cache are and opens none of them: what is in it, workers read, confined. An
installed plugin's cache goes with its environment, so that an update begins anew.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from artrator.plugins.info import PluginInfo
from artrator.profile import home, write_atomically
from artrator.worker.words import sentence

#: The variable in which a plugin finds the folder: to write to while it prepares, to read in its workers.
VARIABLE: Final = "ARTRATOR_PLUGIN_CACHE"
_CACHE: Final = "cache"
_RECORD: Final = "prepared.json"


@dataclass(frozen=True)
class Preparation:
    """How a prepare step went.

    Attributes:
        version: Of the plugin.
        python: What it ran on, see ``running_python``.
        seconds: How long it took.
        size: Of the cache, in bytes.
        failure: Why there is no cache, in one sentence; None if there is one.
    """

    version: str
    python: str
    seconds: float = 0.0
    size: int = 0
    failure: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Preparation:
        """Read a record back; raises KeyError, TypeError or ValueError if it is none."""
        failure = value["failure"]
        return cls(
            version=str(value["version"]),
            python=str(value["python"]),
            seconds=float(value["seconds"]),
            size=int(value["size"]),
            failure=None if failure is None else sentence(failure, 2000),
        )


def running_python() -> str:
    """The interpreter as far as caches are concerned, such as ``CPython 3.11.9 x86_64``."""
    return f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"


def folder_of(plugin: PluginInfo) -> Path:
    """Where the plugin's cache and its record lie."""
    return plugin.location or home() / "built-in" / plugin.name


def cache_place(plugin: PluginInfo) -> Path:
    """Where the plugin's cache belongs, whether there is one or not."""
    return folder_of(plugin) / _CACHE


def last_preparation(plugin: PluginInfo) -> Preparation | None:
    """How the step went for this version and this interpreter; None if it has not been run for them."""
    try:
        text = (folder_of(plugin) / _RECORD).read_text(encoding="utf-8")
        found = Preparation.from_json(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if (found.version, found.python) == (plugin.version, running_python()) else None


def note_preparation(plugin: PluginInfo, preparation: Preparation) -> None:
    """Write the record; raises ``disk_full``."""
    text = json.dumps(asdict(preparation), indent=2, ensure_ascii=False)
    write_atomically(folder_of(plugin) / _RECORD, text.encode() + b"\n")


def forget_preparation(plugin: PluginInfo) -> None:
    """Make the step due again; raises OSError."""
    (folder_of(plugin) / _RECORD).unlink(missing_ok=True)


def is_due(plugin: PluginInfo) -> bool:
    """Whether the plugin has a step that has not been tried for this version and this interpreter."""
    return plugin.prepare is not None and plugin.error is None and last_preparation(plugin) is None


def cache_of(plugin: PluginInfo) -> Path | None:
    """What the plugin's workers may read of what it prepared; None if there is nothing."""
    if plugin.prepare is None:
        return None
    found = last_preparation(plugin)
    place = cache_place(plugin)
    return place if found is not None and found.failure is None and place.is_dir() else None
