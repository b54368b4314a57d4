"""The road of one paid job through the registry."""

from __future__ import annotations

import pytest
from registry_world import MICRO, World, acknowledge

from artrator.messages import registry as m

pytestmark = pytest.mark.anyio


async def test_a_paid_job_ends_with_the_creator_paid_less_the_fee(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    assert (order.state, order.cap) == (m.OrderState.HELD, 3 * MICRO)
    assert await mina.balance() == m.Balance(available=7 * MICRO, held=3 * MICRO, pending=0)
    assert (await shop.creator.balance()).pending == 3 * MICRO

    receipt = shop.node.receipt(order)
    claimed = await shop.creator.claim(order.order, m.Claim(receipt=receipt))
    assert claimed.state is m.OrderState.CLAIMED
    answer = acknowledge(mina.key, order.order, receipt)
    settled = await mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=answer))
    assert (settled.state, settled.charged) == (m.OrderState.SETTLED, 3 * MICRO)
    assert await mina.balance() == m.Balance(available=7 * MICRO, held=0, pending=0)
    assert await shop.creator.balance() == m.Balance(available=0, held=0, pending=0, earnings=2_850_000)
