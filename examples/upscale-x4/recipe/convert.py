# SPDX-License-Identifier: Apache-2.0
"""Converts Real-ESRGAN's animevideov3 x4 from ncnn files to ONNX, with numpy and onnx alone.

The network is a chain of 3x3 convolutions with PReLU, a pixel shuffle, and the input enlarged by nearest neighbour on
top. Weights are stored as 16-bit floats; the ONNX file holds the same values as 32-bit floats.

    python convert.py NET.param NET.bin ../package/model.onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

MAGIC = "7767517"
HALF_PRECISION = 0x01306B47
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One line of a ``.param`` file: what it is, what it reads and makes, and its numbered parameters."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    parameters: dict[int, float]


def layers(text: str) -> Iterator[Layer]:
    """The layers of a ``.param`` file, in order."""
    lines = text.splitlines()
    if lines[0].strip() != MAGIC:
        raise SystemExit("This is no ncnn .param file in text form.")
    for line in filter(None, map(str.split, lines[2:])):
        kind, _, inputs, outputs = line[0], line[1], int(line[2]), int(line[3])
        names = line[4 : 4 + inputs + outputs]
        pairs = (word.split("=") for word in line[4 + inputs + outputs :])
        yield Layer(kind, names[:inputs], names[inputs:], {int(key): float(value) for key, value in pairs})


class Weights:
    """Reads a ``.bin`` file from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def plain(self, count: int) -> Floats:
        """``count`` 32-bit floats."""
        values = np.frombuffer(self._data, "<f4", count, self._at).astype(np.float32)
        self._at += 4 * count
        return values

    def tagged(self, count: int) -> Floats:
        """``count`` floats whose first four bytes say how they are stored; 16-bit ones fill up to four bytes."""
        tag = int.from_bytes(self._data[self._at : self._at + 4], "little")
        self._at += 4
        if tag == 0:
            return self.plain(count)
        if tag != HALF_PRECISION:
            raise SystemExit(f"Weights are stored in an unknown way: {tag:#x}.")
        values = np.frombuffer(self._data, "<f2", count, self._at).astype(np.float32)
        self._at += (2 * count + 3) // 4 * 4
        return values

    def finish(self) -> None:
        """Make sure that nothing was left unread."""
        if self._at != len(self._data):
            raise SystemExit(f"{len(self._data) - self._at} bytes of the weights were not used.")


def convert(parameters: str, weights: bytes) -> onnx.ModelProto:
    """Build the ONNX model: ``image [n, 3, h, w]`` RGB in 0..1 to ``upscaled [n, 3, 4h, 4w]``."""
    source = Weights(weights)
    nodes: list[onnx.NodeProto] = []
    stored: list[onnx.TensorProto] = []
    channels: dict[str, int] = {}
    called: dict[str, str] = {}
    last = ""

    def store(name: str, values: npt.ArrayLike) -> str:
        stored.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    for layer in layers(parameters):
        reads = [called.get(name, name) for name in layer.inputs]
        options = layer.parameters
        if layer.kind == "Input":
            called[layer.outputs[0]] = "image"
            channels["image"] = 3
            continue
        if layer.kind == "Split":  # ncnn counts readers; ONNX lets any number of nodes read a tensor
            called.update(dict.fromkeys(layer.outputs, reads[0]))
            continue
        last = layer.outputs[0]
        channels[last] = channels[reads[0]]
        if layer.kind == "Convolution":
            made, side, padding = int(options[0]), int(options[1]), int(options.get(4, 0))
            kernel = source.tagged(int(options[6])).reshape(made, channels[reads[0]], side, side)
            reads += [store(f"{last}.weight", kernel), store(f"{last}.bias", source.plain(made))]
            nodes.append(helper.make_node("Conv", reads, [last], kernel_shape=[side, side], pads=[padding] * 4))
            channels[last] = made
        elif layer.kind == "PReLU":
            slope = store(f"{last}.slope", source.plain(int(options[0])).reshape(-1, 1, 1))
            nodes.append(helper.make_node("PRelu", [*reads, slope], [last]))
        elif layer.kind == "PixelShuffle":
            block = int(options[0])
            nodes.append(helper.make_node("DepthToSpace", reads, [last], blocksize=block, mode="CRD"))
            channels[last] //= block * block
        elif layer.kind == "Interp":
            scales = store(f"{last}.scales", [1, 1, options[1], options[2]])
            nodes.append(
                helper.make_node(
                    "Resize",
                    [reads[0], "", scales],
                    [last],
                    mode="nearest",
                    coordinate_transformation_mode="asymmetric",
                    nearest_mode="floor",
                )
            )
        elif layer.kind == "BinaryOp" and options.get(0, 0) == 0:
            nodes.append(helper.make_node("Add", reads, [last]))
        else:
            raise SystemExit(f"The layer {layer.kind} is not part of this network.")
    source.finish()
    nodes.append(helper.make_node("Clip", [last, store("black", 0.0), store("white", 1.0)], ["upscaled"]))
    graph = helper.make_graph(
        nodes,
        "realesr-animevideov3-x4",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("upscaled", TensorProto.FLOAT, ["n", 3, "h4", "w4"])],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("param", type=Path)
    parser.add_argument("bin", type=Path)
    parser.add_argument("onnx", type=Path)
    arguments = parser.parse_args()
    model = convert(arguments.param.read_text("utf-8"), arguments.bin.read_bytes())
    arguments.onnx.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{arguments.onnx}: {arguments.onnx.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
