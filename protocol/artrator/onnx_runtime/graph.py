"""What an ONNX file says of itself: its tensors, operators and weights, read without running or loading it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime.protobuf import WireError, fields, integers, message, text

#: A graph inside a graph inside a graph …: real models nest a few times, hostile ones as deep as a parser lets them.
DEEPEST: Final = 16

_SPARSE: Final = "uses sparse weights, which are not supported"
#: Elements that no tensor has.
_TOO_MANY: Final = 1 << 62

Dim: TypeAlias = int | str

#: ONNX element types: bits of one element, and the numpy type where there is one. Strings have no fixed size.
_TYPES: Final[dict[int, tuple[int | None, type[np.generic] | None]]] = {
    1: (32, np.float32),
    2: (8, np.uint8),
    3: (8, np.int8),
    4: (16, np.uint16),
    5: (16, np.int16),
    6: (32, np.int32),
    7: (64, np.int64),
    8: (None, np.str_),
    9: (8, np.bool_),
    10: (16, np.float16),
    11: (64, np.float64),
    12: (32, np.uint32),
    13: (64, np.uint64),
    14: (64, np.complex64),
    15: (128, np.complex128),
    16: (16, None),  # bfloat16
    17: (8, None),  # 17 to 20: the 8-bit floats
    18: (8, None),
    19: (8, None),
    20: (8, None),
    21: (4, None),  # uint4, int4, float4
    22: (4, None),
    23: (4, None),
    24: (8, None),  # float8e8m0
    25: (2, None),  # uint2, int2
    26: (2, None),
}


@dataclass(frozen=True)
class TensorFacts:
    """An input or output of a graph.

    Attributes:
        dtype: None if numpy has no such type, or if it is no tensor at all.
        shape: A number, or a name where the size is free ("" where it has no name); None if even the rank is free.
    """

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[Dim, ...] | None

    def __str__(self) -> str:
        kind = "no tensor" if self.dtype is None else self.dtype.name
        return f"{self.name}: {kind}{'' if self.shape is None else [d or '?' for d in self.shape]}"


@dataclass
class GraphFacts:
    """One ONNX file.

    Attributes:
        inputs, outputs: By name, in the file's order; what has a stored value is no input.
        operators: ``(domain, operator)`` of every node, nested graphs too.
        external: Names of files that hold weights, as the model names them.
        weight_bytes: Of all stored tensors.
        widest: The largest number of channels that a convolution makes; 0 if there is none.
        functions: How many functions of its own the model defines.
        problems: What is wrong with stored tensors, as ends of sentences.
    """

    inputs: dict[str, TensorFacts] = field(default_factory=dict)
    outputs: dict[str, TensorFacts] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    external: set[str] = field(default_factory=set)
    weight_bytes: int = 0
    widest: int = 0
    functions: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_graph(model: bytes, name: str = "model.onnx") -> GraphFacts:
    """Read what ``model`` says of itself.

    Args:
        model: The bytes of an ONNX file.
        name: For messages.

    Raises:
        ArtratorError: ``package_invalid`` if the bytes are no ONNX model.
    """
    facts = GraphFacts()
    try:
        graphs = 0
        for number, value in fields(memoryview(model)):
            if number == 7:
                graphs += 1
                _graph(message(value), facts, depth=0)
            elif number == 8:
                _opset(message(value), facts)
            elif number == 25:
                facts.functions += 1
        if graphs != 1:
            raise WireError("it holds no graph" if graphs == 0 else "it holds several graphs")
    except WireError as error:
        raise ArtratorError(Code.PACKAGE_INVALID, f"{name} is not an ONNX model: {error}.") from error
    return facts


def _opset(data: memoryview, facts: GraphFacts) -> None:
    domain, version = "", 0
    for number, value in fields(data):
        if number == 1:
            domain = text(value)
        elif number == 2 and isinstance(value, int):
            version = value
    facts.opsets[domain] = version


def _graph(data: memoryview, facts: GraphFacts, depth: int) -> None:
    if depth > DEEPEST:
        raise WireError(f"its graphs are nested more than {DEEPEST} deep")
    inputs: dict[str, TensorFacts] = {}
    outputs: dict[str, TensorFacts] = {}
    stored: dict[str, tuple[int, ...]] = {}
    convolutions: list[str] = []
    for number, value in fields(data):
        if number == 1:
            _node(message(value), facts, depth, convolutions)
        elif number == 5:
            tensor, dims = _tensor(message(value), facts, inside_a_node=False)
            stored[tensor] = dims
        elif number == 11:
            described = _value_info(message(value))
            inputs[described.name] = described
        elif number == 12:
            described = _value_info(message(value))
            outputs[described.name] = described
        elif number == 15:
            facts.problems.append(_SPARSE)
    facts.widest = max([facts.widest, *(stored[w][0] for w in convolutions if stored.get(w))])
    if depth == 0:
        facts.inputs.update({name: found for name, found in inputs.items() if name not in stored})
        facts.outputs.update(outputs)


def _node(data: memoryview, facts: GraphFacts, depth: int, convolutions: list[str]) -> None:
    domain = operator = ""
    names: list[str] = []
    for number, value in fields(data):
        if number == 1:
            names.append(text(value))
        elif number == 4:
            operator = text(value)
        elif number == 5:
            _attribute(message(value), facts, depth)
        elif number == 7:
            domain = text(value)
    facts.operators.add((domain, operator))
    if operator in {"Conv", "FusedConv"} and len(names) > 1:
        convolutions.append(names[1])


def _attribute(data: memoryview, facts: GraphFacts, depth: int) -> None:
    for number, value in fields(data):
        if number in {5, 10}:
            _tensor(message(value), facts, inside_a_node=True)
        elif number in {6, 11}:
            _graph(message(value), facts, depth + 1)
        elif number in {22, 23}:
            facts.problems.append(_SPARSE)


def _tensor(data: memoryview, facts: GraphFacts, *, inside_a_node: bool) -> tuple[str, tuple[int, ...]]:
    dims: list[int] = []
    name, kind, raw, external, location = "", 0, None, False, None
    for number, value in fields(data):
        if number == 1:
            dims.extend(integers(value))
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8:
            name = text(value)
        elif number == 9:
            raw = len(message(value))
        elif number == 13:
            key, content = _entry(message(value))
            location = content if key == "location" else location
        elif number == 14:
            external = value == 1
    shown = f"the weight '{name}'" if name else "a weight"
    bits = _TYPES.get(kind, (0, None))[0]
    elements = 0 if any(dim < 0 for dim in dims) else _product(dims)
    if bits == 0 or elements == _TOO_MANY or any(dim < 0 for dim in dims):
        facts.problems.append(f"holds {shown} of an unknown type or size")
        return name, tuple(dims)
    size = 0 if bits is None else (elements * bits + 7) // 8
    if external or location is not None:
        if inside_a_node or not location:
            facts.problems.append(f"keeps {shown} in a file outside that it does not name properly")
        else:
            facts.external.add(location)
    elif raw is not None and raw != size:
        facts.problems.append(f"says that {shown} has {size} bytes, but it has {raw}")
    facts.weight_bytes += size
    return name, tuple(dims)


def _entry(data: memoryview) -> tuple[str, str]:
    found = {number: text(value) for number, value in fields(data) if number in {1, 2}}
    return found.get(1, ""), found.get(2, "")


def _value_info(data: memoryview) -> TensorFacts:
    name, dtype, shape = "", None, None
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number == 2:
            for kind, inner in fields(message(value)):
                if kind == 1:
                    dtype, shape = _tensor_type(message(inner))
    return TensorFacts(name, dtype, shape)


def _tensor_type(data: memoryview) -> tuple[np.dtype[Any] | None, tuple[Dim, ...] | None]:
    dtype, shape = None, None
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            known = _TYPES.get(value, (0, None))[1]
            dtype = None if known is None else np.dtype(known)
        elif number == 2:
            shape = tuple(_dim(message(inner)) for kind, inner in fields(message(value)) if kind == 1)
    return dtype, shape


def _dim(data: memoryview) -> Dim:
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            return value
        if number == 2:
            return text(value)
    return ""


def _product(dims: list[int]) -> int:
    """How many elements; ``_TOO_MANY`` for what no memory holds: a number of a million digits takes hours to make."""
    if 0 in dims:
        return 0
    product = 1
    for dim in dims:
        product *= dim
        if product >= _TOO_MANY:
            return _TOO_MANY
    return product
