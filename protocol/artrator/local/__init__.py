"""Running packages on one's own machine: the same workers, plugins and encoders as on a node, and no registry.

``package`` says what is run, ``engine`` keeps workers warm and runs, ``library`` is where bought packages lie::

    async with LocalEngine() as engine:
        result = await engine.run(library.owned("atelier/emoji").package, {"prompt": "a cat", "seed": 1})
"""

from artrator.local.engine import LocalEngine, LocalProgress, LocalStage
from artrator.local.library import Library, OwnedPackage
from artrator.local.package import LocalPackage
from artrator.local.result import LocalRecord, LocalResult

__all__ = [
    "Library",
    "LocalEngine",
    "LocalPackage",
    "LocalProgress",
    "LocalRecord",
    "LocalResult",
    "LocalStage",
    "OwnedPackage",
]
