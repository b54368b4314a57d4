"""The engine: nothing blocks the interface, nothing is delivered twice or late, nothing is left running."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject
from shiboken6 import delete

from artrator.errors import ArtratorError, Code
from artrator_desktop.state.engine import Engine
from artrator_desktop.state.latest import Latest


@pytest.fixture
def engine(qapp: Any) -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def test_results_and_failures_arrive_on_the_interfaces_thread(qtbot: Any, engine: Engine) -> None:
    heard: list[tuple[str, object, int]] = []

    async def good() -> int:
        return 7

    async def bad() -> int:
        raise ArtratorError(Code.NO_NODE, "Nobody is there.")

    engine.call(good, lambda value: heard.append(("done", value, threading.get_ident())))
    engine.call(bad, None, lambda failure: heard.append(("failed", failure.code, threading.get_ident())))
    engine.start()
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=60_000)
    assert sorted(heard) == [("done", 7, threading.get_ident()), ("failed", "no_node", threading.get_ident())]


def test_a_bug_becomes_a_failure_with_a_log_and_not_a_silence(
    qtbot: Any, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []

    async def bug() -> None:
        raise RuntimeError("secret words")

    engine.start()
    engine.call(bug, None, heard.append)
    qtbot.waitUntil(lambda: bool(heard), timeout=60_000)
    assert heard[0].code == "internal"
    assert "secret" not in heard[0].sentence
    assert "RuntimeError" in caplog.text


def test_a_cancelled_call_is_never_heard_of_again(qtbot: Any, engine: Engine) -> None:
    heard: list[object] = []
    begun, ended = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    engine.start()
    call = engine.call(work, heard.append, heard.append)
    assert begun.wait(60)
    call.cancel()
    assert ended.wait(60)
    qtbot.wait(30)
    assert heard == []


def test_a_widget_that_is_gone_is_not_answered(qtbot: Any, engine: Engine) -> None:
    heard: list[int] = []

    class Asker(QObject):
        def answered(self, value: int) -> None:
            heard.append(value)
            self.objectName()  # fails in one that Qt has deleted

    async def work() -> int:
        return 1

    gone, here = Asker(), Asker()
    engine.call(work, gone.answered)
    engine.call(work, here.answered)
    delete(gone)
    engine.start()
    qtbot.waitUntil(lambda: bool(heard), timeout=60_000)
    assert heard == [1]


def test_close_lets_everything_say_farewell_and_leaves_no_thread(qtbot: Any, engine: Engine) -> None:
    farewells: list[str] = []
    begun: list[str] = []

    async def stream() -> None:
        begun.append("stream")
        try:
            await asyncio.sleep(60)
        finally:
            farewells.append("stream")

    async def farewell() -> None:
        farewells.append("client")

    async def blocking() -> None:
        begun.append("blocking")
        await engine.decode(time.sleep, 0.01)

    engine.at_farewell(farewell)
    engine.start()
    for _ in range(5):
        engine.call(stream)
    engine.call(blocking)
    qtbot.waitUntil(lambda: len(begun) == 6, timeout=60_000)
    engine.close()
    assert farewells == ["stream"] * 5 + ["client"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("artrator-")]


def test_close_also_ends_what_a_call_left_behind(qtbot: Any, engine: Engine) -> None:
    ended: list[str] = []
    begun = threading.Event()

    async def straggler() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("straggler")

    kept: set[asyncio.Task[None]] = set()

    async def starter() -> None:
        kept.add(asyncio.get_running_loop().create_task(straggler()))

    engine.start()
    engine.call(starter)
    assert begun.wait(60)
    engine.close()
    assert ended == ["straggler"]


def test_closing_an_engine_that_never_started_is_quiet(qapp: Any) -> None:
    async def never() -> None:
        raise AssertionError

    engine = Engine()
    engine.call(never)
    engine.close()
    engine.close()


def test_the_loop_lives_while_the_interface_sleeps(qtbot: Any, engine: Engine) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    engine.start()
    engine.call(tick)
    deadline = time.monotonic() + 60
    while len(ticks) <= 5 and time.monotonic() < deadline:
        time.sleep(0.3)  # the interface's thread is busy: a modal dialog, a slow paint
    assert len(ticks) > 5


def test_many_values_become_one_repaint_with_the_newest_of_each(qtbot: Any) -> None:
    latest = Latest()
    arrived: list[dict[object, object]] = []
    latest.arrived.connect(arrived.append)

    def shout() -> None:
        for number in range(500):
            latest.put("a", number)
            latest.put("b", -number)

    thread = threading.Thread(target=shout)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(arrived), timeout=60_000)
    assert arrived == [{"a": 499, "b": -499}]


def test_thousands_of_signals_do_not_wear_the_interpreter_out(qtbot: Any) -> None:
    """PySide6 6.12.0 aborts on Python 3.11 after some 600 emits; the pin must never let that back in."""
    latest = Latest(interval_ms=0)
    heard: list[object] = []
    latest.arrived.connect(heard.append)
    for number in range(5000):
        latest.put("a", number)
        latest.flush()
    assert len(heard) == 5000


def test_a_damaged_identity_is_named_and_never_replaced(qtbot: Any, state: Any) -> None:
    written = (state.settings.data_dir / "identity.pem").read_text()
    state.start()
    qtbot.waitUntil(lambda: state.session.failure is not None, timeout=60_000)
    assert state.session.failure.code == "request_invalid"
    assert "identity.pem" in state.session.failure.message
    assert (state.settings.data_dir / "identity.pem").read_text() == written
