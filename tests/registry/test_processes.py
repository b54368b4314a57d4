"""A real registry process: killed in the middle, stopped in order, started again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner
from idle_line import outlasts_clients
from registry_process import Server
from registry_world import MICRO, Node, acknowledge, make_package

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m
from artrator_registry.cli import registry

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform == "win32", reason="signals")]


#: While the registry is away, and until it has heard the node again after a long pause.
_AGAIN = {Code.REGISTRY_UNREACHABLE, Code.NODE_UNKNOWN, Code.NO_NODE}


@pytest.fixture(scope="module")
def server(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process for all tests, because starting one is most of what they cost."""
    data = tmp_path_factory.mktemp("processes") / "registry"
    shutil.copytree(fresh, data)
    made = Server(data)
    made.start()
    yield made
    made.end(signal.SIGKILL)


async def _shop(server: Server, key: PrivateKey) -> tuple[Node, str, str]:
    made, node = make_package(key), Node(key)
    async with server.client(key, "atelier") as creator:
        await creator.publish("atelier/painter", made.publication)
        await creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
        await _beat(creator, node, made.package)
    return node, "atelier/painter", made.package


async def _beat(creator: RegistryClient, node: Node, package: str) -> None:
    warm = m.PackageState(package=package, state=m.NodeState.WARM)
    await creator.heartbeat(node.id, m.Heartbeat(packages=[warm]))


async def _until_it_answers(call: Callable[[], Awaitable[m.Order]]) -> m.Order:
    """As every client does: the same request again until there is an answer."""
    while True:
        try:
            return await call()
        except ArtratorError as problem:
            if problem.code not in _AGAIN:
                raise
            await anyio.sleep(0.05)


@pytest.mark.slow
async def test_what_was_acknowledged_survives_kill_9_and_nothing_is_charged_twice(server: Server) -> None:
    creator_key, buyer_key = PrivateKey.generate(), PrivateKey.generate()
    node, listing, package = await _shop(server, creator_key)
    buyer, creator = server.client(buyer_key, "mina"), server.client(creator_key, "atelier")
    await buyer.sign_in()
    server.run("grant", "mina", "1000")
    acknowledged: dict[str, m.Order] = {}
    attempted: set[str] = set()
    stop = anyio.Event()

    async def shopper() -> None:
        while not stop.is_set():
            try:
                quote = await buyer.quote(m.QuoteRequest(listing=listing, measures={"step": 1}, request="ab" * 32))
            except ArtratorError as problem:
                if problem.code not in _AGAIN:
                    raise
                await anyio.sleep(0.05)
                continue
            order = str(uuid.uuid4())
            attempted.add(order)
            request = m.OrderRequest(quote=quote.quote, node=node.id, max_price=quote.cap)
            placed = acknowledged[order] = await _until_it_answers(partial(buyer.order, order, request))
            receipt = node.receipt(placed)
            answer = acknowledge(buyer_key, order, receipt)
            claim = m.Claim(receipt=receipt, acknowledgement=answer)
            settled = await _until_it_answers(partial(creator.claim, order, claim))
            assert (settled.state, settled.charged) == (m.OrderState.SETTLED, quote.cap)

    async def beating() -> None:  # as nodes do: however long a restart takes, the node is online after it
        while not stop.is_set():
            with contextlib.suppress(ArtratorError):
                await _beat(creator, node, package)
            await anyio.sleep(1)

    async def bought(more: int) -> None:
        wanted = len(acknowledged) + more
        with anyio.fail_after(240):
            while len(acknowledged) < wanted:
                await anyio.sleep(0.05)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beating)
        for _ in range(6):
            tasks.start_soon(shopper)
        for _ in range(2):
            await bought(12)
            await anyio.to_thread.run_sync(server.end, signal.SIGKILL)
            assert "no difference" in await anyio.to_thread.run_sync(server.run, "audit")
            await anyio.to_thread.run_sync(server.start)
        await bought(6)
        stop.set()
    assert acknowledged
    assert set(acknowledged) == attempted  # every buyer came to an end by itself
    for order in acknowledged:
        assert (await buyer.get_order(order)).state is m.OrderState.SETTLED
    price = 1_100_000
    assert (await buyer.balance()) == m.Balance(available=1000 * MICRO - price * len(acknowledged), held=0, pending=0)
    assert "no difference" in server.run("audit")
    await buyer.aclose()
    await creator.aclose()


async def test_a_registry_that_is_stopped_finishes_what_it_was_asked_and_keeps_sessions(server: Server) -> None:
    key = PrivateKey.generate()
    async with server.client(key, "stopped") as mina:
        session = await mina.sign_in()
        assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)
        server.start()
        async with RegistryClient(server.url, api_key=session.token) as again:
            assert (await again.account()).handle == "stopped"


def test_a_connection_is_kept_for_longer_than_clients_keep_it(server: Server) -> None:
    assert outlasts_clients(server.url)


async def test_the_log_holds_no_secret(server: Server) -> None:
    key = PrivateKey.generate()
    code = server.run("voucher", "create", "--amount", "5").strip()
    async with server.client(key, "logged") as mina:
        session = await mina.sign_in()
        made = await mina.create_api_key(m.APIKeyRequest(label="robot", scopes=[m.Scope.ACCOUNT_READ]))
        await mina.redeem(code)
        with pytest.raises(ArtratorError):
            await mina.redeem(code)
    assert made.secret is not None
    server.end(signal.SIGTERM)
    server.start()
    for secret in (code, session.token, made.secret, "Bearer"):
        assert secret not in server.log


async def test_an_administrator_works_beside_a_running_registry(server: Server, tmp_path: Path) -> None:
    async with server.client(PrivateKey.generate(), "granted") as mina:
        await mina.sign_in()
        assert "12.5" in server.run("grant", "granted", "12.5", "--note", "welcome")
        line = (await mina.statement()).lines[0]
        assert (line.amount, line.text) == (12_500_000, "Granted by the operator: welcome")
        server.run("backup", str(tmp_path / "copy"))
        copy = Server(tmp_path / "copy")
        await anyio.to_thread.run_sync(copy.start)
        try:
            async with RegistryClient(copy.url, mina.key) as there:
                assert (await there.balance()).available == 12_500_000
        finally:
            copy.end(signal.SIGTERM)
        assert "accounts" in server.run("info")
        assert server.run("disputes") == "No dispute waits to be decided.\n"
        before = (await mina.keyset(_root(server).public)).serial
        server.run("rotate-key")
        assert (await mina.keyset(_root(server).public)).serial == before + 1
    second = CliRunner().invoke(registry, ["serve", "--data", str(server.data), "--port", "0"])
    assert second.exit_code == 1
    assert "Another registry is serving" in second.output


def _root(server: Server) -> PrivateKey:
    return PrivateKey.load(server.data / "keys" / "root.pem")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["grant", "nobody", "5"], "Nobody here has the handle"),
        (["grant", "nobody", "5.1234567"], "not an amount of credits"),
        (["resolve", "x", "--to", "buyer"], "There is no order x."),
        (["voucher", "create", "--amount", "0"], "above 0"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(data: Path, arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(registry, [*arguments, "--data", str(data)])
    assert result.exit_code != 0
    assert says in result.output


def test_a_mistyped_folder_is_no_new_registry(tmp_path: Path) -> None:
    told = CliRunner().invoke(registry, ["serve", "--data", str(tmp_path / "slip"), "--port", "0"])
    assert told.exit_code == 1
    assert "There is no registry in" in told.output
    assert "artrator registry init" in told.output
    assert "[not_found]" in told.output
    assert not (tmp_path / "slip").exists()


def test_a_registry_without_its_root_key_is_not_served_under_a_new_one(data: Path) -> None:
    (data / "keys" / "root.pem").unlink()
    for arguments in (["serve", "--port", "0"], ["serve", "--init", "--port", "0"], ["init"], ["rotate-key"], ["info"]):
        told = CliRunner().invoke(registry, [*arguments, "--data", str(data)])
        assert told.exit_code == 1, arguments
        assert "has lost its root key" in told.output, arguments
    assert not (data / "keys" / "root.pem").exists()


@pytest.mark.parametrize(
    "option",
    [
        ["--port", "99999"],
        ["--fee", "10001"],
        ["--fee", "-1"],
        ["--start-seconds", "0"],
        ["--finish-seconds", "100000"],
        ["--heartbeat-seconds", "0"],
        ["--sweep-seconds", "-1"],
        ["--public-url", "art.example"],
        ["--public-url", "https://"],
        ["--credit-note", "100 credits cost 1 euro"],
        ["--credit-note", "en="],
        ["--credit-note", "en=one\ntwo"],
    ],
    ids=" ".join,
)
def test_options_that_cannot_be_are_told_before_anything_is_made(tmp_path: Path, option: list[str]) -> None:
    arguments = ["serve", "--init", "--data", str(tmp_path / "new"), *option]
    told = CliRunner().invoke(registry, arguments)
    assert told.exit_code == 2, told.output
    assert "Error: " in told.output
    assert not (tmp_path / "new").exists()


def test_a_port_that_is_taken_is_said(server: Server, tmp_path: Path) -> None:
    arguments = ["serve", "--init", "--data", str(tmp_path / "other"), "--port", str(server.port)]
    taken = CliRunner().invoke(registry, arguments)
    assert taken.exit_code == 1
    assert "Cannot listen" in taken.output
