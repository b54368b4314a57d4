"""A registry that was restored from a backup, a node that forgot, and what the audit says about them."""

from __future__ import annotations

import csv
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from registry_world import MICRO, Node, Person, Shop, World, acknowledge

from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as pm
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.backup import backup
from artrator_registry.cli import registry
from artrator_registry.ledger.audit import explanations

pytestmark = pytest.mark.anyio

DAY = 86_400


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


async def notes(world: World) -> list[str]:
    return await world.registry.database.read(lambda t: list(explanations(t, world.settings)))


def again(world: World, person: Person) -> Person:
    """The same person, speaking to another world."""
    return Person("http://registry", person.key, transport=world.transport)


async def test_a_restored_registry_settles_what_it_knows_once_and_notes_what_it_does_not(
    world: World, tmp_path: Path
) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=20)
    settled = await shop.deliver(mina, await shop.order(mina))
    known = await shop.order(mina)
    copied_at = world.clock()
    backup(world.settings, tmp_path / "copy")
    # What the backup will not know: an order that it has as held is delivered and settled, another one is bought.
    receipt = shop.node.receipt(known)
    answer = acknowledge(mina.key, known.order, receipt)
    await shop.creator.claim(known.order, m.Claim(receipt=receipt, acknowledgement=answer))
    lost = await shop.order(mina)
    lost_receipt = shop.node.receipt(lost)
    lost_answer = acknowledge(mina.key, lost.order, lost_receipt)
    await shop.creator.claim(lost.order, m.Claim(receipt=lost_receipt, acknowledgement=lost_answer))
    assert (await mina.balance()).available == 11 * MICRO

    async with World(Settings(data=tmp_path / "copy")) as restored:
        creator, buyer = again(restored, shop.creator), again(restored, mina)
        beat = await creator.heartbeat(shop.node.id, m.Heartbeat())
        assert beat.lost_since == pytest.approx(copied_at - 3600, abs=5)
        assert (await buyer.balance()).held == 3 * MICRO
        # The node sends the receipts of that time once more, twice if need be.
        for _ in range(2):
            claimed = await creator.claim(known.order, m.Claim(receipt=receipt, acknowledgement=answer))
            assert (claimed.state, claimed.charged) == (m.OrderState.SETTLED, 3 * MICRO)
            claim = m.Claim(receipt=lost_receipt, acknowledgement=lost_answer)
            await refuse(Code.ORDER_UNKNOWN, creator.claim(lost.order, claim))
        assert (await buyer.get_order(settled.order)).state is m.OrderState.SETTLED
        assert await buyer.balance() == m.Balance(available=14 * MICRO, held=0, pending=0)
        assert (await creator.balance()).earnings == 2 * 2_850_000
        told = await notes(restored)
        assert len(told) == 2
        assert "was restored from a copy" in told[0]
        assert lost.order in told[1]
        assert "its buyer was not charged" in told[1]
        # The buyer takes the lost order up: the quote is forgotten too, so nothing is bought a second time.
        await refuse(
            Code.QUOTE_UNKNOWN,
            buyer.order(lost.order, m.OrderRequest(quote=str(uuid.uuid4()), node=shop.node.id, max_price=3 * MICRO)),
        )

    async with World(Settings(data=tmp_path / "copy")) as later:
        # Served again, it is still the same restore, and nodes that were away hear of it too, for a month.
        creator = again(later, shop.creator)
        beat = await creator.heartbeat(shop.node.id, m.Heartbeat())
        assert beat.lost_since is not None
        assert len(await notes(later)) == 2
        later.clock.offset += 31 * DAY
        await creator.sign_in()
        descriptor = shop.node.descriptor(expires_at=int(later.clock()) + DAY)
        await creator.register_node(shop.node.id, m.NodeRegistration(descriptor=descriptor))
        assert (await creator.heartbeat(shop.node.id, m.Heartbeat())).lost_since is None


async def test_a_registry_that_was_only_restarted_has_lost_nothing(world: World) -> None:
    shop = await world.shop()
    assert (await shop.online()).lost_since is None
    assert await notes(world) == []


async def test_only_the_node_itself_leaves_a_trace_of_an_order_that_nobody_knows(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    eve = await world.person("eve")
    order = await shop.order(mina)
    nowhere = order.model_copy(update={"order": str(uuid.uuid4())})
    forged = Node(shop.creator.key, key=Node(eve.key).key).receipt(nowhere)
    for who, name, receipt in (
        (eve, nowhere.order, shop.node.receipt(nowhere)),  # of a node that is not hers
        (eve, nowhere.order, forged),  # by a node that never registered
        (eve, order.order, shop.node.receipt(order)),  # an order that there is, and is not hers
        (shop.creator, str(uuid.uuid4()), shop.node.receipt(nowhere)),  # for another order than it says
        (shop.creator, nowhere.order, shop.node.receipt(nowhere) | {"payload": "e30="}),
        (shop.creator, nowhere.order, {}),
    ):
        await refuse(Code.ORDER_UNKNOWN, who.claim(name, m.Claim(receipt=receipt)))
    assert await notes(world) == []
    await refuse(Code.ORDER_UNKNOWN, shop.claim(nowhere))
    assert len(await notes(world)) == 1


async def test_a_node_that_lost_its_outbox_costs_nobody_money_and_is_explained(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    world.clock.offset += 1_100  # its time is over, and it was not heard of since
    await world.sweep()
    (told,) = await notes(world)
    assert f"order {order.order} waits for the node {shop.node.id}" in told
    await shop.online()  # it is back, without its journal
    await world.sweep()
    assert (await mina.get_order(order.order)).state is m.OrderState.RELEASED
    assert (await mina.balance()).available == 10 * MICRO
    assert await notes(world) == []
    await refuse(Code.ORDER_CLOSED, shop.claim(order))  # somebody found it after all
    (told,) = await notes(world)
    assert f"order {order.order} was released" in told
    assert "said afterwards that it delivered it" in told


async def test_payouts_that_somebody_forgot_are_explained(world: World) -> None:
    shop = await _rich(world)
    payout = str(uuid.uuid4())
    await shop.creator.request_payout(payout, pm.PayoutRequest(amount=10 * MICRO, destination="KB 1"))
    assert await notes(world) == []
    world.clock.offset += 4 * DAY
    (told,) = await notes(world)
    assert told == f"payout {payout} by manual has been waiting to be sent for 4 days"


async def test_an_export_after_a_restore_names_what_may_be_paid_already(world: World, tmp_path: Path) -> None:
    shop = await _rich(world)
    old, new = str(uuid.uuid4()), str(uuid.uuid4())
    asked = pm.PayoutRequest(amount=10 * MICRO, destination="KB 1")
    await shop.creator.request_payout(old, asked)
    backup(world.settings, tmp_path / "copy")
    async with World(Settings(data=tmp_path / "copy", payout_minimum=1)) as restored:
        restored.clock.offset = world.clock.offset + 60
        await restored.registry.database.write(
            lambda t: t.run("UPDATE restores SET served_at = ?", (restored.clock() - 30,))
        )
        creator = again(restored, shop.creator)
        await creator.request_payout(new, asked.model_copy(update={"amount": MICRO}))
        file = tmp_path / "payouts.csv"
        result = CliRunner().invoke(registry, ["payouts", "export", str(file), "--data", str(tmp_path / "copy")])
        assert result.exit_code == 0, result.output
        assert "1 of them were asked for before" in result.stderr
        looks = {row["id"]: row["look"] for row in csv.DictReader(file.read_text("utf-8-sig").splitlines())}
        assert looks == {old: "paid before the restore?", new: ""}


async def test_the_command_prints_notes_beside_the_verdict(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    await refuse(Code.ORDER_UNKNOWN, shop.claim(order.model_copy(update={"order": str(uuid.uuid4())})))
    result = CliRunner().invoke(registry, ["audit", "--data", str(world.settings.data)])
    assert result.exit_code == 0, result.output
    assert "no difference" in result.stdout
    assert "nobody here knows it" in result.stderr


async def _rich(world: World) -> Shop:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    for _ in range(4):
        await shop.deliver(mina, await shop.order(mina))
    world.clock.offset += 9 * DAY
    await shop.creator.sign_in()
    return shop
