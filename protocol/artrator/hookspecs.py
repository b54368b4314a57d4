"""The hooks a plugin may implement. Hooks only grow: arguments are added, never taken away.

Backends and checks (entry-point group ``artrator.backends``) run only in worker processes. Extensions (group
``artrator.extensions``) run in-process and are loaded only when the configuration names them.
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from artrator.backend import Backend

#: Entry-point group of backends: loaded in workers only.
BACKENDS = "artrator.backends"

hookspec = pluggy.HookspecMarker("artrator")
hookimpl = pluggy.HookimplMarker("artrator")


@hookspec
def register_backends(register: Callable[[Backend], None]) -> None:
    """Call ``register(backend)`` once for each backend this plugin provides."""
