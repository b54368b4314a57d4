"""Artrator's node as one more server: a signed package, confined workers, tickets, proofs, journal and receipts.

The registry beside it signs tickets for the load and takes receipts. It is the double of the tests, which costs its own
process less than a millisecond a receipt; what the node spends on sending receipts is in the figures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from noise_model import noise_manifest
from processes import children
from registry_double import RegistryDouble
from toy_node import Request, ToyNode

from artrator.clients.node import NodeClient
from artrator.documents import proof
from artrator.keys import PrivateKey
from artrator.package import sign

#: The whole answer in one exchange: the job, its receipt and its picture.
_PREFER: Final = "wait=30, outputs"


class OwnNode:
    """A serving node with one package."""

    name = "artrator"

    def __init__(self, folder: Path, model: str, models: Path) -> None:
        def write(package: Path, creator: PrivateKey) -> str:
            package.mkdir(parents=True)
            (package / "artrator.toml").write_text(noise_manifest(model), encoding="utf-8")
            (package / "model.onnx").write_bytes((models / f"{model}.onnx").read_bytes())
            return sign(package, creator)

        self.registry = RegistryDouble(next_in=15.0)
        self.registry.start()
        settings = {
            "threads": 1,
            "device": "cpu",
            "log_level": "warning",
            # One buyer plays all of them.
            "jobs_per_buyer": 100_000,
            "queue_limit": 10_000,
        }
        self.node = ToyNode(folder, self.registry, settings=settings, write=write)
        self.node.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.node.url

    @property
    def pids(self) -> list[int]:
        """Daemon and workers."""
        assert self.node.service is not None
        return children(self.node.service.pid)

    def requests(self, seeds: Iterator[int], count: int) -> Iterator[bytes]:
        """Paid jobs as they go over the line: each has a ticket and a proof of its own."""
        for _ in range(count):
            yield self.over_the_line(self.node.request({"seed": next(seeds)}))

    def over_the_line(self, request: Request) -> bytes:
        """One of them."""
        path, body = f"/v1/jobs/{request.job}", request.request.model_dump_json().encode()
        signed = proof.make(
            self.node.buyer, method="PUT", path=path, node=self.node.descriptor.node, body=request.digest
        )
        host = self.url.removeprefix("https://")
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nPrefer: {_PREFER}\r\n{proof.HEADER}: {signed}\r\n\r\n"
        )
        return head.encode() + body

    def check(self, seed: int) -> bytes:
        """The picture of one seed, as a buyer's client fetches it."""
        request = self.node.request({"seed": seed})

        async def work(client: NodeClient) -> bytes:
            await self.node.submit(client, request)
            await self.node.finished(client, request.job)
            return await client.output(request.job, 0)

        return self.node.ask(work)

    def stop(self) -> None:
        """End it and its registry."""
        self.node.stop()
        self.registry.stop()
