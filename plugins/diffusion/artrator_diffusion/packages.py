"""Reads what every family needs from a package: files, graphs, tensors; and bounds its memory."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

from artrator.backend import PackageFiles
from artrator.onnx_runtime import GraphFacts, TensorFacts
from artrator.settings import Settings

#: What onnxruntime, numpy and the interpreter take before anything is loaded.
_RUNTIME_BYTES: Final = 160 << 20
#: Weights are held as read, as parsed and once more as packed for the processor; 16-bit ones grow to 32 bits.
_COPIES_OF_WEIGHTS: Final = 4
#: How many of the widest layer's arrays live at once.
_LIVE_LAYERS: Final = 8
#: Channels that are assumed where a graph does not say how wide its layers are.
_USUAL_WIDTH: Final = 320


def package_file(table: Settings, key: str, package: PackageFiles, default: str | None = None) -> str:
    """A file that the table names and the package holds."""
    name: str = table.text(key) if default is None else table.text(key, default)
    if name not in package.names():
        near = difflib.get_close_matches(name, package.names(), 1)
        hint = f"; did you mean '{near[0]}'" if near else ""
        raise table.error(key, f"is '{name}', which is not in the package{hint}.")
    return name


def read_tensor(table: Settings, key: str, default: str, tensors: Mapping[str, TensorFacts]) -> str:
    """The name of a tensor that the graph has."""
    name: str = table.text(key, default)
    if name not in tensors:
        raise table.error(key, f"is '{name}'; the graph has {', '.join(map(str, tensors.values()))}.")
    return name


def refuse_unfed(table: Settings, graph: str, facts: GraphFacts, fed: Sequence[str | None]) -> None:
    """Every tensor that goes into a graph must be accounted for."""
    for name, tensor in facts.inputs.items():
        if name not in fed:
            raise table.error(None, f"does not say what goes into the tensor '{name}' of {graph} ({tensor}).")


def memory_bound(graphs: Sequence[tuple[GraphFacts, int]]) -> int:
    """An upper bound of what graphs take while they run.

    Args:
        graphs: Each with the number of positions (pixels times rows) that its widest layer may have.
    """
    weights = sum(facts.weight_bytes for facts, _ in graphs) * _COPIES_OF_WEIGHTS
    # Graphs run one after another, so only the largest one's layers count.
    layers = max(positions * (facts.widest or _USUAL_WIDTH) * 4 * _LIVE_LAYERS for facts, positions in graphs)
    return _RUNTIME_BYTES + weights + layers
