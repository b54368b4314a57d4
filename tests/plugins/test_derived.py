"""What is derived from a package: made once by a confined process, mapped by its workers, out of reach of others."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import sys
import time
from dataclasses import replace

import numpy as np
import onnx
import pytest
from backend_source import backend_source
from onnx import TensorProto, helper, numpy_helper

from artrator import ArtratorError, Code
from artrator.backend import Device
from artrator.onnx_runtime import derived as child_side
from artrator.package import read_manifest
from artrator.plugins import find_backend
from artrator.worker import derived as parent_side
from artrator.worker.derived import DerivedGraphs
from artrator.worker.host import Limits, SignedContent, Worker
from artrator.worker.policy import DERIVED
from artrator.worker.sandbox import landlock
from artrator.worker.start import start_worker
from artrator.worker.step import run_step
from artrator.worker.usage import mapped_bytes, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is derived there")
confined = pytest.mark.skipif(sys.platform != "linux" or landlock.version() < 6, reason="needs Landlock version 6")

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
MANIFEST = """
name = "dense"
version = "1.0"
title = "Dense"
summary = "Dense"
task = "text-to-image"
backend = "onnx"
license = "CC0-1.0"

[inputs]
seed = { type = "integer", label = "Seed", default = 0 }

[outputs]
value = { type = "number", label = "Value" }

[settings]
graph = "dense.onnx"

[settings.feeds.z]
noise = "normal"
seed = "seed"

[settings.results.value]
tensor = "y"
"""
#: A backend that fills what it may fill as the test says, and tells what it can reach.
HOSTILE = """
import os
import re
from pathlib import Path

FOLDER = os.environ.get("ARTRATOR_DERIVED")


def attempt(action):
    try:
        return action()
    except OSError:
        return "refused"


def load(package, device):
    if "ARTRATOR_DERIVING" in os.environ:
        fill(Path(FOLDER))
    else:
        start()


def answer(held):
    if FOLDER is None:
        return {"text": "nothing"}
    own = Path(FOLDER)
    text = (own / "secret").read_text()
    wrote = attempt(lambda: (own / "more").write_text("x"))
    changed = attempt(lambda: (own / "secret").write_text("x"))
    loosened = attempt(lambda: (own / "secret").chmod(0o600))
    seen = attempt(lambda: sorted(os.listdir(own.parents[1])))
    other = attempt(lambda: Path(OTHER_SECRET).read_text())
    return {"text": f"{text} {wrote} {changed} {loosened} {seen} {other}"}


def start():
    pass


def fill(folder):
    pass
"""


def dense(folder, *, mib=12, digest=DIGEST):
    """A package of one graph whose layers take so many mebibytes, four each."""
    folder.mkdir(parents=True)
    random, side = np.random.default_rng(0), 1024
    shapes = [(64, side), *[(side, side)] * (mib // 4), (side, 1)]
    nodes, weights = [], []
    for place, shape in enumerate(shapes):
        values = random.standard_normal(shape).astype(np.float32) / np.float32(shape[0] ** 0.5)
        weights.append(numpy_helper.from_array(values, f"w{place}"))
        end = "y" if place == len(shapes) - 1 else f"x{place + 1}"
        nodes.append(helper.make_node("MatMul", [f"x{place}" if place else "z", f"w{place}"], [end]))
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", s]) for n, s in (("z", 64), ("y", 1))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / "dense.onnx").write_bytes(model.SerializeToString())
    hashes = {"dense.onnx": hashlib.sha256((folder / "dense.onnx").read_bytes()).hexdigest()}
    return SignedContent(folder, read_manifest(MANIFEST), digest, hashes)


@pytest.fixture
def package(tmp_path):
    return dense(tmp_path / "dense")


@pytest.fixture
def graphs(tmp_path):
    return DerivedGraphs(tmp_path / "derived", 1 << 30, 1 << 20)


@pytest.fixture
def large(text_content, monkeypatch):
    """The toy package as one that is worth deriving from."""
    monkeypatch.setattr(parent_side, "LEAST_BYTES", 1)
    return replace(text_content, digest=DIGEST)


def once(plugin, content, graphs, values=None, **limits):
    """Start a worker, run it once if there are values, end it; returns what it said of itself and what it made."""

    async def main():
        worker = await start_worker(
            plugin, content, graphs, device=Device(threads=1), limits=Limits(**{"load_seconds": 240, **limits})
        )
        try:
            made = None if values is None else await worker.run("job", values)
            return worker.info, made
        finally:
            await worker.close()

    return asyncio.run(main())


def plain(plugin, content, values):
    async def main():
        worker = await Worker.start_verified(plugin, content, device=Device(threads=1))
        try:
            return await worker.run("job", values)
        finally:
            await worker.close()

    return asyncio.run(main())


def records(tmp_path):
    return {path: json.loads(path.read_text()) for path in sorted((tmp_path / "derived").glob("*/*.json"))}


def files(tmp_path):
    return sorted(path for path in (tmp_path / "derived").glob("*/*/*") if path.is_file())


def toy(make_plugin, fill="", start="", other="/nowhere"):
    source = HOSTILE.replace("OTHER_SECRET", repr(other))
    for name, body in (("fill(folder)", fill), ("start()", start)):
        if body:
            source = source.replace(f"def {name}:\n    pass", f"def {name}:\n    {body}")
    return make_plugin(backend_source(source))


# --- what it is for


def test_both_sides_call_the_folder_by_the_same_name():
    assert child_side.FOLDER == DERIVED
    assert child_side.FILLING == parent_side.FILLING


def test_the_first_load_derives_and_later_ones_map_what_is_there(package, graphs, tmp_path):
    plugin = find_backend("onnx")
    expected = plain(plugin, package, {"seed": 3})
    info, made = once(plugin, package, graphs, {"seed": 3})
    assert made == expected
    assert info.once_seconds > 0
    assert info.refused == []
    (record,) = records(tmp_path).values()
    assert record["failure"] is None
    assert {path.name for path in files(tmp_path)} == set(record["files"])
    assert {path.suffix for path in files(tmp_path)} == {".json", ".onnx", ".weights"}
    assert all(path.stat().st_mode & 0o777 == 0o400 for path in files(tmp_path))
    before = [path.stat().st_ctime_ns for path in files(tmp_path)]
    again, made = once(plugin, package, graphs, {"seed": 3})
    assert made == expected
    if sys.platform == "linux":
        assert again.shared_bytes > 11 << 20
    assert [path.stat().st_ctime_ns for path in files(tmp_path)] == before


def test_a_worker_that_maps_does_not_read_the_packages_weights(package, graphs):
    plugin = find_backend("onnx")
    _, expected = once(plugin, package, graphs, {"seed": 3})
    # Whoever verified the package did so before; what the worker does not read, it does not miss.
    (package.folder / "dense.onnx").unlink()
    again = DerivedGraphs(graphs._root, 1 << 30, 1 << 20)
    with pytest.raises(ArtratorError):
        plain(plugin, package, {"seed": 3})
    _, made = once(plugin, package, again, {"seed": 3})
    assert made == expected


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_what_is_mapped_does_not_count_as_what_a_worker_took(tmp_path):
    package, graphs = dense(tmp_path / "dense", mib=160), DerivedGraphs(tmp_path / "derived", 1 << 30, 1 << 20)
    plugin = find_backend("onnx")
    once(plugin, package, graphs)
    limit = 150 << 20

    async def main():
        worker = await start_worker(
            plugin, package, graphs, device=Device(threads=1), limits=Limits(memory_bytes=limit, load_seconds=240)
        )
        try:
            await worker.run("job", {"seed": 1})
            await asyncio.sleep(0.3)  # the limits are looked at all the time
            await worker.run("again", {"seed": 2})
            assert resident_bytes(worker.pid) > limit > worker.resident_bytes
            assert mapped_bytes(worker.pid, tmp_path / "derived") == worker.info.shared_bytes > 150 << 20
        finally:
            await worker.close()

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_without_derived_graphs_a_worker_holds_its_weights_once(tmp_path):
    package = dense(tmp_path / "dense", mib=96)

    async def main():
        worker = await Worker.start_verified(find_backend("onnx"), package, device=Device(threads=1))
        try:
            await worker.run("job", {"seed": 1})
            return worker.resident_bytes
        finally:
            await worker.close()

    # As they are packed, what a runtime and an interpreter take, and not the bytes that they were read from.
    assert asyncio.run(main()) < (96 + 90) << 20


def test_a_small_package_is_not_worth_it(tmp_path, graphs):
    package = dense(tmp_path / "dense", mib=2)
    info, _ = once(find_backend("onnx"), package, graphs)
    assert info.shared_bytes == 0
    assert not (tmp_path / "derived").exists()


def test_nothing_is_derived_where_the_owner_gives_it_no_room(package, tmp_path):
    info, _ = once(find_backend("onnx"), package, DerivedGraphs(tmp_path / "derived", 0))
    assert info.shared_bytes == 0
    assert not (tmp_path / "derived").exists()


def test_a_large_package_is_derived_after_its_start_and_not_before(package, graphs, tmp_path, monkeypatch):
    monkeypatch.setattr(parent_side, "_PATIENCE_BYTES", 1)
    monkeypatch.setattr(parent_side, "_LATER_SECONDS", 0.0)
    plugin, given = find_backend("onnx"), {"device": Device(threads=1), "limits": Limits(load_seconds=240)}

    async def main():
        first = await start_worker(plugin, package, graphs, **given)
        try:
            assert first.info.shared_bytes == 0
            async with asyncio.timeout(240):
                while not records(tmp_path):
                    await asyncio.sleep(0.05)
            second = await start_worker(plugin, package, graphs, **given)
            try:
                assert await second.run("job", {"seed": 2}) == await first.run("job", {"seed": 2})
                return second.info.shared_bytes
            finally:
                await second.close()
        finally:
            await first.close()

    assert asyncio.run(main()) > 11 << 20 or sys.platform != "linux"


@pytest.mark.parametrize("needed", [False, True], ids=["the node stops", "its owner needs the machine"])
def test_what_is_being_derived_ends_with_whoever_wanted_it(make_plugin, large, graphs, tmp_path, monkeypatch, needed):
    monkeypatch.setattr(parent_side, "_PATIENCE_BYTES", 1)
    monkeypatch.setattr(parent_side, "_LATER_SECONDS", 0.0)

    # It would take for ever, so it is under way whenever this looks.
    plugin = toy(make_plugin, "import time; time.sleep(600)")

    async def main():
        worker = await start_worker(plugin, large, graphs, device=Device(), limits=Limits())
        await worker.close()
        async with asyncio.timeout(240):
            while not list((tmp_path / "derived").glob("*/.making-*")):
                await asyncio.sleep(0.01)
            if needed:
                for _ in range(3):  # as often as the rules are looked at
                    graphs.give_up()
                while list((tmp_path / "derived").glob("*/.making-*")):
                    await asyncio.sleep(0.01)
        await graphs.close()

    asyncio.run(main())
    assert records(tmp_path) == {}
    assert list((tmp_path / "derived").glob("*/*")) == []


def test_where_memory_is_short_it_is_left_for_another_time(package, graphs, tmp_path, monkeypatch):
    monkeypatch.setattr(parent_side, "free_memory", lambda: 100 << 20)
    once(find_backend("onnx"), package, graphs)
    assert records(tmp_path) == {}


# --- nobody else's


@confined
def test_workers_of_one_package_read_their_own_and_write_nothing(make_plugin, large, graphs, tmp_path):
    fill = '(folder / "secret").write_text("mine")'
    once(toy(make_plugin, fill), replace(large, digest=OTHER), graphs)
    (other,) = files(tmp_path)
    _, made = once(toy(make_plugin, fill, other=str(other)), large, graphs, {})
    assert made["text"] == "mine refused refused refused refused refused"
    assert len(files(tmp_path)) == 2


@confined
def test_who_derives_can_reach_no_other_package(make_plugin, large, graphs, tmp_path):
    once(toy(make_plugin, '(folder / "secret").write_text("mine")'), replace(large, digest=OTHER), graphs)
    (other,) = files(tmp_path)
    fill = (
        f"tried = [attempt(lambda: Path({str(other)!r}).read_text()), "
        f"attempt(lambda: Path({str(other)!r}).with_name('planted').write_text('x')), "
        f"attempt(lambda: os.listdir({str(other.parents[2])!r}))]; (folder / 'secret').write_text(str(tried))"
    )
    _, made = once(toy(make_plugin, fill), large, graphs, {})
    assert made["text"].startswith("['refused', 'refused', 'refused']")
    assert other.read_text() == "mine"
    assert len(files(tmp_path)) == 2


# --- hostile and broken fillers


@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        ('os.mkfifo(folder / "pipe")', "could not be loaded"),
        ('(folder / "inner").mkdir(); (folder / "inner" / "file").write_text("x")', "no plain file"),
        # The system refuses the write, or whoever watches the folder comes first.
        ('(folder / "big").write_bytes(bytes(40 << 20))', "File too large|it wrote more than"),
        ('[(folder / str(count)).write_text("x") for count in range(500)]', "500 files"),
        ("os._exit(3)", "ended with status 3"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ('raise RuntimeError("no")', "could not be loaded"),
    ],
    ids=["pipe", "folder", "large", "many", "exit", "kill", "error"],
)
def test_a_filler_that_goes_wrong_leaves_nothing_and_harms_nobody(make_plugin, large, graphs, tmp_path, fill, reason):
    plugin = toy(make_plugin, fill)
    _, made = once(plugin, large, graphs, {})
    assert made == {"text": "nothing"}
    ((path, record),) = records(tmp_path).items()
    assert re.search(reason, record["failure"])
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name]
    began = path.stat().st_mtime_ns
    _, made = once(plugin, large, graphs, {})
    assert made == {"text": "nothing"}  # and it is not tried again
    assert path.stat().st_mtime_ns == began


def test_what_failed_is_tried_again_after_a_week(make_plugin, large, graphs, tmp_path):
    once(toy(make_plugin, "os._exit(3)"), large, graphs)
    (path,) = records(tmp_path)
    os.utime(path, (path.stat().st_mtime - 8 * 86_400,) * 2)
    _, made = once(toy(make_plugin, '(folder / "secret").write_text("mine")'), large, graphs, {})
    assert made["text"].startswith("mine")


@confined
def test_links_cannot_be_left(make_plugin, large, graphs, tmp_path):
    (tmp_path / "private").write_text("key")
    fill = f'attempt(lambda: os.symlink({str(tmp_path / "private")!r}, folder / "secret")); '
    fill += (
        f'attempt(lambda: os.link({str(tmp_path / "private")!r}, folder / "hard")); (folder / "note").write_text("1")'
    )
    once(toy(make_plugin, fill), large, graphs)
    assert [path.name for path in files(tmp_path)] == ["note"]


def test_a_link_that_was_left_all_the_same_is_refused(graphs, package, tmp_path):
    once(find_backend("onnx"), package, graphs)
    weights = next(path for path in files(tmp_path) if path.suffix == ".weights")
    moved = tmp_path / "elsewhere"
    weights.rename(moved)
    weights.symlink_to(moved)
    _, made = once(find_backend("onnx"), package, graphs, {"seed": 1})
    assert made == plain(find_backend("onnx"), package, {"seed": 1})
    assert not any(path.is_symlink() for path in files(tmp_path))


def test_a_filler_that_hangs_costs_one_wait(make_plugin, large, graphs, tmp_path, monkeypatch):
    plugin, steps = toy(make_plugin, "import time; time.sleep(600)"), []

    async def hurried(step):
        steps.append(step)
        await run_step(replace(step, seconds=5))

    monkeypatch.setattr(parent_side, "run_step", hurried)
    once(plugin, large, graphs, load_seconds=200)
    (step,) = steps
    assert step.seconds == 600
    (record,) = records(tmp_path).values()
    assert "longer than 5 seconds" in record["failure"]
    once(plugin, large, graphs)
    assert len(steps) == 1


def test_a_full_disk_is_not_remembered(package, tmp_path):
    short = DerivedGraphs(tmp_path / "derived", 1 << 30, 1 << 60)
    once(find_backend("onnx"), package, short)
    assert records(tmp_path) == {}
    enough = DerivedGraphs(tmp_path / "derived", 1 << 30, 1 << 20)
    once(find_backend("onnx"), package, enough)
    assert len(files(tmp_path)) == 3


# --- damage


def flip(path):
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "later"),
    [
        (flip, False),
        (flip, True),
        (lambda path: os.truncate(path, 1000), True),
        (lambda path: path.unlink(), False),
        (lambda path: path.parent.with_suffix(".json").unlink(), True),
        (lambda path: path.parent.with_suffix(".json").write_text("{"), False),
        (lambda path: (path.parent / "planted").write_text("x"), False),
    ],
    ids=["flipped now", "flipped before", "truncated", "missing", "no record", "half a record", "planted"],
)
def test_what_is_damaged_is_thrown_away_and_made_anew(package, graphs, tmp_path, damage, later):
    plugin = find_backend("onnx")
    _, expected = once(plugin, package, graphs, {"seed": 5})
    for path in files(tmp_path):
        path.chmod(0o600)
    good = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files(tmp_path)}
    damage(next(path for path in files(tmp_path) if path.suffix == ".weights"))
    after = DerivedGraphs(tmp_path / "derived", 1 << 30, 1 << 20) if later else graphs
    _, made = once(plugin, package, after, {"seed": 5})
    assert made == expected
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files(tmp_path)} == good
    (record,) = records(tmp_path).values()
    assert record["failure"] is None


def test_what_onnxruntime_refuses_is_loaded_from_the_package_and_not_kept(package, graphs, tmp_path):
    plugin = find_backend("onnx")
    _, expected = once(plugin, package, graphs, {"seed": 5})
    graph = next(path for path in files(tmp_path) if path.suffix == ".onnx")
    graph.chmod(0o600)
    graph.write_bytes(b"no graph")
    record = graph.parent.with_suffix(".json")
    noted = json.loads(record.read_text())
    noted["files"][graph.name] = [hashlib.sha256(b"no graph").hexdigest(), 8]
    record.write_text(json.dumps(noted))
    info, made = once(plugin, package, graphs, {"seed": 5})
    assert made == expected
    assert info.refused == ["dense.onnx"]
    (noted,) = records(tmp_path).values()
    assert "refused" in noted["failure"]
    assert files(tmp_path) == []


def test_a_worker_that_dies_of_what_was_derived_is_started_without(make_plugin, large, graphs, tmp_path):
    plugin = toy(make_plugin, '(folder / "secret").write_text("mine")', "os._exit(9) if FOLDER else None")
    _, made = once(plugin, large, graphs, {})
    assert made == {"text": "nothing"}
    (noted,) = records(tmp_path).values()
    assert "status 9" in noted["failure"]
    assert files(tmp_path) == []


def test_the_error_of_a_broken_package_stays_its_own(make_plugin, large, graphs):
    plugin = toy(make_plugin, "", "os._exit(9)")
    with pytest.raises(ArtratorError) as caught:
        once(plugin, large, graphs)
    assert caught.value.code is Code.WORKER_DIED


# --- room on the disk


def test_what_was_used_longest_ago_makes_room(tmp_path):
    plugin = find_backend("onnx")
    graphs = DerivedGraphs(tmp_path / "derived", 75 << 20, 1 << 20)
    packages = [dense(tmp_path / str(n), mib=8, digest=f"sha256:{n:064}") for n in range(3)]
    for package in (*packages[:2], packages[0], packages[2]):
        once(plugin, package, graphs)
        time.sleep(0.02)
    assert graphs.size <= 75 << 20
    left = {path.parent.name for path in records(tmp_path)}
    assert left == {f"{0:064}", f"{2:064}"}


def test_what_belongs_to_no_package_any_more_is_swept_away(package, graphs, tmp_path):
    once(find_backend("onnx"), package, graphs)
    stale = tmp_path / "derived" / ("c" * 64) / ".making-x"
    stale.mkdir(parents=True)
    mine = tmp_path / "derived" / ("a" * 64) / ".making-old"
    shutil.copytree(stale, mine)
    os.utime(mine, (1, 1))
    graphs.keep_only([DIGEST])
    assert len(files(tmp_path)) == 3
    assert not mine.exists()
    assert not stale.parent.exists()
    graphs.keep_only([OTHER])
    assert list((tmp_path / "derived").iterdir()) == []


# --- graphs of every kind, without a worker


def graph_with_a_loop():
    weights = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32) / 8
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("MatMul", ["v", "w"], ["o"]), helper.make_node("Identity", ["c"], ["d"])],
        "body",
        [info("i", TensorProto.INT64, []), info("c", TensorProto.BOOL, []), info("v", TensorProto.FLOAT, ["n", 64])],
        [info("d", TensorProto.BOOL, []), info("o", TensorProto.FLOAT, ["n", 64])],
        [numpy_helper.from_array(weights, "w")],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["k", "t", "x"], ["y"], body=body)],
        "g",
        [info("x", TensorProto.FLOAT, ["n", 64])],
        [info("y", TensorProto.FLOAT, ["n", 64])],
        [numpy_helper.from_array(np.array(3), "k"), numpy_helper.from_array(np.array(True), "t")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def graph_of_convolutions():
    random = np.random.default_rng(2)
    info = helper.make_tensor_value_info
    nodes, weights, last, width = [], [], "x", 3
    for layer, wide in enumerate((32, 64, 3)):
        weights.append(
            numpy_helper.from_array(random.standard_normal((wide, width, 3, 3)).astype(np.float32), f"w{layer}")
        )
        nodes.append(helper.make_node("Conv", [last, f"w{layer}"], [f"c{layer}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        last, width = f"r{layer}", wide
    shape = ["n", 3, "h", "w"]
    graph = helper.make_graph(
        nodes, "g", [info("x", TensorProto.FLOAT, shape)], [info(last, TensorProto.FLOAT, shape)], weights
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


class Files:
    """A package in memory that counts what is read of it."""

    def __init__(self, files):
        self.files, self.reads = files, []

    def names(self):
        return list(self.files)

    def read(self, name):
        self.reads.append(name)
        return self.files[name]


@pytest.mark.parametrize("kind", ["loop", "convolutions", "weights in a file beside"])
def test_derived_graphs_compute_the_same_to_the_last_bit(kind, tmp_path, monkeypatch):
    from artrator.onnx_runtime import load_graph, read_graph_of

    model = graph_with_a_loop() if kind == "loop" else graph_of_convolutions()
    shape = (2, 64) if kind == "loop" else (2, 3, 20, 24)
    package = Files({"m.onnx": model.SerializeToString()})
    if kind == "weights in a file beside":
        onnx.save_model(model, tmp_path / "m.onnx", save_as_external_data=True, location="w", size_threshold=0)
        package = Files({name: (tmp_path / name).read_bytes() for name in ("m.onnx", "w")})
    feeds = {"x": np.random.default_rng(3).standard_normal(shape).astype(np.float32)}
    session = load_graph(package, "m.onnx")
    (output,) = session.outputs
    expected = session.run(feeds, [output])[output]
    (tmp_path / "derived").mkdir()
    monkeypatch.setenv("ARTRATOR_DERIVED", str(tmp_path / "derived"))
    monkeypatch.setenv("ARTRATOR_DERIVING", "1")
    facts = read_graph_of(package, "m.onnx")
    load_graph(package, "m.onnx").close()
    monkeypatch.delenv("ARTRATOR_DERIVING")
    package.reads.clear()
    mapped = load_graph(package, "m.onnx")
    assert np.array_equal(mapped.run(feeds, [output])[output], expected)
    assert read_graph_of(package, "m.onnx") == facts
    assert package.reads == []
    assert (mapped.inputs, mapped.outputs, mapped.weight_bytes) == (facts.inputs, facts.outputs, facts.weight_bytes)


def test_another_device_or_runtime_finds_nothing(tmp_path, monkeypatch):
    from artrator.onnx_runtime import load_graph
    from artrator.onnx_runtime.wheels import Wheel

    package = Files({"m.onnx": graph_with_a_loop().SerializeToString()})
    monkeypatch.setenv("ARTRATOR_DERIVED", str(tmp_path))
    monkeypatch.setenv("ARTRATOR_DERIVING", "1")
    load_graph(package, "m.onnx").close()
    monkeypatch.delenv("ARTRATOR_DERIVING")
    assert child_side.derived("m.onnx", Device()).saved
    assert child_side.derived("m.onnx", Device(kind="cuda")) is None
    assert not child_side.derived("other.onnx", Device()).saved
    monkeypatch.setattr(child_side, "installed_wheels", lambda: [Wheel("onnxruntime", "99.0", "cpu")])
    assert not child_side.derived("m.onnx", Device()).saved


def test_nothing_is_derived_for_a_card(package, graphs, tmp_path):
    """The process that derives has no card: it would load the whole model only to find that out."""
    ready = graphs.ready(find_backend("onnx"), package, Device("cuda"), Limits(load_seconds=240))
    assert asyncio.run(ready) is None
    assert not (tmp_path / "derived").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"saved": true}',
        '{"saved": true, "facts": 7}',
        "[" * 100_000,
        '{"saved": true, "facts": {"inputs": [[1]]}}',
    ],
)
def test_facts_that_are_none_are_as_if_there_were_none(tmp_path, monkeypatch, text):
    from artrator.onnx_runtime import read_graph_of

    package = Files({"m.onnx": graph_with_a_loop().SerializeToString()})
    monkeypatch.setenv("ARTRATOR_DERIVED", str(tmp_path))
    place = child_side.derived("m.onnx", Device())
    (tmp_path / f"{place.key}.json").write_text(text)
    assert child_side.derived("m.onnx", Device()).facts is None
    assert "x" in read_graph_of(package, "m.onnx").inputs


def test_nobody_waits_for_what_is_derived_from_another_package(package, graphs, tmp_path, monkeypatch):
    monkeypatch.setattr(parent_side, "_LATER_SECONDS", 0.0)
    plugin, other = find_backend("onnx"), dense(tmp_path / "other", digest=OTHER)
    make = graphs._make

    async def main():
        making, may_go_on, made = asyncio.Event(), asyncio.Event(), []

        async def slow(plugin, content, *more):
            making.set()
            await may_go_on.wait()
            made.append(content.digest)
            return await make(plugin, content, *more)

        monkeypatch.setattr(graphs, "_make", slow)
        how = Device(threads=1), Limits(load_seconds=240)
        first = asyncio.create_task(graphs.ready(plugin, package, *how))
        async with asyncio.timeout(240):
            await making.wait()
            assert await graphs.ready(plugin, other, *how) is None
            assert await graphs.ready(plugin, package, *how) is None  # nor for one's own, where it came twice
            may_go_on.set()
            assert (await first).package == DIGEST
            while (await graphs.ready(plugin, other, *how)) is None:  # made when the first was
                await asyncio.sleep(0.05)
        await graphs.close()
        return made

    assert asyncio.run(main()) == [DIGEST, OTHER]
