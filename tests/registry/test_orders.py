"""Quotes and orders: what is agreed, what is charged, and how it ends when things go wrong."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from registry_world import MICRO, Node, Shop, World, acknowledge, gather, make_package

from artrator.canonical import unb64
from artrator.clients.registry import RegistryClient
from artrator.documents import OutputDigest, QuotedPrice, ticket_digest
from artrator.documents.ticket import read
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages import registry as m
from artrator_registry import chores
from artrator_registry.disputes.service import resolve, undecided
from artrator_registry.orders import settlement

pytestmark = pytest.mark.anyio


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


def new_id() -> str:
    return str(uuid.uuid4())


# --- quotes


async def test_a_quote_adds_up_and_names_its_nodes(world: World) -> None:
    shop = await world.shop()
    quote = await shop.quote(await world.person("mina"), steps=20)
    assert [(line.unit, line.measure, line.amount) for line in quote.breakdown] == [
        ("base", 1, MICRO),
        ("step", 20, 2 * MICRO),
    ]
    assert quote.price == quote.cap == 3 * MICRO
    assert quote.nodes[0].node == shop.node.id


async def test_a_quote_is_a_proof_of_the_price_that_was_told(world: World) -> None:
    shop, mina = await world.shop(), await world.person("mina", 10 * MICRO)
    quote = await shop.quote(mina, steps=20)
    keyset = await mina.keyset(world.registry.authority.root.public)
    said = QuotedPrice.verify(quote.signed, PublicKey.decode(keyset.keys[0].public_key))
    assert (said.registry, said.quote, said.cap, said.worth) == (
        world.registry.authority.id,
        quote.quote,
        3 * MICRO,
        3 * MICRO,
    )
    assert (said.buyer, said.offer, dict(said.measures)) == ((await mina.account()).id, quote.offer, {"step": 20})
    order = await shop.order(mina)
    assert order.cap == said.cap


async def test_every_cost_unit_must_be_measured_and_no_other(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina")
    for measures, field in (({}, "measures.step"), ({"step": 1, "pixel": 1}, "measures")):
        problem = await refuse(
            Code.REQUEST_INVALID,
            mina.quote(m.QuoteRequest(listing=shop.listing, measures=measures, request="ab" * 32)),
        )
        assert problem.details["field"] == field
    huge = m.QuoteRequest(listing=shop.listing, measures={"step": 10**12}, request="ab" * 32)
    await refuse(Code.REQUEST_INVALID, mina.quote(huge))
    nothing = m.QuoteRequest(listing="atelier/nothing", measures={"step": 1}, request="ab" * 32)
    await refuse(Code.LISTING_UNKNOWN, mina.quote(nothing))


async def test_a_quote_of_an_old_version_uses_that_versions_offer(world: World) -> None:
    shop = await world.shop()
    await shop.creator.publish(shop.listing, make_package(shop.creator.key, version="2.0", base=9 * MICRO).publication)
    mina = await world.person("mina")
    old = m.QuoteRequest(listing=shop.listing, version="1.0", measures={"step": 20}, request="ab" * 32)
    assert (await mina.quote(old)).price == 3 * MICRO
    await refuse(Code.NO_NODE, shop.quote(mina))  # nobody runs 2.0 yet


async def test_creators_try_their_own_models_for_nothing(world: World) -> None:
    shop = await world.shop()
    order = await shop.order(shop.creator)
    assert order.cap == 0
    assert (await shop.deliver(shop.creator, order)).state is m.OrderState.SETTLED
    assert (await shop.creator.balance()).earnings == 0


async def test_a_free_listing_needs_no_credits(world: World) -> None:
    shop = await world.shop(base=0, step=0)
    mina = await world.person("mina")
    settled = await shop.deliver(mina, await shop.order(mina))
    assert (settled.state, settled.charged) == (m.OrderState.SETTLED, 0)


# --- placing


async def test_a_ticket_says_what_was_agreed_and_the_root_key_vouches_for_it(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    keyset = await mina.keyset(world.registry.authority.root.public)
    assert order.ticket is not None
    ticket = read(order.ticket, keyset.valid_keys())
    assert (ticket.jti, ticket.aud, ticket.cap) == (order.order, shop.node.id, 3 * MICRO)
    assert ticket.cnf == mina.key.public.encode()
    assert ticket.measures == {"step": 20}
    assert (ticket.start_by - ticket.iat, ticket.finish_by - ticket.iat) == (300, 900)
    assert (await shop.creator.get_order(order.order)).ticket is None  # the ticket is the buyer's


async def test_tickets_of_a_rotated_key_stay_good_and_new_ones_follow(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    authority = world.registry.authority
    old = await shop.order(mina)
    authority.rotate(world.clock())
    soon = await shop.order(mina)
    world.clock.offset += 130
    await shop.online()
    late = await shop.order(mina)

    def kid(order: m.Order) -> str:
        assert order.ticket is not None
        value: str = json.loads(unb64(order.ticket.partition(".")[0]))["kid"]
        return value

    assert kid(old) == kid(soon) != kid(late)
    keys = (await mina.keyset(authority.root.public)).valid_keys(world.clock())
    for order in (old, soon, late):
        assert order.ticket is not None
        assert read(order.ticket, keys).jti == order.order
    world.clock.offset += 4000
    keys = (await mina.keyset(authority.root.public)).valid_keys(world.clock())
    assert set(keys) == {kid(late)}


async def test_the_same_id_and_body_give_the_same_answer_and_charge_once(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    quote = await shop.quote(mina)
    order, request = new_id(), m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
    answers = await gather(*(mina.order(order, request) for _ in range(8)))
    assert len({answer.model_dump_json() for answer in answers}) == 1
    world.clock.offset += 400  # the quote has expired, the answer is the same
    assert await mina.order(order, request) == answers[0]
    assert (await mina.balance()).held == 3 * MICRO


async def test_the_same_id_for_something_else_is_a_conflict(world: World) -> None:
    shop = await world.shop()
    mina, eve = await world.person("mina", credits_=10), await world.person("eve", credits_=10)
    order = await shop.order(mina)
    await refuse(Code.CONFLICT, shop.order(mina, order=order.order))
    await refuse(Code.CONFLICT, shop.order(eve, order=order.order))


async def test_what_cannot_be_ordered_has_a_code_each(world: World) -> None:
    shop = await world.shop()
    mina, eve = await world.person("mina", credits_=10), await world.person("eve", credits_=2)
    quote = await shop.quote(mina)
    request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
    await refuse(Code.PRICE_ABOVE_CAP, mina.order(new_id(), request.model_copy(update={"max_price": quote.cap - 1})))
    await refuse(Code.NODE_UNKNOWN, mina.order(new_id(), request.model_copy(update={"node": "sha256:0"})))
    await refuse(Code.QUOTE_UNKNOWN, mina.order(new_id(), request.model_copy(update={"quote": new_id()})))
    await refuse(Code.QUOTE_UNKNOWN, eve.order(new_id(), request))
    problem = await refuse(Code.CREDITS_INSUFFICIENT, shop.order(eve))
    assert problem.details["shortfall"] == 1 * MICRO
    world.clock.offset += 301
    await refuse(Code.QUOTE_EXPIRED, mina.order(new_id(), request))
    await refuse(Code.ORDER_UNKNOWN, mina.get_order(new_id()))
    assert await mina.balance() == m.Balance(available=10 * MICRO, held=0, pending=0)


async def test_a_node_that_went_away_since_the_quote_gets_no_order(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    quote = await shop.quote(mina)
    world.clock.offset += 60
    request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
    await refuse(Code.NO_NODE, mina.order(new_id(), request))
    await shop.online()
    assert (await mina.order(new_id(), request)).state is m.OrderState.HELD


async def test_a_cap_beyond_any_number_is_no_trouble(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    quote = await shop.quote(mina)
    request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=10**40)
    assert (await mina.order(new_id(), request)).cap == quote.cap


async def test_fifty_buyers_at_once_never_spend_more_than_they_have(world: World) -> None:
    shop = await world.shop()
    people = [await world.person(f"p{i}", credits_=7) for i in range(50)]
    answers = await gather(*(shop.order(person) for person in people for _ in range(3)))
    placed = [answer for answer in answers if isinstance(answer, m.Order)]
    assert len(placed) == 100
    assert {answer.code for answer in answers if isinstance(answer, ArtratorError)} == {Code.CREDITS_INSUFFICIENT}
    owner = {person: {order.order for order in (await person.orders()).items} for person in people}
    done = await gather(
        *(shop.deliver(person, order) for order in placed for person in people if order.order in owner[person])
    )
    assert all(order.state is m.OrderState.SETTLED for order in done)
    assert (await shop.creator.balance()).earnings == 100 * 3 * MICRO * 95 // 100
    assert {(await person.balance()).available for person in people} == {1 * MICRO}


async def test_orders_are_seen_by_their_two_sides_only_and_in_pages(world: World) -> None:
    shop = await world.shop()
    mina, eve = await world.person("mina", credits_=100), await world.person("eve")
    placed = [(await shop.order(mina)).order for _ in range(5)]
    await refuse(Code.ORDER_UNKNOWN, eve.get_order(placed[0]))
    await refuse(Code.ORDER_UNKNOWN, eve.cancel_order(placed[0]))
    await refuse(Code.FORBIDDEN, shop.creator.cancel_order(placed[0]))
    first = await mina.orders(limit=3)
    second = await mina.orders(before=first.next, limit=3)
    assert [order.order for order in [*first.items, *second.items]] == placed[::-1]
    assert second.next is None
    assert (await eve.orders()).items == []


# --- receipts


async def test_a_receipt_that_does_not_fit_is_refused(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    other = Node(shop.creator.key)
    for changes in (
        {"order": new_id()},
        {"ticket": "sha256:" + "0" * 64},
        {"node": other.id},
        {"package": "sha256:" + "0" * 64},
        {"request": "cd" * 32},
        {"measures": {"step": 21}},
        {"measures": {"pixel": 1}},
        {"outputs": []},
    ):
        await refuse(Code.RECEIPT_INVALID, shop.claim(order, **changes))
    forged = Node(shop.creator.key, key=other.key).receipt(order)
    await refuse(Code.RECEIPT_INVALID, shop.creator.claim(order.order, m.Claim(receipt=forged)))
    await refuse(Code.RECEIPT_INVALID, shop.creator.claim(order.order, m.Claim(receipt={})))
    assert (await mina.get_order(order.order)).state is m.OrderState.HELD


async def test_a_receipt_is_taken_once_and_its_repeat_is_harmless(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    receipt = shop.node.receipt(order)
    first = await shop.creator.claim(order.order, m.Claim(receipt=receipt))
    assert await shop.creator.claim(order.order, m.Claim(receipt=receipt)) == first
    await refuse(Code.CONFLICT, shop.claim(order, measures={"step": 1}))
    await refuse(Code.CONFLICT, shop.claim(order, "failed"))


async def test_receipts_that_come_together_are_taken_or_refused_one_by_one(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    good, acknowledged, bad, failed = [await shop.order(mina) for _ in range(4)]
    receipt = shop.node.receipt(acknowledged)
    stranger = str(uuid.uuid4())
    claims = [
        m.OrderClaim(order=good.order, receipt=shop.node.receipt(good)),
        m.OrderClaim(
            order=acknowledged.order,
            receipt=receipt,
            acknowledgement=acknowledge(mina.key, acknowledged.order, receipt),
        ),
        m.OrderClaim(order=bad.order, receipt=shop.node.receipt(good)),
        m.OrderClaim(order=failed.order, receipt=shop.node.receipt(failed, "failed")),
        m.OrderClaim(order=stranger, receipt=receipt),
        m.OrderClaim(order=good.order, receipt={"not": "a document"}),
    ]
    answers = await shop.creator.claims(claims)
    assert [answer.order for answer in answers] == [claim.order for claim in claims]
    assert [answer.state for answer in answers] == ["claimed", "settled", None, "released", None, None]
    assert [answer.code for answer in answers] == [
        None, None, "receipt_invalid", None, "order_unknown", "receipt_invalid"
    ]  # fmt: skip
    assert all(answer.message for answer in answers if answer.code)
    assert await shop.creator.claims(claims[:4]) == answers[:4]
    assert (await mina.balance()).held == good.cap + bad.cap
    made = await shop.creator.create_api_key(m.APIKeyRequest(label="reader", scopes=[m.Scope.ACCOUNT_READ]))
    reader = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    await refuse(Code.SCOPE_MISSING, reader.claims(claims[:1]))
    assert [answer.code for answer in await mina.claims(claims[2:3])] == ["receipt_invalid"]
    other = await world.person("other")
    assert [answer.code for answer in await other.claims(claims[:1])] == ["order_unknown"]


async def test_a_mistake_with_one_receipt_does_not_keep_the_others_from_being_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    first, second = [await shop.order(mina) for _ in range(2)]
    honest = settlement.release

    def broken(t: Any, row: Any, reason: str, **more: Any) -> Any:
        if row["id"] == first.order:
            raise RuntimeError("a mistake of ours")
        return honest(t, row, reason, **more)

    claims = [m.OrderClaim(order=each.order, receipt=shop.node.receipt(each, "failed")) for each in (first, second)]
    with monkeypatch.context() as patch:
        patch.setattr(settlement, "release", broken)
        answers = await shop.creator.claims(claims)
    assert [(answer.state, answer.code) for answer in answers] == [(None, "internal"), ("released", None)]
    assert [answer.state for answer in await shop.creator.claims(claims)] == ["released", "released"]


async def test_the_receipt_of_a_film_of_480_frames_settles(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    frames = [
        OutputDigest(name=f"frames-{number}", media_type="image/png", sha256=f"{number:064x}", size=10**6)
        for number in range(1, 481)
    ]
    receipt = shop.node.receipt(order, outputs=frames)
    answer = acknowledge(mina.key, order.order, receipt)
    settled = await shop.creator.claim(order.order, m.Claim(receipt=receipt, acknowledgement=answer))
    assert settled.state is m.OrderState.SETTLED


async def test_what_was_not_used_is_not_charged(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina, steps=20)
    receipt = shop.node.receipt(order, measures={"step": 5})
    answer = acknowledge(mina.key, order.order, receipt)
    settled = await shop.creator.claim(order.order, m.Claim(receipt=receipt, acknowledgement=answer))
    assert settled.charged == 1 * MICRO + 5 * MICRO // 10
    assert (await mina.balance()).available == 10 * MICRO - settled.charged


async def test_fees_are_split_to_the_last_micro_credit(world: World) -> None:
    shop = await world.shop(base=7, step=0)
    mina = await world.person("mina", credits_=1)
    await shop.deliver(mina, await shop.order(mina))
    fee = 7 - (await shop.creator.balance()).earnings
    assert fee in (0, 1)
    assert (await mina.balance()).available == MICRO - 7


@pytest.mark.parametrize(
    ("outcome", "error", "reason"),
    [
        ("failed", "worker_died", "worker_died"),
        ("failed", None, "model_failed"),
        ("failed", "Not a code!", "model_failed"),
        ("cancelled", None, "cancelled"),
    ],
)
async def test_what_was_not_delivered_costs_nothing(world: World, outcome: str, error: str | None, reason: str) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    released = await shop.claim(await shop.order(mina), outcome, error=error)
    assert (released.state, released.reason, released.charged) == (m.OrderState.RELEASED, reason, 0)
    assert (await mina.balance()).available == 10 * MICRO


# --- acknowledgements


async def test_an_acknowledgement_settles_whoever_brings_it_and_only_once(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    receipt = shop.node.receipt(order)
    answer = acknowledge(mina.key, order.order, receipt)
    both = m.Acknowledge(receipt=receipt, acknowledgement=answer)
    done = await gather(
        mina.acknowledge(order.order, both),
        shop.creator.claim(order.order, m.Claim(receipt=receipt, acknowledgement=answer)),
        mina.acknowledge(order.order, both),
    )
    assert {answer.state for answer in done} == {m.OrderState.SETTLED}
    assert (await mina.balance()).available == 7 * MICRO


async def test_a_foreign_or_mismatched_acknowledgement_is_refused(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    receipt = shop.node.receipt(order)
    key = mina.key
    for answer in (
        acknowledge(PrivateKey.generate(), order.order, receipt),
        acknowledge(key, new_id(), receipt),
        acknowledge(key, order.order, receipt, receipt="sha256:" + "0" * 64),
        acknowledge(key, order.order, receipt, buyer=shop.creator.key.public.encode()),
        {},
    ):
        await refuse(
            Code.DOCUMENT_INVALID,
            mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=answer)),
        )


async def test_no_answer_that_a_buyer_gave_to_the_node_makes_its_receipt_worthless(world: World) -> None:
    """A node asks only whether its buyer signed it: what else is wrong with it must not cost the creator the money."""
    shop = await world.shop()
    mina = await world.person("mina", credits_=40)
    for changes in (
        {"buyer": shop.creator.key.public.encode()},
        {"receipt": "sha256:" + "0" * 64},
        {"reason": "그림이 회색입니다. " * 2_000},
    ):
        order = await shop.order(mina)
        receipt = shop.node.receipt(order)
        answer = acknowledge(mina.key, order.order, receipt, **changes)
        (told,) = await shop.creator.claims([m.OrderClaim(order=order.order, receipt=receipt, acknowledgement=answer)])
        assert (told.code, told.state) == (None, m.OrderState.CLAIMED)
        assert (await mina.get_order(order.order)).acknowledgement is None
        await refuse(
            Code.DOCUMENT_INVALID,
            mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=answer)),
        )
    world.clock.offset += world.settings.dispute_seconds + 1
    await mina.sign_in()
    await world.sweep()
    assert (await mina.balance()).available == 31 * MICRO


@pytest.mark.parametrize(
    "changes",
    [
        {"runtime": "x" * 20_000},
        {"measures": {"u" * 20_000: 0}},
        {"outputs": [OutputDigest(name="n" * 20_000, media_type="image/png", sha256="0" * 64, size=1)]},
        {"outputs": [OutputDigest(name="n", media_type="image/png", sha256="\x1b[2J" * 8, size=1)]},
        {"outputs": [OutputDigest(name="n", media_type="image/png", sha256="", size=1)]},
    ],
    ids=["runtime", "unit", "name", "terminal", "none"],
)
async def test_a_receipt_holds_nothing_but_what_was_done(world: World, changes: dict[str, Any]) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    placed = await shop.order(mina)
    await refuse(Code.RECEIPT_INVALID, shop.claim(placed, **changes))
    assert (await shop.claim(placed, runtime="x" * 5_000)).state is m.OrderState.CLAIMED


async def _disputed(world: World, shop: Shop) -> tuple[Any, m.Order]:
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    receipt = shop.node.receipt(order)
    answer = acknowledge(mina.key, order.order, receipt, "refused", reason="grey picture")
    await mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=answer))
    return mina, await mina.get_order(order.order)


@pytest.mark.parametrize(("winner", "state", "left"), [("buyer", "refunded", 10), ("creator", "settled", 7)])
async def test_a_refused_delivery_stays_held_until_the_operator_decides(
    world: World, winner: str, state: str, left: int
) -> None:
    shop = await world.shop()
    mina, order = await _disputed(world, shop)
    assert order.state is m.OrderState.DISPUTED
    world.clock.offset += 10**6
    await world.sweep()
    assert (await mina.balance()).held == 3 * MICRO
    assert [row["order_id"] for row in await world.registry.database.read(undecided)] == [order.order]
    await world.registry.database.write(resolve, order.order, winner)
    assert (await mina.get_order(order.order)).state.value == state
    assert (await mina.balance()).available == left * MICRO
    await refuse(Code.ORDER_CLOSED, world.registry.database.write(resolve, order.order, winner))
    await refuse(Code.ORDER_UNKNOWN, world.registry.database.write(resolve, new_id(), winner))


async def test_a_delivery_that_nobody_answered_is_charged_when_the_time_to_object_is_over(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    receipt = shop.node.receipt(order)
    await shop.creator.claim(order.order, m.Claim(receipt=receipt))
    world.clock.offset += 86_000
    assert await world.sweep() == 0
    world.clock.offset += 500
    assert await world.sweep() == 1
    assert (await mina.get_order(order.order)).state is m.OrderState.SETTLED
    late = acknowledge(mina.key, order.order, receipt, "refused")
    await refuse(Code.ORDER_CLOSED, mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=late)))


# --- giving up and running out


async def _held(world: World) -> tuple[Shop, Any, m.Order]:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    return shop, mina, await shop.order(mina)


async def test_giving_up_early_waits_until_the_node_cannot_be_working_any_more(world: World) -> None:
    _, mina, order = await _held(world)
    waiting = await mina.cancel_order(order.order)
    assert (waiting.state, waiting.reason) == (m.OrderState.HELD, "cancel_requested")
    world.clock.offset += 900 + 60  # the receipt may still be on its way
    assert await world.sweep() == 0
    world.clock.offset += 61
    assert await world.sweep() == 1
    released = await mina.get_order(order.order)
    assert (released.state, released.reason) == (m.OrderState.RELEASED, "cancelled")
    assert (await mina.cancel_order(order.order)).state is m.OrderState.RELEASED
    assert (await mina.balance()).available == 10 * MICRO


async def test_giving_up_after_the_nodes_time_is_immediate(world: World) -> None:
    _, mina, order = await _held(world)
    world.registry.sweeper._started -= 10**6  # this registry has been up for long
    world.clock.offset += 900 + 121
    world.registry.sweeper.trust_the_clock()
    assert (await mina.cancel_order(order.order)).state is m.OrderState.RELEASED


async def test_a_receipt_beats_a_cancellation_that_waits(world: World) -> None:
    shop, mina, order = await _held(world)
    await mina.cancel_order(order.order)
    assert (await shop.claim(order)).state is m.OrderState.CLAIMED
    await refuse(Code.ORDER_CLOSED, mina.cancel_order(order.order))


async def test_an_online_node_that_says_nothing_loses_the_order_shortly_after_its_time(world: World) -> None:
    shop, mina, order = await _held(world)
    world.clock.offset += 900 + 121
    assert await world.sweep() == 0  # not heard of since: it may be cut off
    await shop.online()
    assert await world.sweep() == 1
    released = await mina.get_order(order.order)
    assert (released.state, released.reason) == (m.OrderState.RELEASED, "expired")


async def test_a_node_that_is_cut_off_has_a_day_unless_its_buyer_gives_up(world: World) -> None:
    shop, mina, order = await _held(world)
    world.clock.offset += 86_000
    assert await world.sweep() == 0
    assert (await shop.claim(order)).state is m.OrderState.CLAIMED

    other = await shop_order_again(shop, mina)
    world.clock.offset += 86_521
    assert await world.sweep() == 1 + 1  # this one expires, the first one is charged
    assert (await mina.get_order(other.order)).reason == "expired"


async def shop_order_again(shop: Shop, buyer: Any) -> m.Order:
    await shop.online()
    return await shop.order(buyer)


async def test_a_late_receipt_is_answered_and_kept_as_evidence(world: World) -> None:
    shop, mina, order = await _held(world)
    await mina.cancel_order(order.order)
    world.clock.offset += 1100
    await world.sweep()
    await refuse(Code.ORDER_CLOSED, shop.claim(order))
    row = await world.registry.database.read(
        lambda t: t.row("SELECT state, late_receipt FROM orders WHERE id = ?", (order.order,))
    )
    assert row["state"] == "released"
    assert json.loads(row["late_receipt"])["payload"]
    assert (await mina.balance()).available == 10 * MICRO


async def test_a_registry_that_was_down_gives_nodes_their_time_first(world: World) -> None:
    shop, mina, order = await _held(world)
    await mina.cancel_order(order.order)
    world.clock.offset += 10**5
    world.registry.sweeper.trust_the_clock()
    assert await world.registry.sweeper.sweep(up_seconds=1.0) == 0
    assert (await mina.cancel_order(order.order)).state is m.OrderState.HELD
    assert (await shop.claim(order)).state is m.OrderState.CLAIMED


async def test_a_clock_that_jumps_expires_nothing_until_it_is_steady(world: World) -> None:
    shop, mina, order = await _held(world)
    await shop.claim(order)
    sweeper = world.registry.sweeper
    await sweeper.sweep(up_seconds=10**6)
    world.clock.offset += 400 * 86_400
    assert await sweeper.sweep(up_seconds=10**6) == 0
    assert await sweeper.sweep(up_seconds=10**6) == 0
    world.clock.offset = -400 * 86_400.0
    assert await sweeper.sweep(up_seconds=10**6) == 0
    world.clock.offset = 0.0
    assert await sweeper.sweep(up_seconds=10**6) == 0
    assert (await mina.balance()).held == 3 * MICRO
    order = await shop_order_again(shop, mina)
    assert (await shop.deliver(mina, order)).state is m.OrderState.SETTLED


async def test_orders_go_on_while_the_clock_is_years_behind(world: World) -> None:
    world.clock.offset = -30 * 365 * 86_400.0
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    assert (await shop.deliver(mina, await shop.order(mina))).state is m.OrderState.SETTLED


def test_a_receipt_names_the_signed_part_of_a_ticket() -> None:
    assert ticket_digest("a.b.c") == ticket_digest("a.b.other")


async def test_an_api_key_without_the_scope_cannot_order(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    made = await mina.create_api_key(m.APIKeyRequest(label="reader", scopes=[m.Scope.ACCOUNT_READ]))
    reader = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    await refuse(Code.SCOPE_MISSING, shop.quote(reader))


async def test_one_order_that_cannot_be_ended_does_not_hold_up_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    placed = [await shop.order(mina) for _ in range(4)]
    for order in placed:
        await shop.claim(order)
    honest = settlement.settle

    def broken(t: Any, row: Any) -> None:
        honest(t, row)
        if row["id"] == placed[1].order:
            raise RuntimeError("a mistake of ours")

    world.clock.offset += 86_401
    with monkeypatch.context() as patch:
        patch.setattr(settlement, "settle", broken)
        assert await world.sweep() == 3
    assert placed[1].order in caplog.text
    assert (await mina.balance()).held == 3 * MICRO
    assert await world.sweep() == 1


async def test_an_order_that_cannot_be_ended_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if there are as many of them as are looked at in one go."""
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    placed = [await shop.order(mina) for _ in range(3)]
    for order in placed:
        await shop.claim(order)
    settle = settlement.settle

    def broken(t: Any, order: Any, *arguments: Any, **more: Any) -> Any:
        if order["id"] in (placed[0].order, placed[1].order):
            raise ValueError("this one is torn")
        return settle(t, order, *arguments, **more)

    world.clock.offset += world.settings.dispute_seconds + 1
    await mina.sign_in()
    with monkeypatch.context() as torn:
        torn.setattr(chores, "_BATCH", 1)
        torn.setattr(settlement, "settle", broken)
        assert await world.sweep() == 1
    assert (await mina.get_order(placed[2].order)).state is m.OrderState.SETTLED
    assert await world.sweep() == 2


async def test_orders_end_although_the_ticket_keys_are_damaged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    await shop.claim(await shop.order(mina))
    (world.settings.keys / "keyset.json").write_text('{"payload": "torn"}')
    world.clock.offset += world.settings.dispute_seconds + 1
    assert await world.sweep() == 1
    assert "ticket keys: failed, and is tried again" in caplog.text
    assert (await world.registry.health())["failing"] == ["ticket keys"]
