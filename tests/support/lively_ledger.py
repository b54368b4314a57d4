"""A registry in which everything has happened that moves money, and most of it more than once."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from registry_world import MICRO, SEALING_KEY, Person, Shop, World, acknowledge, claim
from toy_rail import ToyRail

from artrator.canonical import b64
from artrator.clients.registry import RegistryClient
from artrator.documents import Plan, Royalty
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.disputes import service as disputes
from artrator_registry.payouts import service as payouts
from artrator_registry.rails import debts
from artrator_registry.rails.loading import load_rails
from artrator_registry.sellers import service as sellers

_DAY = 86_400
_WRONG = dm.DisputeOpening(reason=dm.DisputeReason.NOT_AS_DESCRIBED, text="I asked for a fox.")
_SELLER = pm.SellerProfile(legal_name="Atelier", country="FR")


def _new() -> str:
    return str(uuid.uuid4())


async def live(data: Path) -> None:
    """Let people buy, sell, dispute, top up and be paid in the registry of this folder; its audit is clean at the end.

    Orders are held, claimed, settled whole and in part, released, disputed, refunded, of their own creator, free, under
    a pass, by an API key; passes end paid and refunded; top-ups are paid, open, taken back in part and whole, with a
    debt that is paid and one that is forgiven; payouts are in every state.
    """
    toy = ToyRail()
    settings = Settings(
        data=data, requests_per_minute=10**6, topups_per_minute=10**6, sweep_seconds=10**6, payout_minimum=1
    )
    async with World(settings, {**load_rails((), data / "no.toml"), "toy": toy}) as world:
        base = await world.shop("base", free_runs=1)
        royalty = [Royalty(listing=base.listing, basis_points=1_000)]
        shop = await world.shop("atelier", base_models=[base.listing], royalties=royalty, licence=9 * MICRO)
        mina, eve = await world.person("mina", 500), await world.person("eve", 500)
        for each in (base, shop):
            await each.creator.set_seller(_SELLER)
            await world.registry.database.write(sellers.decide, each.handle, None)
        await _earlier(world, shop, mina)
        await _topups(world, toy, mina)
        await _orders(world, shop, base, mina)
        await _purchases(world, shop, mina, eve)
        await _passes(world, shop, mina, eve)


async def _earlier(world: World, shop: Shop, buyer: Person) -> None:
    """What was earned long ago, and its payouts."""
    for _ in range(6):
        await shop.deliver(buyer, await shop.order(buyer))
    refunded = await shop.deliver(buyer, await shop.order(buyer))
    await buyer.open_dispute(refunded.order, _WRONG)
    world.clock.offset += 9 * _DAY
    world.registry.sweeper.trust_the_clock()
    await shop.online()
    await buyer.sign_in()
    names = [_new() for _ in range(6)]
    for name in names:
        await shop.creator.request_payout(name, pm.PayoutRequest(amount=MICRO // 2, destination="KB 1"))
    write = world.registry.database.write
    await write(payouts.sent, names[1], "tr_1")
    await write(payouts.sent, names[2], "tr_2")
    await write(payouts.paid, names[2], "tr_2")
    await write(payouts.failed, names[3], "no such account")
    await write(payouts.paid, names[4], "tr_4")
    await write(payouts.failed, names[4], "sent back")
    await shop.creator.cancel_payout(names[5])
    await shop.creator.move_earnings(_new(), 10_000)
    # The operator pays where the creator has it no longer.
    left = (await shop.creator.earnings("2026-01-01", "2026-01-01")).available
    await shop.creator.request_payout(_new(), pm.PayoutRequest(amount=left, destination="KB 1"))
    await write(disputes.resolve, refunded.order, "buyer", "it was no fox")


async def _topups(world: World, toy: ToyRail, mina: Person) -> None:
    await mina.redeem(await world.voucher(MICRO))
    await world.voucher(2 * MICRO)  # nobody has redeemed it
    poor, owing = await world.person("poor"), await world.person("owing")
    for who, back in ((mina, (0,)), (mina, (20,)), (mina, (50, 0)), (poor, (50,)), (owing, (50,)), (mina, None)):
        topup = _new()
        asked = await who.top_up(topup, rm.TopUpRequest(rail="toy", amount=5 * MICRO))
        if back is None:
            continue
        reference = toy.provider.pay(topup, asked.charge)
        await world.registry.rails.topups.look("toy", reference, topup)
        if who is not mina:  # it is spent when it is taken back
            cheap = await world.shop(f"of-{_new()[:8]}")
            await cheap.deliver(who, await cheap.order(who))
        for taken in back:
            toy.provider.change(topup, taken_back=taken)
            await world.registry.rails.topups.look("toy", reference, topup)
    await world.registry.database.write(debts.forgive, "poor", "it was stolen from them", "1")
    await world.grant("owing", MICRO)
    await world.registry.rails.reconciler.reconcile()


async def _orders(world: World, shop: Shop, base: Shop, mina: Person) -> None:
    robot_key = await mina.create_api_key(
        m.APIKeyRequest(label="robot", scopes=list(m.Scope), spending_limit=100 * MICRO)
    )
    robot = RegistryClient("http://registry", api_key=robot_key.secret, transport=world.transport)
    orders = [await shop.order(mina) for _ in range(9)]
    await shop.deliver(mina, orders[0])
    await shop.claim(orders[1])
    await shop.claim(orders[2], "failed")
    for placed in orders[3:6]:
        receipt = shop.node.receipt(placed)
        no = acknowledge(mina.key, placed.order, receipt, "refused")
        await mina.acknowledge(placed.order, m.Acknowledge(receipt=receipt, acknowledgement=no))
    for placed in orders[6:]:
        await shop.deliver(mina, placed)
        await mina.open_dispute(placed.order, _WRONG)
    for placed, winner in zip((*orders[3:5], *orders[6:8]), ("buyer", "creator") * 2, strict=True):
        await world.registry.database.write(disputes.resolve, placed.order, winner, "")
    part = await shop.order(mina)
    receipt = shop.node.receipt(part, measures={"step": 5}, error="cancelled")
    answer = acknowledge(mina.key, part.order, receipt)
    await shop.creator.claim(part.order, m.Claim(receipt=receipt, acknowledgement=answer))
    await shop.order(mina)
    await shop.deliver(shop.creator, await shop.order(shop.creator))
    await base.online()
    await base.deliver(mina, await base.order(mina))
    for _ in range(2):
        by_robot = await shop.order(robot)
    await shop.deliver(mina, by_robot)
    await robot.aclose()


async def _purchases(world: World, shop: Shop, mina: Person, eve: Person) -> None:
    wanted = p.PurchaseRequest(listing=shop.listing, package=shop.made.package, max_price=10**9)
    for buyer, winner in ((mina, None), (eve, "buyer")):
        bought = await buyer.buy_licence(_new(), wanted)
        receipt = shop.node.receipt(bought.order)
        answer = acknowledge(buyer.key, bought.order.order, receipt)
        name = bought.order.order
        await shop.creator.claim(name, claim(bought.order, receipt, answer, key=b64(SEALING_KEY)))
        await buyer.purchase(name)  # which signs the licence
        if winner is not None:
            await buyer.open_dispute(name, _WRONG)
            await world.registry.database.write(disputes.resolve, name, winner, "")
    await eve.buy_licence(_new(), wanted)


async def _passes(world: World, shop: Shop, mina: Person, eve: Person) -> None:
    key = shop.creator.key
    for name in ("all", "other"):
        plan = Plan(
            creator=key.public.encode(),
            name=name,
            title={"en": "Everything"},
            price=9 * MICRO,
            allowance=30 * MICRO,
            issued_at=int(time.time()),
        )
        await shop.creator.publish_plan(shop.handle, name, plan.sign(key))
    for buyer, plan_name, renew in ((mina, "all", True), (eve, "other", False)):
        await buyer.buy_pass(_new(), p.PassRequest(plan=f"{shop.handle}/{plan_name}", max_price=10**9, renew=renew))
    for _ in range(3):
        await shop.deliver(mina, await shop.order(mina))
    world.clock.offset += 31 * _DAY
    for person in (mina, eve):
        await person.sign_in()
    await shop.online()
    await world.sweep()
    await shop.deliver(mina, await shop.order(mina))
    await shop.order(mina)
    await shop.order(eve)
    await shop.claim(await shop.order(eve))
