"""Verification tickets: for the creator and named verifiers only, written down for ever, taken back at once."""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

import pytest
from registry_world import MICRO, Person, Shop, World

from artrator.clients.registry import RegistryClient
from artrator.documents import ticket as tickets
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator.messages.verifications import VerificationRequest
from artrator_registry.verifications.service import LASTS_SECONDS, name_verifier

pytestmark = pytest.mark.anyio


def wanted(shop: Shop, **changes: Any) -> VerificationRequest:
    return VerificationRequest(**({"listing": shop.listing, "package": shop.made.package} | changes))


async def name(world: World, handle: str, *, named: bool = True) -> None:
    await world.registry.database.write(lambda t: name_verifier(t, handle, named=named))


async def code(work: Any) -> Code:
    with pytest.raises(ArtratorError) as caught:
        await work
    return caught.value.code


async def ask(who: Person, shop: Shop, **changes: Any) -> Any:
    return await who.verification(str(uuid.uuid4()), wanted(shop, **changes))


async def test_a_verifier_gets_a_ticket_that_opens_and_costs_nothing(world: World) -> None:
    shop = await world.shop()
    vera = await world.person("vera")
    assert await code(ask(vera, shop)) is Code.FORBIDDEN
    await name(world, "vera")
    before = await vera.balance()
    looked = await ask(vera, shop)
    keyset = await vera.keyset(world.registry.authority.root.public)
    ticket = tickets.read(looked.ticket, {key.kid: PublicKey.decode(key.public_key) for key in keyset.keys})
    assert (ticket.kind, ticket.cap, ticket.cnf) == ("verify", 0, vera.key.public.encode())
    assert (ticket.package, ticket.aud, ticket.jti) == (shop.made.package, shop.node.id, looked.verification)
    assert 0 < ticket.finish_by - world.clock() <= LASTS_SECONDS
    assert await vera.balance() == before
    assert list((await vera.orders()).items) == []
    (seen,) = await shop.creator.verifications()
    assert (seen.verifier, seen.package, seen.ticket) == ("vera", shop.made.package, None), (
        "the creator sees who, not how"
    )
    eve = await world.person("eve")
    assert list(await eve.verifications()) == []


async def test_a_creator_looks_at_the_own_package_and_nobody_elses(world: World) -> None:
    shop, other = await world.shop(), await world.shop("bottega", weights=b"others")
    assert (await ask(shop.creator, shop)).ticket is not None
    assert await code(ask(shop.creator, other)) is Code.FORBIDDEN
    assert await code(ask(shop.creator, shop, package=other.made.package)) is Code.LISTING_UNKNOWN
    assert await code(ask(shop.creator, shop, node=other.node.id)) is Code.NODE_UNKNOWN


async def test_the_same_request_twice_is_one_look_and_another_is_a_conflict(world: World) -> None:
    shop = await world.shop()
    this = str(uuid.uuid4())
    first = await shop.creator.verification(this, wanted(shop))
    assert await shop.creator.verification(this, wanted(shop)) == first
    assert await code(shop.creator.verification(this, wanted(shop, node=shop.node.id))) is Code.CONFLICT
    eve = await world.person("eve")
    await name(world, "eve")
    assert await code(eve.verification(this, wanted(shop))) is Code.CONFLICT
    assert len(await shop.creator.verifications()) == 1


async def test_a_look_and_an_order_never_share_an_id(world: World) -> None:
    """A removed verifier's looks and refunded licences go to nodes as one list of ids: one must not end the other."""
    shop = await world.shop(licence=5 * MICRO)
    mina, vera = await world.person("mina", 50), await world.person("vera")
    await name(world, "vera")
    ordered = await shop.order(mina)
    assert await code(vera.verification(ordered.order, wanted(shop))) is Code.CONFLICT
    looked = await ask(vera, shop)
    request = p.PurchaseRequest(listing=shop.listing, package=shop.made.package, max_price=50 * MICRO)
    assert await code(mina.buy_licence(looked.verification, request)) is Code.CONFLICT


async def test_who_is_removed_gets_no_more_tickets_and_nodes_hear_of_those_that_last(world: World) -> None:
    shop = await world.shop()
    vera = await world.person("vera")
    await name(world, "vera")
    looked = await ask(vera, shop)
    own = await ask(shop.creator, shop)
    assert (await shop.online()).revoked == []
    await name(world, "vera", named=False)
    assert await code(ask(vera, shop)) is Code.FORBIDDEN
    assert (await shop.online()).revoked == [looked.verification], "the creator's own look is nobody's to take back"
    assert own.verification != looked.verification
    world.clock.offset += LASTS_SECONDS + 60
    await shop.creator.sign_in()
    assert (await shop.online()).revoked == [], "what has ended need not be told"
    await vera.sign_in()
    assert (await vera.verifications())[0].ticket is None
    assert await code(name(world, "vera", named=False)) is Code.REQUEST_INVALID
    assert await code(name(world, "nobody")) is Code.ACCOUNT_UNKNOWN


async def test_no_api_key_looks_and_no_look_is_ever_forgotten(world: World) -> None:
    shop = await world.shop()
    made = await shop.creator.create_api_key(m.APIKeyRequest(label="all", scopes=list(m.Scope)))
    async with RegistryClient("http://registry", api_key=made.secret, transport=world.transport) as program:
        assert await code(program.verification(str(uuid.uuid4()), wanted(shop))) is Code.SCOPE_MISSING
        assert await code(program.verifications()) is Code.SCOPE_MISSING
    await ask(shop.creator, shop)
    for sql in ("DELETE FROM verifications", "UPDATE verifications SET at = 0"):
        with pytest.raises(sqlite3.IntegrityError):
            await world.registry.database.write(lambda t, sql=sql: t.run(sql))


async def test_a_look_is_no_order(world: World) -> None:
    shop = await world.shop()
    looked = await ask(shop.creator, shop)
    assert await code(shop.creator.get_order(looked.verification)) is Code.ORDER_UNKNOWN
    assert await code(shop.creator.purchase(looked.verification)) is Code.ORDER_UNKNOWN
