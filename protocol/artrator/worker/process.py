"""One child process: started clean, watched by a thread of its own, killable at any moment.

The thread starts the child, because Linux ties a child's life to the *thread* that started it; it then looks after its
limits and waits for its end, so that a death is noticed even when nobody talks to the child. A second thread collects
what the child prints, no faster than anybody could read it: a child that prints without end waits for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.worker.child import bootstrap
from artrator.worker.death import DEVICE_LOST
from artrator.worker.guard import Breach, Guard
from artrator.worker.outlast import outlast
from artrator.worker.scratch import Scratch, sweep_is_due, sweep_once

_log: Final = logging.getLogger(__name__)

#: What is kept of a child's output. It may quote a request, so it is for the owner's eyes and never logged.
_KEPT_OUTPUT: Final = 64 << 10
#: What is read of it in a second. The rest waits in the child, which waits with it.
_READ_OUTPUT: Final = 2 << 20
#: How long after a kill its effect is waited for closely. A child that only closed its output gains no more than this.
_HURRY_SECONDS: Final = 0.5

#: As much of a picture as can wait in the socket while the other side is busy.
_BUFFER: Final = 4 << 20


class Process:
    """A child that runs ``bootstrap.py`` at the other end of a socket.

    Attributes:
        breach: The limit that it was killed for, if it was.
        was_killed: It was ended from here, before it ended by itself.
        on_breach: Called on the event loop as soon as it has been killed for a limit.
        guard: Looks after its limits.
        inherited: The numbers by which the child knows the files that it was to inherit.
    """

    def __init__(
        self,
        connection: socket.socket,
        scratch: Scratch,
        guard: Guard,
        loop: asyncio.AbstractEventLoop,
        inherited: Sequence[int] = (),
    ) -> None:
        self.connection: Final = connection
        self.inherited: Final = inherited
        self.scratch: Final = scratch.path
        self.breach: Breach | None = None
        self.was_killed = False
        self.on_breach: Callable[[Breach], None] = lambda _: None
        self._folder: Final = scratch
        self.guard: Final = guard
        self._reaping: Final = threading.Lock()
        self._over: Final = threading.Event()
        self._hurry_until = 0.0
        self.exited: Final[asyncio.Future[int]] = loop.create_future()
        self._started: Final[asyncio.Future[None]] = loop.create_future()
        self._loop: Final = loop
        self._child: subprocess.Popen[bytes] | None = None
        self._unwanted = False
        self._output = bytearray()

    @classmethod
    async def start(
        cls,
        interpreter: Path,
        settings: Callable[[Path], Mapping[str, Any]],
        environment: Callable[[Path], Mapping[str, str]],
        guard: Callable[[Path], Guard] = lambda _: Guard(),
        inherited: Sequence[int] = (),
    ) -> Process:
        """Start a child; all callables are given the child's scratch folder.

        Args:
            interpreter: What runs it.
            settings: The first message to it.
            environment: All of its environment.
            guard: Looks after its limits.
            inherited: Open files that it gets as well, under other numbers: those of ``inherited``. Not on Windows.

        Raises:
            ArtratorError: ``worker_died`` if the interpreter cannot be started.
        """
        if sweep_is_due():
            await asyncio.to_thread(sweep_once)
        with contextlib.ExitStack() as undone:
            try:
                scratch = Scratch()
                undone.callback(scratch.remove)
                ours, theirs = socket.socketpair()
                undone.callback(ours.close)
                undone.callback(theirs.close)
                for end in (ours, theirs):  # the system grants less where it must; pictures cross in fewer turns
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
                # Whoever opened them may close them, and another file get their number, before the thread passes it.
                passed = _copies(inherited)
                for descriptor in passed:
                    undone.callback(os.close, descriptor)
                process = cls(ours, scratch, guard(scratch.path), asyncio.get_running_loop(), passed)
                message = json.dumps({**settings(scratch.path), "scratch": str(scratch.path)}).encode()
                threading.Thread(
                    target=process._live,
                    args=(interpreter, theirs, dict(environment(scratch.path)), message),
                    name="artrator-worker",
                    daemon=True,
                ).start()
            except (OSError, RuntimeError) as error:  # out of threads as well
                raise ArtratorError(Code.WORKER_DIED, f"No worker can be started: {_reason(error)}.") from error
            undone.pop_all()
        try:
            await asyncio.shield(process._started)
        except asyncio.CancelledError:
            process._unwanted = True
            process.kill()
            try:
                await outlast(process.exited)
            finally:
                ours.close()
            raise
        except Exception as error:
            ours.close()
            raise ArtratorError(Code.WORKER_DIED, f"{interpreter} cannot be started: {_reason(error)}.") from error
        return process

    @property
    def pid(self) -> int:
        """The child's process id."""
        if self._child is None:
            raise RuntimeError("the child has not been started")
        return self._child.pid

    @property
    def output(self) -> str:
        """The last of what the child printed: for its owner, never for a log."""
        return bytes(self._output).decode(errors="replace")

    @property
    def last_words(self) -> str:
        """The last line the child printed; safe to show only while it has not been given a request."""
        return next((line.strip() for line in reversed(self.output.splitlines()) if line.strip()), "")

    async def end(self, seconds: float = 0.5) -> int:
        """Wait a moment for a child that hung up to end by itself, then kill it; returns its exit status."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(self.exited)
        self.kill()
        return await asyncio.shield(self.exited)

    def kill(self) -> None:
        """End the child at once, with whatever it started."""
        if self._signal():
            self.was_killed = True
            self._expect_end()

    def _signal(self) -> bool:
        """SIGKILL for the child and what it started; False if its number is not its own any more."""
        child = self._child
        with self._reaping:
            if child is None or child.returncode is not None:
                return False
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if sys.platform != "win32":
                    os.killpg(child.pid, signal.SIGKILL)
                else:
                    child.kill()
            return True

    def _live(self, interpreter: Path, theirs: socket.socket, environment: Mapping[str, str], message: bytes) -> None:
        """The life of the child, in a thread: start, look after, wait, clean up."""
        code = -1
        with contextlib.ExitStack() as last:
            # Whatever happens here, both are answered: somebody waits for them without end.
            last.callback(lambda: self._tell(self.exited.set_result, code))
            last.callback(self._folder.remove)
            last.callback(self.guard.close)
            last.callback(self._bury)
            try:
                with theirs, contextlib.ExitStack() as passed:
                    for descriptor in self.inherited:
                        passed.callback(os.close, descriptor)
                    child = self._child = self._spawn(interpreter, theirs, environment)
                    if self._unwanted:  # whoever asked for it has gone, and found no child to kill
                        self.kill()
                    self.connection.sendall(struct.pack(">I", len(message)) + message)
                self._tell(self._started.set_result, None)
                code = self._look_after(child)
            except Exception as error:
                if not isinstance(error, OSError):
                    _log.exception("The thread of a worker failed.")
                self._tell(self._started.set_exception, error)

    def _bury(self) -> None:
        """See to it that there is no child any more."""
        if self._child is not None:
            self.kill()
            self._child.wait()

    def _look_after(self, child: subprocess.Popen[bytes]) -> int:
        """Watch over the child until it is gone; returns its exit status."""
        collector = threading.Thread(target=self._collect, args=(child,), name="artrator-output", daemon=True)
        collector.start()
        while not self._is_over(child):
            self.guard.wait(ending=time.monotonic() < self._hurry_until)
            if self.breach is None and (breach := self.guard.look(child.pid)) is not None:
                self.breach = breach
                self.kill()
                self._call(self.on_breach, breach)
        self._over.set()
        collector.join(1.0)
        return child.wait()

    def _is_over(self, child: subprocess.Popen[bytes]) -> bool:
        """Whether the child has ended. What it may have started is ended before its number can be another's."""
        if not hasattr(os, "waitid") or sys.platform == "win32":
            return child.poll() is not None
        with contextlib.suppress(ChildProcessError):
            if os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
                return False
        self._signal()
        with self._reaping:
            child.wait()
        return True

    def _spawn(
        self, interpreter: Path, theirs: socket.socket, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        windows = sys.platform == "win32"
        # -X utf8 because -I ignores the variable; -B because nothing a worker sees is its to write.
        flags = ["-I", "-S", "-B", "-X", "utf8"]
        passed = {"pass_fds": (theirs.fileno(), *self.inherited), "start_new_session": True}
        options: dict[str, Any] = {} if windows else passed
        child = subprocess.Popen(
            [str(interpreter), *flags, str(bootstrap.__file__), "shared" if windows else str(theirs.fileno())],
            stdin=subprocess.PIPE if windows else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.scratch,
            env=dict(environment),
            **options,
        )
        if sys.platform == "win32":
            shared = theirs.share(child.pid)
            assert child.stdin is not None  # noqa: S101 - asked for above
            child.stdin.write(struct.pack(">I", len(shared)) + shared)
            child.stdin.close()
        return child

    def _collect(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None  # noqa: S101 - asked for above
        began, read = time.monotonic(), 0
        with child.stdout as stream:
            while data := os.read(stream.fileno(), 1 << 16):
                self._output += data
                del self._output[:-_KEPT_OUTPUT]
                read += len(data)
                if read >= _READ_OUTPUT:
                    self._over.wait(max(0.0, began + 1 - time.monotonic()))
                    began, read = time.monotonic(), 0
        self._expect_end()

    def _expect_end(self) -> None:
        """The child was killed or has closed its output: look whether it is gone, often for a moment."""
        self._hurry_until = time.monotonic() + _HURRY_SECONDS
        self.guard.wake()

    def _tell(self, setter: Callable[[Any], None], value: Any) -> None:
        """Resolve a future from this thread; a loop that has been closed meanwhile does not care any more."""

        def resolve() -> None:
            with contextlib.suppress(asyncio.InvalidStateError):
                setter(value)

        self._call(resolve)

    def _call(self, function: Callable[..., None], *values: Any) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *values)


def _copies(descriptors: Sequence[int]) -> Sequence[int]:
    with contextlib.ExitStack() as made:
        copies = []
        for descriptor in descriptors:
            copies.append(os.dup(descriptor))
            made.callback(os.close, copies[-1])
        made.pop_all()
    return copies


def _reason(error: Exception) -> str:
    """Why the system, or Python, would not."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def exit_sentence(code: int) -> str:
    """How a child ended, in words."""
    if code == DEVICE_LOST:
        return "ended because its device answers no more"
    if code >= 0:
        return f"ended with status {code}"
    names: Sequence[str] = [entry.name for entry in signal.Signals if entry.value == -code]
    return f"was ended by {names[0] if names else f'signal {-code}'}"
