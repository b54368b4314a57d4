"""Ask uv to resolve, to unpack and to build, and read what it decided."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from uv import find_uv_bin

from artrator.errors import ArtratorError, Code
from artrator.plugins.confined import CACHE, run
from artrator.plugins.environment import InstalledFile, interpreter
from artrator.worker.removal import remove_folder

#: ``artrator`` is never installed beside a plugin: the worker has the host's own. A marker that is never true says so.
_OVERRIDE: Final = 'artrator ; python_version < "0"\n'
#: What the contract imports, so that every plugin's environment has its own.
_NEEDED: Final = ("numpy>=2.0", "pluggy>=1.6")
#: No source distribution is ever built for a plugin.
_WHEELS_ONLY: Final = ("--only-binary", ":all:")


@dataclass(frozen=True)
class Origin:
    """Where wheels come from.

    Attributes:
        index: The address of a package index; None for the default one.
        find_links: A folder of wheels, instead of any index.
    """

    index: str | None = None
    find_links: Path | None = None

    def arguments(self) -> list[str]:
        """What uv is told."""
        if self.find_links is not None:
            return ["--no-index", "--find-links", str(self.find_links.resolve())]
        return ["--default-index", self.index] if self.index is not None else []

    def folders(self) -> list[Path]:
        """What of this machine uv reads for it."""
        if self.find_links is not None:
            return [self.find_links.resolve()]
        address = urlsplit(self.index or "")
        return [Path(url2pathname(address.path))] if address.scheme == "file" else []


def lock(requirement: str, scratch: Path, origin: Origin) -> Path:
    """Resolve ``requirement`` and all it depends on to wheels with hashes: a ``pylock.toml`` in ``scratch``.

    Raises:
        ArtratorError: ``plugin_invalid`` if that cannot be done, ``disk_full``.
    """
    wanted = scratch / "requirements.in"
    wanted.write_text("\n".join([requirement, *_NEEDED]) + "\n", encoding="utf-8")
    override = scratch / "override.txt"
    override.write_text(_OVERRIDE, encoding="utf-8")
    result = scratch / "pylock.toml"
    arguments = ["pip", "compile", str(wanted), "--override", str(override), "--format", "pylock.toml"]
    arguments += ["--output-file", str(result), "--no-header", "--no-annotate", "--quiet", *origin.arguments()]
    _run([*arguments, *_WHEELS_ONLY], scratch, readable=origin.folders())
    return result


def unpack(lock_file: Path, site: Path, origin: Origin) -> None:
    """Unpack the wheels of a lock into ``site``, each checked against its hash; nothing of them is run.

    Raises:
        ArtratorError: ``plugin_invalid`` if that cannot be done, ``disk_full``.
    """
    arguments = ["pip", "install", "--requirement", str(lock_file), "--target", str(site), "--require-hashes"]
    # Compiled here, because a worker may not write: without it each start would compile numpy anew.
    arguments += ["--no-deps", "--compile-bytecode", "--preview-features", "pylock", "--quiet"]
    _run([*arguments, *_WHEELS_ONLY], lock_file.parent, readable=origin.folders())
    remove_folder(lock_file.parent / CACHE)  # its files have their names in ``site`` now


def build(source: Path, scratch: Path) -> Sequence[Path]:
    """Build the wheels of a folder of source that lies in ``scratch``: this runs its author's code.

    Raises:
        ArtratorError: ``plugin_invalid`` if it does not build, ``disk_full``.
    """
    wheels = scratch / "wheels"
    wheels.mkdir()
    _run(["build", "--wheel", "--out-dir", str(wheels), str(source)], scratch)
    return sorted(wheels.glob("*.whl"))


def read_lock(path: Path) -> list[InstalledFile]:
    """The wheel that this machine takes of each package of a lock.

    Raises:
        ArtratorError: ``plugin_invalid`` if one has no wheel for this machine, or no hash.
    """
    priority = {tag: place for place, tag in enumerate(sys_tags())}
    found = []
    for package in tomllib.loads(path.read_text(encoding="utf-8")).get("packages", []):
        candidates = [wheel for wheel in _wheels(package) if wheel[0] is not None]
        ranked = [
            (min((priority.get(tag, 1 << 30) for tag in wheel[2]), default=1 << 30), wheel) for wheel in candidates
        ]
        best = min(ranked, key=lambda pair: pair[0], default=None)
        if best is None or best[0] == 1 << 30 or not best[1][1]:
            raise ArtratorError(
                Code.PLUGIN_INVALID, f"{package.get('name')} has no wheel with a hash for this machine and Python."
            )
        found.append(InstalledFile(str(package["name"]), str(package["version"]), str(best[1][0]), best[1][1]))
    return found


def _wheels(package: Mapping[str, Any]) -> list[tuple[str | None, str, frozenset[Any]]]:
    """(file name, SHA-256, tags) of each wheel of a package."""
    entries = [*package.get("wheels", []), *([package["archive"]] if "archive" in package else [])]
    result: list[tuple[str | None, str, frozenset[Any]]] = []
    for entry in entries:
        where = str(entry.get("name") or entry.get("path") or urlsplit(str(entry.get("url"))).path)
        name = unquote(where.replace("\\", "/").rpartition("/")[2])
        try:
            result.append((name, str(entry.get("hashes", {}).get("sha256", "")), parse_wheel_filename(name)[3]))
        except InvalidWheelFilename:
            result.append((None, "", frozenset()))
    return result


def _run(arguments: Sequence[str], scratch: Path, *, readable: Sequence[Path] = ()) -> None:
    # No settings file of the owner's may change what is installed, or where; nor is an interpreter ever downloaded.
    always = [
        "--no-config",
        "--no-progress",
        "--color",
        "never",
        "--python",
        str(interpreter()),
        "--no-python-downloads",
    ]
    run([find_uv_bin(), *arguments, *always], scratch, readable=readable)
