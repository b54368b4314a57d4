"""Ask uv to resolve, to install and to build, and read what it decided."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from uv import find_uv_bin

from artrator.errors import ArtratorError, Code
from artrator.plugins.environment import InstalledFile
from artrator.worker.sandbox import landlock
from artrator.worker.words import sentence

#: ``artrator`` is never installed beside a plugin: the worker has the host's own. A marker that is never true says so.
_OVERRIDE: Final = 'artrator ; python_version < "0"\n'
#: What the contract imports, so that every plugin's environment has its own.
_NEEDED: Final = ("numpy>=2.0", "pluggy>=1.6")
#: Downloads of large runtimes over slow lines take their time; what hangs longer is stuck.
_SECONDS: Final = 1800
#: uv's own settings must not change what is installed, or where.
_DROPPED: Final = (
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "CONDA_PREFIX",
    "UV_OVERRIDE",
    "UV_CONSTRAINT",
    "UV_TARGET",
)


def lock(requirement: str, scratch: Path, *, index: str | None, find_links: Path | None) -> Path:
    """Resolve ``requirement`` and all it depends on to wheels with hashes: a ``pylock.toml`` in ``scratch``.

    Raises:
        ArtratorError: ``plugin_invalid`` if that cannot be done.
    """
    wanted = scratch / "requirements.in"
    wanted.write_text("\n".join([requirement, *_NEEDED]) + "\n", encoding="utf-8")
    override = scratch / "override.txt"
    override.write_text(_OVERRIDE, encoding="utf-8")
    result = scratch / "pylock.toml"
    arguments = ["pip", "compile", str(wanted), "--override", str(override), "--format", "pylock.toml"]
    arguments += ["--output-file", str(result), "--no-header", "--no-annotate", *_source(index, find_links)]
    _run([*arguments, *_common()], scratch)
    return result


def install(lock_file: Path, site: Path) -> None:
    """Unpack the wheels of a lock into ``site``, each checked against its hash; nothing of them is run."""
    arguments = ["pip", "install", "--requirement", str(lock_file), "--target", str(site), "--require-hashes"]
    # Compiled here, because a worker may not write: without it each start would compile numpy anew.
    arguments += ["--no-deps", "--compile-bytecode", "--preview-features", "pylock"]
    if sys.platform != "linux" or not landlock.version():
        # uv would link the files of its cache into place: a worker that nothing keeps from writing to them could change
        # every other environment made of the same cache.
        arguments += ["--link-mode", "copy"]
    _run([*arguments, *_common()], lock_file.parent)


def binary() -> str:
    """The uv that Artrator depends on."""
    return find_uv_bin()


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


def _common() -> list[str]:
    """Wheels only, for the interpreter that runs this."""
    return ["--only-binary", ":all:", "--python", sys.executable, "--no-progress", "--color", "never", "--quiet"]


def _source(index: str | None, find_links: Path | None) -> list[str]:
    """Where to look for wheels: an index, or a folder alone."""
    if find_links is not None:
        return ["--no-index", "--find-links", str(find_links.resolve())]
    return ["--default-index", index] if index is not None else []


def _run(arguments: Sequence[str], scratch: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    run([binary(), *arguments], scratch, environment)


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end; raises ``plugin_invalid`` with what it said last if it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise ArtratorError(Code.PLUGIN_INVALID, f"It was not installed within {_SECONDS // 60} minutes.") from error
    except OSError as error:
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"uv cannot be started: {error.strerror}.",
            cure="Install Artrator again; uv comes with it.",
        ) from error
    if done.returncode != 0:
        said = sentence(done.stderr.decode(errors="replace"), 100_000)
        raise ArtratorError(Code.PLUGIN_INVALID, f"uv says: {said[-700:] or 'nothing'}")
