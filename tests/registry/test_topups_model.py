"""Random lives of top-ups: whatever a provider does and the network does with it, the end is what the provider says.

Each step does one thing that can happen: a top-up is asked for, paid, refunded, disputed, decided; a webhook comes,
comes twice, comes late or is lost; the provider goes down; the registry is stopped in the middle and starts again;
credits are spent. After every step the ledger is whole. At the end everything is asked for once more, and then every
wallet has what the provider says was paid and not taken back, less what was spent.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry_world import MICRO, Person, World
from toy_rail import ToyRail

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import rails as rm
from artrator.rail import PaymentState
from artrator_registry import Settings
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import FEES, Why
from artrator_registry.rails.loading import load_rails

_STEPS = (
    "ask",
    "pay",
    "pay",
    "refund",
    "dispute",
    "win",
    "expire",
    "hear",
    "hear",
    "act",
    "down",
    "up",
    "crash",
    "spend",
)
_step = st.tuples(st.sampled_from(_STEPS), st.integers(0, 10**6))


class _Life:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.toy = ToyRail()
        self.provider = self.toy.provider
        self.key = PrivateKey.generate()
        self.topups: dict[str, int] = {}
        self.spent = 0
        self.waiting: list[str] = []
        self.number = 0
        self.offset = 0.0
        self.world: World | None = None
        self.mina: Person | None = None

    async def start(self) -> None:
        rails = {**load_rails((), self.data / "none.toml"), "toy": self.toy}
        limits = {"topups_per_minute": 10**6, "requests_per_minute": 10**6}
        self.world = World(Settings(data=self.data, **limits), rails)  # type: ignore[arg-type]
        self.world.clock.offset = self.offset
        await self.world.__aenter__()
        self.mina = await self.world.person("mina", key=self.key)

    async def stop(self) -> None:
        assert self.world is not None
        self.offset = self.world.clock.offset
        await self.world.__aexit__()  # audits

    async def do(self, step: str, pick: int) -> None:
        assert self.world is not None
        assert self.mina is not None
        topups = list(self.topups)
        topup = topups[pick % len(topups)] if topups else None
        known = self.provider.payments.get(f"ref-{topup}")
        paid = known is not None and known.state is PaymentState.PAID
        match step:
            case "ask":
                amount = (1 + pick % 9) * MICRO
                fresh = str(uuid.uuid4())
                self.topups[fresh] = amount
                await self._ask(fresh)
            case "pay" if topup and known and not paid:
                self.provider.pay(topup, self.topups[topup] // 100_000)
                self._tell(topup)
            case "refund" if topup and paid:
                self.provider.change(topup, taken_back=min(known.charge, known.taken_back + 1 + pick % known.charge))
                self._tell(topup)
            case "dispute" if topup and paid:
                self.provider.change(topup, taken_back=known.charge)
                self._tell(topup)
            case "win" if topup and paid:
                self.provider.change(topup, taken_back=0)
                self._tell(topup)
            case "expire" if topup and known and not paid:
                self.provider.change(topup, state=PaymentState.EXPIRED)
                self._tell(topup)
            case "hear" if self.waiting:
                # Any of them, in any order, and sometimes one that was heard before.
                reference = self.waiting[pick % len(self.waiting)]
                self.number += pick % 3 != 0
                body, headers = self.toy.notice(f"evt-{self.number}", reference)
                async with self.world.http() as http:
                    assert (await http.post("/v1/rails/toy/webhook", content=body, headers=headers)).status_code == 204
            case "act":
                self.world.clock.offset += 40
                await self.world.registry.rails.reconciler.reconcile()
            case "down":
                self.provider.down = True
            case "up":
                self.provider.down = False
            case "crash":
                await self.stop()
                await self.start()
            case "spend":
                await self._spend(pick)
        assert await self.world.audit() == []

    async def _ask(self, topup: str) -> None:
        assert self.mina is not None
        try:
            await self.mina.top_up(topup, rm.TopUpRequest(rail="toy", amount=self.topups[topup]))
        except ArtratorError as problem:
            if problem.code is Code.RATE_LIMITED:
                del self.topups[topup]
            elif problem.code is not Code.RAIL_UNAVAILABLE:
                raise

    async def _spend(self, pick: int) -> None:
        """Credits leave the wallet, so that a chargeback finds less than came in."""
        assert self.world is not None

        def move(t: Any) -> int:
            person = t.row("SELECT id FROM accounts WHERE handle = 'mina'")["id"]
            amount = min(ledger.balances(t, person).available, (1 + pick % 5) * MICRO)
            if amount > 0:
                ledger.move(t, str(uuid.uuid4()), person, FEES, amount, Why("fee"))
            return amount

        self.spent += await self.world.registry.database.write(move)

    def _tell(self, topup: str) -> None:
        self.waiting.append(f"ref-{topup}")

    async def settle(self) -> None:
        """The provider is up again, everything is told once more, and everybody repeats what they asked for."""
        assert self.world is not None
        assert self.mina is not None
        self.provider.down = False
        for topup in list(self.topups):
            await self._ask(topup)
        self.provider.changed = [f"ref-{topup}" for topup in self.topups]
        for _ in range(3):
            self.world.clock.offset += 5_000
            await self.world.registry.rails.reconciler.reconcile()
        kept = 0
        for topup, amount in self.topups.items():
            said = self.provider.payments[f"ref-{topup}"]
            found = await self.mina.topup(topup)
            if said.state is PaymentState.PAID:
                kept += amount - found.taken_back
                assert found.taken_back == amount * said.taken_back // said.charge
                assert found.state is (
                    rm.TopUpState.CHARGED_BACK if said.taken_back == said.charge else rm.TopUpState.PAID
                )
            else:
                assert found.state in (rm.TopUpState.OPEN, rm.TopUpState.EXPIRED)
        have = await self.mina.balance()
        assert have.available - have.debt == kept - self.spent
        assert have.available == 0 or have.debt == 0


@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_whatever_happens_the_wallets_end_as_the_provider_says(fresh: Path, examples: int) -> None:
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(_step, min_size=5, max_size=40))
    def live(steps: list[tuple[str, int]]) -> None:
        asyncio.run(_live(fresh, steps))

    live()


async def _live(fresh: Path, steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "registry"
        shutil.copytree(fresh, data)
        life = _Life(data)
        await life.start()
        for step, pick in [("ask", 4), *steps]:
            await life.do(step, pick)
        await life.settle()
        await life.stop()
