"""A clock that jumps, a year on, a day back, there and back, or in small steps: nothing runs out and nothing is paid.

The rule is in ``artrator_registry.storage.steady``: a jump is not believed until it has lasted for a while.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_load import OPTIONS
from registry_process import Server
from registry_world import MICRO, Node, World, make_package
from toy_rail import ToyRail

from artrator.documents import Plan
from artrator.errors import ArtratorError
from artrator.keys import PrivateKey
from artrator.messages import products as p
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.authority import Authority
from artrator_registry.storage import SteadyClock

pytestmark = pytest.mark.anyio

HOUR, DAY, YEAR = 3_600.0, 86_400.0, 365 * 86_400.0
JUMPS = [YEAR, 30 * DAY, HOUR, 300.0, -300.0, -HOUR, -DAY, -YEAR]


class Time:
    """Two clocks: one that never jumps, and the system's, which stands ``wrong`` beside it."""

    def __init__(self, begin: float = 1_800_000_000.0) -> None:
        self.begin = begin
        self.passed = 0.0
        self.wrong = 0.0

    def steady(self) -> float:
        return 5_000.0 + self.passed

    def wall(self) -> float:
        return self.begin + self.passed + self.wrong

    @property
    def true(self) -> float:
        return self.begin + self.passed

    def guarded(self, known: float | None = None) -> SteadyClock:
        return SteadyClock(self.wall, 120.0, 600.0, known, self.steady)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_that_is_undone_never_was(jump: float) -> None:
    clocks = Time()
    now = clocks.guarded()
    for wrong in (jump, jump, 0.0, jump, 0.0):
        clocks.wrong = wrong
        clocks.passed += 590.0
        assert now() == clocks.true
        clocks.passed += 5.0
        assert now() == clocks.true
        clocks.wrong = 0.0
        assert now() == clocks.true


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_that_stays_is_believed_in_the_end(jump: float) -> None:
    clocks = Time()
    now = clocks.guarded()
    clocks.wrong = jump
    for _ in range(59):
        assert now() == clocks.true
        clocks.passed += 10.0
    clocks.passed += 10.0
    now()
    clocks.passed += 10.0
    assert now() == clocks.wall()


def test_a_clock_that_is_corrected_slowly_is_followed() -> None:
    clocks = Time()
    now = clocks.guarded()
    for _ in range(200):
        clocks.passed += 60.0
        clocks.wrong += 2.0
        assert now() == clocks.wall()


def test_many_small_steps_are_one_jump() -> None:
    clocks = Time()
    now = clocks.guarded()
    for _ in range(100):
        clocks.wrong += 60.0
        clocks.passed += 1.0
        assert now() <= clocks.true + 120.0


@given(st.lists(st.tuples(st.floats(0.1, 90.0), st.sampled_from([0.0, 1.0, -1.0, *JUMPS])), max_size=80))
def test_whatever_a_clock_does_for_less_than_ten_minutes_is_not_believed(steps: list[tuple[float, float]]) -> None:
    clocks = Time()
    now = clocks.guarded()
    stayed = 0.0
    for passed, wrong in steps:
        clocks.passed += passed
        stayed = stayed + passed if wrong == clocks.wrong else 0.0
        clocks.wrong = wrong
        if stayed + passed >= 600.0 and wrong in JUMPS:
            return  # from here on it may be believed
        assert abs(now() - clocks.true) <= 120.0


def test_a_start_behind_what_was_written_down_goes_on_from_there() -> None:
    clocks = Time()
    clocks.wrong = -10 * YEAR  # a machine whose battery is empty
    now = clocks.guarded(known=clocks.begin - 5.0)
    assert now() == clocks.begin - 5.0
    clocks.passed += 60.0
    clocks.wrong = 0.0  # the network told it
    assert now() == clocks.true


class Jumpy(World):
    """A world whose registry guards its clock; ``time`` moves both clocks."""

    def __init__(self, settings: Settings) -> None:
        self.toy = ToyRail()
        self.time = Time(time.time())
        super().__init__(settings, rails={"toy": self.toy}, clock=self.time.guarded())

    async def look(self) -> int:
        """A sweep of a registry that has been up for long."""
        self.registry.sweeper.trust_the_clock()
        await self.registry.rails.reconciler.reconcile()
        return await self.registry.sweeper.sweep(up_seconds=10**6)


@pytest.fixture
async def jumpy(data: Path) -> AsyncIterator[Jumpy]:
    async with Jumpy(Settings(data=data, requests_per_minute=10**6)) as world:
        yield world


async def test_nothing_runs_out_on_the_word_of_a_jump_and_everything_in_its_time(jumpy: Jumpy) -> None:
    shop = await jumpy.shop()
    buyer = await jumpy.person("mina", credits_=100)
    quote = await shop.quote(buyer)
    held, claimed = await shop.order(buyer), await shop.order(buyer)
    await shop.claim(claimed)
    await shop.deliver(buyer, await shop.order(buyer))
    terms = Plan(
        creator=shop.creator.key.public.encode(),
        name="monthly",
        title={"en": "Monthly"},
        price=4 * MICRO,
        allowance=9 * MICRO,
        issued_at=int(time.time()),
    )
    await shop.creator.publish_plan("atelier", "monthly", terms.sign(shop.creator.key))
    bought = await buyer.buy_pass(str(uuid.uuid4()), p.PassRequest(plan="atelier/monthly", max_price=10**9))
    topup = await buyer.top_up(str(uuid.uuid4()), rm.TopUpRequest(rail="toy", amount=5 * MICRO))
    before = await buyer.balance(), await shop.creator.balance()
    serial = jumpy.registry.authority.keyset().serial
    for jump in JUMPS:
        jumpy.time.wrong = jump
        for _ in range(5):
            assert await jumpy.look() == 0
            jumpy.time.passed += 20.0
        assert (await buyer.get_order(held.order)).state is m.OrderState.HELD
        assert (await buyer.get_order(claimed.order)).state is m.OrderState.CLAIMED
        assert (await buyer.balance(), await shop.creator.balance()) == before
        assert (await buyer.one_pass(bought.id)).state is p.PassState.ACTIVE
        assert (await buyer.topup(topup.id)).state is rm.TopUpState.OPEN
        with pytest.raises(ArtratorError, match="0 credits of your earnings can be had"):
            await shop.creator.move_earnings(str(uuid.uuid4()), 1)
        await shop.online()
        jumpy.time.wrong = 0.0
        assert await jumpy.look() == 0
    assert jumpy.registry.authority.keyset().serial == serial
    with pytest.raises(Exception, match="expired"):  # honest time has passed: 800 seconds
        await buyer.order("0b8a5c1e-52a4-4f0e-9c53-6d0e3a6f2f11", m.OrderRequest(
            quote=quote.quote, node=quote.nodes[0].node, max_price=quote.cap))  # fmt: skip
    jumpy.time.passed += DAY + HOUR
    await shop.online()
    assert await jumpy.look() == 2
    assert (await buyer.get_order(held.order)).state is m.OrderState.RELEASED
    assert (await buyer.get_order(claimed.order)).state is m.OrderState.SETTLED
    jumpy.time.passed += 31 * DAY
    assert await jumpy.look() == 1
    assert (await buyer.one_pass(bought.id)).state is p.PassState.REFUNDED
    await shop.creator.move_earnings(str(uuid.uuid4()), MICRO)


def test_keys_that_were_made_in_a_wrong_year_are_replaced_when_it_is_over(data: Path) -> None:
    authority = Authority(Settings(data=data).keys)
    now = time.time()
    authority.prepare(now + YEAR)  # believed at last: the keys of this year are gone
    authority.prepare(now)
    key = authority.signer(now)
    (listed,) = [each for each in authority.keyset().keys if each.kid == key.id]
    assert listed.not_before <= now < listed.not_after


#: The same command with a system clock that stands beside the real one by what a file says.
SHIFTED = """
import os, pathlib, time
real, said = time.time, pathlib.Path(os.environ["SHIFT"])
time.time = lambda: real() + float(said.read_text())
from artrator_registry.cli import registry
registry()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_real_registry_whose_clock_jumps_ends_nothing(data: Path, tmp_path: Path) -> None:
    shift = tmp_path / "shift"

    def stand(ahead: float) -> None:
        """At once: an empty file would be a clock that is right again."""
        (tmp_path / "scratch").write_text(str(ahead))
        (tmp_path / "scratch").replace(shift)

    stand(0.0)
    # Long enough that no honest time runs out while the clock is wrong, on a machine that is busy too.
    server = Server(data, (*OPTIONS, "--finish-seconds", "15"), {"SHIFT": str(shift)}, SHIFTED)
    await asyncio.to_thread(server.start)
    creator_key, buyer_key = PrivateKey.generate(), PrivateKey.generate()
    made, node = make_package(creator_key), Node(creator_key)
    try:
        async with server.client(creator_key, "atelier") as creator, server.client(buyer_key, "mina") as buyer:
            await creator.publish("atelier/painter", made.publication)
            await creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
            beat = m.Heartbeat(packages=[m.PackageState(package=made.package, state=m.NodeState.WARM)])
            await creator.heartbeat(node.id, beat)
            await buyer.sign_in()
            server.run("grant", "mina", "100")
            asked = m.QuoteRequest(listing="atelier/painter", measures={"step": 1}, request="ab" * 32)
            quote = await buyer.quote(asked)
            order = "0b8a5c1e-52a4-4f0e-9c53-6d0e3a6f2f11"
            await buyer.order(order, m.OrderRequest(quote=quote.quote, node=node.id, max_price=quote.cap))
            for jump in (YEAR, -DAY):
                stand(jump)
                await asyncio.sleep(1.0)  # five sweeps
                await creator.heartbeat(node.id, beat)
                assert (await buyer.get_order(order)).state is m.OrderState.HELD
                assert abs((await buyer.info()).time - time.time()) < 60.0
            stand(0.0)
            async with asyncio.timeout(120):
                while (await buyer.get_order(order)).state is m.OrderState.HELD:  # its node is here and says nothing
                    await creator.heartbeat(node.id, beat)
                    await asyncio.sleep(0.1)
            assert (await buyer.balance()).held == 0
    finally:
        await asyncio.to_thread(server.end, signal.SIGTERM)
    assert "the clock jumped by 31536000 s" in server.log
