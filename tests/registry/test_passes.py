"""Passes: what a period allows, what its creator earns, and how it ends."""

from __future__ import annotations

import asyncio
import time
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from registry_world import MICRO, Made, Person, Shop, World, acknowledge, gather, make_package

from artrator.clients.registry import RegistryClient
from artrator.documents import Plan, Royalty
from artrator.documents.ticket import read
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import FEES, GRANTS, Why, pass_period
from artrator_registry.passes import service, store

pytestmark = pytest.mark.anyio

DAY = 86_400


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


def terms(seller: Person, **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "creator": seller.key.public.encode(),
        "name": "all",
        "title": {"en": "Everything"},
        "price": 9 * MICRO,
        "allowance": 30 * MICRO,
        "issued_at": int(time.time()),
    }
    return Plan(**(values | changes))


async def publish(creator: Person, handle: str = "atelier", **changes: Any) -> p.Plan:
    plan = terms(creator, **changes)
    return await creator.publish_plan(handle, plan.name, plan.sign(creator.key))


async def buy(buyer: RegistryClient, plan: str = "atelier/all", most: int = 100 * MICRO, **more: Any) -> p.Pass:
    return await buyer.buy_pass(str(uuid.uuid4()), p.PassRequest(plan=plan, max_price=most, **more))


async def run(shop: Shop, buyer: Person, steps: int = 20, used: int | None = None) -> m.Order:
    """One order, delivered and accepted."""
    order = await shop.order(buyer, steps)
    receipt = shop.node.receipt(order, measures={"step": steps if used is None else used})
    answer = acknowledge(buyer.key, order.order, receipt)
    return await shop.creator.claim(order.order, m.Claim(receipt=receipt, acknowledgement=answer))


async def pass_time(world: World, shop: Shop, days: float) -> None:
    world.clock.offset += days * DAY
    await shop.online()
    await world.sweep()


async def in_period(world: World, period: str) -> int:
    return (await world.registry.database.read(ledger.balances, pass_period(period))).available


async def fees(world: World) -> int:
    return (await world.registry.database.read(ledger.balances, FEES)).available


# --- plans


async def test_a_plan_is_shown_with_its_terms_and_the_split_of_its_price(world: World) -> None:
    shop = await world.shop()
    assert (await publish(shop.creator)).withdrawn is False
    cheap = await publish(shop.creator, name="painter", listings=["painter"], price=MICRO)
    mina = RegistryClient("http://registry", transport=world.transport)  # nobody need be signed in
    plans = await mina.plans(listing="atelier/painter")
    assert [plan.plan for plan in plans] == ["atelier/painter", "atelier/all"]
    assert plans[0] == cheap
    assert Plan.verify(cheap.document, shop.creator.key.public).price == MICRO
    assert cheap.listings == ["atelier/painter"]
    assert [(share.kind, share.to, share.amount) for share in cheap.split] == [
        ("creator", "atelier", 950_000),
        ("fee", "Artrator", 50_000),
    ]
    await shop.creator.publish("atelier/other", make_package(shop.creator.key, name="other").publication)
    assert [plan.plan for plan in await mina.plans(listing="atelier/other")] == ["atelier/all"]
    other = await world.shop("other")
    assert await mina.plans(creator="other") == []
    assert await mina.plans(listing=other.listing, creator="atelier") == []
    assert len(await mina.plans(creator="atelier")) == len(await mina.plans()) == 2
    await refuse(Code.LISTING_UNKNOWN, mina.plans(listing="atelier/none"))
    await refuse(Code.ACCOUNT_UNKNOWN, mina.plans(creator="nobody"))


async def test_the_newest_terms_count_and_old_ones_cannot_come_back(world: World) -> None:
    shop = await world.shop()
    now = int(time.time())
    await publish(shop.creator, issued_at=now)
    await publish(shop.creator, price=5 * MICRO, issued_at=now + 1)
    await publish(shop.creator, price=5 * MICRO, issued_at=now + 1)  # harmless
    await refuse(Code.PLAN_INVALID, publish(shop.creator, issued_at=now))
    assert [plan.price for plan in await shop.creator.plans()] == [5 * MICRO]
    assert (await publish(shop.creator, withdrawn=True, issued_at=now + 2)).withdrawn
    assert await shop.creator.plans() == []
    await refuse(Code.PLAN_INVALID, publish(shop.creator, price=5 * MICRO, issued_at=now + 1))
    rows = await world.registry.database.read(lambda t: t.row("SELECT count(*) FROM plan_terms")[0])
    assert rows == 1  # terms that nobody bought are not kept
    mina = await world.person("mina", credits_=100)
    await refuse(Code.PLAN_UNKNOWN, buy(mina))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"listings": ["nothing"]}, Code.PLAN_INVALID),
        ({"listings": ["painter", "painter"]}, Code.PLAN_INVALID),
        ({"issued_at": 10**12}, Code.PLAN_INVALID),
        ({"issued_at": -1}, Code.PLAN_INVALID),
        ({"creator": PrivateKey.generate().public.encode()}, Code.PLAN_INVALID),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused(world: World, changes: dict[str, Any], code: Code) -> None:
    shop = await world.shop()
    document = terms(shop.creator, **changes).sign(shop.creator.key)
    await refuse(code, shop.creator.publish_plan("atelier", "all", document))
    assert await shop.creator.plans() == []


async def test_only_the_creator_publishes_a_plan_and_an_api_key_needs_the_scope(world: World) -> None:
    shop = await world.shop()
    eve = await world.person("eve")
    document = terms(shop.creator).sign(shop.creator.key)
    await refuse(Code.FORBIDDEN, eve.publish_plan("atelier", "all", document))
    await refuse(Code.PLAN_INVALID, eve.publish_plan("eve", "all", document))
    await refuse(Code.PLAN_INVALID, shop.creator.publish_plan("atelier", "other", document))
    made = await shop.creator.create_api_key(m.APIKeyRequest(label="x", scopes=[m.Scope.ACCOUNT_READ]))
    reader = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    await refuse(Code.SCOPE_MISSING, reader.publish_plan("atelier", "all", document))
    for number in range(50):
        await publish(shop.creator, name=f"plan-{number}")
    await refuse(Code.PLAN_INVALID, publish(shop.creator, name="one-more"))


# --- buying


async def test_a_pass_is_bought_once_and_its_price_is_set_aside(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    request = p.PassRequest(plan="atelier/all", max_price=9 * MICRO)
    number = str(uuid.uuid4())
    answers = await gather(*(mina.buy_pass(number, request) for _ in range(5)))
    assert len({answer.model_dump_json() for answer in answers}) == 1
    bought = answers[0]
    assert (bought.state, bought.price, bought.used, bought.renew) == (p.PassState.ACTIVE, 9 * MICRO, 0, False)
    assert bought.period_until - bought.period_from == 30 * DAY
    assert (await mina.balance()).available == 11 * MICRO
    assert (await shop.creator.balance()).earnings == 0  # not yet earned
    line = (await mina.statement()).lines[0]
    assert (line.kind, line.amount, line.text) == ("pass", -9 * MICRO, "Paid for a pass: atelier/all")
    await refuse(Code.CONFLICT, mina.buy_pass(number, request.model_copy(update={"renew": True})))
    eve = await world.person("eve", credits_=20)
    await refuse(Code.CONFLICT, eve.buy_pass(number, request))
    await refuse(Code.PASS_UNKNOWN, eve.one_pass(number))
    await refuse(Code.PASS_UNKNOWN, eve.change_pass(number, True))
    assert await eve.passes() == []
    assert (await mina.passes())[0] == await mina.one_pass(number) == bought


async def test_what_cannot_be_bought_is_refused_and_costs_nothing(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    await refuse(Code.PLAN_UNKNOWN, buy(mina, "atelier/none"))
    await refuse(Code.PLAN_UNKNOWN, buy(mina, "/" * 300))
    await refuse(Code.PRICE_ABOVE_CAP, buy(mina, most=9 * MICRO - 1))
    await refuse(Code.FORBIDDEN, buy(shop.creator))
    poor = await world.person("poor", credits_=8)
    await refuse(Code.CREDITS_INSUFFICIENT, buy(poor))
    assert await poor.passes() == []
    answers = await gather(*(buy(mina) for _ in range(2)))
    assert [getattr(answer, "code", None) for answer in answers].count(Code.PASS_IN_FORCE) == 1
    assert (await mina.balance()).available == 11 * MICRO
    assert (await poor.balance()).available == 8 * MICRO


async def test_a_pass_counts_against_the_limit_of_an_api_key(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=100)

    async def key(limit: int | None, *scopes: m.Scope) -> RegistryClient:
        wish = m.APIKeyRequest(label="k", scopes=scopes, spending_limit=limit)
        secret = (await mina.create_api_key(wish)).secret
        return RegistryClient("http://registry", api_key=secret, transport=world.transport)

    await refuse(Code.SCOPE_MISSING, buy(await key(None, m.Scope.ACCOUNT_READ)))
    await refuse(Code.SPENDING_LIMIT, buy(await key(9 * MICRO - 1, m.Scope.ORDERS_WRITE)))
    able = await key(17 * MICRO, m.Scope.ORDERS_WRITE, m.Scope.ACCOUNT_READ)
    bought = await buy(able, renew=True)
    assert sum(each.spent for each in await mina.api_keys()) == 9 * MICRO
    await run(shop, mina)
    await pass_time(world, shop, 30)  # a second period would be more than the key may spend
    assert (await mina.one_pass(bought.id)).state is p.PassState.UNPAID
    again = await buy(mina, renew=True)  # with the account's own key, the limit does not matter
    await run(shop, mina)
    await pass_time(world, shop, 30)
    assert (await mina.one_pass(again.id)).state is p.PassState.ACTIVE
    assert sum(each.spent for each in await mina.api_keys()) == 9 * MICRO


# --- using


async def test_a_pass_pays_for_runs_up_to_its_allowance_and_its_creator_is_paid_from_receipts(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator, allowance=7 * MICRO)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    quote = await shop.quote(mina)
    assert (quote.paid_by, quote.pass_id, quote.cap, quote.worth) == ("pass", bought.id, 0, 3 * MICRO)
    assert quote.left == 4 * MICRO
    assert sum(share.amount for share in quote.split) == 9 * MICRO * 3 // 7
    order = await shop.order(mina)
    assert (order.paid_by, order.cap, order.worth) == ("pass", 0, 3 * MICRO)
    assert order.ticket is not None
    assert read(order.ticket, world.registry.authority.keyset().valid_keys()).paid_by == "pass"
    standing = await mina.one_pass(bought.id)
    assert (standing.used, standing.waiting, standing.runs) == (0, 3 * MICRO, 0)
    settled = await shop.deliver(mina, order)
    assert (settled.state, settled.charged) == (m.OrderState.SETTLED, 0)
    standing = await mina.one_pass(bought.id)
    assert (standing.used, standing.waiting, standing.runs) == (3 * MICRO, 0, 1)
    first = 9 * MICRO * 3 // 7
    assert (await shop.creator.balance()).earnings + await fees(world) == first
    assert await in_period(world, f"{bought.id}.1") == 9 * MICRO - first
    await run(shop, mina)
    assert (await shop.creator.balance()).earnings + await fees(world) == 9 * MICRO * 6 // 7
    assert (await shop.quote(mina)).paid_by == "credits"  # 1 is left, this is worth 3
    assert (await mina.balance()).available == 11 * MICRO
    small = await shop.quote(mina, steps=0)
    assert (small.paid_by, small.left) == ("pass", 0)


async def test_what_was_not_used_of_a_delivery_is_free_again(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    await run(shop, mina, steps=50, used=10)  # ordered for 6, used for 2
    standing = await mina.one_pass(bought.id)
    assert (standing.used, standing.waiting) == (2 * MICRO, 0)
    assert (await shop.creator.balance()).earnings + await fees(world) == 600_000
    order = await shop.order(mina)
    await shop.claim(order, "failed")
    standing = await mina.one_pass(bought.id)
    assert (standing.used, standing.waiting, standing.runs) == (2 * MICRO, 0, 1)


async def test_orders_that_race_for_the_rest_of_an_allowance_never_have_more_than_it(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator, allowance=7 * MICRO)
    mina = await world.person("mina", credits_=50)
    await buy(mina)
    quotes = [await shop.quote(mina) for _ in range(5)]
    answers = await gather(
        *(
            mina.order(str(uuid.uuid4()), m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=50 * MICRO))
            for quote in quotes
        )
    )
    assert sum(isinstance(answer, m.Order) for answer in answers) == 2
    stale = [answer.code for answer in answers if isinstance(answer, ArtratorError)]
    assert stale == [Code.QUOTE_STALE] * 3
    assert (await mina.balance()).available == 41 * MICRO


async def test_a_pass_covers_what_its_terms_say_and_what_is_published_later(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator, name="one", listings=["painter"], price=MICRO)
    mina = await world.person("mina", credits_=20)
    await buy(mina, "atelier/one")
    later = await show(shop, make_package(shop.creator.key, name="later", weights=b"x"))
    assert (await later.quote(mina)).paid_by == "credits"
    await publish(shop.creator)
    await buy(mina)
    newest = await show(shop, make_package(shop.creator.key, name="newest", weights=b"y"))
    assert (await newest.quote(mina)).paid_by == "pass"
    assert (await run(newest, mina)).state is m.OrderState.SETTLED
    other = await world.shop("other")
    assert (await other.quote(mina)).paid_by == "credits"  # another creator's
    await refuse(Code.LISTING_UNKNOWN, Shop(world, shop.creator, "atelier", made("gone"), shop.node).quote(mina))


def made(name: str) -> Made:
    return make_package(PrivateKey.generate(), name=name)


async def show(shop: Shop, package: Made) -> Shop:
    await shop.creator.publish(f"{shop.handle}/{package.name}", package.publication)
    opened = Shop(shop.world, shop.creator, shop.handle, package, type(shop.node)(shop.creator.key))
    await opened.online()
    return opened


async def test_a_price_that_was_raised_after_a_pass_was_bought_does_not_make_it_worthless(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=50)
    bought = await buy(mina, renew=True)
    first = await shop.quote(mina)
    now = int(time.time())
    for later, base, worth in ((1, 500, 3), (2, 0, 2)):  # a hundred times as dear; then cheaper than at first
        changed = make_package(shop.creator.key, base=base * MICRO, issued_at=now + later)
        await shop.creator.publish(shop.listing, changed.publication)
        quote = await shop.quote(mina)
        assert (quote.paid_by, quote.worth) == ("pass", worth * MICRO)
        assert (quote.offer == first.offer) is (worth == 3)  # one that the node knows and its creator signed
        assert sum(line.amount for line in quote.breakdown) == quote.worth
    dear = make_package(shop.creator.key, base=20 * MICRO, issued_at=now + 3)
    await shop.creator.publish(shop.listing, dear.publication)
    await run(shop, mina)
    assert (await mina.one_pass(bought.id)).used == 3 * MICRO
    await pass_time(world, shop, 30)
    assert (await shop.quote(mina)).worth == 22 * MICRO  # the next period was begun knowing it


async def test_a_quote_whose_pass_has_ended_is_stale_and_charges_nothing(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator, period_days=1)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    world.clock.offset += DAY - 10
    await shop.online()
    quote = await shop.quote(mina)
    assert quote.paid_by == "pass"
    world.clock.offset += 11
    await world.sweep()
    assert (await mina.one_pass(bought.id)).state is p.PassState.REFUNDED
    request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=20 * MICRO)
    await refuse(Code.QUOTE_STALE, mina.order(str(uuid.uuid4()), request))
    assert (await mina.balance()).available == 20 * MICRO


async def test_an_allowance_of_one_and_a_worth_of_millions(world: World) -> None:
    shop = await world.shop(base=0, step=1)
    dear = await show(shop, make_package(shop.creator.key, name="dear", base=10**12, weights=b"dear"))
    await publish(shop.creator, price=10**15, allowance=1)
    mina = await world.person("mina", credits_=999_999_999)
    await world.grant("mina", MICRO)
    bought = await buy(mina, most=10**15)
    assert (await dear.quote(mina)).paid_by == "credits"
    assert (await shop.quote(mina, steps=1)).left == 0
    await run(shop, mina, steps=1)
    standing = await mina.one_pass(bought.id)
    assert (standing.used, standing.runs) == (1, 1)
    assert (await shop.creator.balance()).earnings + await fees(world) == 10**15  # all of it at once
    assert await in_period(world, f"{bought.id}.1") == 0
    await pass_time(world, shop, 30)
    assert (await mina.one_pass(bought.id)).state is p.PassState.ENDED


async def test_royalties_are_paid_of_what_a_pass_brings_and_of_what_it_leaves(world: World) -> None:
    base = await world.shop("base", name="root")
    shop = await world.shop(
        base_models=["base/root"], royalties=[Royalty(listing="base/root", basis_points=1_000)], base=0
    )
    plain = await show(shop, make_package(shop.creator.key, name="plain", weights=b"plain"))
    await publish(shop.creator, price=10 * MICRO, allowance=20 * MICRO)
    mina = await world.person("mina", credits_=10)
    bought = await buy(mina)
    await run(shop, mina, steps=20)  # worth 2: brings 1
    assert (await base.creator.balance()).earnings == 100_000
    await run(plain, mina, steps=0, used=0)  # worth 1: brings 0.5, without a royalty
    await pass_time(world, shop, 30)  # 8.5 are left: two thirds for the first, one for the second
    assert (await mina.one_pass(bought.id)).state is p.PassState.ENDED
    assert (await base.creator.balance()).earnings == 100_000 + 566_667
    total = (await shop.creator.balance()).earnings + (await base.creator.balance()).earnings + await fees(world)
    assert total == 10 * MICRO


# --- ending


async def test_a_period_without_a_delivery_goes_back_whole(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    await pass_time(world, shop, 29.9)
    assert (await mina.one_pass(bought.id)).state is p.PassState.ACTIVE
    await pass_time(world, shop, 0.2)
    standing = await mina.one_pass(bought.id)
    assert standing.state is p.PassState.REFUNDED
    assert (await mina.balance()).available == 20 * MICRO
    line = (await mina.statement()).lines[0]
    assert (line.kind, line.amount, line.text) == ("refund", 9 * MICRO, "Refunded for a pass: atelier/all")
    await refuse(Code.PASS_ENDED, mina.change_pass(bought.id, True))
    await buy(mina)  # it can be bought again


async def test_what_is_left_goes_to_the_creator_if_anything_was_delivered(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    await run(shop, mina)
    await pass_time(world, shop, 30)
    assert (await mina.one_pass(bought.id)).state is p.PassState.ENDED
    assert (await shop.creator.balance()).earnings == 8_550_000
    assert await fees(world) == 450_000
    assert (await mina.balance()).available == 11 * MICRO
    assert (await shop.quote(mina)).paid_by == "credits"


async def test_what_was_ordered_before_the_end_is_paid_under_its_own_period(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina, renew=True)
    world.clock.offset += 30 * DAY - 5
    await shop.online()
    order = await shop.order(mina)
    await pass_time(world, shop, 6 / DAY)
    standing = await mina.one_pass(bought.id)
    assert (standing.state, standing.waiting, standing.used) == (p.PassState.ACTIVE, 0, 0)  # the second period
    assert (await mina.balance()).available == 2 * MICRO
    assert await in_period(world, f"{bought.id}.1") == 9 * MICRO
    await shop.deliver(mina, order)
    await world.sweep()
    assert await in_period(world, f"{bought.id}.1") == 0
    assert (await shop.creator.balance()).earnings == 8_550_000
    assert (await mina.one_pass(bought.id)).used == 0


async def test_a_pass_that_ended_and_whose_last_order_failed_goes_back_after_all(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    world.clock.offset += 30 * DAY - 5
    await shop.online()
    order = await shop.order(mina)
    await pass_time(world, shop, 6 / DAY)
    assert (await mina.one_pass(bought.id)).state is p.PassState.ENDED
    await shop.claim(order, "failed")
    await world.sweep()
    assert (await mina.one_pass(bought.id)).state is p.PassState.REFUNDED
    assert (await mina.balance()).available == 20 * MICRO


async def test_a_pass_renews_itself_while_the_credits_last(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina)
    assert (await mina.change_pass(bought.id, True)).renew
    await run(shop, mina)
    await pass_time(world, shop, 31)
    standing = await mina.one_pass(bought.id)
    assert (standing.state, standing.used) == (p.PassState.ACTIVE, 0)
    assert standing.period_from == pytest.approx(world.clock(), abs=5)  # not in the past
    assert standing.begun_at == bought.begun_at
    await run(shop, mina)
    await pass_time(world, shop, 30)
    standing = await mina.one_pass(bought.id)
    assert (standing.state, standing.renew) == (p.PassState.UNPAID, False)
    assert (await mina.balance()).available == 2 * MICRO
    assert (await shop.quote(mina)).paid_by == "credits"
    await world.grant("mina", 10 * MICRO)
    again = await buy(mina)
    assert (await shop.quote(mina)).pass_id == again.id
    assert [each.id for each in await mina.passes()] == [again.id, bought.id]


async def test_an_unused_period_pays_for_the_next_one(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=9)
    bought = await buy(mina, renew=True)
    for _ in range(3):
        await pass_time(world, shop, 30)
    assert (await mina.one_pass(bought.id)).state is p.PassState.ACTIVE
    assert (await mina.balance()).available == 0


async def test_a_withdrawn_plan_ends_with_the_period_and_new_terms_are_for_new_buyers(world: World) -> None:
    shop = await world.shop()
    now = int(time.time())
    await publish(shop.creator, issued_at=now)
    mina = await world.person("mina", credits_=100)
    bought = await buy(mina, renew=True)
    await publish(shop.creator, price=50 * MICRO, issued_at=now + 1)
    await pass_time(world, shop, 30)
    assert (await mina.one_pass(bought.id)).price == 9 * MICRO
    await publish(shop.creator, price=50 * MICRO, withdrawn=True, issued_at=now + 2)
    assert (await shop.quote(mina)).paid_by == "pass"
    await run(shop, mina)
    await pass_time(world, shop, 30)
    assert (await mina.one_pass(bought.id)).state is p.PassState.ENDED


async def test_months_of_downtime_are_charged_to_nobody_and_a_jump_of_the_clock_ends_nothing(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=100)
    bought = await buy(mina, renew=True)
    await run(shop, mina)
    world.clock.offset += 200 * DAY
    await world.registry.sweeper.sweep()  # the clock has jumped: nothing ends
    await world.sweep()  # and it has not been steady for long
    assert (await mina.one_pass(bought.id)).period_from == bought.period_from
    world.registry.sweeper._steady_since -= 600
    await world.sweep()
    await world.sweep()
    standing = await mina.one_pass(bought.id)
    assert (await mina.balance()).available == 82 * MICRO  # one new period, not six
    assert standing.period_until == pytest.approx(world.clock() + 30 * DAY, abs=5)
    world.clock.offset -= 200 * DAY
    await world.sweep()
    assert (await mina.one_pass(bought.id)) == standing


async def test_a_registry_that_was_away_ends_a_period_only_when_nodes_had_time_to_tell(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina", credits_=20)
    bought = await buy(mina, renew=True)
    world.clock.offset += 30 * DAY - 5
    await shop.online()
    order = await shop.order(mina)
    world.clock.offset += DAY
    async with World(world.settings) as again:  # another process on the same folder
        again.clock.offset = world.clock.offset
        again.registry.sweeper.trust_the_clock()
        await again.registry.sweeper.sweep()
        back = RegistryClient("http://registry", mina.key, transport=again.transport)
        assert (await back.one_pass(bought.id)).waiting == 3 * MICRO
        node = RegistryClient("http://registry", shop.creator.key, transport=again.transport)
        receipt = shop.node.receipt(order)
        answer = acknowledge(mina.key, order.order, receipt)
        await node.claim(order.order, m.Claim(receipt=receipt, acknowledgement=answer))
        await again.sweep()
        standing = await back.one_pass(bought.id)
        assert (standing.state, standing.used) == (p.PassState.ACTIVE, 0)
        assert (await node.balance()).earnings == 8_550_000
        assert (await back.balance()).available == 2 * MICRO


# --- rails


async def paid(world: World, person: str, price: int, reference: str, plan: str = "atelier/all") -> str:
    """A rail's payment: credited, and a period begun, in one transaction."""

    def work(t: Any) -> str:
        buyer = t.row("SELECT id FROM accounts WHERE handle = ?", (person,))["id"]
        ledger.move(t, f"test:{reference}", GRANTS, buyer, price, Why("grant"))
        return service.begin_paid_period(t, buyer, plan, price, "card", reference, fee=500)

    return await world.registry.database.write(work)


async def test_a_rail_begins_each_period_once(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina")
    number = await paid(world, "mina", 9 * MICRO, "in_1")
    assert await paid(world, "mina", 9 * MICRO, "in_1") == number
    bought = await mina.one_pass(number)
    assert (bought.state, bought.paid_through, bought.renew) == (p.PassState.ACTIVE, "card", True)
    assert (await mina.balance()).available == 0
    await refuse(Code.PASS_IN_FORCE, paid(world, "mina", 9 * MICRO, "in_2"))  # a second subscription
    await run(shop, mina)
    await pass_time(world, shop, 31)  # its payment may take a while
    assert (await shop.quote(mina)).paid_by == "pass"
    assert await paid(world, "mina", 9 * MICRO, "in_3") == number
    standing = await mina.one_pass(number)
    assert (standing.used, standing.state) == (0, p.PassState.ACTIVE)
    assert standing.period_from == pytest.approx(world.clock(), abs=5)
    assert (await shop.creator.balance()).earnings == 8_550_000
    await run(shop, mina)
    await pass_time(world, shop, 34)
    assert (await mina.one_pass(number)).state is p.PassState.UNPAID
    later = await paid(world, "mina", 9 * MICRO, "in_4")  # late, but paid: a pass of its own
    assert later != number
    rows = await world.registry.database.read(store.of_buyer, bought_by(mina, await mina.account()), 10)
    assert len(rows) == 2


def bought_by(_: Person, account: m.Account) -> str:
    return account.id


async def test_of_two_wishes_at_once_the_rail_and_the_registry_keep_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina")
    number = await paid(world, "mina", 9 * MICRO, "in_1")
    rail = {"renews": True}
    asked, over = asyncio.Event(), asyncio.Event()

    async def card(_: str, renew: bool) -> None:
        rail["renews"] = renew
        asked.set()

    async def read(call: Any, *arguments: Any) -> Any:
        found = await world.registry.database.read(call, *arguments)
        if asked.is_set():  # the second wish has read what the first is about to change
            await over.wait()
        return found

    world.registry.passes.renewals["card"] = card
    monkeypatch.setattr(world.registry.passes, "_db", SimpleNamespace(read=read, write=world.registry.database.write))

    async def first() -> None:
        await mina.change_pass(number, False)
        over.set()

    async def second() -> None:
        await asked.wait()
        await mina.change_pass(number, True)

    await asyncio.gather(first(), second())
    monkeypatch.undo()
    assert (await mina.one_pass(number)).renew == rail["renews"]


async def test_a_rail_hears_of_a_change_before_it_counts(world: World) -> None:
    shop = await world.shop()
    await publish(shop.creator)
    mina = await world.person("mina")
    number = await paid(world, "mina", 9 * MICRO, "in_1")
    heard: list[tuple[str, bool]] = []

    async def card(pass_id: str, renew: bool) -> None:
        heard.append((pass_id, renew))
        if len(heard) == 1:
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "The rail does not answer.")

    world.registry.passes.renewals["card"] = card
    await refuse(Code.RAIL_UNAVAILABLE, mina.change_pass(number, False))
    assert (await mina.one_pass(number)).renew
    assert not (await mina.change_pass(number, False)).renew
    assert heard == [(number, False)] * 2
    world.clock.offset += 29 * DAY
    await refuse(Code.PASS_ENDED, paid(world, "mina", 9 * MICRO, "in_2"))
    assert (await mina.change_pass(number, True)).renew
    await publish(shop.creator, withdrawn=True, issued_at=int(time.time()) + 1)
    await refuse(Code.PLAN_UNKNOWN, paid(world, "mina", 9 * MICRO, "in_2"))
    assert not (await mina.change_pass(number, False)).renew
    await pass_time(world, shop, 1)
    assert (await mina.one_pass(number)).state is p.PassState.REFUNDED
