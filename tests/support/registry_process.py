"""``artrator registry serve`` as a process of its own: started, killed, started again on the same port."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from click.testing import CliRunner

from artrator.clients.registry import RegistryClient
from artrator.keys import PrivateKey
from artrator_registry.cli import registry

_COMMAND = "from artrator_registry.cli import registry; registry()"


class Server:
    """A registry on a free port, and again on the same one.

    Args:
        data: Its folder.
        options: More of ``serve``'s options.
        environment: Added to the process's environment.
        program: What the process runs instead of the plain command.
    """

    def __init__(
        self,
        data: Path,
        options: Sequence[str] = ("--sweep-seconds", "0.2"),
        environment: Mapping[str, str] | None = None,
        program: str = _COMMAND,
    ) -> None:
        self.data = data
        self.port = 0
        self.log = ""
        #: Whether an administrator's commands are processes of their own, with the same environment: a recorder of
        #: what is written must see them too.
        self.apart = False
        self._options = options
        self._environment = environment or {}
        self._program = program

    def launch(self) -> None:
        """Start the process; it does not serve yet."""
        self.process = subprocess.Popen(
            [*self._command(), *self._options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | self._environment,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _command(self) -> list[str]:
        return [
            sys.executable,
            "-c",
            self._program,
            "serve",
            "--init",
            "--data",
            str(self.data),
            "--port",
            str(self.port),
        ]

    def wait(self) -> None:
        """Wait until it serves."""
        while True:
            line = self._lines.get(timeout=240)  # others may have the machine to themselves for a minute
            if line.startswith("listening on http://"):
                self.port = int(line.rpartition(":")[2])
                return
            assert line != "ended", self.log

    def start(self) -> None:
        self.launch()
        self.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.log += line
                self._lines.put(line)
        self._lines.put("ended")

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(240)
        self._reader.join(10)
        return code

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, key: PrivateKey, handle: str) -> RegistryClient:
        return RegistryClient(self.url, key, handle=handle, timeout=240)

    def run(self, *arguments: str) -> str:
        """An administrator's command, beside the running registry; again while the database is held for long."""
        while True:
            code, said, told = self._run(*arguments)
            if code and "storage_busy" in told:
                continue
            assert code == 0, said + told
            return said

    def _run(self, *arguments: str) -> tuple[int, str, str]:
        if self.apart:
            command = [sys.executable, "-c", _COMMAND, *arguments, "--data", str(self.data)]
            ended = subprocess.run(command, env=os.environ | self._environment, capture_output=True, text=True)
            return ended.returncode, ended.stdout, ended.stderr
        done = CliRunner().invoke(registry, [*arguments, "--data", str(self.data)], catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr
