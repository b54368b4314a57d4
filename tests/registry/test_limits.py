"""Nobody can fill a registry's disk with what costs nothing."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from registry_world import MICRO, Node, Person, World, gather

from artrator.documents import OutputDigest
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m
from artrator.messages import verifications as v
from artrator_registry import Settings
from artrator_registry import limits as limiting
from artrator_registry.limits import RateLimit
from artrator_registry.orders import sweeper

pytestmark = pytest.mark.anyio


@pytest.fixture
async def strict(data: Path) -> AsyncIterator[World]:
    """A registry that has little room."""
    settings = Settings(
        data=data,
        sweep_seconds=3600,
        accounts_per_hour=4,
        quotes_per_minute=12,
        orders_per_day=5,
        free_orders_per_day=3,
        publications_per_day=2,
        nodes_per_account=2,
        api_keys_per_day=3,
        large_receipts_per_day=1,
        heartbeats_per_minute=12,
    )
    async with World(settings) as opened:
        yield opened


async def refused(work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert (raised.value.code, raised.value.status) == (Code.RATE_LIMITED, 429), raised.value
    return raised.value


def count(world: World, table: str) -> int:
    found: int = world.registry.database.glance(lambda t: t.row(f"SELECT count(*) FROM {table}")[0])
    return found


def test_a_limit_fills_up_again_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(limiting.time, "monotonic", lambda: now)
    limit = RateLimit("cakes of one guest", 24, 86_400)
    for _ in range(24):
        limit.take("mina")
    limit.take("noa")
    for _ in range(2):
        with pytest.raises(ArtratorError, match="Too many cakes of one guest: 24 a day at most; wait 3600 s") as told:
            limit.take("mina")
        assert told.value.details["retry_after"] == 3600
    now += 3590
    with pytest.raises(ArtratorError, match=r"wait 1\d s"):
        limit.take("mina")
    now += 20
    limit.take("mina")
    now += 10**9  # what was not eaten is not kept for later
    for _ in range(24):
        limit.take("mina")
    with pytest.raises(ArtratorError):
        limit.take("mina")


async def test_prices_cannot_be_asked_for_without_end(strict: World) -> None:
    shop, mina, eve = await strict.shop(), await strict.person("mina"), await strict.person("eve")
    answers = await gather(*(shop.quote(eve) for _ in range(30)))
    assert sum(isinstance(answer, m.Quote) for answer in answers) == 12
    assert {answer.code for answer in answers if isinstance(answer, ArtratorError)} == {Code.RATE_LIMITED}
    assert count(strict, "quotes") == 12
    problem = await refused(shop.quote(eve))
    assert "12 a minute at most" in problem.message
    assert problem.details["retry_after"] >= 1
    assert await shop.quote(mina)  # it is nobody else's limit


async def test_quotes_that_ended_are_forgotten_however_many_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "_QUOTES_AT_ONCE", 7)
    shop, mina = await world.shop(), await world.person("mina", credits_=10)
    for _ in range(20):
        await shop.quote(mina)
    world.clock.offset += world.settings.quote_seconds + 599
    await world.sweep()
    assert count(world, "quotes") == 20  # whoever accepts one now hears that it has ended
    world.clock.offset += 2
    await shop.online()
    fresh = await shop.quote(mina)
    await world.sweep()
    assert count(world, "quotes") == 1
    order = m.OrderRequest(quote=fresh.quote, node=fresh.nodes[0].node, max_price=fresh.cap)
    assert (await mina.order(str(uuid.uuid4()), order)).state is m.OrderState.HELD


async def test_orders_that_cost_nothing_are_counted_apart(strict: World) -> None:
    shop, mina = await strict.shop(), await strict.person("mina", credits_=100)
    own = [await shop.order(shop.creator) for _ in range(3)]
    assert {order.paid_by for order in own} == {"own"}
    before = count(strict, "orders"), count(strict, "ledger_transfers")
    problem = await refused(shop.order(shop.creator))
    assert "orders of one account that cost nothing: 3 a day at most" in problem.message
    look = v.VerificationRequest(listing=shop.listing, package=shop.made.package)
    await refused(shop.creator.verification(str(uuid.uuid4()), look))
    assert (count(strict, "orders"), count(strict, "ledger_transfers")) == before
    for _ in range(5):
        await shop.order(mina)
    held = (await mina.balance()).held
    assert "orders of one account: 5 a day" in (await refused(shop.order(mina))).message
    assert (await mina.balance()).held == held, "nothing is set aside for what was refused"


async def test_an_order_that_the_other_limit_refuses_does_not_count_as_free(
    strict: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(limiting, "time", SimpleNamespace(monotonic=lambda: now))
    shop, mina = await strict.shop(free_runs=100), await strict.person("mina", credits_=100)
    for _ in range(2):
        await shop.order(mina)
    dear = [m.QuoteRequest(listing=shop.listing, measures={"step": 20}, request="ab" * 32, pay="credits")] * 3
    for wanted in dear:
        quote = await mina.quote(wanted)
        request = m.OrderRequest(quote=quote.quote, node=quote.nodes[0].node, max_price=quote.cap)
        await mina.order(str(uuid.uuid4()), request)
    for _ in range(3):
        assert "orders of one account: 5 a day" in (await refused(shop.order(mina))).message
    now += 86_400 / 5  # time for one order, and not for one of three that cost nothing
    assert (await shop.order(mina)).paid_by == "free"


async def test_api_keys_that_are_made_and_revoked_have_an_end(strict: World) -> None:
    mina, eve = await strict.person("mina"), await strict.person("eve")
    wish = m.APIKeyRequest(label="robot", scopes=[m.Scope.ACCOUNT_READ])
    for _ in range(3):
        await mina.revoke_api_key((await mina.create_api_key(wish)).id)
    assert "new API keys of one account: 3 a day" in (await refused(mina.create_api_key(wish))).message
    assert count(strict, "api_keys") == 3
    assert (await eve.create_api_key(wish)).secret


async def test_large_receipts_of_what_costs_nothing_have_an_end_and_no_others(strict: World) -> None:
    shop, mina = await strict.shop(), await strict.person("mina", credits_=100)
    film = [
        OutputDigest(name=f"frame-{i:05}.png", media_type="image/png", sha256=f"{i:064}", size=9) for i in range(400)
    ]
    own = [await shop.order(shop.creator) for _ in range(3)]
    large = [shop.node.receipt(placed, outputs=film) for placed in own]
    first = await shop.creator.claim(own[0].order, m.Claim(receipt=large[0]))
    assert first.state is m.OrderState.CLAIMED
    await refused(shop.creator.claim(own[1].order, m.Claim(receipt=large[1])))
    again = await shop.creator.claims(
        [m.OrderClaim(order=placed.order, receipt=receipt) for placed, receipt in zip(own, large, strict=True)]
    )
    assert [each.code for each in again] == [None, Code.RATE_LIMITED, Code.RATE_LIMITED]
    assert (await shop.claim(own[2])).state is m.OrderState.CLAIMED  # a plain one
    paid = await shop.order(mina)
    assert (await shop.claim(paid, outputs=film)).state is m.OrderState.CLAIMED


async def test_a_node_cannot_be_alive_more_often_than_anybody_wants_to_know(strict: World) -> None:
    shop = await strict.shop()
    eve = await strict.person("eve")
    node = Node(shop.creator.key)
    await shop.creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
    answers = await gather(*(shop.creator.heartbeat(node.id, m.Heartbeat()) for _ in range(20)))
    assert sum(isinstance(answer, m.HeartbeatAnswer) for answer in answers) == 12
    assert {answer.code for answer in answers if isinstance(answer, ArtratorError)} == {Code.RATE_LIMITED}
    await shop.online()  # another node's is its own
    for _ in range(15):  # and nobody uses up somebody else's
        with pytest.raises(ArtratorError) as raised:
            await eve.heartbeat(shop.node.id, m.Heartbeat())
        assert raised.value.code is Code.FORBIDDEN
    await shop.online()


async def test_an_order_that_is_repeated_or_refused_does_not_count(strict: World) -> None:
    shop, mina = await strict.shop(), await strict.person("mina", credits_=6)
    quote = await shop.quote(mina)
    request = m.OrderRequest(quote=quote.quote, node=quote.nodes[0].node, max_price=quote.cap)
    dear = await shop.quote(mina, steps=50)
    too_dear = m.OrderRequest(quote=dear.quote, node=dear.nodes[0].node, max_price=dear.cap)
    number = str(uuid.uuid4())
    for _ in range(10):
        assert (await mina.order(number, request)).order == number
        with pytest.raises(ArtratorError) as raised:
            await mina.order(str(uuid.uuid4()), too_dear)
        assert raised.value.code is Code.CREDITS_INSUFFICIENT
    assert (await mina.order(str(uuid.uuid4()), request)).state is m.OrderState.HELD


async def test_free_runs_count_although_a_creator_gives_them_without_end(strict: World) -> None:
    shop = await strict.shop(base=0, step=0, free_runs=1000)
    mina = await strict.person("mina")
    for _ in range(3):
        assert (await shop.order(mina)).paid_by == "free"
    await refused(shop.order(mina))


async def test_publications_and_nodes_have_an_end(strict: World) -> None:
    shop = await strict.shop()
    await shop.creator.publish(shop.listing, shop.made.publication)
    await refused(shop.creator.publish(shop.listing, shop.made.publication))

    async def register(key: PrivateKey | None = None) -> Node:
        node = Node(shop.creator.key, key=key or PrivateKey.generate())
        await shop.creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
        return node

    second = await register()
    problem = await refused(register())
    assert "2 nodes that are new or were heard of in the last 30 days" in problem.message
    await register(second.key)  # one that is known may always renew itself
    strict.clock.offset += 31 * 86_400
    await shop.creator.sign_in()
    with contextlib.suppress(ArtratorError):  # its descriptor is as old
        await shop.online()
    late = Node(shop.creator.key)
    document = late.descriptor(expires_at=int(strict.clock()) + 86_400)
    await shop.creator.register_node(late.id, m.NodeRegistration(descriptor=document))


async def test_accounts_without_end_are_not_made_from_one_address(strict: World) -> None:
    people = [await strict.person(f"person{number}") for number in range(4)]
    await refused(strict.person("person4"))
    assert count(strict, "accounts") == 4
    assert count(strict, "sessions") == 4
    for person in people:  # whoever has one signs in as before
        assert isinstance(person, Person)
        await person.sign_in()


async def test_the_answer_says_when_to_come_back(strict: World) -> None:
    shop = await strict.shop()
    for _ in range(12):
        await shop.quote(shop.creator)
    session = await shop.creator.sign_in()
    async with strict.http() as http:
        body = m.QuoteRequest(listing=shop.listing, measures={"step": 1}, request="ab" * 32).model_dump()
        for suffix in ("", "?a=1"):  # by the express lane, and past it
            answer = await http.post(
                f"/v1/quotes{suffix}", json=body, headers={"Authorization": f"Bearer {session.token}"}
            )
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["error"]["code"] == "rate_limited"
    assert (await shop.creator.balance()).available == 0 * MICRO
