"""Whatever runs a pass pays for, in whatever pieces: its period pays out its price, and never a micro-credit more."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry_world import World, acknowledge

from artrator.documents import Plan, Royalty
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import FEES, pass_period

#: Of an order: the steps that it is placed for, those that are used, and how it ends.
_orders = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 50), st.sampled_from(["delivered", "delivered", "failed", "open"])),
    max_size=12,
)


@settings(max_examples=12, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    price=st.integers(1, 10**9),
    allowance=st.integers(1, 2_000),
    royalty=st.integers(1, 9_500),
    orders=_orders,
)
def test_a_period_pays_out_its_price_and_no_more(
    fresh: Path, price: int, allowance: int, royalty: int, orders: list[tuple[int, int, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(fresh, Path(folder) / "registry")
        asyncio.run(_play(Settings(data=Path(folder) / "registry"), price, allowance, royalty, orders))


async def _play(chosen: Settings, price: int, allowance: int, royalty: int, orders: list[tuple[int, int, str]]) -> None:
    async with World(chosen) as world:  # which audits at its end
        base = await world.shop("base", name="root")
        shop = await world.shop(
            base=0,
            step=7,
            base_models=["base/root"],
            royalties=[Royalty(listing="base/root", basis_points=royalty)],
        )
        plan = Plan(
            creator=shop.creator.key.public.encode(),
            name="all",
            title={"en": "All"},
            price=price,
            allowance=allowance,
            issued_at=1,
        )
        await shop.creator.publish_plan("atelier", "all", plan.sign(shop.creator.key))
        mina = await world.person("mina")
        await world.grant("mina", price)
        number = str(uuid.uuid4())
        await mina.buy_pass(number, p.PassRequest(plan="atelier/all", max_price=price))

        async def paid() -> int:
            fees = (await world.registry.database.read(ledger.balances, FEES)).available
            people = [(await each.balance()).earnings for each in (shop.creator, base.creator)]
            return sum(people) + fees

        used = waiting = 0
        for ordered, taken, end in orders:
            quote = await shop.quote(mina, ordered)
            fits = used + waiting + 7 * ordered <= allowance
            assert quote.paid_by == ("pass" if fits else "credits")
            if not fits:
                continue
            request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=0)
            order = await mina.order(str(uuid.uuid4()), request)
            waiting += 7 * ordered
            if end == "open":  # it counts until the sweeper gives it up
                continue
            waiting -= 7 * ordered
            measures = {"step": min(taken, ordered)} if end == "delivered" else {}
            receipt = shop.node.receipt(order, end, measures=measures)
            answer = acknowledge(mina.key, order.order, receipt) if end == "delivered" else None
            await shop.creator.claim(order.order, m.Claim(receipt=receipt, acknowledgement=answer))
            if end == "delivered":
                used += 7 * measures["step"]
            standing = await mina.one_pass(number)
            assert (standing.used, standing.waiting) == (used, waiting)
            assert await paid() == price * used // allowance  # rounded once, for all together

        world.clock.offset += 31 * 86_400
        await world.sweep()
        delivered = any(row.state is m.OrderState.SETTLED for row in (await mina.orders(limit=200)).items)
        assert await paid() == (price if delivered else 0)
        assert (await mina.balance()).available == (0 if delivered else price)
        account = await world.registry.database.read(ledger.balances, pass_period(f"{number}.1"))
        assert account.available == 0
