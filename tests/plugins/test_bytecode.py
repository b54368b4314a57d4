"""The parent compiles what its workers import, once, and only what is its own."""

import importlib.util
import sys
from pathlib import Path

import pytest

from artrator.plugins import find_backend
from artrator.worker import bytecode
from artrator.worker.bytecode import compile_once


@pytest.fixture
def plugin(make_plugin, tmp_path, monkeypatch):
    """One of this environment's own, that nobody has compiled."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(bytecode, "_seen", set())
    monkeypatch.setattr(bytecode, "_FOLDERS", ())
    folder = tmp_path / "own" / "painter"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "brush.py").write_text("HAIRS = 7\n")
    (folder / "torn.py").write_text("def\n")
    return make_plugin(
        origin="built-in", entry_points={"toy": "painter.brush:Backend"}, sys_path=(folder.parent, tmp_path)
    )


def compiled(plugin, name):
    return Path(importlib.util.cache_from_source(str(plugin.sys_path[0] / "painter" / name)))


def test_what_workers_import_is_compiled_once(plugin):
    compile_once(plugin).join(60)
    assert compiled(plugin, "brush.py").is_file()
    assert compiled(plugin, "__init__.py").is_file()
    assert not compiled(plugin, "torn.py").exists()
    assert compile_once(plugin) is None


def test_a_plugin_in_an_environment_of_its_own_is_left_alone(plugin, make_plugin):
    assert compile_once(make_plugin(entry_points=plugin.entry_points, sys_path=plugin.sys_path)) is None


def test_where_python_is_to_write_no_bytecode_nothing_is_written(plugin, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert compile_once(plugin) is None


def test_where_nothing_can_be_written_nothing_happens(plugin):
    (plugin.sys_path[0] / "painter" / "__pycache__").write_text("in the way")
    compile_once(plugin).join(60)
    assert not compiled(plugin, "brush.py").exists()


def test_backends_that_come_along_are_found():
    (folder,) = bytecode._packages(find_backend("onnx"))
    assert (folder / "backend.py").is_file()
