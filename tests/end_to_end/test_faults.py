"""Processes that die in the middle of a paid job: money stays whole, and the buyer is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from federation import Federation, Person, copy_example, federation
from relay import Relay

from artrator.clients.buyer import Result, Stage
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError
from artrator.messages.registry import OrderState

#: Long enough to be interrupted on any machine.
SLOW: dict[str, object] = {"prompt": "a castle", "steps": 50, "images": 8}


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Federation]:
    """A federation that a test may break."""
    with federation(tmp_path) as it:
        it.publish(copy_example("emoji", tmp_path / "packages"), "--price", "image=2")
        it.start_node()
        yield it


class Purchase(threading.Thread):
    """A job bought in the background."""

    def __init__(self, person: Person, inputs: dict[str, object]) -> None:
        super().__init__(daemon=True)
        self.person, self.inputs = person, inputs
        self.result: Result | None = None
        self.error: ArtratorError | None = None
        self.stages: list[Stage] = []
        self.moving = threading.Event()

    def run(self) -> None:
        try:
            self.person.ask(self._buy)
        except ArtratorError as error:
            self.error = error
        finally:
            self.moving.set()

    async def _buy(self, client: RegistryClient) -> None:
        buyer = self.person.buyer(client)
        prepared = buyer.prepare(await client.listing("atelier/emoji"), self.inputs)
        async with contextlib.aclosing(buyer.run(prepared, await buyer.quote(prepared))) as updates:
            async for update in updates:
                self.stages.append(update.stage)
                if update.stage is Stage.PROGRESS:
                    self.moving.set()
                self.result = update.result


def test_a_node_that_is_killed_in_the_middle_finishes_the_job_after_its_restart(fragile: Federation) -> None:
    person = fragile.person("mina")
    purchase = Purchase(person, SLOW)
    purchase.start()
    assert purchase.moving.wait(180)
    assert fragile.node is not None
    fragile.kill(fragile.node)
    assert person.balance().held > 0
    fragile.start_node()
    purchase.join(120)
    assert purchase.result is not None or purchase.error is not None
    fragile.wait_for(lambda: person.balance().held == 0, "the hold was not resolved")
    spent = 100_000_000 - person.balance().available
    assert spent == (purchase.result.charged if purchase.result else 0)
    fragile.audit()


def test_a_node_that_never_comes_back_costs_nothing_and_the_buyer_is_told(tmp_path: Path) -> None:
    times = {"start": 4, "finish": 8, "grace": 1, "capture": 60, "sweep": 1}
    quick = [word for name, seconds in times.items() for word in (f"--{name}-seconds", str(seconds))]
    with federation(tmp_path, registry_options=quick) as it:
        it.publish(copy_example("emoji", tmp_path / "packages"), "--price", "image=2")
        it.start_node()
        person = it.person("mina")
        purchase = Purchase(person, SLOW)
        purchase.start()
        assert purchase.moving.wait(180)
        assert it.node is not None
        it.kill(it.node)
        purchase.join(60)
        assert purchase.error is not None
        assert purchase.stages[-1] is Stage.LOST  # it was said before the end, too
        assert purchase.error.details.get("charged") == 0
        it.wait_for(lambda: person.balance().held == 0, "the hold was not released")
        assert person.balance().available == 100_000_000
        order = person.ask(lambda client: client.orders()).items[0]
        assert order.state is OrderState.RELEASED
        assert order.reason
        it.audit()


def test_a_registry_that_is_killed_in_the_middle_loses_nothing(fragile: Federation) -> None:
    person = fragile.person("mina")
    purchase = Purchase(person, SLOW)
    purchase.start()
    assert purchase.moving.wait(180)
    fragile.kill(fragile.registry)
    fragile.start_registry()
    purchase.join(120)
    assert purchase.error is None
    assert purchase.result is not None
    fragile.wait_for(lambda: person.balance().held == 0, "the order was not settled")
    assert person.balance().available == 100_000_000 - purchase.result.charged
    fragile.audit()


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_a_network_that_fails_in_the_middle_loses_nothing(tmp_path: Path, how: str) -> None:
    to_registry, to_node = Relay(), Relay()
    try:
        with federation(tmp_path, node_urls=[f"https://127.0.0.1:{to_node.port}"]) as it:
            to_registry.target, to_node.target = it.registry_port, it.node_port
            it.publish(copy_example("emoji", tmp_path / "packages"), "--price", "image=2")
            it.start_node()
            near = it.person("mina")
            person = Person(near.profile.folder, f"http://127.0.0.1:{to_registry.port}", "mina")
            purchase = Purchase(person, SLOW)
            purchase.start()
            assert purchase.moving.wait(180)
            for relay in (to_registry, to_node):
                getattr(relay, how)()
            time.sleep(4)
            assert purchase.is_alive()
            for relay in (to_registry, to_node):
                relay.mend()
            purchase.join(120)
            assert purchase.error is None
            assert purchase.result is not None
            it.wait_for(lambda: near.balance().held == 0, "the order was not settled")
            assert near.balance().available == 100_000_000 - purchase.result.charged
            assert len(near.ask(lambda client: client.orders()).items) == 1
            it.audit()
    finally:
        for relay in (to_registry, to_node):
            relay.close()


def test_a_buyer_that_crashes_takes_its_order_up_again(fragile: Federation, tmp_path: Path) -> None:
    person = fragile.person("mina")

    async def crash(client: RegistryClient) -> None:
        buyer = person.buyer(client)
        prepared = buyer.prepare(await client.listing("atelier/emoji"), {"prompt": "a key", "steps": 30})
        async with contextlib.aclosing(buyer.run(prepared, await buyer.quote(prepared))) as updates:
            async for update in updates:
                if update.stage is Stage.STARTED:
                    return

    person.ask(crash)
    assert len(list((person.profile.folder / "orders").glob("*/order.json"))) == 1
    done = person.run("orders", "resume", "--folder", str(tmp_path / "pictures"))
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "pictures").glob("*.png"))
    assert person.balance().available == 98_000_000
    assert len(person.ask(lambda client: client.orders()).items) == 1


def test_cancelling_stops_the_job_and_releases_the_hold(fragile: Federation) -> None:
    person = fragile.person("mina")
    purchase = Purchase(person, SLOW)
    purchase.start()
    assert purchase.moving.wait(180)

    async def cancel(client: RegistryClient) -> None:
        buyer = person.buyer(client)
        for pending in await asyncio.to_thread(buyer.pending):
            await buyer.cancel(pending)

    person.ask(cancel)
    purchase.join(60)
    assert purchase.error is not None
    assert purchase.error.code.value == "job_cancelled"
    fragile.wait_for(lambda: person.balance().held == 0, "the hold was not released")
    assert person.balance().available == 100_000_000


def test_a_delivery_that_was_claimed_and_never_arrived_is_refused(fragile: Federation) -> None:
    person = fragile.person("mina")

    async def crash(client: RegistryClient) -> None:
        buyer = person.buyer(client)
        prepared = buyer.prepare(await client.listing("atelier/emoji"), {"prompt": "a boat", "steps": 4})
        async with contextlib.aclosing(buyer.run(prepared, await buyer.quote(prepared))) as updates:
            async for update in updates:
                if update.stage is Stage.STARTED:
                    return

    person.ask(crash)
    newest = lambda: person.ask(lambda client: client.orders()).items[0]  # noqa: E731
    fragile.wait_for(lambda: newest().state is OrderState.CLAIMED, "the node did not claim the order")
    assert fragile.node is not None
    fragile.node.stop()

    # While the node may come back, the order waits: nothing is charged and nothing is forgotten.
    waiting = person.run("orders", "resume")
    assert "orders resume" in waiting.stderr
    assert newest().state is OrderState.CLAIMED

    # It never comes back: long before silence counts as consent the delivery is refused.
    (kept,) = (person.profile.folder / "orders").glob("*/order.json")
    facts = json.loads(kept.read_text())
    kept.write_text(json.dumps(facts | {"created_at": facts["created_at"] - 7 * 3600}))
    person.run("orders", "resume")
    order = newest()
    assert (order.state, order.charged) == (OrderState.DISPUTED, 0)
    assert not kept.exists()
    fragile.audit()
