"""Extensions: plugins that run in-process, so they are loaded only when a configuration names them.

Being installed is not enough: an entry point that nobody names is not even imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

import pluggy

from artrator import hookspecs
from artrator.errors import ArtratorError, Code
from artrator.hookspecs import EXTENSIONS


def load_extensions(names: Sequence[str]) -> pluggy.PluginManager:
    """Load these extensions, by the names of their entry points.

    What was asked for and cannot be had is an error, never skipped: a registry that is to take money and does not must
    say so.

    Raises:
        ArtratorError: ``extension_missing``, or ``plugin_broken`` with what the plugin raised.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=EXTENSIONS):
        found.setdefault(point.name, point)
    manager = pluggy.PluginManager("artrator")
    manager.add_hookspecs(hookspecs)
    for name in dict.fromkeys(names):
        if name not in found:
            raise ArtratorError(
                Code.EXTENSION_MISSING,
                f"No extension called {name} is installed here.",
                cure=f"Install the distribution that has it, for example: pip install artrator-{name}",
                installed=sorted(found),
            )
        try:
            manager.register(found[name].load(), name=name)
            manager.check_pending()
        except Exception as error:
            raise ArtratorError(Code.PLUGIN_BROKEN, f"The extension {name} cannot be loaded: {error}") from error
    return manager
