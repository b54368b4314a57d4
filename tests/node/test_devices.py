"""Which device, how many threads, how many workers: decided here with workers that do what the test says."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from scripted_engine import MIB, Catalogue, Scene, scene

from artrator.errors import ArtratorError
from artrator.messages.node import JobState, WorkerHealth
from artrator_node.catalogue import ServedPackage
from artrator_node.commands import status
from artrator_node.config import Settings
from artrator_node.engine.compiled import compiled_folder, keep_only
from artrator_node.engine.devices import Answer, Card, Choice, Devices, Figures, Measurement, Place, cores
from artrator_node.engine.devices.places import parse
from artrator_node.engine.slot import SlotState


def settings(**given: Any) -> Settings:
    return Settings(name="t", urls=("https://x",), registry="http://x", memory_mib=100, **given)


def machine(folder: Path, **given: Any) -> AbstractAsyncContextManager[Scene]:
    """Two halves of a processor, and packages of 10 MiB."""
    return scene(folder, {"a": 10, "b": 10, "c": 10}, devices=("cpu:0", "cpu:1"), **{"memory_mib": 1000, **given})


def test_a_package_whose_jobs_wait_gets_a_second_worker_on_the_idle_device(tmp_path: Path) -> None:
    async def work() -> None:
        async with machine(tmp_path) as it:
            first, second, third = [await it.send("a", buyer=str(n)) for n in range(3)]
            one, other = await it.working(first), await it.working(second)
            assert one is not other
            assert sorted(label for label, _ in it.at) == ["cpu:0", "cpu:1"]
            assert third.record.state is JobState.QUEUED  # one place a worker here, and no third device
            one.finish(first.job)
            other.finish(second.job)
            (await it.working(third)).finish(third.job)
            for live in (first, second, third):
                await live.ended.wait()
                assert live.record.state is JobState.DELIVERED
            assert len(it.at) == 2

    asyncio.run(work())


def test_a_second_worker_goes_first_when_room_is_needed_and_never_drives_another_package_out(tmp_path: Path) -> None:
    async def work() -> None:
        # Not measured yet, a package counts 150 MiB: each of the two devices has room for two.
        async with machine(tmp_path, memory_mib=600) as it:
            jobs = [await it.send("a", buyer=str(n)) for n in range(2)]
            for live in jobs:
                await it.working(live)
            for live in jobs:
                (await it.working(live)).finish(live.job)
                await live.ended.wait()
            replica = next(slot for slot in it.engine.slots.all if slot.replica)
            it.memory = {"a": 290, "b": 290, "c": 290}
            for slot in it.engine.slots.all:
                slot.estimate.observe_memory(290 * MIB)
            live = await it.send("b")
            (await it.working(live)).finish(live.job)
            await live.ended.wait()
            assert replica.state is SlotState.COLD
            primary = it.engine.slots.get("a")
            assert primary is not None
            assert primary.state is SlotState.WARM
            # Now both devices are full of packages of their own: no second worker for either.
            jobs = [await it.send("b", buyer=str(n)) for n in range(2)]
            await it.working(jobs[0])
            await asyncio.sleep(1.2)
            assert it.worker_of(jobs[1].job) is None
            assert primary.state is SlotState.WARM
            for live in jobs:
                (await it.working(live)).finish(live.job)
                await live.ended.wait()

    asyncio.run(work())


def test_one_worker_dies_and_the_other_serves_on_until_the_package_has_both_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with machine(tmp_path) as it:
            jobs = [await it.send("a", buyer=str(n)) for n in range(2)]
            first, second = [await it.working(live) for live in jobs]
            first.die()
            second.finish(jobs[1].job)
            again = await it.working(jobs[0])
            again.finish(jobs[0].job)
            for live in jobs:
                await live.ended.wait()
                assert live.record.state is JobState.DELIVERED

    asyncio.run(work())


def test_a_device_on_which_a_package_keeps_dying_is_left_to_itself(tmp_path: Path) -> None:
    async def work() -> None:
        async with machine(tmp_path) as it:
            jobs = [await it.send("a", buyer=str(n)) for n in range(2)]
            for live in jobs:
                await it.working(live)
            bad = it.engine.slots.get("a")
            assert bad is not None
            bad._quarantine()
            good = it.engine.slots.get("a")
            assert good is not None
            assert good is not bad
            assert (good.replica, bad.replica) == (False, True)
            it.engine.check_room("a", "anybody", 2e9)  # the package is served on
            for live in jobs:
                (await it.working(live)).finish(live.job)
                await live.ended.wait()

    asyncio.run(work())


# --- what is decided


def served(name: str = "a") -> ServedPackage:
    return Catalogue().packages[name]


def card(index: int) -> Card:
    return Card(index, "A card", 8 << 30, "1.2")


CARDS = Answer(
    "onnxruntime-gpu 1.31.1 cuda",
    frozenset({"cpu"}),
    [card(0), card(1)],
    frozenset({("cuda", 0), ("cuda", 1), ("tensorrt", 0), ("tensorrt", 1)}),
)


def measured(devices: Devices, package: ServedPackage, choice: Choice, **figures: Any) -> None:
    devices.remember(package, choice, Figures(**figures), 1.0)


def test_what_the_owner_names_is_used_and_nothing_else_is_ever_tried() -> None:
    package = served()
    devices = Devices(settings(device="cuda", device_index=1))
    devices.learn(package.manifest.backend, CARDS)
    assert [str(way) for way in devices.ranked(package)] == ["cuda:1"]
    assert not devices.unmeasured(package)
    devices = Devices(settings(devices=("cuda:1", "tensorrt:0")))
    assert [way.kind for way in devices.ranked(package)] == ["cuda", "tensorrt"]
    assert not devices.unmeasured(package)


def test_cards_are_guessed_to_be_faster_and_engines_that_take_minutes_to_build_are_not_guessed() -> None:
    package = served()
    devices = Devices(settings(device="auto"))
    assert [way.kind for way in devices.ranked(package)] == ["cpu"]
    devices.learn(package.manifest.backend, CARDS)
    assert [str(way) for way in devices.ranked(package)] == ["gpu:0 by cuda", "gpu:1 by cuda"]
    kinds = {way.kind for way in devices.unmeasured(package)}
    assert kinds == {"cpu", "cuda", "tensorrt"}
    assert {place.memory_bytes for place in devices.places if place.hardware == "gpu"} == {int((8 << 30) * 0.9)}


def test_the_fastest_way_is_chosen_and_what_is_out_or_far_too_slow_is_not() -> None:
    package = served()
    devices = Devices(settings(device="auto"))
    devices.learn(package.manifest.backend, CARDS)
    for way in devices.unmeasured(package):
        seconds = {"cpu": 5.0, "cuda": 1.0, "tensorrt": 0.5}[way.kind]
        out = "It gave another picture." if way.kind == "tensorrt" and way.place.index == 1 else ""
        measured(devices, package, way, run_seconds=seconds, rows={1: 1 / seconds}, out=out)
    assert not devices.unmeasured(package)
    assert [str(way) for way in devices.ranked(package)] == ["gpu:0 by tensorrt", "gpu:1 by cuda"]


def test_another_driver_makes_what_was_measured_void() -> None:
    package = served()
    devices = Devices(settings(device="auto"))
    devices.learn(package.manifest.backend, CARDS)
    kept = []
    for way in devices.unmeasured(package):
        circumstances = devices.circumstances(package, way.place)
        kept.append(Measurement(package.digest, way.place.label, str(way), circumstances, Figures(run_seconds=1.0)))
    later = Devices(settings(device="auto"))
    later.recall(kept)
    later.learn(package.manifest.backend, CARDS)
    assert not later.unmeasured(package)
    newer = Devices(settings(device="auto"))
    newer.recall(kept)
    cards = [Card(0, "A card", 8 << 30, "1.3"), card(1)]
    newer.learn(package.manifest.backend, Answer(CARDS.runtime, CARDS.kinds, cards, CARDS.cards_by_kind))
    assert {way.place.label for way in newer.unmeasured(package)} == {"gpu:0"}


def test_sixteen_bits_need_the_word_of_package_or_owner() -> None:
    package = served()
    for given, precision in (((), "fp32"), (("b",), "fp32"), ((package.manifest.name,), "fp16")):
        devices = Devices(settings(device="auto", fp16=given))
        devices.learn(package.manifest.backend, CARDS)
        found = {way.kind: way.precision for way in devices.unmeasured(package)}
        assert found == {"cpu": "fp32", "cuda": precision, "tensorrt": precision}


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:1234", "CUDA", "cuda:0 "])
def test_a_name_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(ArtratorError, match="is no device"):
        parse(name)
    with pytest.raises(ValueError, match="devices"):
        settings(devices=(name,))


@pytest.mark.parametrize(
    "names", [("cuda:0", "cuda"), ("cuda:1", "tensorrt:1"), ("cpu:0", "cpu:0"), ("cpu", "openvino")]
)
def test_a_device_that_is_named_twice_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="named twice"):
        settings(devices=names)


def test_the_memory_of_cards_that_the_owner_named_is_shared_out() -> None:
    devices = Devices(settings(devices=("cuda:0", "cuda:1")))
    assert [place.memory_bytes for place in devices.places] == [0, 0]
    devices.learn("node-toy", Answer("", cards=[card(0), Card(1, "A small one", 1 << 30, "1.2")]))
    assert [place.memory_bytes for place in devices.places] == [int((8 << 30) * 0.9), int((1 << 30) * 0.9)]
    assert [way.device().index for way in devices.ranked(served())] == [0, 1]


def test_packages_are_spread_over_cards_by_the_memory_that_each_has(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 10, "b": 10, "c": 10}, devices=("cuda:0", "cuda:1"), memory_mib=4000) as it:
            for backend in {package.manifest.backend for package in Catalogue().packages.values()}:
                small = [Card(index, "A card", 200 * MIB) for index in range(2)]
                it.engine.slots.devices.learn(backend, Answer("", cards=small))
            for name in "abc":
                live = await it.send(name)
                (await it.working(live)).finish(live.job)
                await live.ended.wait()
            # Not measured, a package counts 150 MiB: one fits on each card of 180.
            assert [label for label, _ in it.at] == ["cuda:0", "cuda:1", "cuda:0"]
            assert not it.workers["a"].alive
            assert it.workers["b"].alive

    asyncio.run(work())


def test_what_the_driver_says_of_a_worker_counts_for_the_room_on_its_card(tmp_path: Path) -> None:
    async def work() -> None:
        async with scene(tmp_path, {"a": 10, "b": 10, "c": 10}, devices=("cuda:0",), memory_mib=4000) as it:
            for backend in {package.manifest.backend for package in Catalogue().packages.values()}:
                it.engine.slots.devices.learn(backend, Answer("", cards=[Card(0, "A card", 500 * MIB)]))

            async def run(name: str) -> None:
                live = await it.send(name)
                (await it.working(live)).finish(live.job)
                await live.ended.wait()

            await run("a")
            await run("b")  # at 150 MiB each, as nothing was measured, three fit on a card of 450
            it.workers["b"].pid = 4711
            it.engine.slots.saw_on_cards({4711: 300 * MIB, 4712: 400 * MIB})
            it.engine.slots.saw_on_cards({4711: 200 * MIB})  # it gave some back, and may take it again
            await run("c")
            assert [it.workers[name].alive for name in "abc"].count(True) == 2

    asyncio.run(work())


# --- processors


def test_threads_are_as_many_as_this_process_may_use_cores() -> None:
    assert 1 <= cores.default_threads() <= len(cores.usable())
    assert cores.default_threads((0,)) == 1
    assert cores.thread_counts((0,)) == (1,)
    assert cores.thread_counts()[0] == cores.default_threads()


def test_a_quota_counts_whichever_group_sets_it(tmp_path: Path) -> None:
    group = tmp_path / "fs"
    (group / "a" / "b").mkdir(parents=True)
    membership = tmp_path / "cgroup"
    membership.write_text("0::/a/b\n")
    assert cores.quota(group, membership) is None
    (group / "a" / "b" / "cpu.max").write_text("max 100000\n")
    assert cores.quota(group, membership) is None
    (group / "a" / "cpu.max").write_text("150000 100000\n")
    assert cores.quota(group, membership) == 1.5
    (group / "a" / "b" / "cpu.max").write_text("50000 100000\n")
    assert cores.quota(group, membership) == 0.5
    old = tmp_path / "v1"
    (old / "cpu" / "x").mkdir(parents=True)
    (old / "cpu" / "x" / "cpu.cfs_quota_us").write_text("200000\n")
    (old / "cpu" / "x" / "cpu.cfs_period_us").write_text("100000\n")
    membership.write_text("3:cpuacct,cpu:/x\n2:memory:/y\n")
    assert cores.quota(old, membership) == 2.0


def test_threads_of_one_core_count_once(tmp_path: Path) -> None:
    for cpu, siblings in enumerate(["0,2", "1,3", "0,2", "1,3"]):
        (tmp_path / f"cpu{cpu}" / "topology").mkdir(parents=True)
        (tmp_path / f"cpu{cpu}" / "topology" / "thread_siblings_list").write_text(f"{siblings}\n")
    assert cores.physical((0, 1, 2, 3), tmp_path) == (0, 1)
    assert cores.physical((1, 3), tmp_path) == (1,)
    assert cores.physical((7,), tmp_path) == (7,)


def test_processors_are_divided_so_that_no_two_parts_share_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cores, "usable", lambda: tuple(range(8)))
    assert cores.parts(2, tmp_path) == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert [len(part) for part in cores.parts(3, tmp_path)] == [2, 3, 3]
    assert len(cores.parts(16, tmp_path)) == 16
    for node, listed in enumerate(["0-1,6-7", "2-5"]):
        (tmp_path / f"node{node}").mkdir()
        (tmp_path / f"node{node}" / "cpulist").write_text(f"{listed}\n")
    assert cores.parts(2, tmp_path) == ((0, 1, 6, 7), (2, 3, 4, 5))
    assert cores.numa_nodes(tmp_path) == ((0, 1, 6, 7), (2, 3, 4, 5))
    monkeypatch.setattr(cores, "usable", lambda: (3, 4, 6))
    assert cores.numa_nodes(tmp_path) == ((6,), (3, 4))


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_the_processors_of_this_machine_are_all_given_out() -> None:
    given = [processor for part in cores.parts(len(cores.usable())) for processor in part]
    assert sorted(given) == sorted(os.sched_getaffinity(0))


def test_what_a_compiler_keeps_has_a_folder_a_package_device_and_driver_and_goes_with_its_package(
    tmp_path: Path,
) -> None:
    def folder(package: str, **place: Any) -> str:
        return compiled_folder(tmp_path, package, Choice(Place("gpu", **place), "tensorrt"))

    made = [folder("sha256:aa"), folder("sha256:aa", index=1), folder("sha256:aa", driver="2"), folder("sha256:bb")]
    assert len(set(made)) == 4
    assert folder("sha256:aa") == made[0]
    assert all(Path(path).is_dir() for path in made)
    assert compiled_folder(tmp_path, "sha256:aa", Choice(Place("cpu"), "cpu")) == ""
    (Path(made[0]) / "engine").write_bytes(b"x")
    keep_only(tmp_path, ["sha256:bb"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bb"]
    keep_only(tmp_path / "missing", [])


def test_the_status_names_each_worker_with_what_really_computes() -> None:
    health = WorkerHealth(
        device="cuda:1", provider="CUDAExecutionProvider", state="warm", running=2, card_bytes=3 << 30
    )
    assert status._worker(health) == "cuda:1: warm, computes by CUDAExecutionProvider, 3072 MiB of the card, 2 running"
    broken = WorkerHealth(device="cuda:0", state="quarantined", error="Its worker died 3 times in a row.")
    assert status._worker(broken) == "cuda:0: Its worker died 3 times in a row."
