"""`artrator package new --graph`: what can be told from a graph stands in the manifest, and the rest is asked for."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from artrator.cli import main
from artrator.package import check
from artrator.worker.trial import ask_backend

FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
Ends = dict[str, tuple[int, list[Any]]]


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def started(inputs: Ends, outputs: Ends) -> dict[str, Any]:
    """The manifest that is written for a graph with these ends, each output of which is the first input."""
    first = next(iter(inputs))
    nodes = [helper.make_node("Identity", [first], [name]) for name in outputs]
    ends = [[helper.make_tensor_value_info(name, *of) for name, of in side.items()] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, "graph", *ends)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "net.onnx")
    done = CliRunner().invoke(main, ["package", "new", "mine", "--graph", "net.onnx"])
    assert done.exit_code == 0, done.output
    assert Path("mine/model.onnx").read_bytes() == Path("net.onnx").read_bytes()
    return tomllib.loads(Path("mine/artrator.toml").read_text(encoding="utf-8"))


def problems() -> list[str]:
    report = asyncio.run(ask_backend(Path("mine"), check(Path("mine"))))
    return [problem.message for problem in report.problems]


def test_pictures_numbers_and_scores_are_known_by_their_shapes() -> None:
    made = started(
        {
            "x.1": (FLOAT, ["n", 3, "h", "w"]),
            "Style": (FLOAT, [1, 64, 64, 3]),
            "amount": (FLOAT, []),
            "steps": (INT, [1]),
            "2nd": (BOOL, ["n", 1]),
        },
        {"y": (FLOAT, ["n", 3, "h", "w"]), "mean": (FLOAT, ["n", 1]), "scores": (FLOAT, ["n", 3])},
    )
    assert {name: table["type"] for name, table in made["inputs"].items()} == {
        "image": "image",
        "image_2": "image",
        "amount": "number",
        "steps": "integer",
        "value_2nd": "boolean",
    }
    assert {name: table["type"] for name, table in made["outputs"].items()} == {
        "image": "image",
        "mean": "number",
        "scores": "text",
    }
    feeds = {tensor: table["input"] for tensor, table in made["settings"]["feeds"].items()}
    assert feeds == {"x.1": "image", "Style": "image_2", "amount": "amount", "steps": "steps", "2nd": "value_2nd"}
    assert made["settings"]["results"]["scores"]["labels"] == ["label 0", "label 1", "label 2"]
    assert made["cost"]["pixel"]["factors"] == ["image.pixels"]
    assert problems() == []


def test_what_is_not_known_is_asked_for_and_never_made_up() -> None:
    made = started(
        {"x": (FLOAT, ["n", 3, "h", "w"]), "mode": (FLOAT, ["n", 7]), "ids": (INT, ["n", "length"])},
        {"y": (FLOAT, ["n", 3, "h", "w"]), "features": (FLOAT, ["n", 512, 7, 7])},
    )
    assert set(made["settings"]["feeds"]) == {"x"}
    assert set(made["outputs"]) == {"image"}
    (problem,) = problems()
    assert "does not say what goes into the tensor 'mode'" in problem


def test_names_of_tensors_are_words_whatever_they_hold() -> None:
    hostile = 'a"]\nname = "other" # \u202e {name} 😀 \x7f \\'
    made = started({hostile: (FLOAT, ["n", 3, "h", "w"])}, {"y\n": (FLOAT, ["n", 3, "h", "w"])})
    assert made["name"] == "mine"
    assert list(made["settings"]["feeds"]) == [hostile]
    assert made["settings"]["results"]["image"]["tensor"] == "y\n"


def test_what_is_no_graph_makes_no_folder(tmp_path: Path) -> None:
    Path("net.onnx").write_bytes(b"nothing of the kind")
    done = CliRunner().invoke(main, ["package", "new", "mine", "--graph", "net.onnx"])
    assert done.exit_code == 1
    assert "net.onnx is not an ONNX model" in done.stderr
    assert not (tmp_path / "mine").exists()
