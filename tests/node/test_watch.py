"""The live screen, on a real terminal and into a pipe."""

from __future__ import annotations

import fcntl
import math
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console
from toy_node import ToyNode

from artrator.demo.services import environment
from artrator.messages.node import CardHealth, Health, HoldHealth, MachineHealth, PackageHealth, RuleHealth
from artrator_node.owner.words import span, when
from artrator_node.watch.facts import Facts, Sample, median, parse_metrics
from artrator_node.watch.screen import Screen

NOW = 1_795_465_308.0


def package(name: str, state: str = "warm", **more: object) -> PackageHealth:
    facts = {"version": "1.0", "title": {"en": name}, "backend": "onnx", "memory_bytes": 3 << 30}
    return PackageHealth.model_validate({"package": name, "name": name, "state": state, **facts, **more})


def health(*packages: PackageHealth, **more: object) -> Health:
    facts = {"node": "n", "name": "Mina's workstation", "version": "0.1.0", "state": "serving", "device": "cuda"}
    counts = {"queued": 2, "running": 3, "outbox": 0, "started_at": NOW - 93_000, "registry_reached_at": NOW - 4}
    return Health.model_validate(
        {**facts, **counts, "registry": "https://registry.example.org", "packages": packages, **more}
    )


def drawn(facts: Facts, width: int, height: int = 40) -> str:
    console = Console(width=width, height=height, highlight=False, color_system=None)
    with console.capture() as said:
        console.print(Screen("mine", "https://127.0.0.1:8443", facts, NOW))
    return said.get()


def looked(now: Health | None, before: Health | None = None, **more: object) -> Facts:
    facts = Facts()
    if before is not None:
        facts.add(Sample(NOW - 30, before))
    facts.add(Sample(NOW, now, **more))  # type: ignore[arg-type]
    return facts


@pytest.mark.parametrize("width", [40, 60, 80, 100, 132, 250])
def test_the_screen_fits_any_width(width: int) -> None:
    machine = MachineHealth(
        cards=[
            CardHealth(name="NVIDIA GeForce RTX 4090", temperature=71, power=287.4, memory_used=18 << 30, busy=0.72)
        ],
        processor_temperature=58,
        owner_rules=[
            RuleHealth(name="hours", values=["mon-fri 22:00-07:00"], words="works mon-fri 22:00-07:00 (Asia/Seoul)"),
            RuleHealth(name="pause_for", values=["steam"], words="pauses for steam"),
        ],
        hours_change_at=NOW + 7200,
    )
    hold = HoldHealth(kind="temperature", reason="The card has 84 °C; it may have 80, and works again at 75.")
    many = [
        package("a-package-with-a-very-long-name", running=3, seats=4),
        package("소년과 고양이", "cold"),
        package("bad", "broken", error="It is."),
    ]
    text = drawn(looked(health(*many, machine=machine, hold=hold, warnings=["Something."])), width)
    assert max(map(len, text.splitlines())) <= width
    if width >= 60:
        assert "3/4" in text
    for words in ("rests", "84 °C", "71 °C", "closes"):
        assert words in " ".join(text.split()), words


def test_outside_its_hours_it_opens_next_whatever_else_holds_it() -> None:
    machine = MachineHealth(hours_change_at=NOW + 7200, hours_open=False)
    text = drawn(looked(health(machine=machine, hold=HoldHealth(kind="paused", reason="You paused it."))), 80)
    assert "paused" in text
    assert "opens" in text
    assert "closes" not in text


def test_pace_and_median_are_of_the_last_minute_and_begin_anew_with_the_node() -> None:
    facts = Facts()
    for second in range(0, 90, 10):
        done = health(package("emoji", jobs_done=second * 2))
        facts.add(Sample(NOW + second, done, {"emoji": {0.5: second, 1.0: 2 * second, math.inf: 2 * second}}))
    pace = facts.pace("emoji", "emoji")
    assert pace.jobs_a_minute == pytest.approx(120)
    assert pace.median_seconds == pytest.approx(0.5)
    facts.add(Sample(NOW + 91, health(package("emoji", jobs_done=0), started_at=NOW + 90)))
    assert facts.pace("emoji", "emoji").jobs_a_minute is None


def test_a_median_lies_in_the_bucket_that_holds_the_middle() -> None:
    assert median({}) is None
    assert median({1.0: 0, math.inf: 0}) is None
    assert median({1.0: 10, 2.0: 10, math.inf: 10}) == pytest.approx(0.5)
    assert median({1.0: 0, 2.0: 0, math.inf: 5}) == 2.0  # longer than any bucket knows


def test_metrics_that_make_no_sense_are_no_end_of_the_screen() -> None:
    assert parse_metrics("") == ({}, None)
    with pytest.raises((ValueError, KeyError)):
        parse_metrics("{{{ what")


def test_a_node_that_is_away_is_said_to_be_and_when_it_was_seen() -> None:
    text = drawn(looked(None, health(package("emoji"))), 80)
    assert "away" in text
    assert "30 s ago" in text
    text = drawn(looked(None, health(package("emoji")), problem="The node does not answer."), 80)
    assert "silent" in text
    assert "Start it" not in text  # it runs


def test_times_are_said_as_people_say_them() -> None:
    assert [span(seconds) for seconds in (0, 59, 61, 3600, 12_000, 190_000)] == [
        "0 s", "59 s", "1 min", "1 h", "3 h 20 min", "2 d 4 h",
    ]  # fmt: skip
    assert len(when(NOW, NOW)) == 5
    assert when(NOW + 86_400 * 3, NOW)[0].isalpha()
    assert when(NOW + 86_400 * 30, NOW).startswith("20")


class Terminal:
    """A terminal of eighty columns with the screen in it."""

    def __init__(self, node: ToyNode, columns: int = 80) -> None:
        self.master, slave = pty.openpty()
        self.resize(columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.shown = b""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "artrator", "node", "status", "--watch"),
                *("--data", str(node.data), "--url", node.url),
            ],
            env={**environment(node.creator.folder), "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65_536)
            except OSError:
                return
            if not data:
                return
            self.shown += data

    def wait_for(self, words: bytes, seconds: float = 240.0) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.shown:
            assert time.monotonic() < deadline, self.shown[-3000:].decode("utf-8", "replace")
            time.sleep(0.05)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


def test_on_a_terminal_it_has_a_screen_of_its_own_and_leaves_everything_as_it_was(node: ToyNode) -> None:
    terminal = Terminal(node)
    try:
        terminal.wait_for(b"\x1b[?1049h")
        terminal.wait_for(b"open")
        terminal.wait_for(b"toy")
        assert b"runs on" not in terminal.shown
        terminal.resize(140)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.wait_for(b"runs on")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(240) == 0
        deadline = time.monotonic() + 240
        while b"\x1b[?1049l" not in terminal.shown:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert terminal.shown.rindex(b"\x1b[?25h") > terminal.shown.rindex(b"\x1b[?25l")
        assert termios.tcgetattr(terminal.slave) == terminal.before
        assert b"Traceback" not in terminal.shown
    finally:
        terminal.close()


def test_into_a_pipe_it_prints_plain_text_and_sees_the_node_go_away(node: ToyNode, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with out.open("wb") as file:
        watching = subprocess.Popen(
            [
                *(sys.executable, "-m", "artrator", "node", "status", "--watch"),
                *("--data", str(node.data), "--url", "https://127.0.0.1:9"),
            ],
            env=environment(node.creator.folder),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 240
            while out.read_text().count("away") < 2:
                assert time.monotonic() < deadline, out.read_text()
                time.sleep(0.1)
        finally:
            watching.send_signal(signal.SIGINT)
            assert watching.wait(240) == 0
    assert "\x1b" not in out.read_text()
    assert "goes on looking" in out.read_text()
