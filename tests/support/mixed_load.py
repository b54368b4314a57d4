"""Jobs on more packages than fit into a node's memory, and what its daemon and its workers hold meanwhile. Linux only.

One package after another is asked for some time, as buyers do; which one comes next is drawn. So workers come and go,
and whatever one of them leaves behind in the daemon adds up.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import onnx
from noise_model import noise_manifest
from onnx import TensorProto, helper, numpy_helper
from registry_double import RegistryDouble
from toy_node import ToyNode

from artrator.keys import PrivateKey
from artrator.messages.node import JobState
from artrator.package import sign
from artrator.worker.usage import own_bytes, resident_bytes

_SIDE = 16


def dense_graph(mib: int, seed: int) -> onnx.ModelProto:
    """Layers of weights that take so many mebibytes, four each."""
    generator, width = np.random.default_rng(seed), 1024
    shapes = [(64, width), *[(width, width)] * (mib // 4), (width, _SIDE * _SIDE * 3)]
    nodes, weights, last = [], [], "z"
    for place, shape in enumerate(shapes):
        values = generator.standard_normal(shape).astype(np.float32) / np.float32(shape[0] ** 0.5)
        weights.append(numpy_helper.from_array(values, f"w{place}"))
        nodes.append(helper.make_node("MatMul", [last, f"w{place}"], [f"m{place}"]))
        last = f"x{place}"
        nodes.append(helper.make_node("Tanh" if place < len(shapes) - 1 else "Sigmoid", [f"m{place}"], [last]))
    weights.append(numpy_helper.from_array(np.array([-1, _SIDE, _SIDE, 3], np.int64), "shape"))
    nodes.append(helper.make_node("Reshape", [last, "shape"], ["image"]))
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", _SIDE, _SIDE, 3])],
        initializer=weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@dataclass(frozen=True)
class Moment:
    """What was held when so many jobs had ended.

    Attributes:
        daemon_bytes: Resident, all of it.
        workers_bytes: Of all workers, without what they map from files.
        workers: How many there were.
    """

    jobs: int
    daemon_bytes: int
    workers_bytes: int
    workers: int


@dataclass
class Outcome:
    """A whole run."""

    moments: list[Moment] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)

    def growth(self, after: int) -> float:
        """Bytes by which the daemon grows with each job, by least squares over what came after so many jobs."""
        seen = [moment for moment in self.moments if moment.jobs >= after]
        slope = np.polyfit([moment.jobs for moment in seen], [moment.daemon_bytes for moment in seen], 1)[0]
        return float(slope)


class MixedLoad:
    """A node with several packages of one size, as many of which fit into memory as its settings say."""

    def __init__(self, folder: Path, *, packages: int, mib: int, **settings: object) -> None:
        self.registry = RegistryDouble(next_in=15.0)
        self.registry.start()
        self._mib = mib
        self.node = ToyNode(
            folder,
            self.registry,
            settings={
                "jobs_per_buyer": 10_000,
                "queue_limit": 10_000,
                "log_level": "warning",
                "threads": 1,
                **settings,
            },
            write=lambda place, creator: self._write(place, creator, 0),
        )
        self.sold = [(self.node.digest, self.node.offer)]
        for number in range(1, packages):
            place = folder / f"dense-{number}"
            digest = self._write(place, self.node.creator.identity, number)
            self.sold.append((digest, self.node.publish(place, f"dense-{number}")))

    def start(self) -> None:
        """Start the node."""
        self.node.start()

    def stop(self) -> None:
        """Stop everything."""
        self.node.stop()
        self.registry.stop()

    def _write(self, place: Path, creator: PrivateKey, number: int) -> str:
        place.mkdir(parents=True)
        (place / "artrator.toml").write_text(noise_manifest(f"dense-{number}", bright=True), encoding="utf-8")
        (place / "model.onnx").write_bytes(dense_graph(self._mib, number).SerializeToString())
        return sign(place, creator)

    def run(self, jobs: int, *, at_once: int = 4, run_length: int = 4, every: int = 10, seed: int = 1) -> Outcome:
        """Send jobs and wait for all of them.

        Args:
            jobs: How many.
            at_once: How many are open at a time.
            run_length: How many of one package come one after another, on average.
            every: After how many jobs memory is looked at.
            seed: Draws the packages.
        """
        draw, outcome = random.Random(seed), Outcome()
        order, package = [], 0
        for _ in range(jobs):
            if draw.random() < 1 / run_length:
                package = draw.randrange(len(self.sold))
            order.append(package)

        async def main() -> None:
            left = iter(order)
            async with self.node.client() as client:

                async def buyer() -> None:
                    for number in left:
                        digest, offer = self.sold[number]
                        request = self.node.request({}, package=digest, offer=offer)
                        await self.node.submit(client, request)
                        await self.node.finished(client, request.job)
                        state = (await client.job(request.job)).state
                        outcome.states[state.value] = outcome.states.get(state.value, 0) + 1
                        done = sum(outcome.states.values())
                        if done % every == 0:
                            outcome.moments.append(self._moment(done))

                await asyncio.gather(*(buyer() for _ in range(at_once)))

        asyncio.run(main())
        outcome.counters = self._counters()
        return outcome

    @property
    def delivered(self) -> str:
        """The state that every job should end in."""
        return JobState.DELIVERED.value

    def workers(self) -> Sequence[int]:
        """The process ids of what the daemon has started."""
        assert self.node.service is not None
        daemon = self.node.service.pid
        threads = Path(f"/proc/{daemon}/task").glob("*/children")
        return [int(pid) for path in threads for pid in path.read_text().split()]

    def _moment(self, done: int) -> Moment:
        assert self.node.service is not None
        workers = self.workers()
        return Moment(done, resident_bytes(self.node.service.pid), sum(map(own_bytes, workers)), len(workers))

    def _counters(self) -> Mapping[str, float]:
        with httpx.Client(verify=False) as client:
            text = client.get(f"{self.node.url}/metrics").text
        return {name: float(value) for name, value in re.findall(r"^(artrator_\w+) ([\d.e+]+)$", text, re.MULTILINE)}
