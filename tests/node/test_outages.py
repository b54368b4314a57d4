"""What a machine and its registry do to a node for a while: a disk that is full, an hour without a registry."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from registry_double import RegistryDouble
from toy_node import Request, ToyNode

from artrator.clients.node import NodeClient
from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState
from artrator_node import config, identity
from artrator_node.clock import Clock
from artrator_node.config import Paths
from artrator_node.daemon import Node
from artrator_node.serve import listen, serve

HOUR = 3600.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for two megabytes and no more."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size=2m,uid={os.getuid() if os.name == 'posix' else 0}",
        "none",
        str(folder),
    ]
    as_root = [] if os.name == "posix" and os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("mount") is None or (as_root and shutil.which("sudo") is None):
        pytest.skip("no file system can be mounted here")
    if subprocess.run([*as_root, *mount], capture_output=True).returncode:
        pytest.skip("this account may not mount a file system")
    yield folder
    subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_in_the_middle_of_an_output_fails_that_job_and_no_other(
    make_node: Callable[..., ToyNode], small_disk: Path
) -> None:
    node = make_node()
    outputs = node.data / "outputs"
    outputs.symlink_to(small_disk, target_is_directory=True)
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    job = node.run({"steps": 1, "side": 1200})  # more than four megabytes
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["code"] == "disk_full"
    node.wait_for(lambda: job.job in node.registry.claims, "the hold was not released")
    assert not (outputs / job.job).exists()
    assert sum(file.stat().st_size for file in outputs.rglob("*") if file.is_file()) < 100_000
    assert node.run({"steps": 1, "side": 256}).state is JobState.DELIVERED


@pytest.mark.skipif(sys.platform == "win32", reason="stops the node by a signal to this very process")
def test_an_hour_without_a_registry_costs_nobody_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = RegistryDouble()
    registry.start()
    toy = ToyNode(tmp_path / "node", registry)
    ahead = 0.0
    clock = Clock(lambda: time.time() + ahead, lambda: time.monotonic() + ahead)
    # Time passes for the buyer as well.
    monkeypatch.setattr("artrator.documents.proof.time", SimpleNamespace(time=lambda: time.time() + ahead))
    paths = Paths(toy.data)
    settings = config.load(paths)
    sock = listen("127.0.0.1", 0)
    toy.url = f"https://127.0.0.1:{sock.getsockname()[1]}"
    creator = toy.creator.identity
    sys.path.insert(0, str(toy.site))
    node = Node(
        paths, settings, identity.load_or_create(paths, settings.urls), creator, registry.root.public, clock=clock
    )

    async def delivered(client: NodeClient, request: Request) -> None:
        await toy.submit(client, request)
        assert (await toy.finished(client, request.job))[-1].kind is EventKind.DONE

    async def until(condition: Callable[[], bool], otherwise: str) -> None:
        async with asyncio.timeout(240):
            while not condition():
                await asyncio.sleep(0.05)
        assert condition(), otherwise

    async def work() -> None:
        nonlocal ahead
        serving = asyncio.create_task(serve(node, paths, sock, lambda text: None))
        try:
            await until(lambda: bool(registry.heartbeats), "the node is not online")
            # Tickets that were sold before the registry went, some for a long time.
            now = int(time.time())
            soon = toy.request({"steps": 1})
            later = toy.request({"steps": 1}, start_by=now + 7200, finish_by=now + 7200, capture_by=now + 90_000)
            stale = toy.request({"steps": 1})
            await asyncio.to_thread(registry.stop)
            async with toy.client() as client:
                await delivered(client, soon)
                await until(lambda: node.outbox.size == 1, "the receipt is not kept")
                ahead = HOUR
                await delivered(client, later)
                with pytest.raises(ArtratorError) as caught:
                    await toy.submit(client, stale)
                assert caught.value.code is Code.TICKET_EXPIRED
                await until(lambda: node.outbox.size == 2, "a receipt is not kept")
                assert not registry.claims
                registry.ahead = HOUR
                await asyncio.to_thread(registry.start)
                ahead += 120  # the longest that a receipt waits for its next attempt
                node.engine.on_end.set()
                await until(lambda: {soon.job, later.job} <= registry.claims.keys(), "not all was settled")
                await until(lambda: node.outbox.size == 0, "something is still on its way")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await serving

    try:
        asyncio.run(work())
    finally:
        sys.path.remove(str(toy.site))
        registry.stop()
