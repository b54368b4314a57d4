"""The graphs of a package: read, and loaded from what was derived of them where there is something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from artrator.backend import Device, PackageFiles
from artrator.errors import ArtratorError
from artrator.onnx_runtime.derived import Derived, derived, is_filling
from artrator.onnx_runtime.gate import check_graph, external_path
from artrator.onnx_runtime.graph import GraphFacts, read_graph
from artrator.onnx_runtime.sessions import Session, mapped_session, save_session, session

#: Names of derived graphs that onnxruntime refused in this process; the worker tells its parent, who removes them.
refused: Final[list[str]] = []


@dataclass(frozen=True)
class GraphChange:
    """Another form of a graph, made in memory each time it is loaded: what was signed stays as it is.

    Attributes:
        name: Tells what is derived of this form from what is derived of the graph itself.
        make: From the model's bytes to those of the other form.
    """

    name: str
    make: Callable[[bytes], bytes]


def read_graph_of(package: PackageFiles, name: str) -> GraphFacts:
    """What a graph of the package says of itself, after the gate.

    Raises:
        ArtratorError: ``package_invalid``, ``package_changed``.
    """
    place = derived(name, None)
    if place is not None and place.facts is not None:
        return place.facts
    return check_graph(package.read(name), name, package.names())


def load_graph(
    package: PackageFiles, name: str, device: Device | None = None, *, change: GraphChange | None = None
) -> Session:
    """Load a graph of the package: what was derived of it if there is something, else the bytes that were signed.

    Args:
        package: That holds it.
        name: The graph's path in the package.
        device: What to compute on; the processor if None.
        change: To load it in another form.

    Raises:
        ArtratorError: as of ``session``, and ``package_invalid`` or ``package_changed`` from the package.
    """
    device = device or Device()
    place = derived(name if change is None else f"{name} with {change.name}", device)
    if place is not None and place.saved and place.facts is not None:
        try:
            return mapped_session(place.graph, device, place.facts, name=name)
        except ArtratorError:
            refused.append(name)
    if place is not None and is_filling() and (loaded := _derive(package, name, device, place, change)) is not None:
        return loaded
    model, facts, external = _read(package, name, change)
    return session(model, device, name=name, external=external, facts=facts)


def _read(package: PackageFiles, name: str, change: GraphChange | None) -> tuple[bytes, GraphFacts, dict[str, bytes]]:
    model = package.read(name)
    facts = check_graph(model, name, package.names())
    if change is not None:
        model = change.make(model)
        facts = read_graph(model, name)
    return model, facts, {file: package.read(external_path(name, file)) for file in facts.external}


def _derive(
    package: PackageFiles, name: str, device: Device, place: Derived, change: GraphChange | None
) -> Session | None:
    """Save the graph, and load what was saved: that proves it, and by then the package's bytes are out of memory."""
    facts = _save(package, name, device, place, change)
    if facts is None:
        return None
    try:
        return mapped_session(place.graph, device, facts, name=name)
    except ArtratorError:
        place.keep(facts, saved=False)
        return None


def _save(
    package: PackageFiles, name: str, device: Device, place: Derived, change: GraphChange | None
) -> GraphFacts | None:
    model, facts, external = _read(package, name, change)
    saved = save_session(model, device, place.graph, place.weights, external=external)
    place.keep(facts, saved=saved)
    return facts if saved else None
