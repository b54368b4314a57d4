"""Packages as buyers fetch them from a real node: who gets in, what counts as fetched, what is never sent."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import random
import sqlite3
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_node import ToyNode, write_toy

from artrator.canonical import unb64
from artrator.clients.node import Access, NodeClient
from artrator.documents import Acknowledgement, Licence, Receipt, document_digest
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.node import JobState
from artrator.package import sign
from artrator.sealing import SEALED_CHUNK, FileSeal, commitment, root, sealed_size
from artrator_node.fetching import ranges
from artrator_node.fetching.shelf import BLOCK
from artrator_node.registry.revocations import Revocations

WEIGHTS = bytes(range(256)) * (5 * BLOCK // 512)  # two and a half blocks


def write_large(folder: Path, creator: PrivateKey) -> str:
    return write_toy(folder, creator, weights=WEIGHTS)


@pytest.fixture
def shop(make_node: Callable[..., ToyNode]) -> ToyNode:
    """A node with a package of several blocks."""
    node = make_node()
    node.digest = write_large(node.folder / "large", node.creator.identity)
    node.package = node.folder / "large"
    node.offer = node.publish(node.package, "large")
    node.start()
    return node


def ticket(node: ToyNode, **claims: Any) -> tuple[str, Access]:
    """A purchase's id and its ticket."""
    order = str(uuid.uuid4())
    now = int(time.time())
    values: dict[str, Any] = {
        "buyer": node.buyer,
        "node": claims.pop("aud", node.descriptor.node),
        "package": node.digest,
        "offer": node.offer,
        "request": "0" * 64,
        "jti": order,
        "measures": {},
        "kind": "purchase",
        "start_by": now + 600,
    }
    return order, Access.by_ticket(node.registry.ticket(**(values | claims)))


def licence(node: ToyNode, **changes: Any) -> Access:
    key = changes.pop("key", node.registry.root)
    facts: dict[str, Any] = {
        "registry": node.registry.root.id,
        "buyer": node.buyer.public.encode(),
        "order": str(uuid.uuid4()),
        "listing": "atelier/large",
        "version": "1.0",
        "package": node.digest,
        "terms": "Apache-2.0",
        "terms_digest": "",
        "commercial": False,
        "price": 1,
        "issued_at": 1,
    }
    return Access.by_licence(Licence(**(facts | changes)).sign(key))


async def fetch(client: NodeClient, node: ToyNode, access: Access, name: str = "weights.bin", begin: int = 0) -> bytes:
    listed = await client.package(node.digest, access)
    file = next(file for file in listed.files if file.name == name)
    size = sealed_size(file.size) if listed.sealed else file.size
    chunks = client.package_file(node.digest, file.sha256, access, begin=begin, size=size)
    return b"".join([chunk async for chunk in chunks])


async def fetch_all(client: NodeClient, node: ToyNode, access: Access) -> dict[str, bytes]:
    """Every file by its plain digest, as it is sent."""
    listed = await client.package(node.digest, access)
    return {file.sha256: await fetch(client, node, access, file.name) for file in listed.files}


def opened(sealed: bytes, key: bytes, plain: bytes) -> bytes:
    """A sealed file as it was; ``plain`` only says its digest and size."""
    seal = FileSeal(key, hashlib.sha256(plain).hexdigest(), len(plain))
    parts = [sealed[at : at + SEALED_CHUNK] for at in range(0, len(sealed), SEALED_CHUNK)]
    return b"".join(seal.open(number, part) for number, part in enumerate(parts))


def deposited(node: ToyNode, order: str) -> bytes:
    """The key that reached the registry."""
    return unb64(node.registry.claims[order][0]["key"])


def refusal(node: ToyNode, access: Access, key: PrivateKey | None = None) -> Code:
    async def work(client: NodeClient) -> None:
        await client.package(node.digest, access)

    with pytest.raises(ArtratorError) as caught:
        node.ask(work, key)
    return caught.value.code


def receipt(node: ToyNode, order: str) -> Receipt:
    """The receipt that reached the registry."""
    node.wait_for(lambda: order in node.registry.claims, "no receipt came")
    return Receipt.peek(node.registry.claims[order][0]["receipt"])


def test_a_package_that_was_fetched_whole_has_a_receipt_that_names_every_file(shop: ToyNode) -> None:
    order, access = ticket(shop)

    async def work(client: NodeClient) -> tuple[bytes, dict[str, bytes]]:
        weights = await fetch(client, shop, access)
        assert (await client.job(order)).state is JobState.RUNNING
        assert order not in shop.registry.claims
        listed = await fetch_all(client, shop, access)
        tables = {
            sha256: await client.package_table(shop.digest, sha256, access, size=len(sealed) // BLOCK * 32 + 32)
            for sha256, sealed in listed.items()
        }
        return weights, tables

    weights, tables = shop.ask(work)
    said = receipt(shop, order)
    assert len(weights) == sealed_size(len(WEIGHTS))
    assert WEIGHTS[:1000] not in weights
    key = deposited(shop, order)
    assert said.sealed is not None
    assert (said.sealed.key, said.sealed.root) == (commitment(key), root(tables))
    assert opened(weights, key, WEIGHTS) == WEIGHTS
    for number, at in enumerate(range(0, len(weights), SEALED_CHUNK)):
        digest = hashlib.sha256(weights[at : at + SEALED_CHUNK]).digest()
        assert digest == tables[hashlib.sha256(WEIGHTS).hexdigest()][32 * number : 32 * number + 32]
    assert (said.outcome, said.package, said.measures) == ("delivered", shop.digest, {})
    assert {output.name for output in said.outputs} == {"artrator.toml", "weights.bin"}
    assert {output.name: output.size for output in said.outputs}["weights.bin"] == len(WEIGHTS)

    async def again(client: NodeClient) -> None:
        await fetch_all(client, shop, access)  # until its ticket ends, in case the last bytes got lost
        document = (await client.job(order)).receipt
        assert document is not None
        answer = Acknowledgement(
            buyer=shop.buyer.public.encode(),
            order=order,
            receipt=document_digest(document),
            verdict="accepted",
            at=time.time(),
        )
        await client.acknowledge(order, answer.sign(shop.buyer))

    shop.ask(again)
    shop.wait_for(lambda: shop.registry.claims[order][-1].get("acknowledgement"), "the acknowledgement did not travel")


def test_pieces_count_together_through_a_kill_and_the_buyers_word_counts_too(shop: ToyNode) -> None:
    order, access = ticket(shop)

    async def half(client: NodeClient) -> bytes:
        await fetch(client, shop, access, "artrator.toml")
        return await fetch(client, shop, access, begin=BLOCK + 17)

    def noted() -> int:
        """The files of which the journal knows something; what went out is written down a moment later."""
        with contextlib.closing(sqlite3.connect(f"{(shop.data / 'journal.db').as_uri()}?mode=ro", uri=True)) as journal:
            return int(journal.execute("SELECT count(*) FROM fetched WHERE job = ?", (order,)).fetchone()[0])

    later = shop.ask(half)
    shop.wait_for(lambda: noted() == 2, "what went out is not written down")
    shop.kill()
    shop.registry.ticket_key = PrivateKey.generate()  # the key that signed the ticket has ended meanwhile
    shop.registry.serial += 1
    shop.start()
    assert order not in shop.registry.claims

    async def rest(client: NodeClient) -> bytes:
        listed = await client.package(shop.digest, access)
        sha256 = next(file.sha256 for file in listed.files if file.name == "weights.bin")
        path = f"/v1/packages/{shop.digest}/files/{sha256}"
        headers = client._headers("GET", path, access=access) | {"Range": f"bytes=0-{BLOCK + 16}"}
        return (await client._http.get(path, headers=headers)).content

    first = shop.ask(rest)
    assert receipt(shop, order).outcome == "delivered"
    whole = opened(first + later, deposited(shop, order), WEIGHTS)
    assert whole == WEIGHTS, "the same key seals it before and after a kill"

    other, access = ticket(shop)

    async def told(client: NodeClient) -> None:
        job = await client.fetched(shop.digest, access)
        assert job.state is JobState.DELIVERED
        assert (await client.fetched(shop.digest, access)).receipt == job.receipt

    shop.ask(told)
    assert receipt(shop, other).outcome == "delivered"


def test_what_one_purchase_fetched_is_not_opened_by_the_key_of_another(shop: ToyNode) -> None:
    (first, access), (second, other) = ticket(shop), ticket(shop)

    async def work(client: NodeClient) -> tuple[bytes, bytes]:
        mine, theirs = await fetch(client, shop, access), await fetch(client, shop, other)
        await client.fetched(shop.digest, access)
        await client.fetched(shop.digest, other)
        return mine, theirs

    mine, theirs = shop.ask(work)
    assert mine != theirs
    keys = [(receipt(shop, order), deposited(shop, order))[1] for order in (first, second)]
    assert opened(mine, keys[0], WEIGHTS) == opened(theirs, keys[1], WEIGHTS) == WEIGHTS
    with pytest.raises(ArtratorError, match="cannot be opened"):
        opened(mine, keys[1], WEIGHTS)


def test_no_key_leaves_the_node_but_with_a_delivered_receipt(shop: ToyNode) -> None:
    order, access = ticket(shop)

    async def give_up(client: NodeClient) -> str:
        await fetch(client, shop, access)
        return (await client.cancel(order)).model_dump_json()

    said = shop.ask(give_up)
    assert receipt(shop, order).outcome == "cancelled"
    assert shop.registry.claims[order][0].get("key") is None
    with contextlib.closing(sqlite3.connect(shop.data / "journal.db")) as journal:
        key = journal.execute("SELECT sealing_key FROM jobs").fetchone()[0]
    assert key not in said
    assert key not in shop.log


def test_given_up_the_receipt_gives_the_hold_back(shop: ToyNode) -> None:
    order, access = ticket(shop)

    async def give_up(client: NodeClient) -> None:
        await fetch(client, shop, access, "artrator.toml")
        assert (await client.cancel(order)).state is JobState.CANCELLED

    shop.ask(give_up)
    assert receipt(shop, order).outcome == "cancelled"
    assert refusal(shop, access) is Code.ORDER_CLOSED


def test_what_was_not_fetched_in_its_time_says_so(make_node: Callable[..., ToyNode]) -> None:
    shop = make_node(retention_hours=0.001)  # the sweeper comes as often as outputs go
    shop.start()
    now = int(time.time())
    assert refusal(shop, ticket(shop, finish_by=now - 60, capture_by=now)[1]) is Code.TICKET_EXPIRED
    late, access = ticket(shop, finish_by=now + 60, capture_by=now + 900)
    shop.ask(lambda client: client.package(shop.digest, access))
    shop.stop()
    shop.registry.ahead = 180.0
    shop.start()
    shop.wait_for(lambda: late in shop.registry.claims, "it did not end")
    said = receipt(shop, late)
    assert (said.outcome, said.error) == ("failed", "job_deadline")


def test_a_download_ends_with_the_time_of_its_ticket(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(upload_mbit=1)
    node.digest = write_large(node.folder / "large", node.creator.identity)
    node.offer = node.publish(node.folder / "large", "large")
    node.start()
    _, access = ticket(node, finish_by=int(time.time()) - 3, capture_by=int(time.time()) + 900)

    async def work(client: NodeClient) -> None:
        with pytest.raises(ArtratorError) as caught:
            await fetch(client, node, access)
        assert caught.value.code is Code.NODE_UNREACHABLE, "it broke off in the middle of a file that takes ten seconds"

    node.ask(work)


def test_a_package_of_very_many_files_is_one_output_of_its_receipt(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    folder = node.folder / "many"
    write_toy(folder, node.creator.identity)
    for number in range(1_001):
        (folder / f"{number}.txt").write_text(str(number))
    node.digest = sign(folder, node.creator.identity)
    node.offer = node.publish(folder, "many")
    node.start()
    order, access = ticket(node)
    node.ask(lambda client: client.fetched(node.digest, access))
    (output,) = receipt(node, order).outputs
    assert output.sha256 == node.digest.removeprefix("sha256:")
    assert output.name == "package"


def test_a_ticket_opens_what_it_was_bought_for_and_nothing_else(shop: ToyNode) -> None:
    stranger = PrivateKey.generate()
    assert refusal(shop, ticket(shop)[1], stranger) is Code.PROOF_INVALID
    assert refusal(shop, ticket(shop, kind="run")[1]) is Code.TICKET_INVALID
    assert refusal(shop, ticket(shop, iss="sha256:" + "0" * 64)[1]) is Code.TICKET_INVALID
    assert refusal(shop, ticket(shop, aud="sha256:" + "0" * 64)[1]) is Code.TICKET_WRONG_NODE
    assert refusal(shop, ticket(shop, key=stranger)[1]) is Code.TICKET_INVALID
    assert refusal(shop, ticket(shop, package="sha256:" + "0" * 64)[1]) is Code.TICKET_INVALID
    assert refusal(shop, ticket(shop, offer="sha256:" + "0" * 64)[1]) is Code.OFFER_INVALID
    order, access = ticket(shop)
    shop.ask(lambda client: client.package(shop.digest, access))
    assert refusal(shop, access, stranger) is Code.PROOF_INVALID, "a ticket that was shown before is still the buyer's"
    with pytest.raises(ArtratorError) as caught:
        shop.run({"steps": 1}, kind="purchase")
    assert caught.value.code is Code.TICKET_INVALID, "nobody runs on the ticket of a purchase"
    with pytest.raises(ArtratorError) as caught:
        shop.run({"steps": 1}, jti=order)
    assert caught.value.code is Code.CONFLICT


def test_a_licence_opens_its_package_for_its_owner_until_it_is_taken_back(shop: ToyNode) -> None:
    good = licence(shop)
    shop.ask(lambda client: fetch_all(client, shop, good))
    assert shop.registry.claims == {}, "a licence was paid long ago"
    assert refusal(shop, good, PrivateKey.generate()) is Code.PROOF_INVALID
    assert refusal(shop, licence(shop, key=PrivateKey.generate())) is Code.LICENCE_INVALID
    assert refusal(shop, licence(shop, package="sha256:" + "0" * 64)) is Code.LICENCE_INVALID
    assert refusal(shop, licence(shop, registry="sha256:" + "0" * 64)) is Code.LICENCE_INVALID
    order = str(uuid.uuid4())
    refunded = licence(shop, order=order)
    shop.ask(lambda client: client.package(shop.digest, refunded))
    shop.registry.revoked.append(order)
    heard = len(shop.registry.heartbeats)
    shop.wait_for(lambda: len(shop.registry.heartbeats) > heard + 1, "no heartbeat")
    assert refusal(shop, refunded) is Code.LICENCE_REVOKED
    shop.stop()
    shop.registry.revoked.clear()
    shop.start()
    assert refusal(shop, refunded) is Code.LICENCE_REVOKED, "a refund is final, and outlives a restart"

    async def acknowledged(client: NodeClient) -> None:
        await client.fetched(shop.digest, good)

    with pytest.raises(ArtratorError) as caught:
        shop.ask(acknowledged)
    assert caught.value.code is Code.TICKET_INVALID


def test_a_file_that_changes_is_refused_before_and_after_it_was_read_once(shop: ToyNode) -> None:
    access = licence(shop)
    weights = shop.package / "weights.bin"

    def code(begin: int = 0) -> Code:
        with pytest.raises(ArtratorError) as caught:
            shop.ask(lambda client: fetch(client, shop, access, begin=begin))
        return caught.value.code

    weights.write_bytes(WEIGHTS[:-1] + b"?")
    assert code() is Code.PACKAGE_CHANGED
    weights.write_bytes(WEIGHTS[:-1])
    assert code() is Code.PACKAGE_CHANGED
    weights.write_bytes(WEIGHTS)
    assert shop.ask(lambda client: fetch(client, shop, access)) == WEIGHTS
    weights.write_bytes(WEIGHTS[:-1] + b"?")
    assert code(2 * BLOCK) is Code.PACKAGE_CHANGED
    weights.unlink()
    weights.symlink_to(shop.data / "keys" / "tls.pem")
    assert code() is Code.PACKAGE_CHANGED
    weights.unlink()
    weights.write_bytes(WEIGHTS)
    assert shop.ask(lambda client: fetch(client, shop, access)) == WEIGHTS


def test_so_many_fetch_at_once_and_the_line_is_shared(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(downloads=2, upload_mbit=10)
    node.digest = write_large(node.folder / "large", node.creator.identity)
    node.offer = node.publish(node.folder / "large", "large")
    node.start()

    async def work(client: NodeClient) -> None:
        mine = licence(node)
        listed = await client.package(node.digest, mine)
        file = next(file for file in listed.files if file.name == "weights.bin")
        began = time.monotonic()
        chunks = client.package_file(node.digest, file.sha256, mine, begin=0, size=file.size)
        got = [await anext(chunks)]
        with pytest.raises(ArtratorError) as caught:
            await fetch(client, node, mine)
        assert caught.value.code is Code.NODE_BUSY
        assert caught.value.details["retry_after"] > 0
        got += [chunk async for chunk in chunks]
        assert b"".join(got) == WEIGHTS
        assert time.monotonic() - began > len(WEIGHTS) / (10e6 / 8) * 0.8
        assert len(await fetch(client, node, mine, "artrator.toml")) > 0

    node.ask(work)


def test_a_reader_who_hangs_up_gives_its_place_back(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(downloads=1, upload_mbit=20)
    node.digest = write_large(node.folder / "large", node.creator.identity)
    node.offer = node.publish(node.folder / "large", "large")
    node.start()
    order, access = ticket(node)

    async def hang_up(client: NodeClient) -> None:
        listed = await client.package(node.digest, access)
        sha256 = next(file.sha256 for file in listed.files if file.name == "weights.bin")
        chunks = client.package_file(node.digest, sha256, access, begin=0, size=sealed_size(len(WEIGHTS)))
        await anext(chunks)
        await chunks.aclose()

    node.ask(hang_up)

    def served() -> bool:
        try:
            return bool(node.ask(lambda client: fetch(client, node, access, "artrator.toml")))
        except ArtratorError as error:
            if error.code is not Code.NODE_BUSY:
                raise
            return False

    # The node hears of it when it wants to send more.
    node.wait_for(served, "its place is still taken")
    assert order not in node.registry.claims


def test_nothing_that_is_sent_to_these_addresses_is_a_mistake_of_the_nodes(shop: ToyNode) -> None:
    dice = random.Random(7)
    good_ticket, good_licence = ticket(shop)[1].text, licence(shop).text
    ranges_ = ["bytes=0-", "bytes=-", "bytes=9" * 30, "\x7f", "bytes=1-0", "bytes=0-5", "a" * 9_000]

    def bent(text: str) -> str:
        letters = list(text)
        for _ in range(dice.randint(1, 4)):
            letters[dice.randrange(len(letters))] = dice.choice('ABz09-_.=%{\\"é')
        return "".join(letters)[: dice.choice([len(text), len(text) // 2, 3])]

    async def work(client: NodeClient) -> None:
        listed = await client.package(shop.digest, Access.by_ticket(good_ticket))
        addresses = [f"/v1/packages/{shop.digest}", f"/v1/packages/{shop.digest}/fetched", "/v1/packages/x"]
        addresses += [f"/v1/packages/{shop.digest}/files/{name}" for name in (listed.files[0].sha256, "x", "%00", "..")]
        for _ in range(300):
            path = dice.choice(addresses)
            text = dice.choice([good_ticket, good_licence, bent(good_ticket), bent(good_licence), "", "e30"])
            headers = {}
            with contextlib.suppress(UnicodeEncodeError):
                headers = client._headers("GET", path, access=Access("x", text))
                headers.pop("x")
            if dice.random() < 0.2:
                headers["Artrator-Proof"] = bent(headers.get("Artrator-Proof", "a.b.c"))
            headers[dice.choice(["Artrator-Ticket", "Artrator-Licence"])] = text
            if dice.random() < 0.5:
                headers["Range"] = dice.choice(ranges_)
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            answer = await client._http.request(
                dice.choice(["GET", "GET", "GET", "PUT", "DELETE", "POST"]), path, headers=raw
            )
            assert answer.status_code < 500, (path, headers, answer.text)
            if answer.status_code >= 400 and answer.headers.get("content-type") == "application/json":
                assert answer.json()["error"]["code"] in list(Code)

    shop.ask(work)
    assert "request_failed" not in shop.log


# --- arithmetic


@given(st.text(max_size=40), st.integers(0, 10**6))
def test_no_range_header_breaks_the_parser(text: str, size: int) -> None:
    with contextlib.suppress(ArtratorError):  # and nothing else
        begin, end = ranges.parse(f"bytes={text}", size)
        assert 0 <= begin < end <= size


@given(st.integers(0, 10**20), st.integers(0, 10**20), st.integers(1, 10**6))
def test_a_range_is_what_it_says(first: int, last: int, size: int) -> None:
    fits = len(str(first)) <= 18 and len(str(last)) <= 18 and first <= last and first < size
    if fits:
        assert ranges.parse(f"bytes={first}-{last}", size) == (first, min(last + 1, size))
    else:
        with pytest.raises(ArtratorError):
            ranges.parse(f"bytes={first}-{last}", size)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=30), st.integers(0, 40))
def test_spans_hold_exactly_the_bytes_that_were_added(added: list[tuple[int, int]], size: int) -> None:
    spans: list[ranges.Span] = []
    for span in added:
        spans = ranges.add(spans, span)
    held = {byte for begin, end in added for byte in range(begin, end)}
    assert {byte for begin, end in spans for byte in range(begin, end)} == held
    assert all(begin < end for begin, end in spans)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans)), "touching spans are one"
    if max(held, default=-1) < size:
        assert ranges.covers(spans, size) == (held == set(range(size)))


def test_a_list_of_refunds_that_cannot_be_read_is_heard_again(tmp_path: Path) -> None:
    path = tmp_path / "revoked.json"
    path.write_text('{"not": ["a list"')
    heard = Revocations(path)
    heard.load()
    assert "x" not in heard
    heard.learn(["x"])
    again = Revocations(path)
    again.load()
    assert "x" in again
    assert json.loads(path.read_text()) == ["x"]


def verification(node: ToyNode, **claims: Any) -> tuple[str, Access]:
    values: dict[str, Any] = {"kind": "verify", "cap": 0, "offer": "sha256:" + "0" * 64}
    return ticket(node, **(values | claims))


def test_a_verifier_gets_the_package_as_it_is_and_nothing_is_claimed(shop: ToyNode) -> None:
    vera = PrivateKey.generate()
    look, access = verification(shop, buyer=vera)
    files = shop.ask(lambda client: fetch_all(client, shop, access), vera)
    assert files[hashlib.sha256(WEIGHTS).hexdigest()] == WEIGHTS
    assert shop.registry.claims == {}
    assert "package_looked_at" in shop.log
    assert look in shop.log, "the owner sees who looked"

    async def fetched(client: NodeClient) -> None:
        await client.fetched(shop.digest, access)

    with pytest.raises(ArtratorError) as caught:
        shop.ask(fetched, vera)
    assert caught.value.code is Code.TICKET_INVALID, "a look is not a purchase"


def test_a_look_stands_in_the_log_once_whatever_it_begins_with(shop: ToyNode) -> None:
    """Who knows a digest already, as every buyer does, need not ask for the list."""
    vera = PrivateKey.generate()
    look, access = verification(shop, buyer=vera)

    async def directly(client: NodeClient) -> bytes:
        digest = hashlib.sha256(WEIGHTS).hexdigest()
        chunks = client.package_file(shop.digest, digest, access, begin=0, size=len(WEIGHTS))
        return b"".join([chunk async for chunk in chunks])

    assert shop.ask(directly, vera) == WEIGHTS
    assert shop.log.count(look) == 1
    assert shop.ask(directly, vera) == WEIGHTS
    assert shop.log.count(look) == 1


def test_a_verifiers_ticket_is_good_for_its_holder_its_node_its_package_and_its_time(shop: ToyNode) -> None:
    now, other = int(time.time()), "sha256:" + "0" * 64
    _, leaked = verification(shop)
    assert refusal(shop, leaked, PrivateKey.generate()) is Code.PROOF_INVALID
    assert refusal(shop, verification(shop, aud=other)[1]) is Code.TICKET_WRONG_NODE
    assert refusal(shop, verification(shop, package=other)[1]) is Code.TICKET_INVALID
    assert refusal(shop, verification(shop, iss=other)[1]) is Code.TICKET_INVALID
    assert refusal(shop, verification(shop, finish_by=now - 60)[1]) is Code.TICKET_EXPIRED
    assert refusal(shop, verification(shop, key=PrivateKey.generate())[1]) is Code.TICKET_INVALID
    with pytest.raises(ArtratorError) as caught:
        shop.run({"steps": 1}, kind="verify", cap=0)
    assert caught.value.code is Code.TICKET_INVALID, "nobody runs on it"
    assert refusal(shop, Access("Artrator-Licence", leaked.text)) is Code.LICENCE_INVALID


def test_a_removed_verifiers_ticket_opens_nothing_after_the_next_heartbeat(shop: ToyNode) -> None:
    look, access = verification(shop)
    shop.ask(lambda client: client.package(shop.digest, access))
    shop.registry.revoked.append(look)
    heard = len(shop.registry.heartbeats)
    shop.wait_for(lambda: len(shop.registry.heartbeats) > heard + 1, "no heartbeat")
    assert refusal(shop, access) is Code.TICKET_INVALID
