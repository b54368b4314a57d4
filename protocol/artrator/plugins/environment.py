"""An installed plugin on disk: a folder of its own under the profile.

::

    <profile>/plugins/<name>/
        plugin.json     what was installed, from where, with which hashes, and what the owner allowed
        site/           the plugin and everything it depends on, as unpacked wheels

``site`` is no virtual environment on purpose: a wheel may place files in the ``bin`` of one, over its very
interpreter. Workers run the host's interpreter with ``site`` on their path, so whatever a wheel holds is data until
a confined process reads it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from artrator.errors import ArtratorError, Code
from artrator.plugins.info import PluginInfo, Wants
from artrator.profile import home

_RECORD: Final = "plugin.json"
#: How the folder of a version is called while the next one takes its place.
OLD: Final = ".old-"


def plugins_folder() -> Path:
    """Where the environments of this user's plugins are."""
    return home() / "plugins"


def interpreter() -> Path:
    """The interpreter of workers: the host's own, without its virtual environment."""
    base: str = getattr(sys, "_base_executable", None) or sys.executable
    return Path(base).resolve()


@dataclass(frozen=True)
class InstalledFile:
    """A wheel that an environment was made of."""

    name: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Record:
    """``plugin.json``.

    Attributes:
        source: What was asked to be installed: a requirement, a wheel's file name, or a folder.
        python: The version of Python the wheels are for, as ``3.11``.
        allowed: What the owner granted.
        wheels: What the environment was made of.
    """

    name: str
    version: str
    source: str
    python: str
    installed_at: int
    allowed: Wants = field(default_factory=Wants)
    wheels: Sequence[InstalledFile] = ()

    def to_json(self) -> dict[str, Any]:
        """The record as it is written."""
        return {
            "format": 1,
            "name": self.name,
            "version": self.version,
            "source": self.source,
            "python": self.python,
            "installed_at": self.installed_at,
            "allowed": self.allowed.names(),
            "wheels": [vars(wheel) for wheel in self.wheels],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Record:
        """Read a record back; raises KeyError, TypeError or ValueError if it is none."""
        if value["format"] != 1:
            raise ValueError("it was written by a newer version")
        granted = set(value["allowed"])
        return cls(
            name=str(value["name"]),
            version=str(value["version"]),
            source=str(value["source"]),
            python=str(value["python"]),
            installed_at=int(value["installed_at"]),
            allowed=Wants(network="network" in granted, gpu="gpu" in granted, files="files" in granted),
            wheels=tuple(InstalledFile(**wheel) for wheel in value["wheels"]),
        )


@dataclass(frozen=True)
class Environment:
    """The folder of one plugin.

    Attributes:
        name: The plugin's; the folder has another one while it is made, or an update of it was interrupted.
    """

    folder: Path
    name: str

    @property
    def site(self) -> Path:
        """What a worker imports from."""
        return self.folder / "site"

    def read(self) -> Record:
        """The record.

        Raises:
            ArtratorError: ``plugin_broken`` if it is missing, unreadable or for another Python.
        """
        try:
            record = Record.from_json(json.loads((self.folder / _RECORD).read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise self._broken("its record is missing") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._broken(f"its record cannot be read ({error})") from error
        running = python_version()
        if record.python != running:
            raise self._broken(f"it was installed for Python {record.python}, and this is {running}")
        return record

    def metadata(self) -> Path | None:
        """The folder of the plugin's own metadata, found by its name: nothing of what its wheels brought is opened."""
        found = [
            path
            for path in self.site.glob("*.dist-info")
            if canonicalize_name(path.stem.rpartition("-")[0]) == self.name
        ]
        return found[0] if len(found) == 1 else None

    def write(self, record: Record) -> None:
        """Write the record into a folder that is still being made."""
        text = json.dumps(record.to_json(), indent=2, ensure_ascii=False)
        (self.folder / _RECORD).write_text(text + "\n", encoding="utf-8")

    def _broken(self, reason: str) -> ArtratorError:
        return ArtratorError(
            Code.PLUGIN_BROKEN,
            f"The plugin {self.name} is broken: {reason}.",
            cure=f"Install it again, or remove it: artrator plugins uninstall {self.name}.",
        )


def trace(plugin: PluginInfo) -> tuple[int, int] | None:
    """What tells a plugin's files from those of another version in the same place; None where there are none.

    Of a built-in one as well: whoever updates the host's environment starts the host anew.
    """
    if plugin.location is None:
        return None
    try:
        found = Environment(plugin.location, plugin.name).site.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def python_version() -> str:
    """The version of Python that wheels must fit."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def environments() -> list[Environment]:
    """All environments there are, by name.

    Folders whose name begins with a dot are half-made or half-removed ones; one that a new version was about to take
    the place of is still the plugin, until the new one stands there.
    """
    try:
        folders = [path for path in plugins_folder().iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []
    found = {path.name.removeprefix(OLD): path for path in folders if path.name.startswith(OLD)}
    found |= {path.name: path for path in folders if path.name[0] != "."}
    return [Environment(found[name], name) for name in sorted(found)]
