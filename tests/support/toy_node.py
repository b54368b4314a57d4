"""A node process that serves one toy package, and a buyer who sends it jobs."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from registry_double import RegistryDouble

from artrator.canonical import b64, request_digest
from artrator.clients.node import JobEvent, NodeClient
from artrator.demo.services import Service, environment
from artrator.documents import Acknowledgement, NodeDescriptor, UnitPrice, document_digest
from artrator.ids import new_id
from artrator.inputs import request_body
from artrator.keys import PrivateKey
from artrator.messages.node import Job, JobRequest, JobState
from artrator.package import read_manifest, sign, verify
from artrator.profile import Profile
from artrator_node import catalogue, config, identity
from artrator_node.commands.publish import Terms, make_offer
from artrator_node.config import Paths, Settings

_T = TypeVar("_T")

BACKEND = '''
"""A backend whose inputs say what it shall do."""
import asyncio, contextlib, os, time
import numpy as np
from artrator import Inspection, ModelError, hookimpl

class Toy:
    memory_bytes = 1 << 20
    def __init__(self, package):
        package.read("weights.bin")
    async def run(self, inputs, context):
        do, steps = inputs["do"], inputs["steps"]
        if do == "crash":
            os._exit(7)
        if do == "complain":
            raise ModelError("The picture is too dark.")
        if do == "bug":
            raise RuntimeError(inputs["prompt"])
        if do == "float":
            return {"image": np.full((8, 8, 3), np.nan, np.float32)}
        if do == "nothing":
            return {}
        if do.startswith("set"):
            return await self.make_set(do, inputs, context)
        if do == "stubborn":
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(60)
        if "image" in inputs:
            return {"image": 255 - inputs["image"]}
        for step in range(steps):
            if do == "slow":
                await asyncio.sleep(0.05)
            context.raise_if_cancelled()
            context.progress(step + 1, steps, np.full((500, 400, 3), step % 256, np.uint8))
        side = inputs["side"]
        picture = context.generator(inputs["seed"]).integers(0, 256, (side, side, 3), dtype=np.uint8)
        return {"image": picture}
    async def make_set(self, do, inputs, context):
        count, side = inputs["count"], inputs["side"]
        for place in range(count):
            if place == count - 1 and do != "set":
                if do == "set-fail":
                    raise ModelError("The last one is too much.")
                if do == "set-crash":
                    await asyncio.sleep(0.3)
                    os._exit(7)
                if do == "set-wait":
                    await asyncio.sleep(60)
                if do == "set-short":
                    break
            picture = np.full((side, side, 3), place, np.uint8)
            context.output("images", picture)
            context.progress(place + 1, count)
        return {}
    def close(self):
        pass

class ToyBackend:
    name = "node-toy"
    def inspect(self, package):
        return Inspection(memory_bytes=2 << 20)
    def load(self, package, device):
        if package.read("weights.bin").startswith(b"broken"):
            raise ModelError("The weights are broken.")
        return Toy(package)

@hookimpl
def register_backends(register):
    register(ToyBackend())
'''
MANIFEST = """
name = "{name}"
version = "1.0"
title = "Toy"
summary = "Does what it is told."
task = "text-to-image"
backend = "node-toy"
license = "Apache-2.0"

[inputs.prompt]
type = "text"
label = "Prompt"
default = "nothing"

[inputs.do]
type = "choice"
label = "Do"
choices = ["paint", "slow", "crash", "complain", "bug", "float", "nothing", "stubborn"]
default = "paint"

[inputs.steps]
type = "integer"
label = "Steps"
minimum = 1
maximum = 100000
default = 2

[inputs.side]
type = "integer"
label = "Side"
minimum = 1
maximum = 8192
default = 16

[inputs.seed]
type = "integer"
label = "Seed"
random = true

[inputs.image]
type = "image"
label = "Picture"
required = false
max_side = 1024

[outputs.image]
type = "image"
label = "Picture"

[cost.step]
label = "Step"
factors = ["steps"]

[cost.pixel]
label = "Pixel"
factors = ["image.pixels"]
"""


def install_backend(folder: Path) -> Path:
    """A folder for ``sys.path`` that holds the toy backend as an installed distribution."""
    info = folder / "node_toy-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "node_toy_backend").mkdir()
    (folder / "node_toy_backend" / "__init__.py").write_text(BACKEND, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: node-toy\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[artrator.backends]\nnode-toy = node_toy_backend\n", encoding="utf-8")
    (info / "RECORD").write_text("", encoding="utf-8")
    return folder


def write_toy(folder: Path, creator: PrivateKey, *, name: str = "toy", weights: bytes = b"weights") -> str:
    """A signed toy package; returns its digest."""
    folder.mkdir(parents=True)
    (folder / "artrator.toml").write_text(MANIFEST.format(name=name), encoding="utf-8")
    (folder / "weights.bin").write_bytes(weights)
    return sign(folder, creator)


@dataclass
class Request:
    """A job that is ready to be sent."""

    job: str
    request: JobRequest
    files: Mapping[str, bytes]
    digest: str


@dataclass
class ToyNode:
    """A node's folder and process, its registry double, and one buyer."""

    folder: Path
    registry: RegistryDouble
    buyer: PrivateKey = field(default_factory=PrivateKey.generate)
    settings: Mapping[str, object] = field(default_factory=dict)
    #: Writes and signs the package that is served; returns its digest.
    write: Callable[[Path, PrivateKey], str] = write_toy

    def __post_init__(self) -> None:
        self.creator = Profile(self.folder / "creator")
        self.data = self.folder / "node"
        self.site = install_backend(self.folder / "site")
        self.package = self.folder / "toy"
        self.digest = self.write(self.package, self.creator.identity)
        self.manifest = read_manifest((self.package / "artrator.toml").read_text(encoding="utf-8"))
        self.service: Service | None = None
        self.starts = 0
        self.init()
        text = (self.data / "node.toml").read_text()
        for name, value in {"reserve_mib": 1, **self.settings}.items():
            lines = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
            text = "\n".join([*lines, f"{name} = {json.dumps(value)}"]) + "\n"
        (self.data / "node.toml").write_text(text)
        self.offer = self.publish(self.package, "toy")

    def init(self) -> None:
        """Make the node as its command does, but without starting a process for it."""
        self.creator.configure(registry_url=self.registry.url)
        self.creator.pin_root(self.registry.url, self.registry.root.public.encode())
        settings = Settings(
            name="Toy node", urls=("https://127.0.0.1:8443",), host="127.0.0.1", registry=self.registry.url
        )
        config.save(Paths(self.data), settings)
        identity.load_or_create(Paths(self.data), settings.urls)

    def publish(self, package: Path, name: str) -> str:
        """Serve a package as ``publish`` does, but without telling the registry; returns its offer's digest."""
        key = self.creator.identity
        verified = verify(package, key.public)
        price = {verified.manifest.cost.units[0].name: UnitPrice(amount=10_000)}
        offer = make_offer(verified.manifest, verified.digest, key, Terms(units=price)).sign(key)
        catalogue.add(
            Paths(self.data).served,
            package=package,
            signer=key.public,
            digest=verified.digest,
            listing=f"atelier/{name}",
            offer=offer,
        )
        return document_digest(offer)

    def acknowledgement(self, job: Job) -> Acknowledgement:
        """What the buyer says of a job that was delivered; yet to be signed."""
        assert job.receipt is not None
        return Acknowledgement(
            buyer=self.buyer.public.encode(),
            order=job.job,
            receipt=document_digest(job.receipt),
            verdict="accepted",
            at=time.time(),
        )

    # --- the process

    def start(self) -> None:
        """Start the node, again on the same folder."""
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = str(self.site)
        try:
            self.starts += 1
            self.service = Service(
                "node",
                *("node", "serve", "--data", str(self.data), "--port", "0"),
                home=self.creator.folder,
                log=self.folder / f"node-{self.starts}.log",
            )
        finally:
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before
        self.url = self.service.wait(240)

    def kill(self) -> None:
        """End the node as a power cut would."""
        assert self.service is not None
        os.killpg(self.service.pid, signal.SIGKILL)
        self.service.stop()

    def stop(self) -> None:
        """Stop the node in order."""
        if self.service is not None:
            self.service.stop(30)

    @property
    def log(self) -> str:
        """All that the node logged since its last start."""
        return (self.folder / f"node-{self.starts}.log").read_text(encoding="utf-8")

    @property
    def descriptor(self) -> NodeDescriptor:
        """Where the node is now and who it is."""
        receipt_key = PrivateKey.load(self.data / "keys" / "receipt.pem")
        return NodeDescriptor(
            node=receipt_key.id,
            creator=self.creator.identity.public.encode(),
            name="Toy node",
            urls=[self.url],
            tls_certificate=(self.data / "keys" / "tls.crt").read_text(),
            receipt_key=receipt_key.public.encode(),
            issued_at=0,
            expires_at=2**40,
        )

    # --- the buyer

    def client(self, key: PrivateKey | None = None) -> NodeClient:
        """A client of the running node."""
        return NodeClient(self.descriptor, key or self.buyer)

    def request(
        self,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, bytes] | None = None,
        *,
        image_format: str = "png",
        package: str | None = None,
        offer: str | None = None,
        **ticket: Any,
    ) -> Request:
        """A request with its ticket; ``ticket`` overrides claims, ``key`` the signing key."""
        digest = package or self.digest
        body = request_body(self.manifest, digest, inputs or {}, files or {}, image_format=image_format)
        salt = secrets.token_bytes(32)
        number = request_digest(salt, body.body.model_dump(mode="json"))
        job = str(ticket.pop("jti", None) or new_id())
        buyer = ticket.pop("buyer", self.buyer)
        claims = {"request": number, "jti": job, "measures": dict(body.measures), **ticket}
        text = self.registry.ticket(
            buyer=buyer,
            node=claims.pop("aud", self.descriptor.node),
            package=claims.pop("package_claim", digest),
            offer=offer or self.offer,
            **claims,
        )
        return Request(job, JobRequest(ticket=text, salt=b64(salt), body=body.body), body.files, number)

    async def submit(self, client: NodeClient, request: Request) -> Job:
        """Send a request."""
        return await client.submit(request.job, request.request, request.files, request.digest)

    async def finished(self, client: NodeClient, job: str, *, after: int = 0) -> list[JobEvent]:
        """All events of a job up to its end."""
        return [event async for event in client.events(job, after=after)]

    def ask(self, work: Callable[[NodeClient], Awaitable[_T]], key: PrivateKey | None = None) -> _T:
        """Run ``work`` with a client."""

        async def connected() -> _T:
            async with self.client(key) as client:
                return await work(client)

        return asyncio.run(connected())

    def run(
        self, inputs: Mapping[str, object] | None = None, files: Mapping[str, bytes] | None = None, **how: Any
    ) -> Job:
        """Send a job and wait for its end."""
        request = self.request(inputs, files, **how)

        async def work(client: NodeClient) -> Job:
            await self.submit(client, request)
            await self.finished(client, request.job)
            return await client.job(request.job)

        return self.ask(work)

    def wait_for(self, condition: Callable[[], bool], otherwise: str, seconds: float = 180.0) -> None:
        """Wait until ``condition`` holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.05)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``artrator node …`` as the creator."""
        return subprocess.run(
            [sys.executable, "-m", "artrator", "node", *arguments, "--data", str(self.data)],
            env=environment(self.creator.folder),
            capture_output=True,
            text=True,
            timeout=240,
        )


__all__ = ["JobState", "Request", "ToyNode", "install_backend", "write_toy"]
