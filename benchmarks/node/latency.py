"""Added latency of the node at concurrency 1: a whole job over TLS against a bare ``session.run`` and encode.

The same two graphs, the same encoder, one processor thread, one machine, interleaved in rounds. The node's side is all
that a buyer waits for: proof, ticket gate, upload, journal (two commits with fsync), worker process, encoding,
receipt, events; and, separately, fetching the picture. Run it on a quiet machine::

    uv run python benchmarks/node/latency.py --jobs 200
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

import itertools

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from registry_double import RegistryDouble
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.encoding import encode_png
from artrator.keys import PrivateKey
from artrator.messages.node import EventKind
from artrator.package import sign

SIDE = 64
MANIFEST = """
name = "{name}"
version = "1.0"
title = "Benchmark"
summary = "Noise in, picture out."
task = "text-to-image"
backend = "onnx"
license = "Apache-2.0"

[inputs.seed]
type = "integer"
label = "Seed"
random = true

[outputs.image]
type = "image"
label = "Picture"

[settings]
graph = "model.onnx"

[settings.feeds.noise]
noise = "normal"
seed = "seed"

[settings.results.image]
tensor = "image"
layout = "NHWC"
range = [0, 1]
"""


def tiny() -> onnx.ModelProto:
    """A sigmoid over noise: nothing to compute, so that only the way to it is measured."""
    node = helper.make_node("Sigmoid", ["noise"], ["image"])
    return _model([node], [], (SIDE, SIDE, 3))


def wide() -> onnx.ModelProto:
    """Four dense layers, 134 MB of weights: bound by memory, as a graphics card often is."""
    sizes = [128, 2048, 2048, 2048, SIDE * SIDE * 3]
    random = np.random.default_rng(0)
    nodes, weights, last = [], [], "noise"
    for number, (rows, columns) in enumerate(itertools.pairwise(sizes)):
        matrix = (random.standard_normal((rows, columns)) / rows**0.5).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{number}"))
        nodes.append(helper.make_node("MatMul", [last, f"w{number}"], [f"x{number}"]))
        nodes.append(helper.make_node("Tanh" if number < 3 else "Sigmoid", [f"x{number}"], [f"y{number}"]))
        last = f"y{number}"
    weights.append(numpy_helper.from_array(np.array([-1, SIDE, SIDE, 3], np.int64), "shape"))
    nodes.append(helper.make_node("Reshape", [last, "shape"], ["image"]))
    return _model(nodes, weights, (128,))


def _model(
    nodes: Sequence[onnx.NodeProto], weights: Sequence[onnx.TensorProto], noise: tuple[int, ...]
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "bench",
        [helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["n", *noise])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", SIDE, SIDE, 3])],
        initializer=weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def writer(name: str, model: onnx.ModelProto) -> Callable[[Path, PrivateKey], str]:
    """What writes and signs the package."""

    def write(folder: Path, creator: PrivateKey) -> str:
        folder.mkdir(parents=True)
        (folder / "artrator.toml").write_text(MANIFEST.format(name=name), encoding="utf-8")
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        return sign(folder, creator)

    return write


@dataclass
class Row:
    """Milliseconds of each round (bare, ``done``, with the picture, an empty request) and processor time a job."""

    bare: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    fetched: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    daemon_cpu: float = 0.0
    worker_cpu: float = 0.0

    def markdown(self, name: str) -> str:
        """One line of the table."""
        bare, done, fetched, empty = map(statistics.median, (self.bare, self.done, self.fetched, self.empty))
        tail = statistics.quantiles(self.done, n=10)[-1]
        return (
            f"| {name} | {bare:.2f} | {done:.2f} | **+{done - bare:.2f}** | {tail:.2f} | "
            f"{fetched:.2f} | +{fetched - bare:.2f} | {empty:.2f} | {self.daemon_cpu:.2f} | {self.worker_cpu:.2f} | "
            f"{len(self.done)} |"
        )


def cpu_seconds(pid: int) -> tuple[float, float]:
    """Processor time of a process, and of its children that run now; zeros where there is no ``/proc``."""
    own, children = 0.0, 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if int(stat.parent.name) == pid:
            own += seconds
        elif int(fields[1]) == pid:
            children += seconds
    return own, children


def bare_run(session: onnxruntime.InferenceSession, noise: tuple[int, ...], seed: int) -> float:
    """Seconds of one run and encode, noise and conversion to 8 bits included."""
    started = time.perf_counter()
    feed = np.random.default_rng(seed).standard_normal((1, *noise), dtype=np.float32)
    (made,) = session.run(None, {"noise": feed})
    encode_png(np.clip(made[0] * 255 + 0.5, 0, 255).astype(np.uint8))
    return time.perf_counter() - started


async def job(node: ToyNode, client: NodeClient, seed: int) -> tuple[float, float]:
    """Seconds until ``done``, and until the picture is here. The ticket is there before the clock starts."""
    request = node.request({"seed": seed})
    started = time.perf_counter()
    await node.submit(client, request)
    last = [event async for event in client.events(request.job)][-1]
    done = time.perf_counter() - started
    if last.kind is not EventKind.DONE:
        raise RuntimeError(str(last.data))
    await client.output(request.job, 0)
    return done, time.perf_counter() - started


def measure(name: str, model: onnx.ModelProto, folder: Path, jobs: int, threads: int) -> Row:
    """Interleave bare runs and jobs, after a warm-up of each."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    noise = tuple(session.get_inputs()[0].shape[1:])
    registry = RegistryDouble(next_in=15.0)
    registry.start()
    node = ToyNode(folder, registry, settings={"threads": threads, "log_level": "warning"}, write=writer(name, model))
    node.start()
    row = Row()

    async def work(client: NodeClient) -> None:
        before = (0.0, 0.0)
        for number in range(-10, jobs):
            if number == 0:
                before = cpu_seconds(node.service.pid)
            bare = bare_run(session, noise, number % 1000)
            done, fetched = await job(node, client, number % 1000)
            if number >= 0:
                row.bare.append(bare * 1000)
                row.done.append(done * 1000)
                row.fetched.append(fetched * 1000)
                started = time.perf_counter()
                await client.health()
                row.empty.append((time.perf_counter() - started) * 1000)
        after = cpu_seconds(node.service.pid)
        row.daemon_cpu, row.worker_cpu = ((b - a) * 1000 / jobs for a, b in zip(before, after, strict=True))

    try:
        node.ask(work)
    finally:
        node.stop()
        registry.stop()
    return row


def main() -> None:
    """Print a table for ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}, "
        f"onnxruntime {onnxruntime.__version__}, {arguments.threads} thread\n"
    )
    print(
        "| graph | bare run + encode, ms | job until done, ms | added | p90 of done | with the picture | added "
        "| one empty request | CPU of the daemon, ms a job | of the worker | jobs |"
    )
    print("|-|-|-|-|-|-|-|-|-|-|-|")
    for name, model in (("tiny", tiny()), ("wide", wide())):
        with tempfile.TemporaryDirectory() as folder:
            row = measure(name, model, Path(folder), arguments.jobs, arguments.threads)
        print(row.markdown(name), flush=True)


if __name__ == "__main__":
    main()
