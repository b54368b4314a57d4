"""Licences: bought once, paid when the package was fetched, shown to their buyer only, taken back by a refund."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from registry_world import MICRO, SEALING_KEY, Person, Shop, World, acknowledge, claim, gather, make_package

from artrator.canonical import b64
from artrator.documents import Licence, Royalty
from artrator.errors import ArtratorError, Code
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry.disputes import service as disputes
from artrator_registry.purchases import service as purchases
from artrator_registry.sellers import service as sellers

pytestmark = pytest.mark.anyio

PRICE = 90 * MICRO
SELLER = pm.SellerProfile(legal_name="Atelier", representative="", country="FR", address="1 rue", email="a@example.org")


@dataclass
class Counter:
    """A shop that sells licences."""

    shop: Shop

    @property
    def package(self) -> str:
        return self.shop.made.package

    def request(self, **changes: Any) -> p.PurchaseRequest:
        values = {"listing": self.shop.listing, "package": self.package, "max_price": PRICE}
        return p.PurchaseRequest(**(values | changes))

    async def buy(self, buyer: Person, purchase: str | None = None, **changes: Any) -> p.Purchase:
        return await buyer.buy_licence(purchase or str(uuid.uuid4()), self.request(**changes))

    async def fetched(self, buyer: Person, bought: p.Purchase, verdict: str = "accepted") -> m.Order:
        """The package was fetched whole, and the buyer says whether it was right."""
        receipt = self.shop.node.receipt(bought.order)
        answer = acknowledge(
            buyer.key, bought.order.order, receipt, verdict, reason="" if verdict == "accepted" else "!"
        )
        return await self.shop.creator.claim(bought.order.order, claim(bought.order, receipt, answer))


async def open_counter(
    world: World, *, licence: int | None = PRICE, verified: bool = True, handle: str = "atelier", **offer: Any
) -> Counter:
    shop = await world.shop(handle, licence=licence, **offer)
    if verified:
        await shop.creator.set_seller(SELLER)
        await world.registry.database.write(sellers.decide, handle, None)
    return Counter(shop)


@pytest.fixture
async def counter(world: World) -> Counter:
    return await open_counter(world)


@pytest.fixture
async def mina(world: World) -> Person:
    return await world.person("mina", 200)


async def code(work: Any) -> Code:
    with pytest.raises(ArtratorError) as caught:
        await work
    return caught.value.code


async def test_a_licence_is_paid_when_the_package_arrived_and_is_signed_by_the_root(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)
    assert (bought.order.state, bought.order.kind, bought.licence) == ("held", "purchase", None)
    assert (await mina.balance()).held == PRICE
    assert sum(share.amount for share in bought.split) == PRICE
    assert bought.urls
    assert bought.descriptor is not None
    await counter.fetched(mina, bought)
    paid = await mina.purchase(bought.order.order)
    licence = Licence.verify(paid.licence, world.registry.authority.root.public)
    assert (licence.buyer, licence.package) == (mina.key.public.encode(), counter.package)
    assert (licence.order, licence.price) == (bought.order.order, PRICE)
    assert (licence.terms, licence.terms_digest, licence.registry) == ("Apache-2.0", "", world.registry.authority.id)
    assert (await mina.balance()).available == 200 * MICRO - PRICE
    assert (await counter.shop.creator.balance()).earnings == PRICE * 95 // 100
    assert (await mina.statement()).lines[0].kind in ("charge", "purchase")
    again = await mina.purchase(bought.order.order)
    assert again.licence == paid.licence, "a licence is signed once"
    assert [item.licence for item in await mina.purchases()] == [paid.licence]


async def test_the_same_purchase_twice_is_one_and_another_body_is_a_conflict(counter: Counter, mina: Person) -> None:
    name = str(uuid.uuid4())
    first, second = await counter.buy(mina, name), await counter.buy(mina, name)
    assert first.order == second.order
    assert await code(counter.buy(mina, name, max_price=PRICE + 1)) is Code.CONFLICT
    assert (await mina.balance()).held == PRICE


async def test_a_package_is_bought_once_and_the_second_time_names_the_first(counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    with pytest.raises(ArtratorError) as caught:
        await counter.buy(mina)
    assert caught.value.code is Code.ALREADY_OWNED
    assert caught.value.details["order"] == bought.order.order
    await counter.fetched(mina, bought)
    assert await code(counter.buy(mina)) is Code.ALREADY_OWNED


async def test_two_purchases_at_the_same_moment_are_one(counter: Counter, mina: Person) -> None:
    made = await gather(*(counter.buy(mina) for _ in range(6)))
    assert sum(isinstance(one, p.Purchase) for one in made) == 1
    assert {one.code for one in made if isinstance(one, ArtratorError)} == {Code.ALREADY_OWNED}
    assert (await mina.balance()).held == PRICE


async def test_who_got_the_money_back_may_buy_again(counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    receipt = counter.shop.node.receipt(bought.order, "cancelled")
    await counter.shop.creator.claim(bought.order.order, m.Claim(receipt=receipt))
    assert (await mina.balance()).available == 200 * MICRO
    assert (await mina.purchase(bought.order.order)).licence is None
    await counter.fetched(mina, await counter.buy(mina))
    assert sum(item.licence is not None for item in await mina.purchases()) == 1


async def test_what_was_fetched_wrong_is_disputed_and_gives_no_licence(counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    assert (await counter.fetched(mina, bought, "refused")).state == "disputed"
    assert (await mina.purchase(bought.order.order)).licence is None
    assert (await mina.balance()).held == PRICE


async def test_a_buyer_who_stays_silent_pays_nothing_and_gets_no_key(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)
    delivered = claim(bought.order, counter.shop.node.receipt(bought.order))
    await counter.shop.creator.claim(bought.order.order, delivered)
    shown = await mina.purchase(bought.order.order)
    assert (shown.licence, shown.key) == (None, None)
    world.clock.offset += world.settings.dispute_seconds + 1
    await world.sweep()
    await mina.sign_in()
    shown = await mina.purchase(bought.order.order)
    assert (shown.order.state, shown.order.reason, shown.licence, shown.key) == ("released", "unanswered", None, None)
    assert (await mina.balance()).available == 200 * MICRO


async def test_the_key_is_handed_out_in_the_moment_of_the_payment_and_to_its_buyer_only(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)
    order, receipt = bought.order.order, counter.shop.node.receipt(bought.order)
    answer = acknowledge(mina.key, order, receipt)
    both = m.Acknowledge(receipt=receipt, acknowledgement=answer)
    assert await code(mina.acknowledge(order, both)) is Code.KEY_MISSING, "nothing is paid before the key is there"
    assert (await mina.get_order(order)).state == "held"
    assert await code(counter.shop.creator.claim(order, m.Claim(receipt=receipt))) is Code.KEY_MISSING
    for wrong in (b64(bytes(32)), b64(SEALING_KEY[::-1])):
        made_up = claim(bought.order, receipt, answer, key=wrong)
        assert await code(counter.shop.creator.claim(order, made_up)) is Code.RECEIPT_INVALID
    await counter.shop.creator.claim(order, claim(bought.order, receipt))
    assert (await mina.purchase(order)).key is None, "delivered is not paid"
    assert (await mina.acknowledge(order, both)).state == "settled"
    assert (await mina.purchase(order)).key == b64(SEALING_KEY)
    eve = await world.person("eve")
    assert await code(eve.purchase(order)) is Code.ORDER_UNKNOWN
    assert await code(counter.shop.creator.purchase(order)) is Code.ORDER_UNKNOWN


async def test_a_receipt_that_binds_its_node_to_nothing_is_refused(counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    loose = counter.shop.node.receipt(bought.order, sealed=None)
    keyed = m.Claim(receipt=loose, key=b64(SEALING_KEY))
    assert await code(counter.shop.creator.claim(bought.order.order, keyed)) is Code.RECEIPT_INVALID


async def test_a_refusal_needs_no_key_and_a_refund_takes_it_back(world: World, counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    receipt = counter.shop.node.receipt(bought.order)
    answer = acknowledge(mina.key, bought.order.order, receipt, "refused", reason="It is bound to something else.")
    both = m.Acknowledge(receipt=receipt, acknowledgement=answer)
    assert (await mina.acknowledge(bought.order.order, both)).state == "disputed"
    assert (await mina.purchase(bought.order.order)).key is None
    await world.registry.database.write(disputes.resolve, bought.order.order, "buyer")
    assert (await mina.purchase(bought.order.order)).order.state == "refunded"
    paid = await counter.buy(mina)
    await counter.fetched(mina, paid)
    assert (await mina.purchase(paid.order.order)).key is not None
    await mina.open_dispute(paid.order.order, dm.DisputeOpening(reason=dm.DisputeReason.WRONG_MODEL))
    await world.registry.database.write(disputes.resolve, paid.order.order, "buyer")
    assert (await mina.purchase(paid.order.order)).key is None


async def test_a_package_that_nobody_fetched_costs_nothing(world: World, counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    world.clock.offset += world.settings.finish_seconds + world.settings.grace + 60
    await counter.shop.online()
    await world.sweep()
    await mina.sign_in()
    assert (await mina.purchase(bought.order.order)).order.state == "held", "gigabytes take longer than a picture"
    world.clock.offset += world.settings.purchase_seconds
    await counter.shop.creator.sign_in()
    await counter.shop.online()
    await world.sweep()
    await mina.sign_in()
    assert (await mina.purchase(bought.order.order)).order.state == "released"
    assert (await mina.balance()).available == 200 * MICRO


async def test_only_verified_sellers_sell_and_only_what_they_offer(world: World, mina: Person) -> None:
    unverified = await open_counter(world, verified=False)
    assert await code(unverified.buy(mina)) is Code.SELLER_UNVERIFIED
    runs_only = await open_counter(world, licence=None, handle="runsonly")
    assert await code(runs_only.buy(mina)) is Code.NOT_FOR_SALE
    assert (await mina.balance()).held == 0


async def test_too_dear_too_poor_and_unknown_are_refused(world: World, counter: Counter, mina: Person) -> None:
    assert await code(counter.buy(mina, max_price=PRICE - 1)) is Code.PRICE_ABOVE_CAP
    poor = await world.person("poor", 1)
    assert await code(counter.buy(poor)) is Code.CREDITS_INSUFFICIENT
    assert await code(counter.buy(mina, package="sha256:" + "0" * 64)) is Code.LISTING_UNKNOWN
    assert await code(counter.buy(mina, listing="atelier/other")) is Code.LISTING_UNKNOWN
    assert await code(counter.buy(mina, node="sha256:" + "0" * 64)) is Code.NODE_UNKNOWN


async def test_the_own_package_costs_nothing(counter: Counter) -> None:
    creator = counter.shop.creator
    bought = await counter.buy(creator, max_price=0)
    assert (bought.order.cap, bought.order.paid_by) == (0, "own")
    await counter.fetched(creator, bought)
    assert (await creator.purchase(bought.order.order)).licence is not None
    assert (await creator.balance()).earnings == 0


async def test_a_free_licence_is_a_licence(world: World, mina: Person) -> None:
    given = await open_counter(world, licence=0)
    bought = await given.buy(mina, max_price=0)
    await given.fetched(mina, bought)
    assert (await mina.purchase(bought.order.order)).licence is not None
    assert (await mina.balance()).available == 200 * MICRO


async def test_nobody_sees_anothers_purchase(world: World, counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    eve = await world.person("eve", 200)
    assert await code(eve.purchase(bought.order.order)) is Code.ORDER_UNKNOWN
    assert await code(counter.shop.creator.purchase(bought.order.order)) is Code.ORDER_UNKNOWN
    assert await code(counter.buy(eve, bought.order.order)) is Code.CONFLICT
    assert list(await eve.purchases()) == []
    run = await counter.shop.order(mina)
    assert await code(mina.purchase(run.order)) is Code.ORDER_UNKNOWN


async def test_an_api_key_buys_within_its_scope_and_limit(world: World, counter: Counter, mina: Person) -> None:
    async def with_key(scopes: list[m.Scope], limit: int) -> Person:
        made = await mina.create_api_key(m.APIKeyRequest(label="x", scopes=scopes, spending_limit=limit))
        return Person("http://registry", api_key=made.secret, transport=world.transport)

    reader = await with_key([m.Scope.ACCOUNT_READ], PRICE)
    assert await code(counter.buy(reader)) is Code.SCOPE_MISSING
    small = await with_key([m.Scope.ORDERS_WRITE, m.Scope.ACCOUNT_READ], PRICE - 1)
    assert await code(counter.buy(small)) is Code.SPENDING_LIMIT
    enough = await with_key([m.Scope.ORDERS_WRITE, m.Scope.ACCOUNT_READ], PRICE)
    assert (await counter.buy(enough)).order.cap == PRICE


async def test_royalties_are_part_of_the_split(world: World, mina: Person) -> None:
    base = await world.shop("elder", name="elder-model")
    shares = [Royalty(listing=base.listing, basis_points=1_000)]
    counter = await open_counter(world, royalties=shares, base_models=[f"{base.listing} (weights)"])
    shown = (await mina.listing(counter.shop.listing)).licence_split  # before anything is bought
    bought = await counter.buy(mina)
    assert shown == bought.split
    assert {share.kind: share.amount for share in bought.split} == {
        "creator": PRICE * 85 // 100,
        "fee": PRICE * 5 // 100,
        "royalty": PRICE * 10 // 100,
    }
    await counter.fetched(mina, bought)
    assert (await base.creator.balance()).earnings == PRICE // 10


async def test_an_older_version_can_be_bought_and_names_itself(counter: Counter, mina: Person) -> None:
    old = await counter.buy(mina)
    newer = make_package(counter.shop.creator.key, version="2.0", weights=b"other weights")
    await counter.shop.creator.publish(counter.shop.listing, newer.publication)
    await counter.fetched(mina, old)
    shown = await mina.purchase(old.order.order)
    assert shown.version == "1.0"
    assert await code(counter.buy(mina, package=newer.package)) is Code.NOT_FOR_SALE


async def test_a_refund_takes_the_licence_back_and_the_nodes_hear_it(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)
    order = bought.order.order
    await counter.fetched(mina, bought)
    await mina.open_dispute(order, dm.DisputeOpening(reason=dm.DisputeReason.NOT_AS_DESCRIBED))
    assert (await mina.purchase(order)).licence is not None, "a dispute that is open takes nothing away"
    assert list((await counter.shop.online()).revoked) == []
    await world.registry.database.write(disputes.resolve, order, "buyer")
    assert (await mina.purchase(order)).licence is None
    assert (await mina.balance()).available == 200 * MICRO
    assert list((await counter.shop.online()).revoked) == [order]
    stranger = await world.shop("stranger", name="other")
    assert list((await stranger.online()).revoked) == []
    assert (await counter.buy(mina)).order.state == "held", "whoever was refunded may buy again"


async def test_a_dispute_that_the_creator_wins_leaves_the_licence(world: World, counter: Counter, mina: Person) -> None:
    bought = await counter.buy(mina)
    await counter.fetched(mina, bought, "refused")
    await world.registry.database.write(disputes.resolve, bought.order.order, "creator")
    assert (await mina.purchase(bought.order.order)).licence is not None
    assert (await mina.balance()).held == 0


async def test_a_purchase_that_was_refused_before_its_key_came_is_paid_only_once_it_is_here(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)
    name, receipt = bought.order.order, counter.shop.node.receipt(bought.order)
    no = acknowledge(mina.key, name, receipt, "refused", reason="It was never good.")
    await mina.acknowledge(name, m.Acknowledge(receipt=receipt, acknowledgement=no))
    write = world.registry.database.write
    assert await code(write(disputes.resolve, name, "creator")) is Code.KEY_MISSING
    assert (await mina.purchase(name)).order.state is m.OrderState.DISPUTED
    wrong = claim(bought.order, receipt, key=b64(bytes(32)))
    assert await code(counter.shop.creator.claim(name, wrong)) is Code.RECEIPT_INVALID
    for _ in range(2):
        assert (await counter.shop.creator.claim(name, claim(bought.order, receipt))).state is m.OrderState.DISPUTED
    assert (await mina.purchase(name)).key is None, "it is evidence, and not paid"
    await write(disputes.resolve, name, "creator")
    assert (await mina.purchase(name)).key == b64(SEALING_KEY)


async def test_a_refusal_that_comes_with_the_key_leaves_it_as_evidence(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)
    await counter.fetched(mina, bought, "refused")
    row, _ = await world.registry.database.read(purchases.evidence, bought.order.order)
    assert row["sealed_key"] == SEALING_KEY


async def test_the_audit_misses_a_licence_and_notices_one_too_many(
    world: World, counter: Counter, mina: Person
) -> None:
    bought = await counter.buy(mina)

    def forge(t: Any) -> None:
        t.run(
            "INSERT INTO licences (order_id, buyer, package, issued_at) SELECT id, buyer, 'sha256:other', 0 FROM orders"
            " WHERE id = ?",
            (bought.order.order,),
        )

    def undo(t: Any) -> None:
        t.run("DROP TRIGGER licences_kept")
        t.run("DELETE FROM licences")

    await world.registry.database.write(forge)
    found = await world.audit()
    assert any("held" in one for one in found)
    assert any("another package" in one for one in found)
    await world.registry.database.write(undo)
