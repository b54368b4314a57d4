"""What `artrator package new` writes loads as soon as a graph lies beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from artrator.package import check
from artrator.package.starter import write_starter
from artrator.worker.trial import try_loading


def test_a_starter_with_a_graph_loads_with_its_backend(tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    write_starter(folder, "my-model")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in ("image", "output")]
    graph = helper.make_graph([helper.make_node("Identity", ["image"], ["output"])], "graph", ends[:1], ends[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, folder / "model.onnx")
    info = asyncio.run(try_loading(folder, check(folder)))
    assert info.runtime.startswith("onnxruntime")
