"""The graphs of a package: read, and loaded from what was derived of them where there is something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from artrator.backend import Device, PackageFiles
from artrator.errors import ArtratorError
from artrator.onnx_runtime.derived import Derived, derived, is_filling
from artrator.onnx_runtime.feed import Pieces, cut
from artrator.onnx_runtime.gate import check_graph, external_path
from artrator.onnx_runtime.graph import GraphFacts, read_graph
from artrator.onnx_runtime.sessions import Lent, Session, mapped_session, save_session, session

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


@runtime_checkable
class _InPieces(Protocol):
    """A package that need not be asked for a whole file at once."""

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a signed file; all but the last piece come before it is known that they are what was signed."""
        ...


@runtime_checkable
class _Lends(Protocol):
    """A package whose files may be mapped while they are needed."""

    def lent(self, name: str) -> AbstractContextManager[Lent]:
        """The bytes of a signed file, verified, for as long as the block lasts."""
        ...


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
    model, facts = _read(package, name, change)
    with _external(package, name, facts) as external:
        return session(model, device, name=name, external=external, facts=facts)


@contextmanager
def _external(package: PackageFiles, name: str, facts: GraphFacts) -> Iterator[Mapping[str, Lent]]:
    """A graph's weights in other files, by the names that it gives them, for as long as the block lasts."""
    with ExitStack() as lent:
        external: dict[str, Lent] = {}
        for file in facts.external:
            path = external_path(name, file)
            external[file] = (
                lent.enter_context(package.lent(path)) if isinstance(package, _Lends) else package.read(path)
            )
        yield external


def _read(package: PackageFiles, name: str, change: GraphChange | None) -> tuple[Pieces, GraphFacts]:
    """The graph, and what it says of itself. It holds none of the graph's bytes."""
    if change is None:
        facts = check_graph(package.read(name), name, package.names())
    else:
        check_graph(package.read(name), name, package.names())
        facts = read_graph(change.make(package.read(name)), name)

    def pieces() -> Iterator[bytes]:
        if change is not None:
            return cut(change.make(package.read(name)))
        return package.pieces(name) if isinstance(package, _InPieces) else cut(package.read(name))

    return pieces, facts


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
    model, facts = _read(package, name, change)
    with _external(package, name, facts) as external:
        saved = save_session(model, device, place.graph, place.weights, external=external)
    place.keep(facts, saved=saved)
    return facts if saved else None
