"""The operator's commands take the time of the registry that they work beside, and not of a clock that jumped."""

from __future__ import annotations

import json
import multiprocessing
import time
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from registry_world import World
from rotating import rotate

from artrator.documents import KeySet
from artrator.messages import registry as m
from artrator_registry import Settings, timekeeping
from artrator_registry.authority import Authority
from artrator_registry.cli import registry
from artrator_registry.storage import SteadyClock

YEAR = 365 * 86_400.0


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(registry, [*arguments, "--data", str(data)])


class Wrong:
    """The system's clock, which somebody set wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by = 0.0
        honest = time.time
        monkeypatch.setattr("time.time", lambda: honest() + self.by)


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Wrong:
    return Wrong(monkeypatch)


@pytest.mark.anyio
@pytest.mark.parametrize("jump", [YEAR, -YEAR])
async def test_what_a_command_writes_has_the_registrys_time(data: Path, wrong: Wrong, jump: float) -> None:
    settings = Settings(data=data)
    async with World(settings, clock=timekeeping.clock(settings)) as world:
        mina = await world.person("mina")
        before = world.registry.database.clock()
        wrong.by = jump
        assert "can spend 5 credits" in run(data, "grant", "mina", "5").output
        code = run(data, "voucher", "create", "--amount", "1", "--expires", "2").stdout.strip()
        assert before <= (await mina.statement()).lines[0].at <= before + 300
        await mina.redeem(code)
        assert run(data, "rotate-key").exit_code == 0
        keys = world.registry.authority.keyset().keys
        assert [key.not_before < before + 300 for key in keys] == [True, True]
        assert run(data, "backup", str(data.parent / "copy")).exit_code == 0
        copied_at = json.loads((data.parent / "copy" / "copied.json").read_text())["copied_at"]
        assert before <= copied_at <= before + 300
    assert not (data / "clock.json").exists()


@pytest.mark.anyio
async def test_a_command_after_the_registry_goes_on_from_what_it_wrote(data: Path, wrong: Wrong) -> None:
    settings = Settings(data=data)
    async with World(settings, clock=timekeeping.clock(settings)) as world:
        await world.person("mina", 5)
        there = world.registry.database.clock()
    wrong.by = -YEAR
    assert timekeeping.now(settings) >= there - 300


class Machine:
    """A machine's two clocks; the one of its time stands ``wrong`` beside the truth."""

    def __init__(self, wrong: float) -> None:
        self.wrong = wrong
        self.passed = 0.0
        self._begin = time.time()

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self._begin + self.passed + self.wrong, 120.0, 600.0, None, lambda: self.passed)


@pytest.mark.anyio
@pytest.mark.parametrize("set_right", [True, False])
async def test_a_clock_that_is_set_right_after_the_start_has_ended_nothing(data: Path, set_right: bool) -> None:
    """As that of a machine that keeps its local time, or whose battery is empty, until the network tells it."""
    async with World(Settings(data=data, sweep_seconds=3600)) as world:
        shop, mina = await world.shop(), await world.person("mina", credits_=10)
        placed = await shop.order(mina)
        await shop.claim(placed)
        key = mina.key
    machine = Machine(wrong=2 * 86_400.0)
    async with World(Settings(data=data, sweep_seconds=3600), clock=machine.clock()) as again:
        sweeper, long_up = again.registry.sweeper, world.settings.grace + 1

        async def look() -> m.OrderState:
            await sweeper.sweep(up_seconds=long_up)
            mina = await again.person("mina", key=key)
            return (await mina.get_order(placed.order)).state

        machine.passed = 60.0
        machine.wrong = 0.0 if set_right else machine.wrong
        sweeper.trust_the_clock()
        assert await look() is (m.OrderState.CLAIMED if set_right else m.OrderState.SETTLED)
        for machine.passed in range(70, 1_500, 200):
            sweeper.trust_the_clock()
            assert await look() is (m.OrderState.CLAIMED if set_right else m.OrderState.SETTLED)


def test_what_is_torn_or_old_or_of_another_start_of_the_machine_is_not_believed(data: Path) -> None:
    settings = Settings(data=data)
    told = data / "clock.json"

    def believed() -> bool:
        return timekeeping.now(settings) > time.time() + YEAR / 2

    timekeeping.tell(settings, lambda: time.time() + YEAR)
    assert believed()
    good = json.loads(told.read_text())
    steady = time.monotonic()
    for change in ({"boot": "another"}, {"until": steady - 1}, {"until": steady + 10**7}, {"until": "nan"}):
        told.write_text(json.dumps(good | change))
        assert not believed(), change
    for torn in (good | {"ahead": "inf"}, good | {"ahead": None}, {}, [], 1):
        told.write_text(json.dumps(torn))
        assert not believed(), torn
    for text in ("", "[1]", "{", "\x00", "9" * 10_000):
        told.write_text(text)
        assert not believed(), text
    told.write_text(json.dumps(good))
    assert believed()
    timekeeping.forget(settings)
    assert not believed()


def test_the_registry_that_serves_is_believed_and_its_steady_clock_is_every_processs(data: Path) -> None:
    settings = Settings(data=data)
    timekeeping.tell(settings, SteadyClock(lambda: time.time() + 1000, 120, 600))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(timekeeping.now, (settings,))
    assert 1000 <= there - time.time() + 300 <= 1600


def test_keys_that_two_programs_rotate_at_once_are_whole(data: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers: Queue[int | str] = context.Queue()
    folder, together = Settings(data=data).keys, context.Barrier(3)
    programs = [context.Process(target=rotate, args=(folder, together, answers)) for _ in range(3)]
    for program in programs:
        program.start()
    heard = [answers.get(timeout=240) for _ in range(15)]
    for program in programs:
        program.join(240)
    serials = [each for each in heard if isinstance(each, int)]
    assert len(serials) == len(set(serials)), "two keys had one number"
    assert {each for each in heard if not isinstance(each, int)} <= {"conflict"}
    authority = Authority(folder)
    keyset = KeySet.verify(authority.document(), authority.root.public)
    assert keyset.serial == 1 + len(serials) == max(serials)
    for key in keyset.keys:  # each that is listed can sign
        assert key.kid in authority._current().signers


def test_a_second_rotation_at_the_same_time_is_refused_with_a_sentence(data: Path) -> None:
    with Authority(Settings(data=data).keys)._alone():
        told = run(data, "rotate-key")
        assert told.exit_code == 1
        assert "Another program is changing the ticket keys." in told.output
        assert "[conflict]" in told.output
        assert run(data, "info").exit_code == 0
    assert "key set 2" in run(data, "rotate-key").output
