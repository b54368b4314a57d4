# SPDX-License-Identifier: Apache-2.0
"""Exports a checkpoint as ``denoiser.onnx`` and checks it against torch.

Run ``python export.py CHECKPOINT denoiser.onnx``.  Weights are stored as 16-bit floats to halve the file and are
widened once when a session loads; every input, output and computation is 32-bit.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before onnxruntime loads

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from network import CONDITION_DIM, IMAGE_SIZE, STYLES, Denoiser
from sample import load_denoiser

INPUT_NAMES = ("sample", "time", "condition", "style")
OUTPUT_NAME = "velocity"
OPSET = 18


def example_inputs(count: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Random valid inputs for ``count`` pictures, in the order of :data:`INPUT_NAMES`."""
    random = torch.Generator().manual_seed(seed)
    condition = torch.randn(count, CONDITION_DIM, generator=random)
    style = torch.eye(len(STYLES))[torch.arange(count) % len(STYLES)]
    return (
        torch.randn(count, 3, IMAGE_SIZE, IMAGE_SIZE, generator=random),
        torch.rand(count, generator=random),
        condition / condition.norm(dim=1, keepdim=True),
        style,
    )


def round_to_half(denoiser: Denoiser) -> None:
    """Round every weight to the nearest 16-bit float, in place, so that storing it as such loses nothing."""
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.copy_(parameter.half().float())


def store_as_half(model: onnx.ModelProto) -> None:
    """Store large 32-bit initialisers as 16-bit ones followed by a cast, in place."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 256:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], name=f"{name}_widen", to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)


def export(denoiser: Denoiser, output: Path) -> None:
    """Write ``denoiser`` to ``output`` with a free batch axis."""
    round_to_half(denoiser)
    axes = {name: {0: "batch"} for name in (*INPUT_NAMES, OUTPUT_NAME)}
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            denoiser, example_inputs(2), str(raw), input_names=list(INPUT_NAMES), output_names=[OUTPUT_NAME],
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
        model = onnx.load(raw)
    store_as_half(model)
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, output)


def largest_difference(denoiser: Denoiser, path: Path) -> float:
    """Largest absolute difference between torch and onnxruntime over batches of one, two and seven."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in (1, 2, 7):
        inputs = example_inputs(count, seed=count)
        with torch.no_grad():
            expected = denoiser(*inputs).numpy()
        feeds = {name: value.numpy() for name, value in zip(INPUT_NAMES, inputs, strict=True)}
        actual = session.run([OUTPUT_NAME], feeds)[0]
        worst = max(worst, float(np.abs(expected - actual).max()))
    return worst


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    denoiser = load_denoiser(arguments.checkpoint)
    export(denoiser, arguments.output)
    difference = largest_difference(denoiser, arguments.output)
    print(f"{arguments.output.stat().st_size} bytes; torch and onnxruntime differ by {difference:.1e}")
    if difference > 1e-4:
        raise SystemExit("the exported network does not match torch")


if __name__ == "__main__":
    main()
