"""What the owner's rules come to at each moment, on a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from artrator.errors import Code
from artrator.node_controls import Pause
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.metrics import Metrics
from artrator_node.owner.health import hold_of, machine_of
from artrator_node.owner.owner import Owner
from artrator_node.owner.readings import CardReading, MachineReading
from artrator_node.owner.rules import Kind

SEOUL = ZoneInfo("Asia/Seoul")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL).timestamp()


class Thermometer:
    """A sensor that says what the test set."""

    def __init__(self) -> None:
        self.reading = MachineReading()

    def read(self) -> MachineReading:
        return self.reading

    def close(self) -> None:
        pass


class World:
    """An owner, a clock and a thermometer."""

    def __init__(self, folder: Path, **rules: object) -> None:
        facts = {"name": "n", "urls": ["https://127.0.0.1:1"], "registry": "http://127.0.0.1:1"}
        self.settings = Settings.model_validate({**facts, "timezone": "Asia/Seoul", **rules})
        self.now = at("2026-11-23T23:00")
        self.clock = Clock(lambda: self.now, lambda: self.now)
        self.sensor = Thermometer()
        self.owner = Owner(self.settings, folder, self.clock, lambda: (), self.sensor)

    def go(self, text: str) -> None:
        self.now = at(text)

    def feel(self, reading: MachineReading) -> None:
        self.sensor.reading = reading
        asyncio.run(self.owner._measure())


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.owner.close()


def test_hours_close_with_a_grace_and_open_when_they_said(tmp_path: Path, worlds: list[World]) -> None:
    worlds.append(world := World(tmp_path, hours=["22:00-07:00"], grace_seconds=600))
    hold, closes = world.owner.look()
    assert hold is None
    assert closes == at("2026-11-24T07:10")
    assert world.owner.accepting
    world.go("2026-11-24T07:05")
    hold, closes = world.owner.look()
    assert hold is not None
    assert (hold.starts, hold.ends_running, hold.lets_go) == (True, False, False)
    assert hold.until == at("2026-11-24T22:00")
    assert not hold.outlasts(at("2026-11-24T07:10"))
    assert closes is None
    world.go("2026-11-24T07:10")
    hold, _ = world.owner.look()
    assert hold is not None
    assert (hold.starts, hold.ends_running, hold.lets_go) == (False, True, True)
    assert hold.outlasts(at("2026-11-24T08:00"))
    refused = hold.refusal(world.now)
    assert refused.code is Code.NODE_PAUSED
    assert refused.details["retry_after"] == (14 * 60 + 50) * 60
    world.go("2026-11-24T22:00")
    assert world.owner.look()[0] is None


def test_a_node_that_starts_long_after_its_hours_has_no_grace(tmp_path: Path, worlds: list[World]) -> None:
    worlds.append(world := World(tmp_path, hours=["22:00-07:00"], grace_seconds=600))
    world.go("2026-11-24T12:00")
    hold, _ = world.owner.look()
    assert hold is not None
    assert not hold.starts


def test_buyers_are_sent_elsewhere_as_much_earlier_as_their_tickets_reach(tmp_path: Path, worlds: list[World]) -> None:
    worlds.append(world := World(tmp_path, hours=["22:00-07:00"], grace_seconds=0))
    world.go("2026-11-24T06:30")
    assert world.owner.accepting
    world.owner.saw_ticket(world.now + 900)
    assert world.owner.accepting
    world.go("2026-11-24T06:46")
    assert world.owner.look()[0] is None  # whoever has a shorter ticket may still come
    assert not world.owner.accepting
    assert world.owner.accepting_from == at("2026-11-24T22:00")
    world.go("2026-11-24T12:00")
    world.owner.look()
    assert world.owner.accepting_from == at("2026-11-24T22:00")
    world.go("2026-11-24T22:00")
    world.owner.look()
    assert world.owner.accepting_from is None


def test_several_rules_last_as_long_as_the_longest_and_no_end_is_none(tmp_path: Path, worlds: list[World]) -> None:
    worlds.append(world := World(tmp_path, hours=["22:00-07:00"], max_card_celsius=80))
    world.go("2026-11-24T12:00")
    world.feel(MachineReading(None, [CardReading("RTX", temperature=90.0)]))
    hold, _ = world.owner.look()
    assert hold is not None
    assert [rule.kind for rule in world.owner.rules] == [Kind.HOURS, Kind.TEMPERATURE]
    assert hold.until is None
    assert hold.halts_steps
    world.feel(MachineReading(None, [CardReading("RTX", temperature=70.0)]))
    hold, _ = world.owner.look()
    assert hold is not None
    assert hold.until == at("2026-11-24T22:00")


def test_a_pause_is_named_before_every_other_rule(tmp_path: Path, worlds: list[World]) -> None:
    worlds.append(world := World(tmp_path, hours=["22:00-07:00"]))
    world.go("2026-11-24T12:00")
    world.owner.controls.pause(Pause(asked_at=1.0))
    world.owner.look()
    assert [rule.kind for rule in world.owner.rules] == [Kind.PAUSED, Kind.HOURS]
    world.owner.controls.resume()
    world.owner.look()
    assert [rule.kind for rule in world.owner.rules] == [Kind.HOURS]


def test_a_sensor_that_falls_silent_has_no_figure_and_what_was_too_hot_waits(
    tmp_path: Path, worlds: list[World]
) -> None:
    worlds.append(world := World(tmp_path, max_card_celsius=80))
    metrics = Metrics()

    def figures() -> list[str]:
        world.owner.look()
        metrics.machine(world.owner.reading, [rule.kind.value for rule in world.owner.rules])
        lines = metrics.render().decode().splitlines()
        return [line for line in lines if line.startswith(("artrator_node_temp", "artrator_node_card"))]

    hot = CardReading("RTX 4090", temperature=84, power=300, memory_used=1 << 30)
    world.feel(MachineReading(58, [hot]))
    assert len(figures()) == 4
    world.feel(MachineReading(None, [CardReading("RTX 4090", power=290)]))
    assert figures() == ['artrator_node_card_power_watts{card="0"} 290.0']
    (rule,) = world.owner.rules
    assert rule.words == "The card's sensor fell silent above its limit of 80; the node works again at 75."
    world.feel(MachineReading(50, [CardReading("RTX 4090", temperature=75)]))
    assert len(figures()) == 2
    assert not world.owner.rules
    world.now += 60  # a driver hangs, and nobody has read anything since
    assert figures() == []
    assert machine_of(world.settings, world.owner, world.clock).processor_temperature is None


def test_only_the_machine_itself_is_told_what_runs_and_how_warm_it_is(tmp_path: Path, worlds: list[World]) -> None:
    worlds.append(world := World(tmp_path, max_card_celsius=80, pause_for=["a-game"]))
    world.feel(MachineReading(50.0, [CardReading("RTX 4090", temperature=91.0)]))
    world.owner.look()
    public, private = hold_of(world.owner, to_owner=False), hold_of(world.owner, to_owner=True)
    assert public is not None
    assert private is not None
    assert "91" in private.reason
    assert private.facts == {"part": "card", "value": 91.0, "limit": 80.0, "again": 75.0}
    assert "91" not in public.model_dump_json()
    told = machine_of(world.settings, world.owner, world.clock)
    assert told.cards[0].temperature == 91.0
    assert [(rule.name, list(rule.values)) for rule in told.owner_rules] == [
        ("pause_for", ["a-game"]),
        ("max_card_celsius", [80.0]),
    ]
    assert "a-game" in told.owner_rules[0].words


@pytest.mark.parametrize(
    "setting",
    [{"hours": ["noon"]}, {"timezone": "Moon/Sea"}, {"timezone": "../../etc/passwd"}, {"max_card_celsius": 200}],
)
def test_settings_that_make_no_sense_stop_the_start(tmp_path: Path, setting: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        World(tmp_path, **setting)
