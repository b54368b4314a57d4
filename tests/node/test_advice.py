from __future__ import annotations

from pathlib import Path

import pytest

from artrator_node import advice


def install(folder: Path, name: str, version: str) -> None:
    """What an installer leaves behind, as far as metadata goes."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_one_onnxruntime_needs_no_advice() -> None:
    assert advice.at_start() == ()


def test_two_onnxruntimes_are_named_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "onnxruntime-gpu", "1.31.1")
    monkeypatch.syspath_prepend(tmp_path)
    (given,) = advice.at_start()
    assert "onnxruntime-gpu 1.31.1" in given.message
    assert "exactly one" in given.message
    assert (given.code, given.facts["error"]) == ("runtime", "backend_runtime_broken")
