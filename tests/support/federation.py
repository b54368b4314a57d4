"""A whole federation of real processes in a temporary folder, for tests and benchmarks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from artrator.clients.buyer import Buyer, Result
from artrator.clients.orders import OrderFolder
from artrator.clients.registry import RegistryClient
from artrator.demo.services import Service, artrator, command, environment
from artrator.messages import registry as m
from artrator.package import sign
from artrator.profile import Profile

_T = TypeVar("_T")


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Person:
    """A profile of its own, and commands run as that person."""

    def __init__(self, folder: Path, registry_url: str, handle: str) -> None:
        self.profile = Profile(folder)
        self.handle = handle
        self.url = registry_url
        self.profile.configure(registry_url=registry_url, handle=handle, display_name=handle.title())
        self.ask(self._meet)

    async def _meet(self, client: RegistryClient) -> None:
        self.profile.pin_root(self.url, (await client.info()).root_key)
        await client.sign_in()

    def client(self) -> RegistryClient:
        """A registry client signed in as this person."""
        return RegistryClient(self.url, self.profile.identity, handle=self.handle)

    def ask(self, work: Callable[[RegistryClient], Awaitable[_T]]) -> _T:
        """Run ``work`` with a client of this person."""

        async def connected() -> _T:
            async with self.client() as client:
                return await work(client)

        return asyncio.run(connected())

    def balance(self) -> m.Balance:
        """What this person has."""
        return self.ask(lambda client: client.balance())

    def statement(self) -> Sequence[m.StatementLine]:
        """This person's statement, newest first."""
        return self.ask(lambda client: client.statement(limit=200)).lines

    def buyer(self, client: RegistryClient) -> Buyer:
        """This person as a buyer."""
        root = self.profile.root_key(self.url)
        assert root is not None
        return Buyer(client, self.profile.identity, root, store=OrderFolder(self.profile.folder / "orders"))

    def run(
        self, *arguments: str, cwd: Path | None = None, api_key: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run an ``artrator`` command as this person; says what it printed, whatever its exit code."""
        mine = dict(environment(self.profile.folder))
        if api_key is not None:
            mine["ARTRATOR_API_KEY"] = api_key
        return subprocess.run(command(*arguments), env=mine, cwd=cwd, capture_output=True, text=True, timeout=240)

    def buy(self, listing: str, inputs: dict[str, object], files: dict[str, bytes] | None = None) -> Result:
        """Buy one job and wait for its pictures."""

        async def work(client: RegistryClient) -> Result:
            buyer = self.buyer(client)
            prepared = buyer.prepare(await client.listing(listing), inputs, files or {})
            results = []
            async with contextlib.aclosing(buyer.run(prepared, await buyer.quote(prepared))) as updates:
                async for update in updates:
                    if update.result is not None:
                        results.append(update.result)
            return results[0]

        return self.ask(work)


class Federation:
    """A registry process, a creator's node process, and people."""

    def __init__(
        self,
        folder: Path,
        *,
        registry_options: Sequence[str] = (),
        node_options: Sequence[str] = (),
        node_urls: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._registry_options = registry_options
        self._node_options = node_options
        self.registry_port, self.node_port = free_port(), free_port()
        self.registry_data = folder / "registry"
        self.registry = self.start_registry()
        self.url = f"http://127.0.0.1:{self.registry_port}"
        self.creator = Person(folder / "creator", self.url, "atelier")
        self.node_data = folder / "creator" / "node"
        artrator(
            *("node", "init", "--name", "Test node", "--registry", self.url, "--data", str(self.node_data)),
            *("--host", "127.0.0.1", "--port", str(self.node_port)),
            *(word for url in node_urls for word in ("--url", url)),
            home=self.creator.profile.folder,
        )
        self.node: Service | None = None

    def start_registry(self) -> Service:
        """Start the registry, again on the same port and data."""
        service = Service(
            "registry",
            *("registry", "serve", "--init", "--data", str(self.registry_data), "--port", str(self.registry_port)),
            *self._registry_options,
            home=self.folder / "operator",
            log=self.folder / "logs" / "registry.log",
        )
        service.wait(240)
        self.registry = service
        return service

    def start_node(self) -> Service:
        """Start the node, again on the same port and data, and wait until the registry knows it."""
        service = Service(
            "node",
            *("node", "serve", "--data", str(self.node_data), "--port", str(self.node_port), *self._node_options),
            home=self.creator.profile.folder,
            log=self.folder / "logs" / "node.log",
        )
        service.wait(240)
        self.node = service
        self.wait_for(lambda: len(self.creator.ask(lambda client: client.nodes())) > 0, "the node is not online")
        return service

    def publish(self, package: Path, *prices: str) -> None:
        """Sign ``package`` as the creator and publish it."""
        sign(package, self.creator.profile.identity)
        artrator(
            "node", "publish", str(package), *prices, "--data", str(self.node_data), home=self.creator.profile.folder
        )

    def person(self, handle: str, credits_: int = 100) -> Person:
        """A new person with credits."""
        someone = Person(self.folder / handle, self.url, handle)
        if credits_:
            artrator(
                *("registry", "grant", handle, str(credits_), "--data", str(self.registry_data)),
                home=self.folder / "operator",
            )
        return someone

    def audit(self) -> str:
        """What the registry's audit says; it ends with an error if a single micro-credit is missing."""
        return artrator("registry", "audit", "--data", str(self.registry_data), home=self.folder / "operator")

    def stop(self) -> None:
        """Stop both processes."""
        for service in (self.node, self.registry):
            if service is not None:
                service.stop()

    @staticmethod
    def kill(service: Service) -> None:
        """End a service as a power cut would, with all its workers."""
        os.killpg(service.pid, signal.SIGKILL)
        service.stop()

    @staticmethod
    def wait_for(condition: Callable[[], bool], otherwise: str, seconds: float = 240.0) -> None:
        """Wait until ``condition`` holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.1)


@contextlib.contextmanager
def federation(folder: Path, **options: Sequence[str]) -> Iterator[Federation]:
    """A federation for as long as the block lasts."""
    running = Federation(folder, **options)
    try:
        yield running
    finally:
        running.stop()


def read_json(text: str) -> dict[str, object]:
    """What a command with --json printed."""
    value = json.loads(text)
    assert isinstance(value, dict)
    return value


def copy_example(name: str, folder: Path) -> Path:
    """A writable copy of an example package."""
    source = Path(__file__).parents[2] / "examples" / name / "package"
    return Path(shutil.copytree(source, folder / name))
