"""Fetching a bought package: megabytes a second beside a bare TLS transfer, and what a download does to jobs meanwhile.

The bound is one uvicorn process that sends the same file over TLS without looking at it, read by the same client
library, which hashes and writes nothing. The node hashes each block before it is sent, and the buyer hashes each file
as it is written and synced::

    uv run python benchmarks/node/download.py --mib 256
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

import httpx
from federation import free_port
from registry_double import RegistryDouble
from toy_node import ToyNode, write_toy

from artrator.clients.node import Access, NodeClient
from artrator.clients.package_download import PackageDownload

_BARE = """
import sys, uvicorn
path, port, key, certificate = sys.argv[1:]
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    with open(path, "rb") as file:
        while piece := file.read(256 * 1024):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
uvicorn.run(app, port=int(port), ssl_keyfile=key, ssl_certfile=certificate, log_level="error", lifespan="off")
"""


def ticket(node: ToyNode) -> Access:
    """A fresh purchase."""
    return Access.by_ticket(
        node.registry.ticket(
            buyer=node.buyer,
            node=node.descriptor.node,
            package=node.digest,
            offer=node.offer,
            request="0" * 64,
            jti=str(uuid.uuid4()),
            measures={},
            kind="purchase",
        )
    )


async def bare(file: Path, node: ToyNode) -> float:
    """Seconds of the same bytes over TLS from a server that does nothing else."""
    port, keys = free_port(), node.data / "keys"
    arguments = [str(file), str(port), str(keys / "tls.pem"), str(keys / "tls.crt")]
    server = subprocess.Popen([sys.executable, "-c", _BARE, *arguments])
    try:
        async with httpx.AsyncClient(verify=False, timeout=60) as http:
            for _ in range(100):
                try:
                    began = time.perf_counter()
                    async with http.stream("GET", f"https://127.0.0.1:{port}/") as answer:
                        async for _chunk in answer.aiter_raw():
                            pass
                    return time.perf_counter() - began
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
        raise RuntimeError("the bare server did not start")
    finally:
        server.kill()
        server.wait()


async def fetch(node: ToyNode, folder: Path) -> float:
    """Seconds of a whole download as a buyer makes it."""
    shutil.rmtree(folder, ignore_errors=True)
    began = time.perf_counter()
    async with NodeClient(node.descriptor, node.buyer) as client:
        await PackageDownload(client, ticket(node), node.digest, node.creator.identity.public, folder).run()
    return time.perf_counter() - began


async def jobs(node: ToyNode, toy: tuple[str, str], count: int) -> float:
    """Median milliseconds of a tiny job."""
    taken = []
    async with NodeClient(node.descriptor, node.buyer) as client:
        for _ in range(count):
            request = node.request({"steps": 1}, package=toy[0], offer=toy[1])
            began = time.perf_counter()
            await node.submit(client, request)
            await node.finished(client, request.job)
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


async def measure(node: ToyNode, toy: tuple[str, str], mib: int, folder: Path) -> None:
    """Print the table."""
    rows = []
    for _ in range(3):  # interleaved, so that a neighbour on the machine hits all alike
        rows.append((await bare(node.package / "weights.bin", node), await fetch(node, folder)))
    first, warm = rows[0][1], statistics.median(row[1] for row in rows[1:])
    bound = statistics.median(row[0] for row in rows)
    alone = await jobs(node, toy, 30)
    download = asyncio.create_task(fetch(node, folder))
    await asyncio.sleep(0.5)
    beside = await jobs(node, toy, 30 if mib >= 512 else 10)
    await download
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}")
    print("| | seconds | MiB/s | share of the bound |\n|---|---|---|---|")
    for name, seconds in (("bare TLS", bound), ("first download", first), ("later ones", warm)):
        print(f"| {name} | {seconds:.2f} | {mib / seconds:.0f} | {bound / seconds:.0%} |")
    print(f"a tiny job: {alone:.1f} ms alone, {beside:.1f} ms beside a download")


def main() -> None:
    """Measure on one node."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--mib", type=int, default=256)
    mib = arguments.parse_args().mib
    with tempfile.TemporaryDirectory() as scratch:
        registry = RegistryDouble()
        registry.start()
        node = ToyNode(Path(scratch), registry)
        toy = (node.digest, node.offer)
        node.package = node.folder / "large"
        node.digest = write_toy(node.package, node.creator.identity, name="large", weights=os.urandom(mib << 20))
        node.offer = node.publish(node.package, "large")
        node.start()
        try:
            asyncio.run(measure(node, toy, mib, Path(scratch) / "fetched"))
        finally:
            node.stop()
            registry.stop()


if __name__ == "__main__":
    main()
