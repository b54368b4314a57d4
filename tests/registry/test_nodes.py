"""Nodes: descriptors, heartbeats, and which of them a buyer is sent to."""

from __future__ import annotations

import time
from typing import Any

import pytest
from registry_world import Node, World

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m

pytestmark = pytest.mark.anyio


async def test_a_descriptor_must_be_sound_and_signed_by_the_account(world: World) -> None:
    creator, eve = await world.person("atelier"), await world.person("eve")
    node, other = Node(creator.key), PrivateKey.generate()
    now = int(time.time())
    for changes in (
        {"creator": eve.key.public.encode()},
        {"node": other.id},
        {"receipt_key": other.public.encode()},
        {"tls_certificate": "x"},
        {"urls": []},
        {"urls": ["ftp://x"]},
        {"urls": ["https://"]},
        {"urls": ["https://x:port"]},
        {"urls": ["http://x"]},
        {"urls": ["http://127.0.0.1.example.org:8751"]},
        {"urls": ["http://localhost.example.org"]},
        {"urls": ["http://localhost@example.org"]},
        {"name": ""},
        {"expires_at": now - 1, "issued_at": now - 2},
        {"expires_at": 10**12},
    ):
        with pytest.raises(ArtratorError) as raised:
            await creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor(**changes)))
        assert raised.value.code is Code.DESCRIPTOR_INVALID, changes
    for who, address, document in (
        (eve, node.id, node.descriptor()),
        (creator, "sha256:0", node.descriptor()),
        (creator, node.id, {}),
    ):
        with pytest.raises(ArtratorError) as raised:
            await who.register_node(address, m.NodeRegistration(descriptor=document))
        assert raised.value.code is Code.DESCRIPTOR_INVALID


async def test_a_node_cannot_be_taken_over_nor_an_old_descriptor_replayed(world: World) -> None:
    creator, eve = await world.person("atelier"), await world.person("eve")
    node = Node(creator.key)
    old = node.descriptor(issued_at=int(time.time()) - 100)
    await creator.register_node(node.id, m.NodeRegistration(descriptor=old))
    await creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
    with pytest.raises(ArtratorError) as raised:
        await creator.register_node(node.id, m.NodeRegistration(descriptor=old))
    assert raised.value.code is Code.DESCRIPTOR_INVALID
    taken = Node(eve.key, key=node.key)
    with pytest.raises(ArtratorError) as raised:
        await eve.register_node(node.id, m.NodeRegistration(descriptor=taken.descriptor()))
    assert raised.value.code is Code.FORBIDDEN
    with pytest.raises(ArtratorError) as raised:
        await eve.heartbeat(node.id, m.Heartbeat())
    assert raised.value.code is Code.FORBIDDEN
    with pytest.raises(ArtratorError) as raised:
        await creator.heartbeat("sha256:0", m.Heartbeat())
    assert raised.value.code is Code.NODE_UNKNOWN


async def test_a_card_says_how_warm_its_nodes_are(world: World) -> None:
    shop = await world.shop()
    for state in (m.NodeState.COLD, m.NodeState.LOADING, m.NodeState.WARM):
        await shop.online(state)
        card = (await shop.creator.listing(shop.listing)).card
        assert (card.state, card.nodes) == (state, 1)
    world.clock.offset += 46
    card = (await shop.creator.listing(shop.listing)).card
    assert (card.state, card.nodes) == (m.NodeState.OFFLINE, 0)


async def test_another_accounts_node_does_not_get_the_creators_buyers(world: World) -> None:
    shop = await world.shop()
    eve = await world.person("eve")
    thief = Node(eve.key)
    await eve.register_node(thief.id, m.NodeRegistration(descriptor=thief.descriptor()))
    warm = m.PackageState(package=shop.made.package, state=m.NodeState.WARM)
    await eve.heartbeat(thief.id, m.Heartbeat(packages=[warm]))
    assert (await eve.listing(shop.listing)).card.nodes == 1
    assert [node.node for node in await eve.nodes(shop.listing)] == [shop.node.id]
    quote = await shop.quote(eve)
    assert [node.node for node in quote.nodes] == [shop.node.id]
    with pytest.raises(ArtratorError) as raised:
        await eve.order(
            "0" * 8 + "-0000-0000-0000-" + "0" * 12, m.OrderRequest(quote=quote.quote, node=thief.id, max_price=10**9)
        )
    assert raised.value.code is Code.NODE_UNKNOWN


async def test_a_node_that_went_is_not_online_because_the_clock_was_set_back(world: World) -> None:
    shop, mina = await world.shop(), await world.person("mina", credits_=10)
    placed = await shop.order(mina)
    world.clock.offset -= 2 * 86_400
    await mina.sign_in()
    await world.sweep()
    assert len((await shop.quote(mina)).nodes) == 1  # it may be there, and has a while to be heard
    world.clock.offset += 50
    with pytest.raises(ArtratorError) as raised:
        await shop.quote(mina)
    assert raised.value.code is Code.NO_NODE
    world.clock.offset = world.settings.finish_seconds + world.settings.grace + 60
    await mina.sign_in()
    await world.sweep()
    # It is cut off, so its receipt may yet come; only a node that could have told us loses its hold so early.
    assert (await mina.get_order(placed.order)).state is m.OrderState.HELD


async def test_candidates_come_by_when_they_would_begin_and_of_equals_warm_first(world: World) -> None:
    """A node's wait counts its load as well as its queue: a buyer wants the picture soon, from wherever."""
    shop = await world.shop()
    expected = []
    for state, wait in (("loading", 0.0), ("cold", 0.0), ("cold", 2.0), ("warm", 5.0), ("cold", 5.0), ("warm", 180.0)):
        node = Node(shop.creator.key)
        expected.append(node.id)
        await shop.creator.register_node(node.id, m.NodeRegistration(descriptor=node.descriptor()))
        package = m.PackageState(package=shop.made.package, state=m.NodeState(state), expected_wait=wait, run_seconds=3)
        await shop.creator.heartbeat(node.id, m.Heartbeat(packages=[package]))
    mina = await world.person("mina")
    assert [node.node for node in (await shop.quote(mina)).nodes] == [shop.node.id, *expected]
    assert len(await mina.nodes()) == 7


async def refused_quote(shop: Any, buyer: Any) -> str:
    with pytest.raises(ArtratorError) as raised:
        await shop.quote(buyer)
    assert raised.value.code is Code.NO_NODE
    message: str = raised.value.message
    return message


async def test_when_nobody_can_run_it_the_buyer_is_told_why(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina")
    await shop.online(accepting=False)
    assert (await refused_quote(shop, mina)).endswith("no new jobs at the moment.")
    await shop.online(accepting=False, accepting_from=world.clock() + 3600)
    assert "one will again at 2" in await refused_quote(shop, mina)
    await shop.online(accepting=False, accepting_from=world.clock() - 5)  # by now it should have said otherwise
    assert (await refused_quote(shop, mina)).endswith("no new jobs at the moment.")
    world.clock.offset += 50
    assert "offline since" in await refused_quote(shop, mina)
    await shop.online(m.NodeState.OFFLINE)
    assert "cannot serve" in await refused_quote(shop, mina)
    await shop.creator.heartbeat(shop.node.id, m.Heartbeat())
    assert "no node has registered" in await refused_quote(shop, mina)


async def test_a_heartbeat_tells_when_to_come_again_and_of_new_keys(world: World) -> None:
    shop = await world.shop()
    before = await shop.online()
    world.registry.authority.rotate(world.clock())
    after = await shop.online()
    assert (before.keyset_serial, after.keyset_serial) == (1, 2)
    assert after.next_in == 15.0


async def test_a_heartbeat_may_name_a_thousand_packages(world: World) -> None:
    shop = await world.shop()
    packages = [
        m.PackageState(package=f"sha256:{i:064}", state=m.NodeState.COLD, expected_wait=1 / 3, run_seconds=1 / 7)
        for i in range(1000)
    ]
    await shop.creator.heartbeat(shop.node.id, m.Heartbeat(packages=packages))
    await shop.creator.heartbeat(shop.node.id, m.Heartbeat(packages=packages[1:], queued=5, version="x" * 500))
    with pytest.raises(ArtratorError) as raised:
        await shop.quote(await world.person("mina"))
    assert raised.value.code is Code.NO_NODE
