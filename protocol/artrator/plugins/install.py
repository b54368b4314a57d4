"""Install a plugin into an environment of its own, and remove it again.

Everything is made in a scratch folder beside the others and renamed into place at the end: a failure or a power cut
leaves either the old version or the new one, and a folder whose name begins with a dot, which the next run sweeps away.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from artrator import durable
from artrator.errors import ArtratorError, Code
from artrator.one_process import only_one
from artrator.plugins import uv
from artrator.plugins.build import build_wheel
from artrator.plugins.confined import measure, require_room
from artrator.plugins.discovery import discover, find_plugin, read_plugin
from artrator.plugins.environment import OLD, Environment, InstalledFile, Record, plugins_folder, python_version
from artrator.plugins.info import PluginInfo
from artrator.worker.removal import remove_folder
from artrator.worker.words import sentence

_MAKING: Final = ".making-"
_REMOVED: Final = ".removed-"
_READ_BY_HOST: Final = ("METADATA", "entry_points.txt", "artrator-plugin.toml")
_MAX_METADATA: Final = 1 << 20
#: Nobody reads more.
_MOST_NOTES: Final = 3


@dataclass(frozen=True)
class Plan:
    """What is about to be installed: unpacked and checked, but not in place, and nothing of it has run.

    Attributes:
        source: What was asked for.
        wheels: What the environment is made of.
        size: What it takes on the disk, in bytes.
        replaces: The version that is there now.
        notes: What the owner should know, one sentence each.
    """

    plugin: PluginInfo
    source: str
    wheels: Sequence[InstalledFile]
    size: int
    replaces: str | None = None
    notes: Sequence[str] = ()


def install(
    source: str,
    *,
    consent: Callable[[Plan], bool],
    trust_build: bool = False,
    index: str | None = None,
    find_links: Path | None = None,
) -> PluginInfo | None:
    """Install the plugin that ``source`` names: a requirement, a wheel, or a folder of source.

    Args:
        source: ``artrator-sepia``, ``artrator-sepia==1.2``, ``./artrator_sepia-1.2-py3-none-any.whl`` or ``./sepia``.
        consent: Asked once, with everything known; answering False installs nothing.
        trust_build: A folder may be built, which runs its author's build backend.
        index: The address of a package index, instead of the default one.
        find_links: A folder of wheels, instead of any index.

    Returns:
        The installed plugin, or None without consent.

    Raises:
        ArtratorError: ``plugin_invalid``: what could not be installed, and nothing is; ``disk_full``; ``conflict`` if
            another plugin is being installed or removed.
    """
    origin = uv.Origin(index, find_links)
    try:
        with _alone() as folder, _scratch(folder) as scratch:
            require_room(scratch)
            requirement = _requirement(source, scratch, trust_build=trust_build)
            present = next((plugin for plugin in discover() if plugin.name == requirement.name), None)
            if present is not None and present.origin == "built-in":
                raise ArtratorError(
                    Code.PLUGIN_INVALID,
                    f"{present.name} is part of this environment already.",
                    cure="Update it with whatever installed Artrator, such as pip or uv.",
                )
            environment = Environment(scratch / "environment", requirement.name)
            environment.folder.mkdir()
            lock = uv.lock(requirement.text, scratch, origin)
            wheels = uv.read_lock(lock)
            uv.unpack(lock, environment.site, origin)
            plugin = _examined(environment)
            plan = Plan(
                plugin,
                source,
                wheels,
                measure(environment.folder),
                present.version if present else None,
                _notes(environment.site),
            )
            if not consent(plan):
                return None
            environment.write(
                Record(
                    name=plugin.name,
                    version=plugin.version,
                    source=source,
                    python=python_version(),
                    installed_at=int(time.time()),
                    allowed=plugin.wants,
                    wheels=wheels,
                )
            )
            shutil.copyfile(lock, environment.folder / "pylock.toml")
            _put_in_place(environment.folder, folder / plugin.name)
    except OSError as error:
        reason = sentence(error.strerror or error, 200)
        raise ArtratorError(Code.DISK_FULL, f"The plugin could not be written: {reason}.") from error
    return find_plugin(plugin.name)


def uninstall(name: str) -> str:
    """Remove a plugin's environment, broken or not; returns its name.

    Raises:
        ArtratorError: ``backend_missing`` if there is none, ``plugin_invalid`` for a built-in one, ``conflict`` if
            another is being installed or removed, or the system does not let go of its files.
    """
    plugin = find_plugin(name)
    if plugin.location is None:
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"{plugin.name} is part of this environment.",
            cure="Remove it with whatever installed Artrator, such as pip or uv.",
        )
    with _alone() as folder:
        grave = folder / f"{_REMOVED}{plugin.name}"  # nothing new is made, so that it goes on a full disk too
        _move(folder / plugin.name, grave)  # gone for everybody at once, whatever happens to the files
        remove_folder(grave)
    return plugin.name


@dataclass(frozen=True)
class _Wanted:
    """A requirement for uv, and the name that the plugin must turn out to have."""

    text: str
    name: str


def _requirement(source: str, scratch: Path, *, trust_build: bool) -> _Wanted:
    path = Path(source).expanduser()
    if path.is_dir() and (path.is_absolute() or source[:1] in ".~" or "/" in source or os.sep in source):
        if not trust_build:
            raise ArtratorError(
                Code.PLUGIN_INVALID,
                f"{source} is a folder of source: installing it runs its author's build code first.",
                cure="If you trust it that far, say --trust-build; or build a wheel elsewhere and install that.",
            )
        return _wheel(build_wheel(path.resolve(), scratch))
    if path.suffix == ".whl":
        if not path.is_file():
            raise ArtratorError(Code.PLUGIN_INVALID, f"There is no file {source}.", cure="Check the path.")
        _wheel_name(path)
        # A copy, so that what is hashed is what is installed, whoever writes to the original meanwhile.
        return _wheel(_copied(path, scratch))
    try:
        parsed = Requirement(source)
    except InvalidRequirement as error:
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"{source} is neither a plugin's name, nor a wheel, nor a folder here.",
            cure="Give a name such as artrator-sepia, or the path of a wheel or of a folder of source.",
        ) from error
    if parsed.url is not None:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{source} names an address.", cure="Download the wheel and install the file."
        )
    return _Wanted(source, canonicalize_name(parsed.name))


def _copied(path: Path, scratch: Path) -> Path:
    try:
        original = path.open("rb")
    except OSError as error:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{path} cannot be read: {error.strerror}.", cure="Check its permissions."
        ) from error
    with original, (scratch / path.name).open("wb") as copy:
        require_room(scratch, os.fstat(original.fileno()).st_size)
        shutil.copyfileobj(original, copy)
        return Path(copy.name)


def _wheel(path: Path) -> _Wanted:
    return _Wanted(f"{_wheel_name(path)} @ {path.as_uri()}", _wheel_name(path))


def _wheel_name(path: Path) -> str:
    try:
        return parse_wheel_filename(path.name)[0]
    except InvalidWheelFilename as error:
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"{sentence(path.name, 200)} is not the name of a wheel.",
            cure="Call the file as its author did, such as artrator_sepia-1.2-py3-none-any.whl.",
        ) from error


def _examined(environment: Environment) -> PluginInfo:
    """Read what was unpacked and refuse what cannot work, before anybody is asked."""
    name = environment.name
    metadata = environment.metadata()
    if metadata is None:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{name} was not among what was installed.")
    for file in _READ_BY_HOST:
        # The node reads these again and again, so none of them may be a bomb.
        if (metadata / file).is_file() and (metadata / file).stat().st_size > _MAX_METADATA:
            raise ArtratorError(Code.PLUGIN_INVALID, f"{name} has metadata of more than {_MAX_METADATA >> 20} MiB.")
    try:
        plugin = read_plugin(environment)
    except ArtratorError as error:
        raise ArtratorError(Code.PLUGIN_INVALID, error.message) from error
    if plugin.error is not None:
        raise ArtratorError(Code.PLUGIN_INVALID, plugin.error)
    if not plugin.entry_points:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{name} {plugin.version} is no plugin: it has no entry point artrator.backends."
        )
    for other in discover():
        clash = sorted(set(plugin.backends) & set(other.backends))
        if clash and other.name != name:
            raise ArtratorError(
                Code.PLUGIN_INVALID,
                f"{name} provides the backend {clash[0]}, which {other.name} provides already.",
                cure=f"Uninstall {other.name} first, if you mean to replace it.",
            )
    return plugin


def _notes(site: Path) -> list[str]:
    names = sorted(path.name for path in site.glob("*.pth"))
    notes = [
        f"It brings {sentence(name, 80)}, a file that would run at every start of Python. It never runs here."
        for name in names[:_MOST_NOTES]
    ]
    return notes if len(names) <= _MOST_NOTES else [*notes, f"And {len(names) - _MOST_NOTES} more like these."]


@contextmanager
def _alone() -> Iterator[Path]:
    """The folder of the plugins, which nobody else changes meanwhile; raises ``conflict`` if somebody does."""
    folder = plugins_folder()
    folder.mkdir(parents=True, exist_ok=True)
    taken = ArtratorError(
        Code.CONFLICT,
        "Another plugin is being installed or removed.",
        cure="Wait until that has ended, or answer its question; then try again.",
    )
    with only_one(folder.with_name(f"{folder.name}.lock"), taken):
        _sweep(folder)
        yield folder


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder on the same disk as the plugins, gone at the end."""
    scratch = Path(tempfile.mkdtemp(prefix=_MAKING, dir=folder))
    try:
        yield scratch
    finally:
        remove_folder(scratch)


def _put_in_place(made: Path, place: Path) -> None:
    if hasattr(os, "sync"):
        os.sync()  # or a power cut could leave the new version's names without what is in its files
    old = place.with_name(OLD + place.name)
    if place.exists():
        _move(place, old)
    try:
        made.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    durable.sync_folder(place.parent)
    remove_folder(old)


def _move(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError as error:  # Windows keeps what a running worker has open
        raise ArtratorError(
            Code.CONFLICT,
            f"{folder.name} cannot be taken away: {error.strerror}.",
            cure="Stop the node that uses it, then try again.",
        ) from error


def _sweep(folder: Path) -> None:
    """Finish what was interrupted: bring back an old version that no new one replaced, clear the rest."""
    for leftover in folder.glob(".*"):
        place = folder / leftover.name.removeprefix(OLD)
        if leftover.name.startswith(OLD) and not place.exists():
            leftover.rename(place)
        elif leftover.name.startswith((OLD, _MAKING, _REMOVED)):
            remove_folder(leftover)
