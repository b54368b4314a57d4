"""The two models that every server serves: one bound by arithmetic, one bound by memory. Made here, always the same.

``small`` is a DCGAN generator (77 MB), where a batch of 16 on a processor brings a tenth or two; ``wide`` is four dense
layers (135 MB), where it brings five times as many pictures, as it does on a graphics card. Both take ``z`` and give
``image``, uint8 ``[n, 64, 64, 3]``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE: Final = 64
#: How many numbers make a picture.
NOISE: Final = {"small": 100, "wide": 128}


class _Graph:
    """Nodes and weights in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def finish(self, name: str, last: str, noise: int) -> onnx.ModelProto:
        """Bring ``last``, from -1 to 1 and ``[n, 3, 64, 64]``, to bytes."""
        scale = self.weight("half", np.float32(127.5))
        bright = self.add("Add", [self.add("Mul", [last, scale], "scaled"), scale], "bright")
        limits = self.weight("black", np.float32(0)), self.weight("white", np.float32(255))
        clipped = self.add("Clip", [bright, *limits], "clipped")
        rows = self.add("Transpose", [clipped], "rows", perm=[0, 2, 3, 1])
        self.add("Cast", [rows], "image", to=TensorProto.UINT8)
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", noise])],
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            initializer=self.weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def small() -> onnx.ModelProto:
    """A DCGAN generator."""
    graph, random = _Graph(), np.random.default_rng(1234)
    channels = [NOISE["small"], 1280, 640, 320, 160, 3]
    last = graph.add("Reshape", ["z", graph.weight("shape", np.array([-1, 100, 1, 1], np.int64))], "x0")
    for number, (before, after) in enumerate(itertools.pairwise(channels)):
        first, final = number == 0, number == 4
        spread = (2 / (before * (16 if first else 4))) ** 0.5
        kernel = (random.standard_normal((before, after, 4, 4)) * spread).astype(np.float32)
        given = [last, graph.weight(f"w{number}", kernel), graph.weight(f"b{number}", np.zeros(after, np.float32))]
        sides = {"strides": [1, 1], "pads": [0] * 4} if first else {"strides": [2, 2], "pads": [1] * 4}
        made = graph.add("ConvTranspose", given, f"y{number}", kernel_shape=[4, 4], **sides)
        last = graph.add("Tanh" if final else "Relu", [made], f"x{number + 1}")
    return graph.finish("small", last, NOISE["small"])


def wide() -> onnx.ModelProto:
    """Dense layers."""
    graph, random = _Graph(), np.random.default_rng(99)
    last = "z"
    for number, (before, after) in enumerate(itertools.pairwise([NOISE["wide"], 2048, 2048, 2048, SIDE * SIDE * 3])):
        matrix = (random.standard_normal((before, after)) * (2 / before) ** 0.5).astype(np.float32)
        given = [last, graph.weight(f"w{number}", matrix), graph.weight(f"b{number}", np.zeros(after, np.float32))]
        made = graph.add("Gemm", given, f"y{number}")
        last = graph.add("Tanh" if number == 3 else "Relu", [made], f"x{number + 1}")
    shape = graph.weight("shape", np.array([-1, 3, SIDE, SIDE], np.int64))
    return graph.finish("wide", graph.add("Reshape", [last, shape], "picture"), NOISE["wide"])


def write(folder: Path) -> None:
    """Both, as ``NAME.onnx``; kept if they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("small", small), ("wide", wide)):
        path = folder / f"{name}.onnx"
        if not path.exists():
            path.write_bytes(make().SerializeToString())
