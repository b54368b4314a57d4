"""Added latency of the node at concurrency 1: a whole job over TLS against a bare ``session.run`` and encode.

The same two graphs, the same encoder, one processor thread, one machine, interleaved in rounds. The node's side is all
that a buyer waits for: ticket gate, proof, journal and outputs synced, worker process, encoding, receipt; in one
exchange over a bare TLS connection, as any program could send it, and by Python's client, which adds what httpx costs.
Then the same with many at once. Run it on a quiet machine::

    uv run python benchmarks/node/latency.py --jobs 200
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

import itertools

import numpy as np
import onnx
import onnxruntime
from noise_model import noise_manifest
from onnx import TensorProto, helper, numpy_helper
from registry_double import RegistryDouble
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import proof
from artrator.encoding import encode_png
from artrator.keys import PrivateKey
from artrator.package import sign

SIDE = 64


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
        (folder / "artrator.toml").write_text(noise_manifest(name, feed="noise", bright=True), encoding="utf-8")
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        return sign(folder, creator)

    return write


@dataclass
class Row:
    """Milliseconds of each round (bare, one exchange, by the client, an empty request) and processor time a job."""

    bare: list[float] = field(default_factory=list)
    exchange: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    daemon_cpu: float = 0.0
    worker_cpu: float = 0.0

    def markdown(self, name: str) -> str:
        """One line of the table."""
        bare, exchange, client, empty = map(statistics.median, (self.bare, self.exchange, self.client, self.empty))
        tail = statistics.quantiles(self.exchange, n=10)[-1]
        return (
            f"| {name} | {bare:.2f} | {exchange:.2f} | **+{exchange - bare:.2f}** | {tail:.2f} | {client:.2f} | "
            f"{empty:.2f} | {self.daemon_cpu:.2f} | {self.worker_cpu:.2f} | {len(self.exchange)} |"
        )


@dataclass(frozen=True)
class Crowd:
    """What many at once get: jobs a second, milliseconds of each, processor time a job."""

    buyers: int
    rate: float
    waits: Sequence[float]
    daemon_cpu: float
    worker_cpu: float

    def markdown(self, name: str) -> str:
        """One line of the table."""
        cuts = statistics.quantiles(self.waits, n=100)
        return (
            f"| {name} | {self.buyers} | {self.rate:.0f} | {cuts[49]:.1f} | {cuts[98]:.1f} | "
            f"{self.daemon_cpu:.2f} | {self.worker_cpu:.2f} | {len(self.waits)} |"
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


class Line:
    """One TLS connection that sends prepared requests, one after the other; no HTTP library beside it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, node: ToyNode) -> Line:
        """Connect, and believe whatever certificate is shown: it is our own node."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        address = urlsplit(node.url)
        return cls(*await asyncio.open_connection(address.hostname, address.port, ssl=context))

    async def send(self, request: bytes) -> float:
        """Seconds until the whole answer is here, with its receipt and its picture."""
        started = time.perf_counter()
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: (\d+)", head)
        if length is None or not head.startswith(b"http/1.1 200") or b"multipart/mixed" not in head:
            raise RuntimeError(head.decode())
        await self._reader.readexactly(int(length[1]))
        return time.perf_counter() - started

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()


def prepared(node: ToyNode, seed: int) -> bytes:
    """A paid job as it goes over the line. The ticket is there before the clock starts."""
    request = node.request({"seed": seed})
    path, body = f"/v1/jobs/{request.job}", request.request.model_dump_json().encode()
    signed = proof.make(node.buyer, method="PUT", path=path, node=node.descriptor.node, body=request.digest)
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Prefer: wait=30, outputs\r\n{proof.HEADER}: {signed}\r\n\r\n"
    )
    return head.encode() + body


async def by_client(node: ToyNode, client: NodeClient, seed: int) -> float:
    """The same by Python's client."""
    request = node.request({"seed": seed})
    started = time.perf_counter()
    done = await client.perform(request.job, request.request, request.files, request.digest, wait=30)
    if not done.outputs:
        raise RuntimeError(str(done.job.error))
    return time.perf_counter() - started


async def crowd(node: ToyNode, buyers: int, jobs: int) -> Crowd:
    """Many connections, each of which sends job after job."""
    requests = iter([prepared(node, number) for number in range(jobs)])
    lines = [await Line.open(node) for _ in range(buyers)]
    waits: list[float] = []

    async def work(line: Line) -> None:
        for request in requests:
            waits.append(await line.send(request) * 1000)

    assert node.service is not None
    before, started = cpu_seconds(node.service.pid), time.perf_counter()
    await asyncio.gather(*map(work, lines))
    seconds, after = time.perf_counter() - started, cpu_seconds(node.service.pid)
    for line in lines:
        await line.close()
    daemon, worker = ((b - a) * 1000 / jobs for a, b in zip(before, after, strict=True))
    return Crowd(buyers, jobs / seconds, waits, daemon, worker)


def measure(name: str, model: onnx.ModelProto, folder: Path, jobs: int, threads: int) -> tuple[Row, Sequence[Crowd]]:
    """Interleave bare runs and jobs, after a warm-up of each; then many buyers at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    noise = tuple(session.get_inputs()[0].shape[1:])
    registry = RegistryDouble(next_in=15.0)
    registry.start()
    settings = {"threads": threads, "device": "cpu", "log_level": "warning", "jobs_per_buyer": 100_000}
    node = ToyNode(folder, registry, settings=settings, write=writer(name, model))
    node.start()
    row, crowds = Row(), []

    async def work(client: NodeClient) -> None:
        assert node.service is not None
        line = await Line.open(node)
        for number in range(-10, jobs):
            if number == 0:
                before = cpu_seconds(node.service.pid)
            bare = bare_run(session, noise, number % 1000)
            exchange = await line.send(prepared(node, number % 1000))
            if number >= 0:
                row.bare.append(bare * 1000)
                row.exchange.append(exchange * 1000)
        after = cpu_seconds(node.service.pid)
        row.daemon_cpu, row.worker_cpu = ((b - a) * 1000 / jobs for a, b in zip(before, after, strict=True))
        await line.close()
        for number in range(jobs):
            row.client.append(await by_client(node, client, number % 1000) * 1000)
            started = time.perf_counter()
            await client.health()
            row.empty.append((time.perf_counter() - started) * 1000)
        for buyers in (8, 32):
            crowds.append(await crowd(node, buyers, jobs * 5))

    try:
        node.ask(work)
    finally:
        node.stop()
        registry.stop()
    return row, crowds


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
    crowds: list[str] = []
    print(
        "| graph | bare run + encode, ms | one exchange, ms | added | p90 | by Python's client | an empty request "
        "| CPU of the daemon, ms a job | of the worker | jobs |\n|-|-|-|-|-|-|-|-|-|-|"
    )
    for name, model in (("tiny", tiny()), ("wide", wide())):
        with tempfile.TemporaryDirectory() as folder:
            row, many = measure(name, model, Path(folder), arguments.jobs, arguments.threads)
        crowds += [each.markdown(name) for each in many]
        print(row.markdown(name), flush=True)
    print("\n| graph | buyers | jobs/s | p50, ms | p99, ms | CPU of the daemon, ms a job | of the worker | jobs |")
    print("|-|-|-|-|-|-|-|-|")
    print("\n".join(crowds))


if __name__ == "__main__":
    main()
