"""What answers is asked in confined processes: drivers may refuse, lie or fall over, and the others are still asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artrator.backend import Device
from artrator.onnx_runtime import describe
from artrator.plugins import find_backend
from artrator.plugins.info import PluginInfo
from artrator_node.engine.devices import probe

#: A runtime whose DirectML answers on one card, and on the second computes wrong; whose OpenVINO falls over; whose
#: CoreML computes elsewhere without a word.
RUNTIME = """
import os
import sys
from types import SimpleNamespace
import numpy as np

__version__ = "9.9"
ExecutionMode = SimpleNamespace(ORT_SEQUENTIAL=0)
GraphOptimizationLevel = SimpleNamespace(ORT_DISABLE_ALL=0)

class SessionOptions(SimpleNamespace):
    def add_session_config_entry(self, name, value): pass

class RunOptions:
    def add_run_config_entry(self, name, value): pass

def get_available_providers():
    return [f"{name}ExecutionProvider" for name in ("CUDA", "Dml", "OpenVINO", "CoreML", "CPU")]

class InferenceSession:
    def __init__(self, model, options, providers, enable_fallback):
        assert not enable_fallback
        self.name, self.told = providers[0]
        if self.name.startswith("CoreML"):
            said = "[W:onnxruntime:Default, a.cc:1 f] No Core ML. Require macOS."
            print(f"\\x1b[0;93m2026 {said}\\x1b[m", file=sys.stderr)
        if self.name.startswith("OpenVINO"):
            os._exit(3)
    def get_providers(self):
        return ["CPUExecutionProvider" if self.name.startswith("CoreML") else self.name]
    def run(self, outputs, feeds, options):
        sides = np.array([[2, 3, 3, 2]], np.float32)
        right = (sides.T @ sides) @ (sides.T @ sides)
        return [right[None, None] * (1 + int(self.told["device_id"]))]
"""


@pytest.fixture
def plugin(tmp_path: Path) -> PluginInfo:
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text(RUNTIME)
    real = find_backend("onnx")
    return replace(real, sys_path=[tmp_path, *real.sys_path])


def test_the_processor_answers_here_and_says_what_it_is() -> None:
    answer = asyncio.run(probe.ask("onnx"))
    assert answer.runtime == describe()
    assert "cpu" in answer.kinds
    assert answer.refused.get("cpu") is None


def test_a_backend_that_nobody_has_is_no_reason_to_fall_over() -> None:
    answer = asyncio.run(probe.ask("nobody-has-this"))
    assert "nobody-has-this" in answer.refused["cpu"]


def test_each_provider_is_tried_in_a_process_of_its_own_and_believed_only_when_it_computes_right(
    plugin: PluginInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "find_backend", lambda name: plugin)
    answer = asyncio.run(probe.ask("onnx"))
    assert answer.cards_by_kind == {("directml", 0)}
    assert [card.index for card in answer.cards] == [0]
    assert answer.kinds == {"cpu"}
    assert "it computes wrong" in answer.refused["directml:1"]
    assert "ended with status 3" in answer.refused["openvino:0"]
    assert answer.refused["coreml:0"].endswith("it fell back to CPUExecutionProvider. No Core ML. Require macOS.")
    assert "no NVIDIA card" in answer.refused.get("cuda", "no NVIDIA card")


def test_the_graph_of_the_probe_is_the_one_that_its_answer_is_computed_for() -> None:
    from artrator.onnx_runtime import read_graph
    from artrator.worker.child import cards

    facts = read_graph(cards._GRAPH)
    assert facts.operators == {("", "Conv"), ("", "MatMul")}
    assert cards.probe("cpu", [0]) == {"op": "probed", "answers": {"0": ""}}


def test_a_driver_that_is_not_there_has_no_cards_and_no_trouble() -> None:
    from artrator.worker.child import cards

    said = cards.probe("")
    assert isinstance(said["cards"], list)
    assert said["runtime"] == describe()


def test_cards_that_the_node_does_not_see_are_not_counted_and_none_is_taken_for_another() -> None:
    told = [
        {"index": 0, "name": "Small", "mark": "GPU-aa11", "memory_bytes": 8 << 30},
        {"index": 1, "name": "Large", "mark": "GPU-bb22", "memory_bytes": 24 << 30},
        {"index": 2, "name": "Old", "mark": "GPU-cc33", "memory_bytes": 4 << 30},
        {"index": "x"},
    ]
    cards = [card for card in (probe._card(each, "999.1") for each in told) if card is not None]
    for visible, names in (
        ([], ["Small", "Large", "Old"]),
        (["1"], ["Large"]),
        (["2", "0"], ["Old", "Small"]),
        (["GPU-bb", "GPU-aa11"], ["Large", "Small"]),
        (["1", "7", "0"], ["Large"]),
        (["-1"], []),
    ):
        found = probe._counted(cards, visible)
        assert [card.name for card in found.values()] == names
        assert [card.index for card in found.values()] == list(found) == list(range(len(names)))


@pytest.mark.parametrize("first", ["too old", "no answer"])
def test_a_card_that_is_too_old_does_not_hide_the_next_and_a_driver_that_hangs_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    async def say(plugin: PluginInfo, device: Device, kind: str, cards: Sequence[int]) -> Mapping[str, Any] | str:
        if kind and not device.index:
            return {"answers": {"0": first}, "logged": "Really."} if first == "too old" else first
        if kind:
            return {"answers": {"0": ""}, "logged": ""}
        told = [{"index": index, "name": "A card", "mark": "", "memory_bytes": 8 << 30} for index in range(2)]
        return {"runtime": "onnxruntime-gpu", "providers": ["CUDAExecutionProvider"], "cards": told, "driver": "999"}

    monkeypatch.setattr(probe, "_probe", say)
    answer = asyncio.run(probe.ask("onnx"))
    assert answer.cards_by_kind == ({("cuda", 1)} if first == "too old" else set())
    assert answer.refused["cuda:0"] == ("too old Really." if first == "too old" else first)
