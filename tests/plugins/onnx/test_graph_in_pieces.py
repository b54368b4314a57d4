"""A graph goes into onnxruntime in pieces: the same graph, never one that is not what was signed, never three times."""

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime import GraphFacts, load_graph, read_graph, require_runtime, session
from artrator.onnx_runtime.feed import can_feed, cut, feed
from artrator.worker.child.package_files import SignedFolder

SIDE = 600
linux = pytest.mark.skipif(sys.platform != "linux", reason="a pipe has a path on Linux")


@pytest.fixture
def model(make_graph):
    """A dense layer of 1.4 MB: more than one piece, and more than a pipe holds."""
    weights = np.random.default_rng(0).standard_normal((SIDE, SIDE), dtype=np.float32)
    shape = ("float", ["n", SIDE])
    made = make_graph([("MatMul", ["x", "w"], ["y"])], {"x": shape}, {"y": shape}, {"w": weights})
    return made.SerializeToString()


def signed(folder, data, name="model.onnx"):
    (folder / name).write_bytes(data)
    return SignedFolder(folder, None, "sha256:0", {name: hashlib.sha256(data).hexdigest()})


def answer(loaded):
    return loaded.run({"x": np.ones((2, SIDE), np.float32)}, ["y"])["y"]


@linux
def test_a_pipe_has_a_path_here():
    assert can_feed()


def test_pieces_are_the_same_graph(model, tmp_path):
    package = signed(tmp_path, model)
    assert b"".join(package.pieces("model.onnx")) == model
    alike = answer(load_graph(package, "model.onnx"))
    assert np.array_equal(alike, answer(session(model)))
    assert np.array_equal(alike, answer(session(lambda: cut(model))))


def test_where_no_pipe_has_a_path_bytes_do(model, tmp_path, monkeypatch):
    monkeypatch.setattr("artrator.onnx_runtime.sessions.can_feed", lambda: False)
    assert np.array_equal(answer(load_graph(signed(tmp_path, model), "model.onnx")), answer(session(model)))


def test_where_something_is_compiled_and_kept_a_graph_has_no_name_but_its_own(model, tmp_path, monkeypatch):
    """TensorRT names what it keeps after the file that a graph came from; that of a pipe is another at each load."""
    package, runtime, given = signed(tmp_path, model), require_runtime(), []
    kept = tmp_path / "kept"
    kept.mkdir()

    class Session(runtime.InferenceSession):
        def __init__(self, path_or_bytes, *rest, **how):
            given.append(type(path_or_bytes))
            super().__init__(path_or_bytes, *rest, **how)

    monkeypatch.setattr(runtime, "InferenceSession", Session)
    load_graph(package, "model.onnx", Device(compiled=str(kept)))
    assert given == [bytes]


@pytest.mark.parametrize("at", [0.1, 0.5, 0.999999])
def test_what_is_not_what_was_signed_never_becomes_a_session(model, tmp_path, monkeypatch, at):
    package = signed(tmp_path, model)
    facts = read_graph(model)
    changed = bytearray(model)
    changed[int(at * len(model))] ^= 1
    (tmp_path / "model.onnx").write_bytes(changed)
    made = []
    runtime = require_runtime()
    inner = runtime.InferenceSession
    monkeypatch.setattr(runtime, "InferenceSession", lambda *a, **k: made.append(inner(*a, **k)) or made[-1])
    with pytest.raises(ArtratorError) as caught:
        session(lambda: package.pieces("model.onnx"), facts=facts)
    assert caught.value.code == Code.PACKAGE_CHANGED
    assert made == []


def test_a_file_that_changes_between_the_look_and_the_load_is_refused(model, tmp_path, monkeypatch):
    """The gate has seen the signed bytes; what is loaded is hashed once more."""
    package = signed(tmp_path, model)
    read = package.read

    def read_and_lose(name):
        found = read(name)
        (tmp_path / name).write_bytes(found[:-1] + bytes([found[-1] ^ 1]))
        return found

    monkeypatch.setattr(package, "read", read_and_lose)
    with pytest.raises(ArtratorError) as caught:
        load_graph(package, "model.onnx")
    assert caught.value.code == Code.PACKAGE_CHANGED


def test_an_empty_file_is_no_model(tmp_path):
    with pytest.raises(ArtratorError) as caught:
        session(lambda: signed(tmp_path, b"").pieces("model.onnx"), facts=GraphFacts())
    assert caught.value.code == Code.PACKAGE_INVALID


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@linux
def test_a_reader_that_has_had_enough_leaves_nobody_behind(model):
    before = threading.active_count(), open_files()
    with feed(lambda: cut(model)) as path, Path(path).open("rb", buffering=0) as file:
        assert file.read(16) == model[:16]
    with feed(lambda: cut(model)):
        pass
    with pytest.raises(KeyError), feed(lambda: cut(model)):
        raise KeyError
    with pytest.raises(ArtratorError):
        session(lambda: cut(b"\x07" * (4 << 20)), facts=read_graph(model))
    assert (threading.active_count(), open_files()) == before


@linux
def test_a_load_holds_each_weight_twice_at_most(make_graph, tmp_path):
    side = 4096
    weights = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
    shape = ("float", ["n", side])
    made = make_graph([("MatMul", ["x", "w"], ["y"])], {"x": shape}, {"y": shape}, {"w": weights})
    signed(tmp_path, made.SerializeToString())
    program = (
        "import hashlib, pathlib, sys\n"
        "from artrator.onnx_runtime import GraphFacts, load_graph, session\n"
        "from artrator.worker.child.package_files import SignedFolder\n"
        "def held(): return next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM')) >> 10\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "package = SignedFolder(folder, None, '', {'model.onnx': sys.argv[2], 'tiny.onnx': sys.argv[3]})\n"
        "load_graph(package, 'tiny.onnx')\n"
        "before = held()\n"
        "load_graph(package, 'model.onnx')\n"
        "print(held() - before)\n"
    )
    tiny = make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape}).SerializeToString()
    signed(tmp_path, tiny, "tiny.onnx")
    hashes = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("model.onnx", "tiny.onnx")]
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path), *hashes], capture_output=True, text=True)
    assert int(done.stdout) <= 2.2 * 64, done.stderr


def test_other_devices_say_what_they_lack_as_before(model):
    with pytest.raises(ArtratorError) as caught:
        session(lambda: cut(model), Device("cuda"), facts=read_graph(model))
    assert caught.value.code == Code.BACKEND_RUNTIME_BROKEN
