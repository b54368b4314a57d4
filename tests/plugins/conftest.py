"""A toy plugin and a package for it, so that workers are tested without a model."""

import hashlib
import sysconfig
from pathlib import Path

import pytest

from artrator.package import read_manifest
from artrator.plugins import PluginInfo
from artrator.plugins.environment import interpreter
from artrator.worker.host import SignedContent

MANIFEST = """
name = "toy"
version = "1.0"
title = "Toy"
summary = "A toy"
task = "image-to-image"
backend = "toy"
license = "Apache-2.0"

[outputs.image]
type = "image"
label = "Picture"
"""
TOY = Path(__file__).parent / "toy_backend.py"


@pytest.fixture(autouse=True)
def profile(tmp_path, monkeypatch):
    """A profile of this test's own."""
    home = tmp_path / "profile"
    monkeypatch.setenv("ARTRATOR_HOME", str(home))
    return home


@pytest.fixture
def make_plugin(tmp_path):
    """A plugin from source text, as discovery would describe one in an environment."""

    def make(source=None, *, backend="toy", **fields):
        folder = tmp_path / f"plugin-{backend}"
        folder.mkdir(exist_ok=True)
        (folder / f"{backend}_plugin.py").write_text(source or TOY.read_text(encoding="utf-8"), encoding="utf-8")
        known = {
            "name": backend,
            "version": "1.0",
            "distribution": backend,
            "origin": "environment",
            "entry_points": {backend: f"{backend}_plugin"},
            "interpreter": interpreter(),
            "sys_path": (folder, Path(sysconfig.get_path("purelib"))),
        }
        return PluginInfo(**{**known, **fields})

    return make


@pytest.fixture
def content(tmp_path):
    """A package as if its signature had been verified."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"\x03weights")
    hashes = {"weights.bin": hashlib.sha256(b"\x03weights").hexdigest()}
    manifest = read_manifest(MANIFEST)
    return SignedContent(folder, manifest, "sha256:" + "0" * 64, hashes)
