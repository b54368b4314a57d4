"""Graphs that were derived from a package once: optimised, with their weights in a file that is mapped.

A worker finds them in the folder that ``ARTRATOR_DERIVED`` names, where it cannot write. Another process, which never
sees a request, has put them there: ``ARTRATOR_DERIVING`` tells it so. For each graph ``<key>``::

    <key>.json       what the graph says of itself, and whether it could be saved
    <key>.onnx       the graph as onnxruntime optimised it for this processor
    <key>.weights    its weights, as they are and as they were packed: mapped, so that all workers share their pages

The key names the runtime, so that another version of it finds nothing here and loads from the package.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import artrator
from artrator.backend import Device
from artrator.onnx_runtime.graph import GraphFacts, TensorFacts
from artrator.onnx_runtime.wheels import installed_wheels

#: The folder of what was derived from the package of this process; unset where there is none.
FOLDER: Final = "ARTRATOR_DERIVED"
#: Set where that folder is to be filled.
FILLING: Final = "ARTRATOR_DERIVING"
#: Changed when what is written here is to be written anew.
_FORM: Final = 1
#: On other devices the weights go to the card, and what compiles for it keeps caches of its own.
_KINDS: Final = frozenset({"cpu"})


@dataclass(frozen=True)
class Derived:
    """One graph's place in the folder.

    Attributes:
        facts: What the package's graph says of itself; None if it has not been read before.
        saved: Whether there is an optimised graph at ``graph``.
    """

    folder: Path
    key: str
    facts: GraphFacts | None
    saved: bool

    @property
    def graph(self) -> Path:
        """The optimised graph."""
        return self.folder / f"{self.key}.onnx"

    @property
    def weights(self) -> Path:
        """Its weights."""
        return self.folder / f"{self.key}.weights"

    def keep(self, facts: GraphFacts, *, saved: bool) -> None:
        """Note what the package's graph says of itself, and whether it was saved; what was not is removed."""
        if not saved:
            for path in (self.graph, self.weights):
                path.unlink(missing_ok=True)
        noted = json.dumps({"saved": saved, "facts": _pack(facts)})
        self.folder.joinpath(f"{self.key}.json").write_text(noted, encoding="utf-8")


def is_filling() -> bool:
    """Whether this process is the one that derives."""
    return FILLING in os.environ


def derived(name: str, device: Device | None) -> Derived | None:
    """The place of a graph of this process's package; None where nothing is derived.

    Args:
        name: The graph's path in the package.
        device: What it is to be loaded for; None if it is only to be read.
    """
    place = os.environ.get(FOLDER)
    if place is None or (device is not None and device.kind not in _KINDS):
        return None
    runtimes = [f"{wheel.name} {wheel.version}" for wheel in installed_wheels()]
    named = json.dumps([_FORM, artrator.__version__, runtimes, name])
    key = hashlib.sha256(named.encode()).hexdigest()[:32]
    facts, saved = None, False
    # Whoever wrote this may have written nonsense; then it is as if there were nothing.
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = json.loads((Path(place) / f"{key}.json").read_text(encoding="utf-8"))
        facts, saved = _unpack(found["facts"]), found["saved"] is True
    return Derived(Path(place), key, facts, saved and facts is not None)


def _pack(facts: GraphFacts) -> dict[str, Any]:
    return {
        "inputs": [_pack_tensor(tensor) for tensor in facts.inputs.values()],
        "outputs": [_pack_tensor(tensor) for tensor in facts.outputs.values()],
        "operators": sorted(facts.operators),
        "external": sorted(facts.external),
        "weight_bytes": facts.weight_bytes,
        "widest": facts.widest,
        "functions": facts.functions,
        "opsets": facts.opsets,
    }


def _unpack(found: dict[str, Any]) -> GraphFacts:
    inputs, outputs = ([_unpack_tensor(tensor) for tensor in found[side]] for side in ("inputs", "outputs"))
    return GraphFacts(
        inputs={tensor.name: tensor for tensor in inputs},
        outputs={tensor.name: tensor for tensor in outputs},
        operators={(str(domain), str(operator)) for domain, operator in found["operators"]},
        external={str(name) for name in found["external"]},
        weight_bytes=int(found["weight_bytes"]),
        widest=int(found["widest"]),
        functions=int(found["functions"]),
        opsets={str(domain): int(version) for domain, version in found["opsets"].items()},
    )


def _pack_tensor(tensor: TensorFacts) -> list[Any]:
    return [tensor.name, None if tensor.dtype is None else tensor.dtype.str, tensor.shape]


def _unpack_tensor(found: list[Any]) -> TensorFacts:
    name, dtype, shape = found
    dims = None if shape is None else tuple(dim if isinstance(dim, int) else str(dim) for dim in shape)
    return TensorFacts(str(name), None if dtype is None else np.dtype(str(dtype)), dims)
