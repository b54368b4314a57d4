"""Buying a model to keep, over real processes: fetched through kills, run here, opened by nobody else, paid once."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from federation import Federation, Person, copy_example, federation, read_json
from PIL import Image

from artrator.cli.licences import make_licence_buyer
from artrator.clients.node import Access, NodeClient
from artrator.clients.package_download import PackageDownload
from artrator.clients.registry import RegistryClient
from artrator.demo.services import artrator, command, environment
from artrator.documents import Licence, NodeDescriptor
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.local import Library, LocalEngine, LocalPackage, LocalProgress, LocalStage, OwnedPackage
from artrator.messages import products as p
from artrator.messages.disputes import DisputeOpening, DisputeReason
from artrator.messages.payouts import SellerProfile

SELLER = SellerProfile(legal_name="Atelier", representative="", country="FR", address="1 rue", email="a@example.org")
EMOJI = "atelier/emoji"
PRICE = 5_000_000


def sell(it: Federation, folder: Path, *options: str) -> None:
    """Let the creator sell licences of the emoji model."""
    it.creator.ask(lambda client: client.set_seller(SELLER))
    artrator("registry", "sellers", "verify", "atelier", "--data", str(it.registry_data), home=it.folder / "operator")
    it.publish(copy_example("emoji", folder), "--price", "image=2", "--licence", "5", *options)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A federation whose creator sells licences, over a line that is slow enough for a download to be interrupted."""
    folder = tmp_path_factory.mktemp("selling")
    with federation(folder) as it:
        sell(it, folder / "packages")
        settings = it.node_data / "node.toml"
        slow = settings.read_text().replace("upload_mbit = 0.0", "upload_mbit = 150.0")
        assert slow != settings.read_text()
        settings.write_text(slow)
        it.start_node()
        yield it


@pytest.fixture
def selling(market: Federation) -> Federation:
    """The federation with its node alive, whatever the test before has done to it."""
    if market.node is None or market.node._process.poll() is not None:
        market.start_node()
    return market


def library(person: Person) -> Library:
    return Library(person.profile.folder / "packages")


def buy(person: Person) -> OwnedPackage:
    async def work(client: RegistryClient) -> OwnedPackage:
        return await (await make_licence_buyer(client, person.profile)).buy(await client.listing(EMOJI))

    return person.ask(work)


def bought(person: Person) -> p.Purchase:
    return person.ask(lambda client: client.purchases())[0]


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


async def run_here(package: LocalPackage, inputs: dict[str, object]) -> tuple[bytes, list[LocalProgress]]:
    heard: list[LocalProgress] = []
    async with LocalEngine() as engine:
        result = await engine.run(package, inputs, None, heard.append)
    return result.outputs[0].data, heard


def test_a_bought_model_makes_here_the_picture_that_the_node_makes(selling: Federation, tmp_path: Path) -> None:
    mina = selling.person("mina", 100)
    earned = selling.creator.balance().earnings
    owned = buy(mina)
    assert mina.balance().available == 100_000_000 - PRICE
    assert mina.balance().held == 0
    assert selling.creator.balance().earnings - earned == PRICE * 95 // 100
    root = mina.profile.root_key(selling.url)
    assert root is not None
    licence = Licence.verify(json.loads((owned.folder.parent / "licence.json").read_text()), root)
    assert (licence.package, licence.buyer) == (owned.digest, mina.profile.identity.public.encode())

    inputs: dict[str, object] = {"prompt": "red apple", "steps": 8, "seed": 7}
    there = mina.buy(EMOJI, dict(inputs)).outputs[0].data
    here, heard = asyncio.run(run_here(owned.package, inputs))
    assert pixels(here) == pixels(there)
    assert [news.stage for news in heard][:2] == [LocalStage.LOADING, LocalStage.RUNNING]
    assert any(news.done and news.total for news in heard)

    done = mina.run(
        *("run", "--local", EMOJI, "--prompt", "red apple", "--set", "steps=8", "--set", "seed=7", "-o", "here.png"),
        "--json",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert pixels((tmp_path / "here.png").read_bytes()) == pixels(there)
    record = json.loads((tmp_path / "here.run.json").read_text())["local"]
    assert (record["package"], record["inputs"]["seed"]) == (owned.digest, 7)
    assert record["runtime"].startswith("onnxruntime")
    assert "no difference" in selling.audit()


def test_a_licence_outlives_the_files_and_the_machine(selling: Federation) -> None:
    juno = selling.person("juno", 100)
    done = juno.run("licence", "buy", EMOJI, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    digest = read_json(done.stdout)["package"]
    again = juno.run("licence", "buy", EMOJI, "--yes", "--json")
    assert "already_owned" in again.stderr
    assert juno.run("licence", "remove", EMOJI).returncode == 0
    assert library(juno).owned(EMOJI) is None
    assert "licence_missing" in juno.run("run", "--local", EMOJI, "--prompt", "x", "--json").stderr
    assert "not here" in juno.run("licence", "list").stdout
    assert juno.run("licence", "download").returncode == 0
    owned = library(juno).owned(EMOJI)
    assert owned is not None
    assert owned.digest == digest
    assert owned.licence is not None

    # Another machine of the same person: only the key and the registry's address.
    other = Person(selling.folder / "juno-laptop", selling.url, "juno-laptop")
    shutil.copy(juno.profile.folder / "identity.pem", other.profile.folder / "identity.pem")
    done = other.run("run", EMOJI, "--prompt", "a fish", "--set", "steps=4", "-o", "fish.png", cwd=other.profile.folder)
    assert done.returncode == 0, done.stderr
    assert (other.profile.folder / "fish.png").exists()
    assert juno.balance().available == 100_000_000 - PRICE


def test_only_who_bought_it_gets_in(selling: Federation) -> None:
    owner = selling.person("owner", 100)
    owned = buy(owner)
    eve = selling.person("eve", 100)
    purchase = bought(owner)
    assert purchase.licence is not None
    creator = PublicKey.decode(owned.creator_key)
    descriptor = NodeDescriptor.verify(purchase.descriptor, creator)

    async def refused(person: Person, access: Access | None, package: str = owned.digest) -> Code:
        async with NodeClient(descriptor, person.profile.identity) as node:
            ask = node.package(package, access) if access is not None else node._json("GET", f"/v1/packages/{package}")
            with pytest.raises(ArtratorError) as caught:
                await ask
        return caught.value.code

    async def work() -> None:
        mine = Access.by_licence(purchase.licence or {})
        ticket = Access.by_ticket(purchase.order.ticket or "")
        assert await refused(owner, None) is Code.LICENCE_MISSING
        assert await refused(eve, mine) is Code.PROOF_INVALID
        assert await refused(eve, ticket) is Code.PROOF_INVALID
        forged = Licence.peek(purchase.licence).model_copy(update={"buyer": eve.profile.identity.public.encode()})
        assert await refused(eve, Access.by_licence(forged.sign(eve.profile.identity))) is Code.LICENCE_INVALID
        assert await refused(owner, Access(mine.header, "%%%")) is Code.LICENCE_INVALID
        assert await refused(owner, Access(mine.header, mine.text[:-8])) is Code.LICENCE_INVALID
        assert await refused(owner, Access(ticket.header, "a.b.c")) is Code.TICKET_INVALID
        assert await refused(owner, mine, "sha256:" + "0" * 64) is Code.LICENCE_INVALID
        run = await asyncio.to_thread(lambda: owner.buy(EMOJI, {"prompt": "x", "steps": 4}))
        placed = await asyncio.to_thread(lambda: owner.ask(lambda client: client.get_order(run.order)))
        assert await refused(owner, Access.by_ticket(placed.ticket or "")) is Code.TICKET_INVALID
        async with NodeClient(descriptor, owner.profile.identity) as node:
            assert (await node.package(owned.digest, mine)).package == owned.digest

    asyncio.run(work())


def test_ranges_are_answered_exactly_or_refused(selling: Federation) -> None:
    reader = selling.person("reader", 100)
    owned = buy(reader)
    purchase = bought(reader)
    assert purchase.licence is not None
    descriptor = NodeDescriptor.verify(purchase.descriptor, PublicKey.decode(owned.creator_key))
    access = Access.by_licence(purchase.licence)

    async def work() -> None:
        async with NodeClient(descriptor, reader.profile.identity) as node:
            listed = await node.package(owned.digest, access)
            large = max(listed.files, key=lambda file: file.size)
            data = (owned.folder / large.name).read_bytes()
            assert large.size > 3 * 2**20

            async def ask(header: str | None, sha256: str = large.sha256) -> httpx.Response:
                path = f"/v1/packages/{owned.digest}/files/{sha256}"
                headers = [(name.encode(), value.encode()) for name, value in proven(node, path).items()]
                if header is not None:
                    headers.append((b"Range", header.encode()))
                return await node._http.get(path, headers=headers)

            def proven(node: NodeClient, path: str) -> dict[str, str]:
                return node._headers("GET", path, access=access)

            assert (await ask(None)).content == data
            for header, begin, end in [
                ("bytes=0-0", 0, 1),
                ("bytes=10-19", 10, 20),
                (f"bytes={2**20 - 3}-{2**20 + 3}", 2**20 - 3, 2**20 + 4),
                (f"bytes={large.size - 5}-", large.size - 5, large.size),
                ("bytes=-7", large.size - 7, large.size),
                (f"bytes=5-{large.size * 2}", 5, large.size),
                (f"bytes=-{large.size * 2}", 0, large.size),
            ]:
                answer = await ask(header)
                assert (answer.status_code, answer.content) == (206, data[begin:end]), header
                assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{large.size}"
            for header in [
                f"bytes={large.size}-",
                "bytes=-0",
                "bytes=9-3",
                "bytes=0-1,3-4",
                "bytes=-",
                "bytes=a-b",
                "bytes=1-2-3",
                "bytes=+1-2",
                "bytes=٣-٤",
                "bytes=" + "9" * 4000 + "-",
                "items=0-1",
                "",
            ]:
                answer = await ask(header)
                assert (answer.status_code, answer.json()["error"]["code"]) == (416, "range_invalid"), header
                assert answer.headers["content-range"] == f"bytes */{large.size}"
            for other in ["0" * 64, "..%2F..%2Fkeys%2Ftls.pem", "artrator.toml", large.name]:
                assert (await ask(None, other)).status_code in (401, 404), other

    asyncio.run(work())


# --- what breaks in the middle


class Command(threading.Thread):
    """``licence buy`` as a process that can be killed."""

    def __init__(self, person: Person, *arguments: str) -> None:
        super().__init__(daemon=True)
        self.process = subprocess.Popen(
            command(*arguments),
            env=environment(person.profile.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def incoming_bytes(person: Person) -> int:
    total = 0
    for path in (person.profile.folder / "packages").glob(".incoming/*/sealed-*/*.part"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def test_a_buyer_and_a_node_that_are_killed_in_the_middle_go_on_where_they_were(selling: Federation) -> None:
    person = selling.person("kim", 100)
    first = Command(person, "licence", "buy", EMOJI, "--yes")
    selling.wait_for(lambda: incoming_bytes(person) >= 2 * 2**20, "nothing arrived")
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    first.process.communicate()
    before = incoming_bytes(person)
    assert person.balance().held == PRICE
    assert library(person).owned(EMOJI) is None

    second = Command(person, "licence", "download")
    selling.wait_for(lambda: incoming_bytes(person) >= before + 2 * 2**20, "it did not go on")
    assert selling.node is not None
    selling.kill(selling.node)
    time.sleep(0.5)
    selling.start_node()
    assert second.process.wait(120) == 0, second.process.communicate()[1]
    second.process.communicate()

    owned = library(person).owned(EMOJI)
    assert owned is not None
    owned.package.content()  # every file is what its creator signed
    assert owned.licence is not None
    assert (person.balance().held, person.balance().available) == (0, 100_000_000 - PRICE)
    assert len(person.ask(lambda client: client.orders()).items) == 1
    assert not list((person.profile.folder / "packages").glob(".incoming/*/*"))
    assert not list((person.profile.folder / "purchases").glob("*.json"))
    assert "no difference" in selling.audit()


def test_what_changed_on_the_nodes_disk_is_never_sent(selling: Federation) -> None:
    person = selling.person("lee", 100)
    package = selling.folder / "packages" / "emoji"
    weights = max((path for path in package.iterdir() if path.suffix == ".onnx"), key=lambda path: path.stat().st_size)
    good = weights.read_bytes()
    at = len(good) // 2
    weights.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
    done = person.run("licence", "buy", EMOJI, "--yes", "--json")
    assert done.returncode == 1
    assert "package_changed" in done.stderr
    selling.wait_for(lambda: person.balance().held == 0, "the hold was not released")
    assert person.balance().available == 100_000_000
    assert library(person).owned(EMOJI) is None

    weights.write_bytes(good)
    assert person.run("licence", "buy", EMOJI, "--yes").returncode == 0
    assert library(person).owned(EMOJI) is not None
    assert "no difference" in selling.audit()


def test_given_up_in_the_middle_the_money_comes_back_at_once(selling: Federation) -> None:
    person = selling.person("park", 100)
    first = Command(person, "licence", "buy", EMOJI, "--yes")
    selling.wait_for(lambda: incoming_bytes(person) >= 2**20, "nothing arrived")
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.communicate()
    done = person.run("licence", "cancel", EMOJI)
    assert done.returncode == 0, done.stderr
    selling.wait_for(lambda: person.balance().held == 0, "the hold was not released")
    assert person.balance().available == 100_000_000
    assert bought(person).licence is None
    ticket = bought(person).order.ticket

    async def refetch(client: RegistryClient) -> None:
        listing = await client.listing(EMOJI)
        creator = PublicKey.decode(listing.creator_key)
        purchase = (await client.purchases())[0]
        descriptor = NodeDescriptor.verify(purchase.descriptor, creator)
        async with NodeClient(descriptor, person.profile.identity) as node:
            fetch = PackageDownload(
                node, Access.by_ticket(ticket or ""), listing.card.package, creator, person.profile.folder / "x"
            )
            await fetch.run()

    with pytest.raises(ArtratorError) as caught:
        person.ask(refetch)
    assert caught.value.code is Code.ORDER_CLOSED
    assert "no difference" in selling.audit()


def test_a_refund_closes_the_door(selling: Federation) -> None:
    person = selling.person("choi", 100)
    owned = buy(person)
    assert owned.licence is not None
    opening = DisputeOpening(reason=DisputeReason.NOT_AS_DESCRIBED, text="It paints nothing.")
    person.ask(lambda client: client.open_dispute(owned.order, opening))
    data = ("--data", str(selling.registry_data))
    artrator("registry", "resolve", owned.order, "--to", "buyer", *data, home=selling.folder / "operator")
    assert person.balance().available == 100_000_000
    assert bought(person).licence is None
    assert selling.node is not None
    selling.node.stop()
    selling.start_node()  # it is told at once, and not with the next heartbeat

    async def fetch(client: RegistryClient) -> None:
        purchase = (await client.purchases())[0]
        descriptor = NodeDescriptor.verify(purchase.descriptor, PublicKey.decode(owned.creator_key))
        async with NodeClient(descriptor, person.profile.identity) as node:
            await node.package(owned.digest, Access.by_licence(owned.licence or {}))

    def refused() -> bool:
        """With its first heartbeat, which may come a moment after it has opened its door."""
        try:
            person.ask(fetch)
        except ArtratorError as error:
            return error.code is Code.LICENCE_REVOKED
        return False

    selling.wait_for(refused, "the licence of a refunded purchase still opens", seconds=60.0)
    assert "no difference" in selling.audit()
    again = buy(person)
    assert again.order != owned.order
    assert again.licence is not None
