"""Who gets what of a price: royalties and the fee, the same in the quote and in the ledger; and free runs."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from registry_world import MICRO, Shop, World, acknowledge, gather, make_package

from artrator.clients.registry import RegistryClient
from artrator.documents import Royalty, Ticket
from artrator.documents.ticket import read
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.money import MAX_AMOUNT
from artrator_registry import Settings
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import FEES
from artrator_registry.orders import shares, store

pytestmark = pytest.mark.anyio


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


async def family(world: World, *points: int, **terms: Any) -> Shop:
    """A shop whose model was made from one of each of several others, with these royalties."""
    names = []
    for number in range(len(points)):
        base = await world.shop(f"base-{number}", name="root")
        names.append(base.listing)
    royalties = [Royalty(listing=name, basis_points=each) for name, each in zip(names, points, strict=True)]
    return await world.shop(base_models=[f"{name} (weights)" for name in names], royalties=royalties, **terms)


async def earned(world: World, handle: str) -> int:
    person = await world.registry.database.read(
        lambda t: t.row("SELECT id FROM accounts WHERE handle = ?", (handle,))["id"]
    )
    return (await world.registry.database.read(ledger.balance, person)).earnings


async def fees(world: World) -> int:
    return (await world.registry.database.read(ledger.balances, FEES)).available


async def ticket_of(world: World, order: m.Order) -> Ticket:
    assert order.ticket is not None
    return read(order.ticket, world.registry.authority.keyset().valid_keys())


# --- royalties


async def test_the_split_of_a_quote_is_what_everybody_gets(world: World) -> None:
    shop = await family(world, 1_000, 333, base=1, step=0)
    mina = await world.person("mina", credits_=10)
    quote = await shop.quote(mina)
    assert [(share.kind, share.to, share.basis_points, share.listing) for share in quote.split] == [
        ("creator", "atelier", 8_167, None),
        ("fee", "Artrator", 500, None),
        ("royalty", "base-0", 1_000, "base-0/root"),
        ("royalty", "base-1", 333, "base-1/root"),
    ]
    assert [share.amount for share in quote.split] == [1, 0, 0, 0]  # the last micro-credit is not lost
    shop = await world.shop(
        "second",
        base_models=["base-0/root"],
        base=0,
        step=999_983,
        royalties=[Royalty(listing="base-0/root", basis_points=777)],
    )
    quote = await shop.quote(mina, steps=1)
    amounts = [share.amount for share in quote.split]
    assert sum(amounts) == quote.price == 999_983
    before = await earned(world, "base-0")
    settled = await shop.deliver(mina, await shop.order(mina, steps=1))
    assert settled.charged == 999_983
    assert await earned(world, "second") == amounts[0]
    assert await fees(world) == amounts[1]
    assert await earned(world, "base-0") - before == amounts[2]
    lines = (await shop.creator.statement(of="earnings")).lines
    assert [line.kind for line in lines] == ["royalty", "fee", "earning"]
    assert (lines[0].counterparty, lines[0].listing, lines[0].text) == (
        "base-0", "second/painter", "Royalty on second/painter: for base-0/root",
    )  # fmt: skip


async def test_parts_say_what_each_got_of_an_order(world: World) -> None:
    shop = await family(world, 2_500)
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    assert await parts(world, order) == [0, 0, 0]  # nothing came in yet
    receipt = shop.node.receipt(order, measures={"step": 7})
    await shop.creator.claim(
        order.order, m.Claim(receipt=receipt, acknowledgement=acknowledge(mina.key, order.order, receipt))
    )
    assert await parts(world, order) == [1_190_000, 85_000, 425_000]  # of 1.7 credits: what was used


async def parts(world: World, order: m.Order) -> list[int]:
    found = await world.registry.database.read(lambda t: shares.parts(t, store.order(t, order.order)))
    return [part.amount for part in found]


async def test_a_fee_that_was_raised_since_yields_to_what_an_offer_promised(world: World) -> None:
    shop = await family(world, 9_000)
    offered = await shop.creator.listing(shop.listing)
    raised = Settings(data=world.settings.data, fee_basis_points=2_000)
    world.registry.orders._settings = raised
    mina = await world.person("mina", credits_=10)
    quote = await shop.quote(mina)
    assert [share.basis_points for share in quote.split] == [0, 1_000, 9_000]
    await shop.deliver(mina, await shop.order(mina))
    assert await earned(world, "atelier") == 0
    world.registry.listings._settings = raised
    again = make_package(
        shop.creator.key,
        base_models=["base-0/root (weights)"],
        royalties=[Royalty(listing="base-0/root", basis_points=9_000)],
        issued_at=int(time.time()) + 5,
    )
    await refuse(Code.OFFER_INVALID, shop.creator.publish(shop.listing, again.publication))
    assert (await shop.creator.publish(shop.listing, shop.made.publication)).offer == offered.offer  # as it was


async def test_an_order_keeps_the_fee_that_was_shown(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    world.registry.orders._settings = Settings(data=world.settings.data, fee_basis_points=9_999)
    await shop.deliver(mina, order)
    assert await fees(world) == 150_000


@pytest.mark.parametrize(
    ("royalties", "declared", "said"),
    [
        ([("base/root", 9_600)], ["base/root"], "more than all"),
        ([("base/root", 5_000), ("base/root", 1)], ["base/root"], "two royalties"),
        ([("atelier/painter", 100)], ["atelier/painter"], "your own"),  # itself
        ([("atelier/other", 100)], ["atelier/other"], "your own"),
        ([("base/nothing", 100)], ["base/nothing"], "no such listing"),
        ([("base/root", 100)], [], "does not name"),
        ([("base/root", 100)], ["base/rooted", "by base/root"], "does not name"),
    ],
)
async def test_an_offer_cannot_promise_royalties_that_make_no_sense(
    world: World, royalties: list[tuple[str, int]], declared: list[str], said: str
) -> None:
    await world.shop("base", name="root")
    atelier = await world.person("atelier")
    await atelier.publish("atelier/other", make_package(atelier.key, name="other").publication)
    made = make_package(
        atelier.key,
        base_models=declared,
        royalties=[Royalty(listing=name, basis_points=points) for name, points in royalties],
    )
    problem = await refuse(Code.OFFER_INVALID, atelier.publish("atelier/painter", made.publication))
    assert said in problem.message
    await refuse(Code.LISTING_UNKNOWN, atelier.listing("atelier/painter"))  # nothing of it was kept


# --- free runs


async def test_free_runs_come_first_then_credits_and_again_the_next_day(world: World) -> None:
    shop = await world.shop(free_runs=2)
    mina = await world.person("mina", credits_=10)
    for left in (1, 0):
        quote = await shop.quote(mina)
        assert (quote.paid_by, quote.cap, quote.worth, quote.left, quote.split) == ("free", 0, 3 * MICRO, left, [])
        assert sum(line.amount for line in quote.breakdown) == quote.worth
        order = await shop.order(mina)
        assert (order.paid_by, order.cap, order.worth) == ("free", 0, 3 * MICRO)
        assert (await ticket_of(world, order)).paid_by == "free"
        settled = await shop.deliver(mina, order)
        assert (settled.state, settled.charged) == (m.OrderState.SETTLED, 0)
    assert (await shop.quote(mina)).paid_by == "credits"
    assert (await mina.balance()).available == 10 * MICRO
    assert (await shop.quote(await world.person("other"))).paid_by == "free"  # each buyer has their own
    world.clock.offset += 86_400
    await shop.online()
    assert (await shop.quote(mina)).left == 1


async def test_a_free_run_that_came_to_nothing_does_not_count(world: World) -> None:
    shop = await world.shop(free_runs=1)
    mina = await world.person("mina")
    order = await shop.order(mina)
    await shop.claim(order, "failed")
    assert (await shop.quote(mina)).left == 0


async def test_who_pays_with_credits_keeps_the_free_runs(world: World) -> None:
    shop = await world.shop(free_runs=1)
    mina = await world.person("mina", credits_=10)
    wish = m.QuoteRequest(listing=shop.listing, measures={"step": 20}, pay="credits", request="ab" * 32)
    assert (await mina.quote(wish)).paid_by == "credits"
    assert (await shop.quote(shop.creator)).paid_by == "own"


async def test_two_quotes_for_the_last_free_run_give_one_run_and_charge_nothing(world: World) -> None:
    shop = await world.shop(free_runs=1)
    mina = await world.person("mina", credits_=100)
    quotes = [await shop.quote(mina) for _ in range(6)]
    assert {quote.paid_by for quote in quotes} == {"free"}
    requests = [m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=10 * MICRO) for quote in quotes]
    answers = await gather(*(mina.order(str(uuid.uuid4()), request) for request in requests))
    placed = [answer for answer in answers if isinstance(answer, m.Order)]
    refused = [answer for answer in answers if isinstance(answer, ArtratorError)]
    assert len(placed) == 1
    assert [problem.code for problem in refused] == [Code.QUOTE_STALE] * 5
    assert (await mina.balance()).available == 100 * MICRO


async def test_a_listing_without_a_price_may_be_free_so_many_times_a_day(world: World) -> None:
    shop = await world.shop(base=0, step=0, free_runs=1)
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    assert (order.paid_by, order.worth) == ("free", 0)
    for pay in ("any", "credits"):
        wish = m.QuoteRequest(listing=shop.listing, measures={"step": 20}, pay=pay, request="ab" * 32)
        problem = await refuse(Code.ALLOWANCE_USED, mina.quote(wish))
        back = problem.details["comes_back_at"]
        assert back % 86_400 == 0
        assert 0 < back - world.clock() <= 86_400
    world.clock.offset += 86_400
    await shop.online()
    assert (await shop.quote(mina)).paid_by == "free"


async def test_an_api_key_with_nothing_left_to_spend_still_has_free_runs(world: World) -> None:
    shop = await world.shop(free_runs=1)
    mina = await world.person("mina", credits_=10)
    made = await mina.create_api_key(
        m.APIKeyRequest(label="poor", scopes=[m.Scope.ORDERS_WRITE, m.Scope.ACCOUNT_READ], spending_limit=0)
    )
    poor = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    assert (await shop.order(poor)).paid_by == "free"
    await refuse(Code.SPENDING_LIMIT, shop.order(poor))


async def test_a_worth_beyond_all_money_is_refused_even_where_it_would_be_free(world: World) -> None:
    shop = await world.shop(free_runs=5, step=10**12)
    mina = await world.person("mina")
    wish = m.QuoteRequest(listing=shop.listing, measures={"step": MAX_AMOUNT // 10**12 + 1}, request="ab" * 32)
    await refuse(Code.REQUEST_INVALID, mina.quote(wish))
