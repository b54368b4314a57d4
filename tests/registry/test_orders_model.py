"""A Hypothesis state machine plays buyers, a node, an operator and a clock against the whole registry.

After every step the books must be whole, nobody may have been charged above a cap or for what was not delivered, and
whatever left a buyer must be with the creator or the operator.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from effort import Effort
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from registry_world import MICRO, World, acknowledge

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.disputes.service import resolve
from artrator_registry.ledger.models import FEES

#: The long way takes longer than any other test.
pytestmark = pytest.mark.timeout(7_200)

STARTING = 12 * MICRO
ENDED = {m.OrderState.SETTLED, m.OrderState.RELEASED, m.OrderState.REFUNDED}


@pytest.fixture(scope="module", autouse=True)
def _template(fresh: Path) -> None:
    Market.template = fresh


class Market(RuleBasedStateMachine):
    template = Path(tempfile.gettempdir())
    orders = Bundle("orders")

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder / "registry")
        self.loop = asyncio.Runner()
        self.world = World(Settings(data=self.folder / "registry", requests_per_minute=10**6))
        self.run(self.world.__aenter__())
        self.shop = self.run(self.world.shop())
        self.people = [self.run(self.world.person(f"p{i}", credits_=12)) for i in range(2)]
        self.placed: dict[str, tuple[m.Order, Any, dict[str, Any]]] = {}
        self.ended: dict[str, m.Order] = {}

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.run(self.world.__aexit__())
            self.loop.close()
            shutil.rmtree(self.folder)

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    def attempt(self, work: Any, *codes: Code) -> Any:
        """The answer, or None if it was refused with one of these codes."""
        try:
            return self.run(work)
        except ArtratorError as problem:
            if problem.code not in codes:
                raise
            return None

    @rule(target=orders, who=st.integers(0, 1), steps=st.integers(1, 50))
    def order(self, who: int, steps: int) -> object:
        self.run(self.shop.online())
        buyer = self.people[who]
        available = self.run(buyer.balance()).available
        order = self.attempt(self.shop.order(buyer, steps), Code.CREDITS_INSUFFICIENT)
        if order is None:
            assert available < MICRO + steps * MICRO // 10
            return multiple()
        self.placed[order.order] = (order, buyer, {})
        return str(order.order)

    @rule(
        name=orders, outcome=st.sampled_from(["delivered", "delivered", "failed", "cancelled"]), used=st.integers(0, 50)
    )
    def claim(self, name: str, outcome: str, used: int) -> None:
        order, _, documents = self.placed[name]
        measures = {"measures": {"step": used}} if outcome == "delivered" else {}
        receipt = self.shop.node.receipt(order, outcome, **measures)
        refusals = (Code.ORDER_CLOSED, Code.CONFLICT, Code.RECEIPT_INVALID)
        answer = self.attempt(self.shop.creator.claim(name, m.Claim(receipt=receipt)), *refusals)
        if answer is not None and "receipt" not in documents:
            documents["receipt"] = receipt

    @rule(name=orders, verdict=st.sampled_from(["accepted", "accepted", "refused"]))
    def acknowledge(self, name: str, verdict: str) -> None:
        _, buyer, documents = self.placed[name]
        if "receipt" not in documents:
            return
        answer = acknowledge(buyer.key, name, documents["receipt"], verdict)
        both = m.Acknowledge(receipt=documents["receipt"], acknowledgement=answer)
        self.attempt(buyer.acknowledge(name, both), Code.ORDER_CLOSED)

    @rule(name=orders)
    def give_up(self, name: str) -> None:
        _, buyer, _ = self.placed[name]
        self.attempt(buyer.cancel_order(name), Code.ORDER_CLOSED)

    @rule(name=orders, winner=st.sampled_from(["buyer", "creator"]))
    def decide(self, name: str, winner: str) -> None:
        self.attempt(self.world.registry.database.write(resolve, name, winner), Code.ORDER_CLOSED)

    @rule(seconds=st.sampled_from([10.0, 400.0, 1_100.0, 90_000.0, -3_600.0]), told=st.booleans())
    def time_passes(self, seconds: float, told: bool) -> None:
        self.world.clock.offset += seconds
        if told:
            self.run(self.shop.online())
        self.run(self.world.sweep())

    @rule(who=st.integers(0, 1))
    def place_twice(self, who: int) -> None:
        self.run(self.shop.online())
        order = str(uuid.uuid4())
        first = self.attempt(self.shop.order(self.people[who], 1, order), Code.CREDITS_INSUFFICIENT)
        if first is not None:
            self.placed[order] = (first, self.people[who], {})
            assert self.attempt(self.shop.order(self.people[who], 1, order), Code.CONFLICT) is None

    @invariant()
    def nobody_is_robbed(self) -> None:
        if not hasattr(self, "loop"):
            return
        assert self.run(self.world.audit()) == []
        charged = 0
        for name, (placed, buyer, documents) in self.placed.items():
            order = self.run(buyer.get_order(name))
            charged += order.charged
            assert 0 <= order.charged <= placed.cap
            if order.state is m.OrderState.SETTLED:
                assert documents["receipt"] == order.receipt
            else:
                assert order.charged == 0
            if name in self.ended:
                assert order == self.ended[name]  # what has ended stays as it ended
            elif order.state in ENDED:
                assert order.reason or order.state is m.OrderState.SETTLED
                self.ended[name] = order
        balances = [self.run(person.balance()) for person in self.people]
        assert sum(b.available + b.held for b in balances) == len(self.people) * STARTING - charged
        creator = self.run(self.shop.creator.balance())
        fees = self.run(
            self.world.registry.database.read(
                lambda t: t.row("SELECT credits_posted FROM ledger_accounts WHERE id = ?", (FEES,))[0]
            )
        )
        assert creator.earnings + fees == charged
        assert creator.pending == sum(b.held for b in balances)


Market.TestCase.settings = settings(
    max_examples=6 * Effort().times,
    stateful_step_count=20,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMarket = Market.TestCase
