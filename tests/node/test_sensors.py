"""Sensors: NVML through a library that is really called, files as Linux has them, and what follows from both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_nvml import FakeNVML, compile_nvml
from toy_node import ToyNode

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobState
from artrator.worker.child.cards import probe, used_bytes
from artrator_node.config import Settings
from artrator_node.owner import rivals
from artrator_node.owner.ceilings import Ceilings
from artrator_node.owner.hwmon import LinuxSensors
from artrator_node.owner.nvml import NVML
from artrator_node.owner.readings import CardReading, MachineReading
from artrator_node.owner.rules import Kind

GIB = 1 << 30


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeNVML]:
    """A library that says what the test wants, to this process too."""
    made = compile_nvml(tmp_path_factory.mktemp("nvml"))
    os.environ["FAKE_NVML"] = str(made.file)
    yield made
    del os.environ["FAKE_NVML"]


def settings(**owner: object) -> Settings:
    return Settings.model_validate(
        {"name": "n", "urls": ["https://127.0.0.1:1"], "registry": "http://127.0.0.1:1", **owner}
    )


def test_a_card_is_read_through_nvml(nvml: FakeNVML) -> None:
    sensor = NVML(str(nvml.library))
    assert sensor.present
    nvml.says(degrees=71, watts=220.5, used_mib=3072, pid=1234, pid_mib=512, percent=72)
    (card,) = sensor.read().cards
    assert (card.name, card.temperature, card.power) == ("Toy RTX", 71.0, 220.5)
    assert (card.memory_used, card.memory_total) == (3 * GIB, 24 * GIB)
    assert card.busy == 0.72
    assert card.programs[1234] == 512 << 20
    assert card.programs[4_000_000] == 0  # it does not tell how much
    sensor.close()
    assert sensor.read() == MachineReading()


def test_a_worker_reads_the_same_cards(nvml: FakeNVML, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator.nvml._names", lambda: iter([str(nvml.library)]))
    nvml.says(used_mib=3072)
    told = probe("")
    assert told["cards"] == [{"index": 0, "name": "Toy RTX", "mark": "GPU-8f2a-toy", "memory_bytes": 24 * GIB}]
    assert told["driver"] == "999.1"
    for own in ("0", "GPU-8f2a-toy", "GPU-8f"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", own)
        assert used_bytes(Device("cuda")) == 3 * GIB
    for nobody in ("1", "none", "GPU-9", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", nobody)
        assert used_bytes(Device("cuda")) == 0
    monkeypatch.setattr("artrator.nvml._names", lambda: iter(["there-is-none.so"]))
    assert probe("")["cards"] == []
    assert used_bytes(Device("cuda")) == 0


def test_what_a_card_does_not_tell_is_told_as_unknown(nvml: FakeNVML) -> None:
    sensor = NVML(str(nvml.library))
    nvml.says()
    (card,) = sensor.read().cards
    assert card == CardReading("Toy RTX")
    sensor.close()


def test_without_a_driver_nothing_is_said(tmp_path: Path) -> None:
    assert not NVML(str(tmp_path / "libnvidia-ml.so.1")).present
    (tmp_path / "none.so").write_bytes(b"not a library")
    assert NVML(str(tmp_path / "none.so")).read() == MachineReading()


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


def test_linux_tells_processors_and_amds_cards_in_files(tmp_path: Path) -> None:
    hwmon = tmp_path / "class" / "hwmon"
    write(hwmon / "hwmon0", name="nvme", temp1_input=99_000)
    write(hwmon / "hwmon1", name="k10temp", temp1_input=61_500, temp3_input=58_000, temp1_label="Tctl")
    write(
        hwmon / "hwmon2",
        name="amdgpu",
        temp1_input=64_000,
        temp2_input=81_000,
        temp2_label="junction",
        power1_average=187_000_000,
    )
    write(
        hwmon / "hwmon2" / "device",
        product_name="Radeon RX 7900 XTX",
        mem_info_vram_used=6 * GIB,
        mem_info_vram_total=24 * GIB,
        gpu_busy_percent=43,
    )
    reading = LinuxSensors(tmp_path).read()
    assert reading.processor == 61.5
    (card,) = reading.cards
    assert (card.name, card.temperature, card.power) == ("Radeon RX 7900 XTX", 81.0, 187.0)
    assert (card.memory_used, card.memory_total) == (6 * GIB, 24 * GIB)
    assert card.busy == 0.43


def test_a_board_without_hwmon_tells_its_zones_and_faults_are_no_temperatures(tmp_path: Path) -> None:
    thermal = tmp_path / "class" / "thermal"
    write(thermal / "thermal_zone0", type="acpitz", temp=27_800)
    write(thermal / "thermal_zone1", type="x86_pkg_temp", temp=70_000)
    sensors = LinuxSensors(tmp_path)
    assert sensors.read().processor == 70.0
    for broken in ("-273000", "65535000", "", "hot", "\xff"):
        (thermal / "thermal_zone1" / "temp").write_text(broken, encoding="latin-1")
        assert sensors.read().processor is None
    shutil.rmtree(thermal / "thermal_zone1")  # a module that was unloaded
    assert sensors.read().processor is None
    assert not LinuxSensors(tmp_path / "nothing").read().cards


def test_a_ceiling_is_left_well_below_where_it_was_reached() -> None:
    ceilings = Ceilings(settings(max_card_celsius=80))
    held = [
        bool(ceilings.look(MachineReading(None, [CardReading("c", temperature=degrees)]), 0.0))
        for degrees in (70, 79.9, 80, 79, 76, 75, 79)
    ]
    assert held == [False, False, True, True, True, False, False]
    # A sensor that falls silent changes nothing, whichever way it was.
    ceilings.look(MachineReading(None, [CardReading("c", temperature=90)]), 0.0)
    (rule,) = ceilings.look(MachineReading(), 0.0)
    assert rule.kind is Kind.TEMPERATURE


def test_memory_that_was_let_go_is_not_taken_again_at_once() -> None:
    ceilings = Ceilings(settings(max_card_memory_mib=1000))

    def look(mib: int, now: float) -> bool:
        return bool(ceilings.look(MachineReading(None, [CardReading("c", memory_used=mib << 20)]), now))

    assert [look(1000, 0), look(100, 1), look(100, 19), look(100, 21), look(950, 22)] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_limit_that_no_sensor_can_serve_is_named() -> None:
    ceilings = Ceilings(settings(max_card_celsius=80, max_processor_celsius=90))
    assert list(ceilings.blind) == ["max_card_celsius", "max_processor_celsius"]
    ceilings.look(MachineReading(50.0), 0.0)
    assert list(ceilings.blind) == ["max_card_celsius"]


@pytest.mark.skipif(sys.platform != "linux", reason="a library under another name")
def test_a_node_holds_still_while_its_card_is_hot_and_goes_on_when_it_is_not(
    make_node: Callable[..., ToyNode], nvml: FakeNVML, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in nvml.environment.items():
        monkeypatch.setenv(name, value)
    nvml.says(degrees=60, watts=100, used_mib=1024)
    node = make_node(max_card_celsius=80)
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    nvml.says(degrees=84, watts=300, used_mib=2048)

    def held() -> str | None:
        hold = node.ask(lambda client: client.health()).hold
        return None if hold is None else hold.reason

    node.wait_for(lambda: held() is not None, "it does not hold")
    assert "84 °C" in str(held())  # to the machine itself
    with pytest.raises(ArtratorError) as caught:
        node.run({"steps": 1})
    assert caught.value.code is Code.NODE_PAUSED
    assert "84" not in caught.value.message  # to buyers
    health = node.ask(lambda client: client.health())
    assert health.machine is not None
    assert [(card.temperature, card.power) for card in health.machine.cards] == [(84.0, 300.0)]
    assert '"owner_holds"' in node.log
    nvml.says(degrees=77, watts=100, used_mib=1024)
    time.sleep(2)
    assert held() is not None
    nvml.says(degrees=74, watts=100, used_mib=1024)
    node.wait_for(lambda: held() is None, "it never goes on")
    assert node.run({"steps": 1}).state is JobState.DELIVERED


def test_a_ceiling_that_no_sensor_serves_is_a_warning_and_no_hold(
    make_node: Callable[..., ToyNode], nvml: FakeNVML, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in nvml.environment.items():
        monkeypatch.setenv(name, value)
    nvml.says()
    node = make_node(max_card_watts=200)
    node.start()

    def warned() -> bool:
        return any("max_card_watts" in warning for warning in node.ask(lambda client: client.health()).warnings)

    node.wait_for(warned, "nothing is said of it")
    assert node.run({"steps": 1}).state is JobState.DELIVERED


@pytest.mark.skipif(sys.platform != "linux", reason="a library under another name")
def test_a_stranger_on_the_card_goes_before_the_node_and_a_small_one_does_not(
    make_node: Callable[..., ToyNode], nvml: FakeNVML, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in nvml.environment.items():
        monkeypatch.setenv(name, value)
    stranger = subprocess.Popen([shutil.which("sleep") or "sleep", "600"])
    try:
        nvml.says(pid=stranger.pid, pid_mib=900)
        node = make_node(pause_for_card_mib=1000)
        node.start()
        assert node.run({"steps": 1}).state is JobState.DELIVERED
        nvml.says(pid=stranger.pid, pid_mib=2500)

        def kind() -> str | None:
            hold = node.ask(lambda client: client.health()).hold
            return None if hold is None else f"{hold.kind}: {hold.reason}"

        node.wait_for(lambda: kind() is not None, "it does not hold")
        assert str(kind()).startswith("program: sleep, with 2,500 MiB")
        # The node's own process never is a stranger, however much it has.
        assert node.service is not None
        nvml.says(pid=node.service.pid, pid_mib=9000)
        node.wait_for(lambda: kind() is None, "it holds because of itself")
    finally:
        stranger.kill()
        stranger.wait()


def test_programs_are_found_by_name_whatever_the_system(tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    assert sleep is not None
    game = tmp_path / "Witcher-of-the-West.bin"
    shutil.copy(sleep, game)
    running = subprocess.Popen([game, "600"])
    try:
        for listed in (rivals.running_programs, rivals._by_psutil):
            # A child is nameless for a moment: Popen may return before the kernel has named it.
            deadline = time.monotonic() + 240
            while game.name not in (found := list(listed())) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert rivals.named(["nothing", "witcher-of-the-west.bin"], found) == "witcher-of-the-west.bin"
            assert rivals.named(["witcher-of-the-east.bin"], found) is None
            assert rivals.named([], found) is None
        assert rivals.is_ours(running.pid, [])  # this very process started it
        assert not rivals.is_ours(os.getppid(), [running.pid])
    finally:
        running.kill()
        running.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_number_that_only_the_machine_outside_a_container_knows_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "7").mkdir()
    space = tmp_path / "self/ns/pid"
    space.symlink_to("pid:[4026531836]")
    assert rivals.is_told_apart(123456, tmp_path)  # a process that ended meanwhile, or is hidden from this account
    space.unlink()
    space.symlink_to("pid:[4026532201]")
    assert not rivals.is_told_apart(123456, tmp_path)  # it may be a worker of this very node
    assert rivals.is_told_apart(7, tmp_path)
    assert rivals.is_told_apart(0, tmp_path)  # whoever is outside, as newer drivers tell it
    assert rivals.is_told_apart(7, tmp_path / "nowhere")


#: A node's owner whose driver hangs over its answer for ever, for as long as it takes to find that out.
HANGING = """
import asyncio, sys, threading
from pathlib import Path

from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.owner.owner import Owner

asked = threading.Event()


class Hanging:
    def read(self):
        asked.set()
        threading.Event().wait()

    def close(self):
        print("touched", flush=True)


async def main():
    settings = Settings(name="t", urls=("https://x",), registry="http://x")
    owner = Owner(settings, Path(sys.argv[1]), Clock(), list, Hanging())
    task = asyncio.create_task(owner.run(lambda *_: None, lambda _: None))
    while not asked.is_set():
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    owner.close()
    print("stopped", flush=True)


asyncio.run(main())
"""


def test_a_driver_that_hangs_over_its_answer_keeps_no_node_from_ending(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING, tmp_path], capture_output=True, text=True, timeout=240)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stopped\n", "")
