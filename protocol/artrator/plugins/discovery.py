"""Find plugins by their metadata, without importing any of them."""

from __future__ import annotations

import importlib.util
import re
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

import artrator
from artrator.errors import ArtratorError, Code
from artrator.hookspecs import BACKENDS
from artrator.plugins.environment import Environment, environments, interpreter
from artrator.plugins.info import PluginInfo
from artrator.plugins.wants import MAX_LENGTH, WANTS_FILE, Asked, read_asked
from artrator.worker.words import sentence

#: What a manifest can write as its backend.
_BACKEND_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: What can be imported: a module, or an object in it.
_REFERENCE: Final = re.compile(r"[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)?")
#: The name in a line such as ``numpy >=2.0 ; python_version > "3"``.
_REQUIRED_NAME: Final = re.compile(r"\s*([A-Za-z0-9._-]+)")


def discover() -> Sequence[PluginInfo]:
    """All plugins: this environment's own first, then those with environments of their own, by name.

    A plugin that cannot be used is listed with its ``error``; nothing that one plugin does hides another.
    """
    return _without_clashes([*_built_in(), *(_installed(environment) for environment in environments())])


def find_backend(name: str) -> PluginInfo:
    """The plugin that provides the backend ``name``.

    Raises:
        ArtratorError: ``backend_missing`` if no plugin does, ``plugin_broken`` if the one that does cannot be used.
    """
    found = [plugin for plugin in discover() if name in plugin.entry_points]
    for plugin in found:
        if plugin.error is None:
            return plugin
    if found:
        raise ArtratorError(Code.PLUGIN_BROKEN, str(found[0].error), plugin=found[0].name)
    raise ArtratorError(Code.BACKEND_MISSING, f"No plugin provides the backend {name}.", backend=name)


def find_plugin(name: str) -> PluginInfo:
    """The plugin that is called ``name``; raises ``backend_missing`` if there is none."""
    wanted = canonicalize_name(name)
    for plugin in discover():
        if plugin.name == wanted:
            return plugin
    raise ArtratorError(
        Code.BACKEND_MISSING, f"No plugin is called {name}.", cure="`artrator plugins list` shows all there are."
    )


def read_plugin(environment: Environment, **known: object) -> PluginInfo:
    """What an environment says of its plugin; ``known`` overrides fields of PluginInfo.

    Raises:
        ArtratorError: ``plugin_broken`` if it says nothing that could be read.
    """
    name = environment.name
    try:
        metadata = environment.metadata()
        if metadata is None:
            raise ArtratorError(Code.PLUGIN_BROKEN, f"The plugin {name} is broken: its metadata is missing.")
        return _describe(Distribution.at(metadata), sys_path=(environment.site,), **known)
    except ArtratorError:
        raise
    except Exception as error:  # metadata of any shape is the plugin's failure, never the host's
        raise ArtratorError(
            Code.PLUGIN_BROKEN,
            f"The plugin {name} is broken: its metadata cannot be read ({type(error).__name__}).",
        ) from error


def _describe(distribution: Distribution, **known: object) -> PluginInfo:
    """What a distribution's metadata says of it as a plugin."""
    points = {point.name: point.value for point in distribution.entry_points if point.group == BACKENDS}
    given = sentence(_said(distribution, "Name"), 100)
    error = None
    asked = Asked()
    try:
        for name, reference in points.items():
            if not _BACKEND_NAME.fullmatch(name):
                raise ArtratorError(Code.PLUGIN_INVALID, f"{sentence(name, 40)!r} cannot be the name of a backend.")
            if not _REFERENCE.fullmatch(reference):
                raise ArtratorError(Code.PLUGIN_INVALID, f"{sentence(reference, 80)!r} names nothing to import.")
        _require_host(distribution)
        asked = _asked(distribution, points.values(), editable=known.get("origin") == "built-in")
    except UnicodeDecodeError:
        error = f"The plugin {given} is broken: {WANTS_FILE} is not UTF-8 text."
    except (ArtratorError, OSError) as problem:
        error = f"The plugin {given} is broken: {sentence(problem)}"
    plugin = PluginInfo(
        name=canonicalize_name(given),
        version=distribution.version,
        distribution=given,
        origin="environment",
        entry_points=points,
        interpreter=interpreter(),
        sys_path=(),
        summary=sentence(_said(distribution, "Summary"), 200),
        wants=asked.wants,
        prepare=asked.prepare,
        error=error,
    )
    return replace(plugin, **known)  # type: ignore[arg-type]  # fields by name


def _said(distribution: Distribution, field: str) -> str:
    """A field of its metadata, or nothing: to ask for one that is not there is an error in later Pythons."""
    told = distribution.metadata
    return told[field] if field in told else ""  # noqa: SIM401  # it need not have get()


def _require_host(distribution: Distribution) -> None:
    """Refuse a plugin for another version of ``artrator``: uv does not resolve that, because it is the host's own."""
    for text in distribution.requires or ():
        found = _REQUIRED_NAME.match(text)
        if found is None or canonicalize_name(found[1]) != "artrator":
            continue  # uv has installed what it asks for, and reads more spellings
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise ArtratorError(
                Code.PLUGIN_INVALID, f"it asks for {sentence(text, 80)!r}, which is no version of artrator."
            ) from error
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        if not requirement.specifier.contains(artrator.__version__, prereleases=True):
            raise ArtratorError(
                Code.PLUGIN_INVALID, f"it needs artrator {requirement.specifier}; this is {artrator.__version__}."
            )


def _built_in() -> list[PluginInfo]:
    found: dict[str, PluginInfo] = {}
    for distribution in distributions():
        points = [point for point in distribution.entry_points if point.group == BACKENDS]
        if not points:
            continue
        plugin = _describe(distribution, origin="built-in", sys_path=_host_path(point.module for point in points))
        found.setdefault(plugin.name, plugin)
    return [found[name] for name in sorted(found)]


def _installed(environment: Environment) -> PluginInfo:
    try:
        allowed = environment.read().allowed
        return read_plugin(environment, allowed=allowed, location=environment.folder)
    except ArtratorError as error:
        reason = error.message
    return PluginInfo(
        name=environment.name,
        version="",
        distribution=environment.name,
        origin="environment",
        entry_points={},
        interpreter=interpreter(),
        sys_path=(),
        location=environment.folder,
        error=reason,
    )


def _asked(distribution: Distribution, references: Iterable[str], *, editable: bool) -> Asked:
    """What is asked for beside the plugin's code or in its dist-info; a missing file asks for nothing.

    Code that is ``editable`` may lie elsewhere than its metadata.
    """
    text = distribution.read_text(WANTS_FILE)
    if text is not None:
        return read_asked(text)
    for reference in references:
        top = reference.split(":")[0].split(".")[0]
        for folder in (Path(str(distribution.locate_file(top))), _module_folder(top) if editable else None):
            if folder is not None and (folder / WANTS_FILE).is_file():
                return read_asked(_text(folder / WANTS_FILE))
    return Asked()


def _text(path: Path) -> str:
    """Of a file that may be larger than memory, what shows that it is too long."""
    with path.open(encoding="utf-8") as file:
        return file.read(MAX_LENGTH + 1)


def _module_folder(top: str) -> Path | None:
    """Where this environment would import ``top`` from; finding a top-level module imports nothing."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _host_path(modules: Iterable[str]) -> tuple[Path, ...]:
    """The path of a built-in plugin's worker: its own folder, which may be editable, then the host's."""
    folders = []
    for module in modules:
        folder = _module_folder(module.split(".")[0])
        if folder is not None:
            folders.append(folder.parent)
    folders += [Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib"))]
    return tuple(dict.fromkeys(folder.resolve() for folder in folders))


def _without_clashes(plugins: Sequence[PluginInfo]) -> list[PluginInfo]:
    """A backend has one provider: the first one listed. A later one is told so instead of taking over."""
    owners: dict[str, str] = {}
    result = []
    for plugin in plugins:
        taken = [name for name in plugin.backends if name in owners]
        if taken and plugin.error is None:
            reason = (
                f"The plugin {plugin.name} provides the backend {taken[0]}, which {owners[taken[0]]} provides already."
            )
            plugin = replace(plugin, error=reason)
        owners.update({name: plugin.name for name in plugin.backends if name not in owners})
        result.append(plugin)
    return result
