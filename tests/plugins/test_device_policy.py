"""What a worker is told of devices: its own card and no other, and one folder for what a compiler keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from artrator.backend import Device
from artrator.plugins import find_backend
from artrator.worker.limits import Limits
from artrator.worker.policy import environment, sandbox_settings, seen_inside


def told(device: Device, tmp_path: Path) -> dict[str, str]:
    return environment(find_backend("onnx"), device, tmp_path)


def test_a_worker_sees_its_own_card_as_its_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    device = Device("cuda", 2)
    assert told(device, tmp_path)["CUDA_VISIBLE_DEVICES"] == "2"
    assert told(device, tmp_path)["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert seen_inside(device).index == 0
    assert seen_inside(Device("directml", 2)).index == 2
    assert "CUDA_VISIBLE_DEVICES" not in told(Device(), tmp_path)


def test_cards_that_are_hidden_from_the_node_are_hidden_from_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-8f2a")
    shown = [told(Device("tensorrt", index), tmp_path)["CUDA_VISIBLE_DEVICES"] for index in range(3)]
    assert shown == ["3", "GPU-8f2a", "-1"]


def test_factors_are_not_rounded_behind_the_back_of_a_package(tmp_path: Path) -> None:
    assert told(Device("tensorrt"), tmp_path)["NVIDIA_TF32_OVERRIDE"] == "0"
    assert "NVIDIA_TF32_OVERRIDE" not in told(Device("tensorrt", precision="tf32"), tmp_path)


def test_a_worker_may_write_to_the_folder_of_its_compiler_and_nowhere_else(tmp_path: Path) -> None:
    def settings(device: Device) -> dict[str, object]:
        return sandbox_settings(find_backend("onnx"), device, Limits(), readable=[], scratch=tmp_path / "scratch")

    kept = tmp_path / "kept"
    kept.mkdir()
    granted = settings(Device("tensorrt", compiled=str(kept)))
    assert (granted["writable"], granted["files"]) == ([str(kept.resolve())], True)
    assert granted["file_bytes"] == Limits().scratch_bytes
    bare = settings(Device("tensorrt"))
    assert (bare["writable"], bare["files"], bare["file_bytes"]) == ([], False, 0)


def test_openvino_on_the_processor_needs_nothing_of_a_driver(tmp_path: Path) -> None:
    found = sandbox_settings(find_backend("onnx"), Device("openvino"), Limits(), readable=[], scratch=tmp_path)
    assert (found["gpu"], found["devices"]) == (False, [])
