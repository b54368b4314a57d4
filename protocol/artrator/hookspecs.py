"""The hooks a plugin may implement. Hooks only grow: arguments are added, never taken away.

Backends and checks (entry-point group ``artrator.backends``) run only in worker processes. Extensions (group
``artrator.extensions``) run in-process and are loaded only when the configuration names them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

from artrator.backend import Backend

if TYPE_CHECKING:
    from artrator.rail import MakeRail

#: Entry-point group of backends: loaded in workers only.
BACKENDS = "artrator.backends"
#: Entry-point group of extensions: loaded in-process, and only if a configuration names them.
EXTENSIONS = "artrator.extensions"

hookspec = pluggy.HookspecMarker("artrator")
hookimpl = pluggy.HookimplMarker("artrator")


@hookspec
def register_backends(register: Callable[[Backend], None]) -> None:
    """Call ``register(backend)`` once for each backend this plugin provides."""


@hookspec
def register_rails(register: Callable[[str, MakeRail], None]) -> None:
    """Call ``register(name, make)`` once for each payment rail; ``make(settings)`` answers the rail."""
