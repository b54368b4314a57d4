"""Packages that do what no package should: graphs that never end or take everything, and a backend that misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MANIFEST = """\
name = "{name}"
version = "1.0"
title = "{name}"
summary = "A model that does harm."
task = "image-to-image"
backend = "{backend}"
license = "CC0-1.0"

[inputs.image]
type = "image"
label = "Picture"

[inputs.do]
type = "text"
label = "What to do"
default = ""
max_length = 40

[outputs.image]
type = "image"
label = "Picture"
"""
GRAPH = """
[settings]
graph = "model.onnx"

[settings.feeds.x]
input = "image"

[settings.results.image]
tensor = "y"
"""
_PICTURE = ["n", 3, "h", "w"]


def _model(
    nodes: Sequence[onnx.NodeProto],
    weights: Mapping[str, object],
    shape: Sequence[str | int] = tuple(_PICTURE),
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "bad",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(shape))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    made: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    ).SerializeToString()
    return made


def _loop(body: Sequence[onnx.NodeProto]) -> onnx.NodeProto:
    """A loop without end that carries ``v`` to ``w`` in each turn."""
    one = helper.make_tensor_value_info
    inner = helper.make_graph(
        [*body, helper.make_node("Identity", ["on"], ["go"])],
        "turn",
        [one("turn", TensorProto.INT64, []), one("on", TensorProto.BOOL, []), one("v", TensorProto.FLOAT, None)],
        [one("go", TensorProto.BOOL, []), one("w", TensorProto.FLOAT, None)],
    )
    return helper.make_node("Loop", ["turns", "yes", "x"], ["kept"], body=inner)


_LOOP_WEIGHTS: Mapping[str, object] = {"turns": np.int64(2**62), "yes": np.bool_(True)}


def good() -> bytes:
    """The picture upside down: 1 - x."""
    return _model([helper.make_node("Sub", ["one", "x"], ["y"])], {"one": np.float32(1)})


def endless() -> bytes:
    """A loop that never ends."""
    nodes = [
        _loop([helper.make_node("Add", ["v", "zero"], ["w"])]),
        helper.make_node("Add", ["kept", "x"], ["y"]),
    ]
    return _model(nodes, {**_LOOP_WEIGHTS, "zero": np.float32(0)})


def growing() -> bytes:
    """A tensor that doubles in each turn of a loop."""
    nodes = [
        _loop([helper.make_node("Concat", ["v", "v"], ["w"], axis=0)]),
        helper.make_node("ReduceMax", ["kept"], ["most"], keepdims=0),
        helper.make_node("Add", ["most", "x"], ["y"]),
    ]
    return _model(nodes, _LOOP_WEIGHTS)


def huge() -> bytes:
    """One tensor of 400 GB."""
    nodes = [
        helper.make_node("ConstantOfShape", ["sides"], ["much"]),
        helper.make_node("ReduceMax", ["much"], ["most"], keepdims=0),
        helper.make_node("Add", ["most", "x"], ["y"]),
    ]
    return _model(nodes, {"sides": np.array([100_000, 1_000_000], np.int64)})


def bomb() -> bytes:
    """Constants that take minutes to fold while the graph is loaded."""
    nodes = [helper.make_node("Expand", ["one", "sides"], ["m0"])]
    nodes += [helper.make_node("MatMul", [f"m{n}", f"m{n}"], [f"m{n + 1}"]) for n in range(40)]
    nodes += [
        helper.make_node("ReduceMax", ["m40"], ["most"], keepdims=0),
        helper.make_node("Add", ["most", "x"], ["y"]),
    ]
    return _model(nodes, {"one": np.float32(1e-4), "sides": np.array([5000, 5000], np.int64)})


def not_a_number() -> bytes:
    """Every pixel is the root of a negative number."""
    nodes = [helper.make_node("Sub", ["x", "two"], ["below"]), helper.make_node("Sqrt", ["below"], ["y"])]
    return _model(nodes, {"two": np.float32(2)})


def infinite() -> bytes:
    """Every pixel is divided by nothing."""
    nodes = [helper.make_node("Add", ["x", "one"], ["more"]), helper.make_node("Div", ["more", "zero"], ["y"])]
    return _model(nodes, {"one": np.float32(1), "zero": np.float32(0)})


GRAPHS: Mapping[str, Callable[[], bytes]] = {
    "good": good,
    "endless": endless,
    "growing": growing,
    "huge": huge,
    "bomb": bomb,
    "not-a-number": not_a_number,
    "infinite": infinite,
}


def write_graph(folder: Path, name: str) -> Path:
    """The package of one of ``GRAPHS``, in a folder of its own below ``folder``."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "artrator.toml").write_text(MANIFEST.format(name=name, backend="onnx") + GRAPH, encoding="utf-8")
    (package / "model.onnx").write_bytes(GRAPHS[name]())
    return package


def write_toy(folder: Path, name: str = "bad") -> Path:
    """A package for the backend below."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "artrator.toml").write_text(MANIFEST.format(name=name, backend="bad"), encoding="utf-8")
    (package / "weights.bin").write_bytes(name.encode())
    return package


#: A backend whose request says what it shall do. With weights that are named after a fault, it does so while it loads.
BACKEND = '''
"""A backend that misbehaves."""
import asyncio, contextlib, ctypes, os, resource, signal, socket, sys, threading, time
import numpy as np
from artrator import Inspection, hookimpl

def segfault():
    ctypes.string_at(0)

def abort():
    os.abort()

def allocate():
    return np.ones(400 << 30, np.uint8)

def gulp():
    """As fast as memory can be taken: in one piece, by several threads."""
    kept = []
    def take():
        while True:
            with contextlib.suppress(MemoryError):
                kept.append(np.full(64 << 20, 1, np.uint8))
    for _ in range(4):
        threading.Thread(target=take, daemon=True).start()
    time.sleep(60)

def shared():
    """Memory that no limit on data counts."""
    import mmap
    kept = []
    while True:
        part = mmap.mmap(-1, 64 << 20)
        part.write(bytes(64 << 20))
        kept.append(part)

def block():
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(60)

def chatter():
    line = b"x" * (1 << 20)
    while True:
        os.write(1, line)

def leave_others():
    """End the first thread alone: what the rest takes is shown nowhere."""
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)

def hang_up():
    """Close everything, the way to the parent too, and stay."""
    os.closerange(0, 256)
    time.sleep(60)

def be_silent():
    """Close what it prints to, and stay."""
    os.close(1)
    os.close(2)
    time.sleep(60)

def fork():
    while True:
        if os.fork() == 0:
            time.sleep(60)

def threads():
    while True:
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

def raw_threads():
    """Without stacks of their own, so that no memory stops them."""
    threading.stack_size(1 << 17)
    threads()

def fill():
    """Files that have no name any more."""
    kept = []
    while True:
        file = open("full", "wb")
        os.unlink("full")
        file.write(bytes(8 << 20))
        file.flush()
        kept.append(file)

def write():
    with open("full", "wb") as file:
        while True:
            file.write(bytes(1 << 20))

FAULTS = {f.__name__: f for f in (
    segfault, abort, allocate, gulp, shared, block, chatter, leave_others, hang_up, be_silent, fork, threads,
    raw_threads, fill, write,
)}

class Model:
    memory_bytes = 1 << 20
    sleepy = False

    async def run(self, inputs, context):
        do = inputs["do"]
        context.progress(0, 1)
        await asyncio.sleep(0.1)
        if do in FAULTS:
            FAULTS[do]()
        if do == "sleep at close":
            self.sleepy = True
        if do == "nan":
            return {"image": np.full((8, 8, 3), np.nan, np.float32)}
        if do == "stubborn":
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(60)
        return {"image": 255 - inputs["image"]}

    def close(self):
        while self.sleepy:
            time.sleep(60)

class Backend:
    name = "bad"

    def inspect(self, package):
        return Inspection(memory_bytes=1 << 20)

    def load(self, package, device):
        fault = package.read("weights.bin").decode()
        if fault in FAULTS:
            print(f"about to {fault}", flush=True)
            FAULTS[fault]()
        return Model()

@hookimpl
def register_backends(register):
    register(Backend())
'''
