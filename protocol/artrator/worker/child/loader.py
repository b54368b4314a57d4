"""Load one plugin, guarded: whatever it does wrong becomes a sentence that names it.

Runs only inside a worker. The parent knows a plugin by its metadata alone.
"""

from __future__ import annotations

import importlib
import runpy
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pluggy

from artrator import hookspecs
from artrator.backend import Backend
from artrator.errors import ArtratorError, Code


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin that keeps the contract."""

    backends: Mapping[str, Backend]
    hooks: Sequence[str]


def load_plugin(plugin: str, entry_points: Mapping[str, str]) -> LoadedPlugin:
    """Import the objects that ``entry_points`` name and collect what they register.

    Raises:
        ArtratorError: ``plugin_broken``; the message names the plugin and the reason.
    """
    manager = pluggy.PluginManager("artrator")
    manager.add_hookspecs(hookspecs)
    found: dict[str, Backend] = {}
    hooks: set[str] = set()
    for name, reference in entry_points.items():
        try:
            implementation = _resolve(reference)
            manager.register(implementation, name=name)
            manager.check_pending()
            hooks.update(caller.name for caller in manager.get_hookcallers(implementation) or ())
        except BaseException as error:  # SystemExit at import is as broken as any other failure
            raise _broken(plugin, error) from error

    def register(backend: Backend) -> None:
        if not isinstance(backend, Backend):
            raise TypeError(f"{type(backend).__name__} is no backend: it needs name, inspect() and load()")
        if backend.name in found:
            raise ValueError(f"the backend {backend.name} is registered twice")
        found[backend.name] = backend

    try:
        manager.hook.register_backends(register=register)
    except BaseException as error:
        raise _broken(plugin, error) from error
    missing = sorted(entry_points.keys() - found.keys())
    if missing:
        raise ArtratorError(
            Code.PLUGIN_BROKEN,
            f"The plugin {plugin} announces the backend {missing[0]} but registers {sorted(found) or 'none'}.",
            plugin=plugin,
        )
    return LoadedPlugin(found, sorted(hooks))


def run_module(plugin: str, module: str) -> None:
    """Run a module as ``python -m`` does.

    Raises:
        ArtratorError: ``plugin_broken`` with the reason alone, unless it ends with success.
    """
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as error:
        if error.code not in (None, 0):
            raise ArtratorError(Code.PLUGIN_BROKEN, f"{module} ended with {error.code}.", plugin=plugin) from error
    except BaseException as error:
        traceback.print_exception(error, limit=-3)
        raise ArtratorError(Code.PLUGIN_BROKEN, f"{_reason(error)}.", plugin=plugin) from error
    finally:
        sys.stdout.flush()  # the parent ends this process as soon as it has the answer


def _resolve(reference: str) -> object:
    module, _, attribute = reference.partition(":")
    implementation: object = importlib.import_module(module)
    for name in filter(None, attribute.split(".")):
        implementation = getattr(implementation, name)
    return implementation


def _broken(plugin: str, error: BaseException) -> ArtratorError:
    """The failure in one sentence; the traceback goes to the worker's own output, for the plugin's author."""
    traceback.print_exception(error)
    return ArtratorError(Code.PLUGIN_BROKEN, f"The plugin {plugin} is broken: {_reason(error)}.", plugin=plugin)


def _reason(error: BaseException) -> str:
    """What was raised, and where."""
    reason = " ".join(str(error).split())[:400]
    place = (
        traceback.extract_tb(error.__traceback__)[-1:] if not isinstance(error, pluggy.PluginValidationError) else []
    )
    where = f" ({'/'.join(place[0].filename.replace(chr(92), '/').split('/')[-2:])}:{place[0].lineno})" if place else ""
    return f"{type(error).__name__}: {reason}{where}"
