"""Nobody writes to a package's large files while they are mapped; what was written to anyway is never used."""

import asyncio
import fcntl
import hashlib
import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from backend_source import backend_source
from mixed_load import dense_graph
from noise_model import noise_manifest
from onnx import TensorProto, helper, numpy_helper

from artrator import ArtratorError, Code
from artrator.backend import Device
from artrator.package import read_manifest
from artrator.plugins import find_backend
from artrator.worker import held as parent_side
from artrator.worker.child.package_files import SignedFolder
from artrator.worker.derived import DerivedGraphs
from artrator.worker.held import HeldFiles
from artrator.worker.host import SignedContent, Worker
from artrator.worker.limits import Limits
from artrator.worker.start import start_worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")

WEIGHTS = b"weights" * 1000


@pytest.fixture
def content(content, monkeypatch):
    """A package with a file that is large enough to be held."""
    monkeypatch.setattr(parent_side, "_LEAST_BYTES", len(WEIGHTS))
    (content.folder / "large.bin").write_bytes(WEIGHTS)
    hashes = {**content.files, "large.bin": hashlib.sha256(WEIGHTS).hexdigest()}
    return SignedContent(content.folder, content.manifest, content.digest, hashes)


@pytest.fixture
def held(content):
    with HeldFiles.of(content) as found:
        if not found.descriptors:
            pytest.skip("this file system keeps nobody from writing")
        yield found


def try_to_write(path):
    """As a program would that does not wait."""
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def folder_of(content, held):
    return SignedFolder(content.folder, content.manifest, content.digest, content.files, held.descriptors)


# --- the parent


def test_what_is_held_cannot_be_written_to_until_it_is_let_go_of(content, held):
    assert list(held.descriptors) == ["large.bin"]
    assert held.size == len(WEIGHTS)
    held.require_unchanged()
    assert (content.folder / "large.bin").read_bytes() == WEIGHTS
    with pytest.raises(BlockingIOError):
        try_to_write(content.folder / "large.bin")
    held.close()
    try_to_write(content.folder / "large.bin")


def test_whoever_waits_to_write_goes_on_afterwards_and_was_noticed(content, held):
    opened = threading.Event()

    def write():
        with (content.folder / "large.bin").open("r+b"):
            opened.set()

    writer = threading.Thread(target=write)
    writer.start()
    while fcntl.fcntl(held.descriptors["large.bin"], fcntl.F_GETLEASE) == fcntl.F_RDLCK:
        assert writer.is_alive()
    assert not opened.is_set()
    with pytest.raises(ArtratorError, match=r"Somebody writes to large\.bin") as caught:
        held.require_unchanged()
    assert caught.value.code == Code.PACKAGE_CHANGED
    held.close()
    writer.join(240)
    assert opened.is_set()


def test_a_file_that_takes_its_place_is_another(content, held):
    (content.folder / "new").write_bytes(b"other")
    (content.folder / "new").rename(content.folder / "large.bin")
    held.require_unchanged()
    with folder_of(content, held).lent("large.bin") as lent:
        assert bytes(lent) == WEIGHTS


def test_what_is_open_to_write_cannot_be_held(content):
    with (content.folder / "large.bin").open("r+b"), HeldFiles.of(content) as found:
        assert found.descriptors == {}


def test_of_a_file_system_that_others_write_to_nothing_is_held(content, monkeypatch):
    monkeypatch.setattr(parent_side, "_LOCAL", frozenset())
    with HeldFiles.of(content) as found:
        assert found.descriptors == {}


def test_a_link_is_not_held(content, tmp_path):
    (content.folder / "large.bin").rename(tmp_path / "elsewhere")
    (content.folder / "large.bin").symlink_to(tmp_path / "elsewhere")
    with HeldFiles.of(content) as found:
        assert found.descriptors == {}


def test_only_the_largest_are_held(content, monkeypatch):
    monkeypatch.setattr(parent_side, "_MOST_FILES", 2)
    hashes = dict(content.files)
    for size in range(4):
        (content.folder / f"{size}.bin").write_bytes(WEIGHTS + bytes(size))
        hashes[f"{size}.bin"] = ""
    with HeldFiles.of(SignedContent(content.folder, content.manifest, content.digest, hashes)) as found:
        assert set(found.descriptors) <= {"2.bin", "3.bin"}


def test_nothing_stays_open(content):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        HeldFiles.of(content).close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# --- the worker's side


def test_what_is_held_is_mapped_and_what_is_not_is_read(content, held):
    package = folder_of(content, held)
    with package.lent("large.bin") as lent, package.lent("weights.bin") as read:
        assert isinstance(lent, mmap.mmap)
        assert lent[:] == WEIGHTS
        assert read == b"\x03weights"
    assert lent.closed


def test_what_is_held_and_is_not_what_was_signed_is_refused(content, held):
    hashes = {"large.bin": hashlib.sha256(b"other").hexdigest()}
    package = SignedFolder(content.folder, content.manifest, content.digest, hashes, held.descriptors)
    with pytest.raises(ArtratorError) as caught, package.lent("large.bin"):
        pass
    assert caught.value.code == Code.PACKAGE_CHANGED


def test_once_it_is_let_go_of_it_is_read(content, held):
    copy = os.dup(held.descriptors["large.bin"])
    package = SignedFolder(content.folder, content.manifest, content.digest, content.files, {"large.bin": copy})
    package.let_go()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(copy)
    with package.lent("large.bin") as lent:
        assert lent == WEIGHTS


# --- a whole worker

#: A backend that maps its weights, and is not done with loading before the test is.
LENDS = """
import os, time
from pathlib import Path
import numpy as np

def load(package, device):
    with package.lent("large.bin") as lent:
        told = f"{type(lent).__name__} {len(lent)}"
        while Path(WAIT).exists():
            time.sleep(0.01)
    return told, package._held["large.bin"]

def answer(held):
    told, descriptor = held
    try:
        os.fstat(descriptor)
        told += ", still open"
    except OSError:
        pass
    nothing = np.zeros((1, 1, 3), np.uint8)
    return {"text": told, "value": 0.0, "image": nothing, "frames": [nothing]}
"""


def test_a_worker_maps_what_its_parent_holds(make_plugin, content, held):
    plugin = make_plugin(backend_source(LENDS.replace("WAIT", "'nothing'")))

    async def main():
        worker = await Worker.start_verified(plugin, content)
        try:
            return await worker.run("job", {})
        finally:
            await worker.close()

    made = asyncio.run(main())
    assert made["text"] == f"mmap {len(WEIGHTS)}"
    held.close()
    try_to_write(content.folder / "large.bin")  # nobody holds it any more


def test_a_package_that_somebody_writes_to_while_it_loads_does_not_serve(make_plugin, content, held, monkeypatch):
    wait = content.folder / "wait"
    wait.touch()
    plugin = make_plugin(backend_source(LENDS.replace("WAIT", repr(str(wait)))))
    is_held = threading.Event()

    def of(content):
        is_held.set()
        return held

    monkeypatch.setattr(HeldFiles, "of", of)

    async def main():
        starting = asyncio.create_task(Worker.start_verified(plugin, content))
        await asyncio.to_thread(is_held.wait)
        with pytest.raises(BlockingIOError):
            try_to_write(content.folder / "large.bin")
        wait.unlink()
        with pytest.raises(ArtratorError) as caught:
            await starting
        assert caught.value.code == Code.PACKAGE_CHANGED

    asyncio.run(main())
    try_to_write(content.folder / "large.bin")


def test_weights_beside_a_graph_give_the_same_plain_and_derived(tmp_path, monkeypatch):
    monkeypatch.setattr(parent_side, "_LEAST_BYTES", 1 << 20)
    folder = tmp_path / "dense"
    folder.mkdir()
    onnx.save(dense_graph(12, 0), folder / "model.onnx", save_as_external_data=True, location="model.onnx.data")
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    package = SignedContent(folder, read_manifest(noise_manifest("dense", bright=True)), "sha256:" + "1" * 64, hashes)
    graphs = DerivedGraphs(tmp_path / "derived", 1 << 30, 1 << 20)
    device, limits, plugin = Device(threads=1), Limits(load_seconds=300), find_backend("onnx")

    async def picture(starting):
        worker = await starting
        try:
            return worker.info, (await worker.run("job", {"seed": 1}))["image"]
        finally:
            await worker.close()

    _, plain = asyncio.run(picture(Worker.start_verified(plugin, package, device=device, limits=limits)))
    info, derived = asyncio.run(picture(start_worker(plugin, package, graphs, device=device, limits=limits)))
    assert np.array_equal(plain, derived)
    assert info.shared_bytes > 11 << 20
    assert info.refused == []


# --- what it is for

#: Loads a graph with no more room for what is its own than the graph's weights take, and some.
LOAD = """
import hashlib, pathlib, resource, sys
from artrator.backend import Device
from artrator.onnx_runtime import load_graph
from artrator.worker.child.package_files import SignedFolder
folder, held, room = pathlib.Path(sys.argv[1]), sys.argv[2] == "held", int(sys.argv[3])
hashes = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
files = [(folder / "weights.bin").open("rb")] if held else []
package = SignedFolder(folder, None, "", hashes, {"weights.bin": file.fileno() for file in files})
device = Device(threads=1, memory_bytes=1 << 34)  # what a worker gets: memory grows by what is asked for
load_graph(package, "tiny.onnx", device)
data = next(int(l.split()[1]) << 10 for l in open("/proc/self/status") if l.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (data + room, data + room))
load_graph(package, "model.onnx", device)
print("loaded")
"""


def test_a_load_of_weights_in_another_file_takes_them_once(tmp_path):
    side, layers = 1024, 32
    shapes, names = [(side, side)] * layers, [f"w{n}" for n in range(layers)]
    random = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(random.standard_normal(s, dtype=np.float32), n)
        for s, n in zip(shapes, names, strict=True)
    ]
    nodes = [helper.make_node("MatMul", [f"x{n}", f"w{n}"], [f"x{n + 1}"]) for n in range(layers)]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", side]) for n in ("x0", f"x{layers}")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin")
    tiny = helper.make_graph(
        [helper.make_node("Identity", ["x0"], ["y"])],
        "g",
        ends[:1],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", side])],
    )
    onnx.save(
        helper.make_model(tiny, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "tiny.onnx"
    )

    def load(how, times):
        room = int(times * layers * side * side * 4)
        return subprocess.run(
            [sys.executable, "-c", LOAD, str(tmp_path), how, str(room)], capture_output=True, text=True
        )

    assert load("held", 1.7).stdout == "loaded\n"
    # What makes the difference is that it is held: a file that is read takes its size once more.
    assert "MemoryError" in load("read", 1.7).stderr
