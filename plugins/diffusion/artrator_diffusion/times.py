"""A time for each row: denoisers that take one time for all rows are changed to take many, where that is the same.

Optimum exports denoisers whose time is a single number, which the graph spreads over the rows by itself. Jobs at
different steps could then never share a run. Spreading begins by giving the number an axis; left out, the graph takes a
row of numbers instead. Whether it then does the same is not concluded from the graph, but tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Array, Device, PackageFiles
from artrator.errors import ArtratorError, ModelError
from artrator.onnx_runtime import GraphChange, Session, load_graph, read_graph_of

#: Rows per run at most where the package does not say; the worker learns how many of them are worth it.
MOST_ROWS: Final = 64
#: Rows may differ by so much of the largest value, in what was computed together and alone: summing in another order
#: costs a few of the last bits of each layer. A time that went to the wrong row costs a hundred times more.
_TOLERANCE: Final = {4: 2e-4, 2: 2e-2, 8: 2e-4}
#: What a free axis that is neither rows nor height nor width holds in a trial.
_LENGTH: Final = 8

_SINGLE: Final = ((), (1,))

# Numbers of fields in onnx.proto.
_MODEL_GRAPH: Final = 7
_GRAPH_NODE, _GRAPH_INPUT = 1, 11
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR, _NODE_ATTRIBUTE = 1, 2, 4, 5
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR: Final = 1
_TENSOR_KIND, _TENSOR_SHAPE = 1, 2
_SHAPE_DIM: Final = 1
_DIM_PARAM: Final = 2
#: What gives a number its axis.
_SPREADERS: Final = frozenset({b"Unsqueeze", b"Reshape"})
#: What leaves the number a number.
_PASSING: Final = frozenset({b"Cast", b"Identity"})


@dataclass(frozen=True)
class LoadedDenoiser:
    """A denoiser and what it was found to take.

    Attributes:
        each_time: Rows at different times may go together.
        several_rows: Rows may go together at all.
    """

    session: Session
    each_time: bool
    several_rows: bool


def load_denoiser(
    package: PackageFiles, graph: str, device: Device, *, sample: str, time: str, side: int, times: tuple[float, float]
) -> LoadedDenoiser:
    """Load a denoiser so that it takes a time for each row, if it can be.

    Args:
        package: That holds it.
        graph: The ONNX file.
        device: What to compute on.
        sample: The tensor of what is walked.
        time: The tensor of the time.
        side: Height and width of a sample that is small and that it takes, where the graph leaves them open.
        times: Two that it knows.

    Raises:
        ArtratorError: as of ``load_graph``.
    """
    if read_graph_of(package, graph).inputs[time].shape in _SINGLE:
        change = GraphChange("a time for each row", lambda model: with_times(model, time))
        try:
            session = load_graph(package, graph, device, change=change)
            if session.inputs[time].shape not in _SINGLE and _same_alone(session, sample, time, side, times):
                return LoadedDenoiser(session, each_time=True, several_rows=True)
            session.close()
        except ArtratorError:
            pass  # then it is taken as it was exported, and if that is at fault, it says so
        session = load_graph(package, graph, device)
    else:
        session = load_graph(package, graph, device)
        if _same_alone(session, sample, time, side, times):
            return LoadedDenoiser(session, each_time=True, several_rows=True)
    several = _same_alone(session, sample, time, side, (times[0], times[0]))
    return LoadedDenoiser(session, each_time=False, several_rows=several)


def _same_alone(session: Session, sample: str, time: str, side: int, times: tuple[float, float]) -> bool:
    """Whether two rows come out of one run as they do out of a run of each."""
    random = np.random.Generator(np.random.PCG64(0))
    lengths: dict[str, int] = {}
    rows: dict[str, Array] = {}
    for name, tensor in session.inputs.items():
        axes = []
        for place, axis in enumerate((tensor.shape or ())[1:], 1):
            usual = side if name == sample and place > 1 else _LENGTH
            axes.append(axis if isinstance(axis, int) else lengths.setdefault(axis, usual) if axis else usual)
        if name == time:
            continue
        if tensor.dtype is None:
            return False
        rows[name] = random.standard_normal((2, *axes)).astype(tensor.dtype)
    moment = session.inputs[time]
    if moment.dtype is None:
        return False
    both = np.array(times, moment.dtype)
    single = moment.shape in _SINGLE
    outputs = list(session.outputs)
    try:
        told = both[0].reshape((1,) * len(moment.shape or ())) if single else both
        together = session.run({**rows, time: told}, outputs)
        alone = [
            session.run(
                {
                    **{name: row[place : place + 1] for name, row in rows.items()},
                    time: told if single else both[[place]],
                },
                outputs,
            )
            for place in range(2)
        ]
    except (ArtratorError, MemoryError):
        return False
    return all(
        made.shape[:1] == (2,) and _alike(made[place : place + 1], alone[place][name])
        for name, made in together.items()
        for place in range(2)
    )


def _alike(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    if not np.issubdtype(one.dtype, np.floating):
        return np.array_equal(one, other)
    one, other = one.astype(np.float64), other.astype(np.float64)
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False  # nothing can be told from numbers that are none
    tolerance = _TOLERANCE.get(one.dtype.itemsize, 2e-2)
    return bool(np.abs(one - other).max(initial=0) <= tolerance * max(1e-6, np.abs(other).max(initial=0)))


def with_times(model: bytes, time: str) -> bytes:
    """The ONNX model with a time for each row; as it was, where it is not of the form that is known."""
    view = memoryview(model)
    out = []
    for number, span, body in _fields(view):
        if number == _MODEL_GRAPH and body is not None:
            graph = _graph(body, time.encode())
            out.append(view[span[0] : span[1]] if graph is None else _field(number, graph))
        else:
            out.append(view[span[0] : span[1]])
    return b"".join(out)


def _graph(graph: memoryview, time: bytes) -> bytes | None:
    numbers = {time}  # names of tensors that hold the single time
    pieces: list[bytes | memoryview] = []
    changed = False
    # Nodes stand in the order in which they are computed, so one pass finds them all.
    for number, span, body in _fields(graph):
        whole: bytes | memoryview = graph[span[0] : span[1]]
        if number == _GRAPH_NODE and body is not None:
            node = _node(body)
            read = [name for name in node.get(_NODE_INPUT, ()) if name in numbers]
            operator = node.get(_NODE_OPERATOR, [b""])[0]
            if read and operator in _PASSING:
                numbers.update(node.get(_NODE_OUTPUT, ()))
            elif read and operator in _SPREADERS and node[_NODE_INPUT][0] in numbers:
                changed = True
                whole = _field(number, _identity(node[_NODE_INPUT][0], node[_NODE_OUTPUT][0]))
        elif number == _GRAPH_INPUT and body is not None and _node(body).get(_VALUE_NAME) == [time]:
            described, axes = _value(body)
            whole = _field(number, described)
            changed = changed or axes == 1
        pieces.append(whole)
    return b"".join(pieces) if changed else None


def _identity(reads: bytes, writes: bytes) -> bytes:
    return _field(_NODE_INPUT, reads) + _field(_NODE_OUTPUT, writes) + _field(_NODE_OPERATOR, b"Identity")


def _value(value: memoryview) -> tuple[bytes, int]:
    """The description of the time, with one free axis; and how many axes it had."""
    described = _node(value)
    view = memoryview(described[_VALUE_TYPE][0])
    tensor = next((body for number, _, body in _fields(view) if number == _TYPE_TENSOR), None)
    if tensor is None:
        raise ModelError("The time of the denoiser is no tensor.")
    parts = [(number, tensor[begin:end], body) for number, (begin, end), body in _fields(tensor)]
    kind = b"".join(whole for number, whole, _ in parts if number == _TENSOR_KIND)
    axes = sum(1 for number, _, body in parts if number == _TENSOR_SHAPE and body is not None for _ in _fields(body))
    shape = _field(_SHAPE_DIM, _field(_DIM_PARAM, b"time_of_each_row"))
    inner = _field(_TYPE_TENSOR, kind + _field(_TENSOR_SHAPE, shape))
    return _field(_VALUE_NAME, described[_VALUE_NAME][0]) + _field(_VALUE_TYPE, inner), axes


def _node(message: memoryview) -> Mapping[int, list[bytes]]:
    """The fields of bytes of a small message, without attributes, which may hold weights."""
    found: dict[int, list[bytes]] = {}
    for number, _, body in _fields(message):
        if body is not None and number != _NODE_ATTRIBUTE:
            found.setdefault(number, []).append(bytes(body))
    return found


def _fields(data: memoryview) -> Iterator[tuple[int, tuple[int, int], memoryview | None]]:
    """The fields of a message as (number, where it stands with its tag, its bytes if it holds any)."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = _varint(data, at)
        kind, body = tag & 7, None
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == 2:
            length, at = _varint(data, at)
            body = data[at : at + length]
            at += length
        else:
            at += {1: 8, 5: 4}[kind]
        yield tag >> 3, (begin, at), body


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _field(number: int, body: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(body)) + body


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
