"""The text of a small backend, of which a test writes what it is about: what it answers, and what it holds for that."""

from __future__ import annotations

_SOURCE = """\
from artrator import Inspection, hookimpl


def load(package, device):
    pass


{code}


class Model:
    memory_bytes = 0

    def __init__(self, held):
        self.held = held

    async def run(self, inputs, context):
        return answer(self.held)

    def close(self):
        pass


class Backend:
    name = {name!r}

    def inspect(self, package):
        return Inspection(0)

    def load(self, package, device):
        return Model(load(package, device))


@hookimpl
def {hook}(register):
    register(Backend())
"""


def backend_source(code: str, *, name: str = "toy", hook: str = "register_backends") -> str:
    """A plugin of one backend.

    Args:
        code: Defines ``answer(held)``, the outputs of a run; it may define ``load(package, device)``, which makes what
            is held.
        name: The backend's.
        hook: The function that registers it.
    """
    return _SOURCE.format(code=code.strip(), name=name, hook=hook)
