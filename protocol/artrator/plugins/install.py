"""Install a plugin into an environment of its own, and remove it again.

Everything is made in a scratch folder beside the others and renamed into place at the end: a failure or a power cut
leaves either the old state or the new one, and a folder whose name begins with a dot, which the next run sweeps away.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

import artrator
from artrator.errors import ArtratorError, Code
from artrator.plugins import uv
from artrator.plugins.build import build_wheel
from artrator.plugins.discovery import describe, discover, find_plugin
from artrator.plugins.environment import Environment, InstalledFile, Record, plugins_folder, python_version
from artrator.plugins.info import PluginInfo
from artrator.worker.removal import remove_folder
from artrator.worker.words import sentence

_SCRATCH: Final = ".making-"
_OLD: Final = ".old-"
_REMOVED: Final = ".removed-"
_READ_BY_HOST: Final = ("METADATA", "entry_points.txt", "artrator-plugin.toml")
_MAX_METADATA: Final = 1 << 20
#: A scratch folder that is older than this belongs to nobody any more.
_STALE_SECONDS: Final = 24 * 3600


@dataclass(frozen=True)
class Plan:
    """What is about to be installed: unpacked and checked, but not in place, and nothing of it has run.

    Attributes:
        source: What was asked for.
        wheels: What the environment is made of.
        replaces: The version that is there now.
        notes: What the owner should know, one sentence each.
    """

    plugin: PluginInfo
    source: str
    wheels: Sequence[InstalledFile]
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
        ArtratorError: ``plugin_invalid``: what could not be installed, and nothing is; ``disk_full``.
    """
    try:
        with _scratch() as scratch:
            requirement = _requirement(source, scratch, trust_build=trust_build)
            environment = Environment(scratch / "environment")
            environment.folder.mkdir()
            lock = uv.lock(requirement.text, scratch, index=index, find_links=find_links)
            wheels = uv.read_lock(lock)
            uv.install(lock, environment.site)
            plugin = _examined(environment, requirement.name)
            present = _present(plugin.name)
            plan = Plan(plugin, source, wheels, present.version if present else None, _notes(environment.site))
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
            _put_in_place(environment.folder, plugins_folder() / plugin.name)
    except OSError as error:
        reason = sentence(error.strerror or error, 200)
        raise ArtratorError(Code.DISK_FULL, f"The plugin could not be written: {reason}.") from error
    return find_plugin(plugin.name)


def uninstall(name: str) -> str:
    """Remove a plugin's environment, broken or not; returns its name.

    Raises:
        ArtratorError: ``backend_missing`` if there is none, ``plugin_invalid`` for a built-in one.
    """
    plugin = find_plugin(name)
    if plugin.location is None:
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"{plugin.name} is part of this environment.",
            cure="Remove it with whatever installed Artrator, such as pip or uv.",
        )
    try:
        grave = Path(tempfile.mkdtemp(prefix=_REMOVED, dir=plugins_folder()))
        plugin.location.rename(grave / plugin.name)  # gone for everybody at once, whatever happens to the files
    except OSError as error:  # Windows keeps what a running worker has open
        raise ArtratorError(
            Code.CONFLICT,
            f"{plugin.name} cannot be removed: {error.strerror}.",
            cure="Stop the node that uses it, then try again.",
        ) from error
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
        # A copy, so that what is hashed is what is installed, whoever writes to the original meanwhile.
        return _wheel(Path(shutil.copyfile(path, scratch / path.name)))
    try:
        parsed = Requirement(source)
    except InvalidRequirement as error:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{source} is neither a plugin's name, nor a wheel, nor a folder here."
        ) from error
    if parsed.url is not None:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{source} names an address.", cure="Download the wheel and install the file."
        )
    return _Wanted(source, canonicalize_name(parsed.name))


def _wheel(path: Path) -> _Wanted:
    try:
        name = parse_wheel_filename(path.name)[0]
    except InvalidWheelFilename as error:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{path.name} is not the name of a wheel.") from error
    return _Wanted(f"{name} @ {path.as_uri()}", name)


def _examined(environment: Environment, name: str) -> PluginInfo:
    """Read what was unpacked and refuse what cannot work, before anybody is asked."""
    for path in environment.site.glob("*.dist-info/*"):
        # The node reads these again and again, so none of them may be a bomb.
        if path.is_file() and path.name in _READ_BY_HOST and path.stat().st_size > _MAX_METADATA:
            raise ArtratorError(Code.PLUGIN_INVALID, f"{name} has metadata of more than {_MAX_METADATA >> 20} MiB.")
    found = [each for each in distributions(path=[str(environment.site)]) if _name(each) == name]
    if not found:
        raise ArtratorError(Code.PLUGIN_INVALID, f"{name} was not among what was installed.")
    plugin = describe(found[0], sys_path=(environment.site,))
    if plugin.error is not None:
        raise ArtratorError(Code.PLUGIN_INVALID, plugin.error)
    if not plugin.entry_points:
        raise ArtratorError(
            Code.PLUGIN_INVALID, f"{name} {plugin.version} is no plugin: it has no entry point artrator.backends."
        )
    _require_host(found[0])
    for other in discover():
        if other.name == name and other.origin == "built-in":
            raise ArtratorError(Code.PLUGIN_INVALID, f"{name} is part of this environment already.")
        clash = sorted(set(plugin.backends) & set(other.backends))
        if clash and other.name != name:
            raise ArtratorError(
                Code.PLUGIN_INVALID,
                f"{name} provides the backend {clash[0]}, which {other.name} provides already.",
                cure=f"Uninstall {other.name} first, if you mean to replace it.",
            )
    return plugin


def _require_host(distribution: Distribution) -> None:
    """What the plugin asks of ``artrator`` itself is not resolved by uv, so it is looked at here."""
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) != "artrator" or (
            requirement.marker and not requirement.marker.evaluate()
        ):
            continue
        if not requirement.specifier.contains(artrator.__version__, prereleases=True):
            raise ArtratorError(
                Code.PLUGIN_INVALID,
                f"{_name(distribution)} needs artrator {requirement.specifier}; this is {artrator.__version__}.",
                cure="Update Artrator, or install a version of the plugin that fits.",
            )


def _notes(site: Path) -> list[str]:
    paths = sorted(path.name for path in site.glob("*.pth"))
    return [
        f"It brings {sentence(name, 80)}, a file that would run at every start of Python. It never runs here."
        for name in paths
    ]


def _present(name: str) -> PluginInfo | None:
    return next((plugin for plugin in discover() if plugin.name == name), None)


def _name(distribution: Distribution) -> str:
    return canonicalize_name(str(distribution.metadata["Name"]))


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder on the same disk as the plugins, gone at the end."""
    folder = plugins_folder()
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))
    try:
        yield scratch
    finally:
        remove_folder(scratch)


def _put_in_place(made: Path, place: Path) -> None:
    old = place.with_name(_OLD + place.name)
    if place.exists():
        place.rename(old)
    try:
        made.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    remove_folder(old)


def _sweep(folder: Path) -> None:
    """Finish what a power cut interrupted: bring back an old version that no new one replaced, clear the rest."""
    for leftover in folder.glob(".*"):
        if leftover.name.startswith(_OLD):
            place = folder / leftover.name.removeprefix(_OLD)
            if not place.exists():
                leftover.rename(place)
                continue
            remove_folder(leftover)
        elif leftover.name.startswith((_SCRATCH, _REMOVED)) and _is_stale(leftover):
            remove_folder(leftover)


def _is_stale(folder: Path) -> bool:
    return time.time() - folder.stat().st_mtime > _STALE_SECONDS
