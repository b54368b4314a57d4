"""Ask uv to resolve, to unpack and to build, and read what it decided."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.tags import Tag, sys_tags
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
#: Of a lock, in bytes; one of a hundred packages of fifty wheels each takes a sixteenth of it.
_MAX_LOCK: Final = 16 << 20
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
        ArtratorError: ``plugin_invalid`` if one has no wheel for this machine, or no hash, or there are too many.
    """
    if path.stat().st_size > _MAX_LOCK:
        raise ArtratorError(Code.PLUGIN_INVALID, "The index lists more files than anybody needs.")
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
    found = []
    for package in tomllib.loads(path.read_text(encoding="utf-8")).get("packages", []):
        best = min(_fitting(package, ranks), default=None)
        if best is None:
            raise ArtratorError(
                Code.PLUGIN_INVALID, f"{package.get('name')} has no wheel with a hash for this machine and Python."
            )
        _, name, sha256 = best
        found.append(InstalledFile(str(package["name"]), str(package["version"]), name, sha256))
    return found


def _fitting(package: Mapping[str, Any], ranks: Mapping[Tag, int]) -> Iterator[tuple[int, str, str]]:
    """Rank among this machine's tags, file name and SHA-256 of each wheel of a package that it can use."""
    for entry in [*package.get("wheels", []), *([package["archive"]] if "archive" in package else [])]:
        where = str(entry.get("name") or entry.get("path") or urlsplit(str(entry.get("url"))).path)
        name = unquote(where.replace("\\", "/").rpartition("/")[2])
        try:
            tags = parse_wheel_filename(name)[3]
        except InvalidWheelFilename:
            continue
        sha256 = entry.get("hashes", {}).get("sha256")
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        if rank is not None and sha256:
            yield rank, name, str(sha256)


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
