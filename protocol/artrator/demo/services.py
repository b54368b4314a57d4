"""Processes of the demo: started as their owners would start them, and stopped cleanly."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from artrator.errors import ArtratorError, Code

#: What a service prints once it answers: ``listening on https://127.0.0.1:8441``.
_LISTENING = "listening on "


def artrator(*arguments: str, home: Path) -> str:
    """Run one ``artrator`` command to its end as the owner of ``home``; returns what it printed."""
    done = subprocess.run(command(*arguments), env=environment(home), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ArtratorError(
            Code.INTERNAL,
            f"`artrator {' '.join(arguments[:2])}` failed: {said}",
            cure="Run the demo again with --reset to start from an empty folder.",
        )
    return done.stdout


def command(*arguments: str) -> list[str]:
    """The ``artrator`` command of this very environment."""
    return [sys.executable, "-m", "artrator", *arguments]


def environment(home: Path) -> Mapping[str, str]:
    """The environment of a demo process: another person's home, telemetry off."""
    mine = {name: value for name, value in os.environ.items() if name not in ("ARTRATOR_REGISTRY", "ARTRATOR_API_KEY")}
    return mine | {"ARTRATOR_HOME": str(home), "ORT_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"}


class Service:
    """One server process. Its output goes to a log file; its address is what it prints."""

    def __init__(self, name: str, *arguments: str, home: Path, log: Path) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command(*arguments),
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl+C reaches the demo alone, which then stops its services in order.
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101  # asked for just above
        threading.Thread(target=self._copy, args=(self._process.stdout,), daemon=True).start()

    def wait(self, seconds: float = 60.0) -> str:
        """The address, once the service answers there."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                tail = "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-12:])
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
                raise ArtratorError(
                    Code.INTERNAL,
                    f"The {self.name} did not start:\n{tail}",
                    cure=f"The whole log is {self._log}.",
                    exit=self._process.poll(),
                )
            if _LISTENING in line:
                return line.partition(_LISTENING)[2].split()[0]

    @property
    def pid(self) -> int:
        """Its process id; it also leads a process group of its own."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self, seconds: float = 15.0) -> None:
        """Ask it to end, and insist."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _copy(self, output: IO[str]) -> None:
        with output, self._log.open("a", encoding="utf-8") as log:
            for line in output:
                log.write(line)
                log.flush()
                self._lines.put(line)
        self._lines.put(None)
