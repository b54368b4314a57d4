"""Buyers and their node as a load: the requests that real clients make, with as little client as there can be.

The generator shares the machine with what it measures, so it has one protocol object a connection, no client library,
and writes the signed documents as text; the keys and the signatures are real. What it costs is told beside what the
registry costs.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from registry_world import Node, make_package

from artrator.canonical import sha256
from artrator.clients.registry import RegistryClient
from artrator.documents import Acknowledgement, Receipt, ticket_digest
from artrator.dsse import pae
from artrator.ids import new_id
from artrator.keys import PrivateKey
from artrator.messages import registry as m
from artrator_registry.rails.service import grant
from artrator_registry.storage import Transaction, connect

#: More than anybody spends here.
CREDITS = 10**14
REQUEST = "ab" * 32


class Connection(asyncio.Protocol):
    """One kept-open HTTP/1.1 connection; one request at a time."""

    def __init__(self, token: str) -> None:
        self._head = f"Host: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: "
        self._arrived = b""
        self._answer: asyncio.Future[bytes]
        self._transport: Any = None

    @classmethod
    async def open(cls, port: int, token: str) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: cls(token), "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, _, body = self._arrived.partition(b"\r\n\r\n")
        length = head.find(b"content-length: ")
        if length >= 0 and len(body) >= int(head[length + 16 :].partition(b"\r\n")[0]):
            self._arrived = b""
            if head.startswith(b"HTTP/1.1 200"):
                self._answer.set_result(body)
            else:
                self._answer.set_exception(RuntimeError(body.decode()))

    def connection_lost(self, exc: Exception | None) -> None:
        if hasattr(self, "_answer") and not self._answer.done():
            self._answer.set_exception(ConnectionError("the registry closed the connection"))

    async def send(self, method: str, path: str, body: str) -> Any:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(f"{method} {path} HTTP/1.1\r\n{self._head}{len(body)}\r\n\r\n{body}".encode())
        return json.loads(await self._answer)

    def close(self) -> None:
        self._transport.close()


class Outbox:
    """The node's: one request at a time, with what waits by then, as ``artrator_node.registry.outbox`` sends it."""

    _MOST = 16

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[str, asyncio.Future[str]]] = []
        self._work: asyncio.Task[None] | None = None

    async def bring(self, claim: str) -> str:
        """Answers the order's state, once the registry told it."""
        loop = asyncio.get_running_loop()
        taken: asyncio.Future[str] = loop.create_future()
        self._waiting.append((claim, taken))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._send())
        return await taken

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._MOST], self._waiting[self._MOST :]
            claims = ",".join(claim for claim, _ in batch)
            answer = await self._connection.send("POST", "/v1/receipts", f'{{"claims":[{claims}]}}')
            for (_, taken), item in zip(batch, answer["items"], strict=True):
                taken.set_result(item["state"] or item["code"])

    def close(self) -> None:
        self._connection.close()


@dataclass
class Took:
    """What came of a load: seconds of each step of each job, and of the whole since it should have started."""

    seconds: float
    quote: list[float] = field(default_factory=list)
    order: list[float] = field(default_factory=list)
    settle: list[float] = field(default_factory=list)
    job: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.job) / self.seconds


@dataclass
class Buyer:
    """Someone with credits, their connection, and the outbox of the node that serves them."""

    key: PrivateKey
    node: Node
    listing: str
    mine: Connection
    outbox: Outbox

    async def work(self, starts: Iterator[float], took: Took) -> None:
        """Jobs one after another."""
        ask = json.dumps({"listing": self.listing, "measures": {"step": 20}, "request": REQUEST})
        for due in starts:
            await asyncio.sleep(due - time.perf_counter())
            start = time.perf_counter()
            quote = await self.mine.send("POST", "/v1/quotes", ask)
            quoted = time.perf_counter()
            order = new_id()
            wanted = json.dumps({"quote": quote["quote"], "node": self.node.id, "max_price": quote["cap"]})
            placed = await self.mine.send("PUT", f"/v1/orders/{order}", wanted)
            ordered = time.perf_counter()
            claim = self._claim(placed)
            signed = time.perf_counter()
            state = await self.outbox.bring(claim)
            assert state == "settled", state
            end = time.perf_counter()
            took.quote.append(quoted - start)
            took.order.append(ordered - quoted)
            took.settle.append(end - signed)
            took.job.append(end - due)

    def _claim(self, placed: Any) -> str:
        """The node's receipt and the buyer's acknowledgement, as both sign them."""
        now = time.time()
        receipt = json.dumps(
            {
                "node": self.node.id,
                "order": placed["order"],
                "ticket": ticket_digest(placed["ticket"]),
                "package": placed["package"],
                "request": REQUEST,
                "outcome": "delivered",
                "outputs": [{"name": "image", "media_type": "image/png", "sha256": "0" * 64, "size": 10}],
                "measures": {"step": 20},
                "runtime": "onnxruntime 1.32.0 cpu",
                "error": None,
                "queued_at": now,
                "started_at": now,
                "finished_at": now,
            }
        ).encode()
        acknowledgement = json.dumps(
            {
                "buyer": self.key.public.encode(),
                "order": placed["order"],
                "receipt": f"sha256:{sha256(receipt)}",
                "verdict": "accepted",
                "reason": "",
                "at": now,
            }
        ).encode()
        return (
            f'{{"order":"{placed["order"]}","receipt":{_signed(self.node.key, Receipt.payload_type, receipt)},'
            f'"acknowledgement":{_signed(self.key, Acknowledgement.payload_type, acknowledgement)}}}'
        )


def _signed(key: PrivateKey, kind: str, payload: bytes) -> str:
    signature = b64encode(key.sign(pae(kind, payload))).decode()
    return (
        f'{{"payloadType":"{kind}","payload":"{b64encode(payload).decode()}",'
        f'"signatures":[{{"keyid":"{key.id}","sig":"{signature}"}}]}}'
    )


def closed_loop(until: float) -> Iterator[float]:
    """Now, again and again: each buyer is as fast as it can be."""
    while (now := time.perf_counter()) < until:
        yield now


def open_loop(start: float, until: float, rate: float) -> Iterator[float]:
    """At a rate, whoever is free: a job that is late does not make the next one late, and its waiting counts."""
    return takewhile(lambda due: due < until, (start + n / rate for n in count()))


class Load:
    """A creator with a listing and a node, and so many buyers, signed in, with credits and open connections."""

    def __init__(self, buyers: Sequence[Buyer]) -> None:
        self.buyers = buyers

    @classmethod
    async def prepare(cls, port: int, data: Path, buyers: int, name: str) -> Load:
        url, creator_key = f"http://127.0.0.1:{port}", PrivateKey.generate()
        made, node = make_package(creator_key), Node(creator_key)
        async with RegistryClient(url, creator_key, handle=name) as creator:
            creators = (await creator.sign_in()).token
            await creator.publish(f"{name}/painter", made.publication)
            await creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
        ready, outbox = [], Outbox(await Connection.open(port, creators))
        for i in range(buyers):
            key = PrivateKey.generate()
            async with RegistryClient(url, key, handle=f"{name}-{i}") as client:
                token = (await client.sign_in()).token
            ready.append(Buyer(key, node, f"{name}/painter", await Connection.open(port, token), outbox))
        with closing(connect(data / "registry.db")) as db:
            _grant(db, [f"{name}-{i}" for i in range(buyers)])
        # Last, because it counts as online for a minute or two only, and a busy machine needs that long for the above.
        async with RegistryClient(url, creator_key) as creator:
            warm = m.PackageState(package=made.package, state=m.NodeState.WARM)
            await creator.heartbeat(node.id, m.Heartbeat(packages=[warm]))
        return cls(ready)

    async def run(self, seconds: float, rate: float | None = None) -> Took:
        """Every buyer as fast as it can be, or all together at a rate of jobs/s."""
        start = time.perf_counter()
        arrivals = open_loop(start, start + seconds, rate) if rate else None
        took = Took(0.0)
        await asyncio.gather(*(each.work(arrivals or closed_loop(start + seconds), took) for each in self.buyers))
        took.seconds = time.perf_counter() - start
        return took

    def close(self) -> None:
        for buyer in self.buyers:
            buyer.mine.close()
        self.buyers[0].outbox.close()


def _grant(db: sqlite3.Connection, handles: Sequence[str]) -> None:
    db.execute("BEGIN IMMEDIATE")
    for handle in handles:
        grant(Transaction(db, time.time()), handle, CREDITS, "", str(uuid.uuid4()))
    db.execute("COMMIT")
