"""A node that is killed again and again while eight buyers wait: each of them hears, and no micro-credit is lost."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from federation import Federation, Person, copy_example, federation

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError
from artrator_node.commands.address import health_of
from artrator_node.config import Paths

KILLS = 10
#: Some are over before the next kill, some never are.
LONG: dict[str, object] = {"prompt": "a castle", "steps": 50, "images": 8}
SHORT: dict[str, object] = {"prompt": "a boat", "steps": 4}


@dataclass
class Tally:
    """What became of the orders."""

    charged: int = 0
    delivered: int = 0
    refused: list[ArtratorError] = field(default_factory=list)


class Shopper(threading.Thread):
    """A person who buys one picture after the other, on an event loop of their own."""

    def __init__(self, person: Person, inputs: dict[str, object]) -> None:
        super().__init__(daemon=True)
        self.person, self.inputs = person, inputs
        self.tally, self.enough = Tally(), threading.Event()
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self.person.ask(self._shop)
        except BaseException as error:
            self.fault = error

    async def _shop(self, client: RegistryClient) -> None:
        buyer = self.person.buyer(client)
        prepared = buyer.prepare(await client.listing("atelier/emoji"), self.inputs)
        while not self.enough.is_set():
            try:
                async with contextlib.aclosing(buyer.run(prepared, await buyer.quote(prepared))) as updates:
                    async for update in updates:
                        if update.result is not None:
                            self.tally.delivered += 1
                            self.tally.charged += update.result.charged
            except ArtratorError as error:
                self.tally.refused.append(error)
                await asyncio.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(900)  # twelve starts of a node, on a machine that may be busy
def test_a_node_that_is_killed_ten_times_under_eight_buyers_loses_nothing(tmp_path: Path) -> None:
    with federation(tmp_path) as it:
        it.publish(copy_example("emoji", tmp_path / "packages"), "--price", "image=2")
        it.start_node()
        people = [it.person(handle, 10_000) for handle in ("mina", "theo")]
        shoppers = [Shopper(person, inputs) for person in people for inputs in (LONG, SHORT) * 2]
        for shopper in shoppers:
            shopper.start()
        for _ in range(KILLS):
            _let_it_work(it)
            assert it.node is not None
            it.kill(it.node)
            it.start_node()
        for shopper in shoppers:
            shopper.enough.set()
        for shopper in shoppers:
            shopper.join(180)
            assert not shopper.is_alive(), "a buyer was left waiting"
            assert shopper.fault is None, shopper.fault
            for error in shopper.tally.refused:
                assert error.message
        for person in people:
            late = Tally()
            it.wait_for(functools.partial(_settle, person, late), "a hold stays", 120)
            mine = [late, *(shopper.tally for shopper in shoppers if shopper.person is person)]
            spent = 10_000_000_000 - person.balance().available
            assert spent == sum(tally.charged for tally in mine)
        assert sum(shopper.tally.delivered for shopper in shoppers) > 0
        it.audit()


def _let_it_work(it: Federation) -> None:
    """Until something runs, and a moment more: the next kill hits it in the middle."""
    paths, url = Paths(it.node_data), f"https://127.0.0.1:{it.node_port}"

    def busy() -> bool:
        health = asyncio.run(health_of(paths, url))
        return health is not None and health.running > 0

    it.wait_for(busy, "nobody buys", 60)
    time.sleep(0.5)


def _settle(person: Person, tally: Tally) -> bool:
    """Whether no hold is left; what was left undecided is taken up again, as a person would."""

    async def resume(client: RegistryClient) -> None:
        buyer = person.buyer(client)
        for pending in await asyncio.to_thread(buyer.pending):
            with contextlib.suppress(ArtratorError):
                async with contextlib.aclosing(buyer.resume(pending)) as updates:
                    async for update in updates:
                        if update.result is not None:
                            tally.charged += update.result.charged

    person.ask(resume)
    return person.balance().held == 0
