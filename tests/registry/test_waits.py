"""How long a buyer of a cold model will wait: measured by the node, told in heartbeats, and passed on in quotes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from registry_world import World
from scripted_engine import ScriptedWorker, scene

from artrator.messages import registry as m

pytestmark = pytest.mark.anyio


async def test_a_quote_counts_the_load_of_a_cold_package_as_it_was_measured_last(world: World, tmp_path: Path) -> None:
    shop, mina = await world.shop(), await world.person("mina")
    async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
        catalogue = it.engine.slots._catalogue
        served = replace(next(iter(catalogue.packages.values())), digest=shop.made.package)
        catalogue.packages = {shop.made.package: served}
        slot = it.engine.slots.get(shop.made.package)
        assert slot is not None

        async def waits() -> tuple[m.NodeState, float]:
            beat = m.Heartbeat(packages=it.engine.package_states())
            await shop.creator.heartbeat(shop.node.id, m.Heartbeat.model_validate_json(beat.model_dump_json()))
            (node,) = (await shop.quote(mina)).nodes
            return node.state, node.expected_wait

        slot.estimate.observe_load(8.25, 100)
        assert await waits() == (m.NodeState.COLD, 8.25)
        # Now something was derived from it, and the next load was faster.
        slot.estimate.observe_load(2.5, 100, 200)
        assert await waits() == (m.NodeState.COLD, 2.5)
        slot.ready(ScriptedWorker(served, 100), 2.5, 100, it.shop.clock.monotonic())
        assert await waits() == (m.NodeState.WARM, 0.0)
        slot.evicted()
        assert await waits() == (m.NodeState.COLD, 2.5)


async def test_what_was_never_loaded_is_not_said_to_start_at_once(world: World, tmp_path: Path) -> None:
    shop, mina = await world.shop(), await world.person("mina")
    async with scene(tmp_path, {"a": 1, "b": 1, "c": 1}) as it:
        catalogue = it.engine.slots._catalogue
        served = replace(next(iter(catalogue.packages.values())), digest=shop.made.package)
        catalogue.packages = {shop.made.package: served}
        await shop.creator.heartbeat(shop.node.id, m.Heartbeat(packages=it.engine.package_states()))
        (node,) = (await shop.quote(mina)).nodes
        assert node.expected_wait > 0
