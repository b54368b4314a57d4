"""A real buyer of licences and a real registry against nodes that lie about a package: nothing is kept or paid.

The books are audited at the end of each test (see ``registry_world.World``).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hostile import answer, certificate, hostile
from registry_world import MICRO, SEALING_KEY, Person, Shop, World

from artrator.canonical import b64, sha256
from artrator.clients import licences as licences_module
from artrator.clients import package_download
from artrator.clients.licences import LicenceBuyer, Purchases
from artrator.clients.node import NodeClient
from artrator.clients.package_download import PackageDownload
from artrator.clients.sealed_download import SealedPackage
from artrator.documents import OutputDigest, Receipt, Seal
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.local import Library
from artrator.messages import payouts as pm
from artrator.messages import registry as m
from artrator.one_process import only_one
from artrator.sealing import FileSeal, commitment, root, sealed_size
from artrator_registry import Settings
from artrator_registry.sellers import service as sellers

pytestmark = pytest.mark.anyio

PRICE = 9 * MICRO
WEIGHTS = b"weights" * 40_000
#: How long a download waits for a node, when nobody shortens it.
PATIENCE = PackageDownload.__init__.__kwdefaults__["patience"]
SELLER = pm.SellerProfile(legal_name="Atelier", representative="", country="FR", address="1 rue", email="a@example.org")


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences_module, "_REACH_SECONDS", 0.3)
    # As it is meant for honest nodes; ``buy`` has less for those that lie.
    monkeypatch.setattr(PackageDownload.__init__, "__kwdefaults__", {"patience": PATIENCE})


@dataclass
class LyingNode:
    """A node that speaks the protocol as it pleases. Each field is one of its lies; without any it is honest."""

    shop: Shop
    buyer: Person
    mangle: Callable[[bytes], bytes] | None = None
    seals: bytes | None = None
    tables: Callable[[bytes], bytes] | None = None
    deposits: bytes | None = SEALING_KEY
    plain: bool = False
    endless: bool = False
    wrong_piece: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    listed: list[dict[str, Any]] | None = None
    signature: dict[str, Any] | None = None
    receipt_changes: dict[str, Any] = field(default_factory=dict)
    signer: PrivateKey | None = None
    claims_a_delivery: bool = False
    cuts_at: int = 0
    drips: bool = False
    receipt: dict[str, Any] | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def files(self) -> dict[str, bytes]:
        return {"artrator.toml": self.shop.made.publication.manifest.encode(), "model.onnx": WEIGHTS}

    async def __call__(self, asked: str, writer: asyncio.StreamWriter) -> None:
        method, path = asked.split()[:2]
        self.asked.append(f"{method} {path.split('/')[2]} {path.split('/')[4] if path.count('/') > 3 else ''}".strip())
        parts = path.split("/")
        if parts[2] == "packages" and "files" in parts:
            await self._file(asked, parts[5], writer)
        elif parts[2] == "packages" and "tables" in parts:
            table = self._table(parts[5])
            writer.write(answer(self.tables(table) if self.tables else table, more="Connection: close\r\n"))
            await writer.drain()
        elif parts[2] == "packages":
            fetched = method == "PUT"
            if fetched and self.receipt is None:
                self.receipt = await self._job("delivered")
            await self._say(writer, self.receipt if fetched else self._list())
        elif method == "DELETE":
            await self._say(writer, await self._job("delivered" if self.claims_a_delivery else "cancelled"))
        else:
            await self._say(writer, {})

    def _sealed(self, digest: str) -> bytes:
        """One file as it is sent; of the weights, it may seal something else."""
        data = next(data for data in self.files.values() if sha256(data) == digest)
        seal = FileSeal(SEALING_KEY, digest, len(data))
        return seal.seal(0, self.seals if data is WEIGHTS and self.seals is not None else data)

    def _table(self, digest: str) -> bytes:
        return hashlib.sha256(self._sealed(digest)).digest()

    @property
    def seal(self) -> Seal:
        names = [sha256(data) for data in self.files.values()]
        return Seal(key=commitment(SEALING_KEY), root=root({name: self._table(name) for name in names}))

    async def _say(self, writer: asyncio.StreamWriter, value: Any) -> None:
        writer.write(answer(json.dumps(value).encode(), more="Connection: close\r\n"))
        await writer.drain()

    def _list(self) -> dict[str, Any]:
        files = [
            {"name": name, "sha256": sha256(data), "size": self.sizes.get(name, len(data))}
            for name, data in self.files.items()
        ]
        signature = self.signature or dict(self.shop.made.publication.signature)
        return {
            "package": self.shop.made.package,
            "files": files if self.listed is None else self.listed,
            "signature": signature,
            "sealed": not self.plain,
        }

    async def _file(self, asked: str, digest: str, writer: asyncio.StreamWriter) -> None:
        data = self._sealed(digest)
        size = len(data)
        begin = 0
        for line in asked.splitlines():
            if line.lower().startswith("range: bytes="):
                begin = int(line.split("=")[1].rstrip("-"))
        if digest == sha256(WEIGHTS) and self.mangle is not None:
            data = self.mangle(data)
        if self.endless and digest == sha256(WEIGHTS):
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(bytes(65_536))
                await writer.drain()
        if self.drips and digest == sha256(WEIGHTS):
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode())
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.1)
        piece = data[begin:]
        head = "HTTP/1.1 200 OK\r\n"
        if begin or self.wrong_piece:
            shown = begin + 7 * self.wrong_piece
            head = f"HTTP/1.1 206 Partial\r\nContent-Range: bytes {shown}-{size - 1}/{size}\r\n"
        writer.write(f"{head}Content-Length: {len(piece)}\r\nConnection: close\r\n\r\n".encode())
        if self.cuts_at and len(piece) > self.cuts_at:  # a line that breaks after so many bytes, each time
            piece = piece[: self.cuts_at]
        writer.write(piece)
        await writer.drain()

    async def _job(self, outcome: str) -> dict[str, Any]:
        (order,) = (await self.buyer.orders()).items
        outputs = [
            OutputDigest(name=name, media_type="application/octet-stream", sha256=sha256(data), size=len(data))
            for name, data in self.files.items()
        ]
        changes: dict[str, Any] = {"outputs": outputs if outcome == "delivered" else []}
        if outcome == "delivered":
            changes["sealed"] = self.seal
        node = self.shop.node if self.signer is None else type(self.shop.node)(self.shop.node.owner, self.signer)
        changes |= {"node": self.shop.node.id} | (self.receipt_changes if outcome == "delivered" else {})
        receipt = node.receipt(order, outcome, **changes)
        if self.signer is None:
            with contextlib.suppress(ArtratorError):  # the registry takes no lie that it can see
                key = None if self.deposits is None else b64(self.deposits)
                await self.shop.creator.claim(order.order, m.Claim(receipt=receipt, key=key))
        return {"job": order.order, "state": outcome, "receipt": receipt}


@dataclass
class Ending:
    error: ArtratorError | None
    order: m.Order
    balance: m.Balance
    library: Library
    node: LyingNode
    pending: int


async def buy(world: World, folder: Path, **lies: Any) -> Ending:
    """One licence bought from a node that tells these lies."""
    shop = await world.shop(weights=WEIGHTS, licence=PRICE)
    await shop.creator.set_seller(SELLER)
    await world.registry.database.write(sellers.decide, "atelier", None)
    mina = await world.person("mina", credits_=10)
    node = LyingNode(shop, mina, **lies)
    if lies.keys() - {"cuts_at"}:
        PackageDownload.__init__.__kwdefaults__["patience"] = 1.5
    pem, context = certificate(shop.node.key)
    async with hostile(node, tls=context) as url:
        descriptor = shop.node.descriptor(urls=[url], tls_certificate=pem)
        await shop.creator.register_node(shop.node.id, m.NodeRegistration(descriptor=descriptor))
        library, store = Library(folder / "packages"), Purchases(folder / "purchases")
        buyer = LicenceBuyer(mina, mina.key, world.registry.authority.root.public, library, store)
        error = None
        try:
            await buyer.buy(await mina.listing(shop.listing))
        except ArtratorError as told:
            error = told
        (order,) = (await mina.orders()).items
        return Ending(error, order, await mina.balance(), library, node, len(store.pending()))


async def test_an_honest_node_is_paid_and_the_package_is_kept(world: World, tmp_path: Path) -> None:
    ending = await buy(world, tmp_path)
    assert ending.error is None
    assert (ending.order.state, ending.order.charged) == (m.OrderState.SETTLED, PRICE)
    (owned,) = ending.library.packages()
    assert owned.licence is not None
    assert (owned.folder / "model.onnx").read_bytes() == WEIGHTS
    owned.package.content()
    assert ending.pending == 0


async def test_a_line_that_breaks_again_and_again_is_only_slow(world: World, tmp_path: Path) -> None:
    ending = await buy(world, tmp_path, cuts_at=90_000)
    assert ending.error is None
    (owned,) = ending.library.packages()
    assert (owned.folder / "model.onnx").read_bytes() == WEIGHTS
    assert ending.node.asked.count("GET packages files") >= 4


OTHER = [{"name": "artrator.toml", "sha256": "0" * 64, "size": 3}]


@pytest.mark.parametrize(
    "lies",
    [
        {"mangle": lambda sealed: b"w" + sealed[1:-1] + b"?"},
        {"mangle": lambda sealed: sealed + b"more"},
        {"tables": lambda table: table + table},
        {"tables": lambda table: bytes(len(table))},
        {"plain": True},
        {"receipt_changes": {"sealed": Seal(key="0" * 64, root="0" * 64)}},
        {"receipt_changes": {"sealed": None}},
        {"endless": True},
        {"wrong_piece": True},
        {"sizes": {"model.onnx": len(WEIGHTS) - 1}},
        {"sizes": {"model.onnx": 2**60}},
        {"sizes": {"model.onnx": -5}},
        {"listed": OTHER},
        {"listed": []},
        {"listed": [{"name": "../../x", "sha256": sha256(WEIGHTS), "size": len(WEIGHTS)}]},
        {"signature": {"mediaType": "something else"}},
        {"receipt_changes": {"outputs": []}},
        {"receipt_changes": {"outputs": [OutputDigest(name="x", media_type="x", sha256="0" * 64, size=1)]}},
    ],
    ids=[
        "other bytes",
        "longer",
        "a longer table",
        "another table",
        "unsealed",
        "bound to something else",
        "bound to nothing",
        "endless",
        "another piece",
        "a smaller size",
        "an exabyte",
        "less than nothing",
        "other files",
        "no files",
        "a path",
        "another signature",
        "a receipt of nothing",
        "a receipt of something else",
    ],
)
async def test_what_is_not_the_package_is_refused_and_not_paid(
    world: World, tmp_path: Path, lies: dict[str, Any]
) -> None:
    ending = await buy(world, tmp_path, **lies)
    assert ending.error is not None
    assert ending.error.code in (
        Code.PACKAGE_CHANGED,
        Code.PACKAGE_INVALID,
        Code.RECEIPT_INVALID,
        Code.DOCUMENT_INVALID,
    )
    assert list(ending.library.packages()) == []
    assert ending.order.charged == 0
    assert ending.order.state in (m.OrderState.RELEASED, m.OrderState.DISPUTED, m.OrderState.HELD)
    if ending.order.state is m.OrderState.RELEASED:
        assert ending.balance == m.Balance(available=10 * MICRO, held=0, pending=0)
        assert ending.pending == 0
    assert not any(path.is_file() for path in tmp_path.parent.glob("x"))


async def test_a_node_that_claims_a_delivery_instead_of_giving_back_is_disputed(world: World, tmp_path: Path) -> None:
    ending = await buy(world, tmp_path, mangle=lambda sealed: b"w" + sealed[1:-1] + b"?", claims_a_delivery=True)
    assert ending.error is not None
    assert ending.order.state is m.OrderState.DISPUTED
    assert (ending.order.charged, ending.pending) == (0, 0)


async def test_a_receipt_of_another_key_is_not_accepted(world: World, tmp_path: Path) -> None:
    ending = await buy(world, tmp_path, signer=PrivateKey.generate())
    assert ending.error is not None
    assert ending.order.charged == 0
    assert ending.order.state is m.OrderState.HELD
    assert ending.pending == 1, "the money is waited for"


async def test_a_node_that_sends_ever_less_is_left_and_nothing_is_lost(world: World, tmp_path: Path) -> None:
    began = time.monotonic()
    ending = await buy(world, tmp_path, mangle=lambda sealed: sealed[:1000])
    assert ending.error is not None
    assert ending.error.details["undecided"] is True
    assert time.monotonic() - began < 300  # it ends; the machine may be busy
    assert (ending.order.state, ending.order.charged, ending.pending) == (m.OrderState.HELD, 0, 1)


async def test_a_node_that_drips_is_left_too(world: World, tmp_path: Path) -> None:
    began = time.monotonic()
    ending = await buy(world, tmp_path, drips=True)
    assert ending.error is not None
    assert ending.error.code is Code.NODE_UNREACHABLE
    assert time.monotonic() - began < 300
    assert (ending.order.state, ending.order.charged, ending.pending) == (m.OrderState.HELD, 0, 1)


async def test_two_programs_do_not_write_one_download(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "packages" / ".incoming"

    async def wait_and_look() -> None:
        while not list(folder.glob("*/*/lock")):
            await asyncio.sleep(0.01)

    buying = asyncio.create_task(buy(world, tmp_path, drips=True))
    await wait_and_look()
    (lock,) = folder.glob("*/*/lock")
    with pytest.raises(ArtratorError) as caught, only_one(lock, ArtratorError(Code.CONFLICT, "It is taken.")):
        pass
    assert caught.value.code is Code.CONFLICT
    await buying
    with only_one(lock, ArtratorError(Code.CONFLICT, "It is taken.")):
        pass


async def test_what_a_power_cut_left_on_the_disk_is_not_held_against_the_node(world: World, tmp_path: Path) -> None:
    spoilt: list[str] = []
    honest = LyingNode._list

    def spoil(node: LyingNode) -> dict[str, Any]:
        """Bytes of the right number and the wrong content lie there before the first file is asked for."""
        if not spoilt:
            spoilt.append(node.shop.made.package)
            (pending,) = Purchases(tmp_path / "purchases").pending()
            incoming = tmp_path / "packages" / ".incoming" / node.shop.made.package[7:]
            part = incoming / f"sealed-{pending.purchase}" / f"{sha256(WEIGHTS)}.part"
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(bytes(sealed_size(len(WEIGHTS))))
        return honest(node)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LyingNode, "_list", spoil)
        ending = await buy(world, tmp_path)
    assert ending.error is None
    assert (ending.library.packages()[0].folder / "model.onnx").read_bytes() == WEIGHTS


async def test_a_node_that_never_deposits_the_key_is_never_paid(tmp_path: Path) -> None:
    for number, deposits in enumerate((None, SEALING_KEY[::-1])):
        folder = tmp_path / str(number)
        async with World(Settings(data=folder / "registry")) as own:
            ending = await buy(own, folder, deposits=deposits)
            assert ending.error is not None
            assert ending.error.code is Code.KEY_MISSING
            assert (ending.order.state, ending.order.charged, ending.pending) == (m.OrderState.HELD, 0, 1)
            assert list(ending.library.packages()) == []
            own.clock.offset += own.settings.purchase_seconds + own.settings.capture_seconds + 60
            await own.sweep()
            mina = ending.node.buyer
            await mina.sign_in()
            assert (await mina.get_order(ending.order.order)).state is m.OrderState.RELEASED
            assert (await mina.balance()).available == 10 * MICRO


async def test_what_opens_to_something_else_is_disputed_and_its_node_is_bound_by_what_it_signed(
    world: World, tmp_path: Path
) -> None:
    ending = await buy(world, tmp_path, seals=b"garbage" * 40_000)
    assert ending.error is not None
    assert ending.error.code is Code.PACKAGE_CHANGED
    assert ending.order.state is m.OrderState.DISPUTED, (
        "it was paid, and the creator cannot have it before it is decided"
    )
    assert list(ending.library.packages()) == []
    # Whoever has the package and the key that lies with the registry makes the root that an honest node would sign.
    files = {sha256(data): data for data in ending.node.files.values()}
    honest = root(
        {
            name: hashlib.sha256(FileSeal(SEALING_KEY, name, len(data)).seal(0, data)).digest()
            for name, data in files.items()
        }
    )
    signed = Receipt.peek(ending.order.receipt).sealed
    assert signed is not None
    assert signed.root != honest
    assert ending.node.seal == signed


async def test_a_node_that_is_gone_once_it_has_deposited_the_key_is_not_needed_any_more(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(*_: object, **__: object) -> None:
        raise ArtratorError(Code.NODE_UNREACHABLE, "The line broke.", reached=True)

    monkeypatch.setattr(LicenceBuyer, "_pay", cut)
    ending = await buy(world, tmp_path)
    assert (ending.order.state, ending.pending) == (m.OrderState.CLAIMED, 1)
    assert ending.error is not None
    assert ending.error.details["undecided"] is True
    monkeypatch.undo()
    mina = ending.node.buyer
    store = Purchases(tmp_path / "purchases")
    again = LicenceBuyer(mina, mina.key, world.registry.authority.root.public, ending.library, store)
    owned = await again.resume(store.pending()[0])
    assert (owned.folder / "model.onnx").read_bytes() == WEIGHTS
    assert (await mina.get_order(ending.order.order)).state is m.OrderState.SETTLED
    assert not list(ending.library.incoming(owned.digest).parent.glob("*"))


class Crash(Exception):
    """A kill at this very point."""


@pytest.mark.parametrize(
    "point", ["fetched", "_pay", "_acknowledge", "_open", "open", "_keep", "_keep_licence", "forget"]
)
async def test_a_kill_at_any_point_is_taken_up_and_paid_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    owner: Any = {"fetched": NodeClient, "forget": Purchases, "open": SealedPackage}.get(point, LicenceBuyer)
    real = getattr(owner, point)

    def crash(*_: object, **__: object) -> None:
        monkeypatch.setattr(owner, point, real)
        raise Crash

    async def crash_later(*_: object, **__: object) -> None:
        crash()

    monkeypatch.setattr(owner, point, crash_later if point in ("fetched", "_pay", "_acknowledge", "_open") else crash)
    shop = await world.shop(weights=WEIGHTS, licence=PRICE)
    await shop.creator.set_seller(SELLER)
    await world.registry.database.write(sellers.decide, "atelier", None)
    mina = await world.person("mina", credits_=10)
    node = LyingNode(shop, mina)
    pem, context = certificate(shop.node.key)
    async with hostile(node, tls=context) as url:
        descriptor = shop.node.descriptor(urls=[url], tls_certificate=pem)
        await shop.creator.register_node(shop.node.id, m.NodeRegistration(descriptor=descriptor))

        def start() -> LicenceBuyer:
            library, store = Library(tmp_path / "packages"), Purchases(tmp_path / "purchases")
            return LicenceBuyer(mina, mina.key, world.registry.authority.root.public, library, store)

        with pytest.raises(Crash):
            await start().buy(await mina.listing(shop.listing))
        fetched = node.asked.count("GET packages files")
        again = start()
        (pending,) = again.pending()
        owned = await again.resume(pending)
        assert owned.licence is not None
        assert again.library.get(owned.digest).licence is not None
        assert node.asked.count("GET packages files") == fetched, "nothing was fetched twice"
        assert list(again.pending()) == []
    (order,) = (await mina.orders()).items
    assert (order.state, order.charged) == (m.OrderState.SETTLED, PRICE)
    assert await mina.balance() == m.Balance(available=MICRO, held=0, pending=0)


async def test_a_disk_without_room_says_how_much_is_needed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_download.shutil, "disk_usage", lambda _: type("Free", (), {"free": 100})())
    ending = await buy(world, tmp_path)
    assert ending.error is not None
    assert ending.error.code is Code.DISK_FULL
    assert ending.error.details["needed"] > len(WEIGHTS)
    assert (ending.order.state, ending.pending) == (m.OrderState.HELD, 1)
    assert "GET packages files" not in ending.node.asked


async def test_a_disk_that_fills_up_in_the_middle_is_said(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package_download, "_write", full)
    ending = await buy(world, tmp_path)
    assert ending.error is not None
    assert ending.error.code is Code.DISK_FULL
    assert (ending.order.charged, ending.pending) == (0, 1)


def test_a_package_download_is_bounded_whatever_is_promised() -> None:
    assert PATIENCE <= 60.0
