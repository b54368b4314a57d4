"""Who makes room for whom: what is worth least goes, what is pinned or busy stays, and nobody goes for nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_engine import record, scene

from artrator.errors import Code
from artrator.messages.node import JobState
from artrator.messages.registry import NodeState
from artrator_node.engine.room import busy_victim, taken_bytes, victims, worth

MIB = 1 << 20
NOW = 1000.0


@dataclass(eq=False)
class Place:
    """What room-making asks of a slot."""

    own_bytes: int
    shared_bytes: int = 0
    load_seconds: float = 1.0
    uses: Sequence[float] = ()
    last_used: float = 0.0
    loaded: bool = True
    idle: bool = True
    pinned: bool = False
    replica: bool = False
    name: str = ""
    package: SimpleNamespace = field(init=False)
    estimate: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        self.package = SimpleNamespace(digest=self.name or str(id(self)))
        self.estimate = SimpleNamespace(load_seconds=self.load_seconds)

    @property
    def memory_bytes(self) -> int:
        return self.own_bytes + self.shared_bytes


places = st.builds(
    Place,
    own_bytes=st.integers(0, 50),
    shared_bytes=st.integers(0, 50),
    load_seconds=st.floats(0, 100),
    uses=st.lists(st.floats(0, NOW), max_size=4).map(sorted),
    last_used=st.floats(0, NOW),
    loaded=st.booleans(),
    idle=st.booleans(),
    pinned=st.booleans(),
    replica=st.booleans(),
    name=st.sampled_from(["", "", "a", "b"]),
)


@given(places, st.lists(places, max_size=6), st.integers(0, 200), st.booleans())
def test_room_is_made_wherever_it_can_be_and_at_the_cost_of_nobody_who_must_stay(newcomer, others, budget, on_card):
    size = (lambda place: place.own_bytes) if on_card else None

    def fits(staying):
        if not staying:
            return True
        return (sum(map(size, [*staying, newcomer])) if size else taken_bytes([*staying, newcomer])) <= budget

    loaded = [place for place in others if place.loaded]
    movable = [place for place in loaded if place.idle and not place.pinned]
    chosen = victims(newcomer, others, budget, NOW, size)
    possible = fits([place for place in loaded if place not in movable])
    assert (chosen is not None) == possible
    if chosen is None:
        return
    assert set(chosen) <= set(movable)
    assert len(set(chosen)) == len(chosen)
    assert fits([place for place in loaded if place not in chosen])
    for spared in chosen:  # nobody goes for nothing
        assert not fits([place for place in loaded if place not in chosen or place is spared])


@given(st.lists(places, min_size=1, max_size=6))
def test_workers_of_one_package_share_what_they_map(slots):
    total = taken_bytes(slots)
    assert total <= sum(slot.memory_bytes for slot in slots)
    assert total >= max(slot.memory_bytes for slot in slots)
    for one, other in combinations(slots, 2):
        if one.package.digest == other.package.digest:
            assert total <= sum(slot.memory_bytes for slot in slots) - min(one.shared_bytes, other.shared_bytes)


def test_what_is_alike_goes_by_the_time_of_its_last_use():
    old, new = (Place(10, uses=[at], last_used=at) for at in (100.0, 900.0))
    assert victims(Place(10), [new, old], 20, NOW) == [old]


def test_what_is_dear_to_bring_back_stays_for_a_while_and_not_for_ever():
    dear = Place(10, load_seconds=60, uses=[800.0])
    cheap = Place(10, load_seconds=2, uses=[990.0])
    assert victims(Place(10), [dear, cheap], 20, NOW) == [cheap]
    forgotten = Place(10, load_seconds=60, uses=[-10_000.0])
    assert victims(Place(10), [forgotten, cheap], 20, NOW) == [forgotten]


def test_what_is_used_often_outlasts_what_was_tried_once():
    often = Place(10, uses=[600.0, 610.0, 620.0, 630.0])
    once = Place(10, uses=[800.0])
    assert victims(Place(10), [often, once], 20, NOW) == [once]


def test_large_ones_give_more_room_for_the_same_wait():
    large, small = Place(80, load_seconds=2, uses=[900.0]), Place(10, load_seconds=2, uses=[900.0])
    assert victims(Place(10), [small, large], 95, NOW) == [large]


def test_on_a_card_it_is_the_bytes_of_the_card_that_count():
    large, small = Place(10, load_seconds=2, uses=[900.0]), Place(80, load_seconds=2, uses=[900.0])
    on_card = {large: 80, small: 10}
    assert victims(Place(10), [small, large], 95, NOW, lambda place: on_card.get(place, 10)) == [large]


def test_second_workers_go_before_any_first_one():
    first = Place(10, load_seconds=0.1, uses=[1.0])
    second = Place(10, load_seconds=100, uses=[999.0], replica=True)
    assert victims(Place(10), [first, second], 20, NOW) == [second]


def test_a_load_of_no_time_at_all_is_no_reason_to_go_first():
    assert worth(Place(10, load_seconds=0.0, uses=[500.0]), NOW, 10) == worth(
        Place(10, load_seconds=0.4, uses=[500.0]), NOW, 10
    )
    assert worth(Place(0, uses=[NOW]), NOW, 0) > 0


def test_a_busy_pinned_worker_is_not_asked_to_empty_itself():
    pinned, busy = Place(10, idle=False, pinned=True), Place(10, idle=False, last_used=5.0)
    assert busy_victim(Place(10), [pinned, busy]) is busy
    assert busy_victim(Place(10), [pinned]) is None


# --- in the engine


def test_a_pinned_package_is_loaded_first_and_never_leaves(tmp_path: Path) -> None:
    async def work() -> None:
        memory = {"a": 40, "b": 40, "c": 40}
        async with scene(tmp_path, memory, memory_mib=200, pin=["c"]) as it:
            await it.until(lambda: it.started == ["c"])
            pinned = it.workers["c"]
            for package in "abab":
                live = await it.send(package)
                (await it.running(live)).finish(live.job)
                await live.ended.wait()
            assert pinned.alive
            assert it.started.count("c") == 1
            assert [slot.pinned for slot in it.engine.slots] == [False, False, True]
            # One that dies is loaded again, though nobody asks for it, and others make room.
            pinned.die()
            it.engine.wake()
            await it.until(lambda: it.workers["c"] is not pinned and it.workers["c"].alive)

    asyncio.run(work())


def test_who_does_not_fit_beside_what_is_pinned_hears_so_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 90, "b": 90, "c": 1}, memory_mib=100, pin=["a"]) as it:
            await it.until(lambda: it.started == ["a"])
            live = await it.send("b")
            await live.ended.wait()
            assert live.record.state is JobState.FAILED
            assert live.record.error is not None
            assert "pinned" in str(live.record.error["message"])
            kept, slot = it.engine.slots.get("a"), it.engine.slots.get("b")
            assert kept is not None
            assert slot is not None
            assert (kept.node_state, slot.node_state) == (NodeState.WARM, NodeState.OFFLINE)
            assert slot.error is not None
            assert slot.error.code is Code.WORKER_LIMIT

    asyncio.run(work())


@pytest.mark.parametrize("prewarm", [True, False])
def test_what_was_used_most_lately_is_loaded_first_ahead_of_need(tmp_path: Path, prewarm: bool) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 5, "b": 5, "c": 5}, memory_mib=600) as it:
            for package in "abbcbc":
                live = await it.send(package)
                (await it.running(live)).finish(live.job)
                await live.ended.wait()
            old = record("a", finish_by=time.time() + 600, queued_at=time.time() - 30 * 86_400)
            assert old.queued_at < time.time() - 86_400
        async with scene(tmp_path, {"a": 5, "b": 5, "c": 5}, memory_mib=600, prewarm=prewarm) as it:
            if prewarm:
                await it.until(lambda: len(it.started) == 3)
                assert it.started == ["b", "c", "a"]
            else:
                await asyncio.sleep(0.05)
                assert it.started == []

    asyncio.run(work())
