"""The engine: one asyncio thread beside the interface, and the road back from it.

    engine.call(work, done, failed)   runs the coroutine function ``work`` in the thread; ``done(result)`` or
                                      ``failed(Failure)`` follows on the interface's thread
    call.cancel()                     from the interface: neither callback follows
    engine.close()                    cancels what runs, waits for its farewell, ends the thread

A loop of its own keeps streams, heartbeats and time limits alive while a modal dialog is open or the interface is busy.
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import logging
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from artrator_desktop.state.phase import Failure
from artrator_desktop.state.store.database import is_damage

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Two decoders keep up with twenty previews; more would take the cores from the interface.
_DECODERS: Final = 2
#: Longer than any orderly farewell takes (0.5 to 3 ms were measured); what still runs then is abandoned.
_FAREWELL_SECONDS: Final = 2.0
STORE_DAMAGED: Final = Failure(
    "store_damaged",
    "Artrator’s database on this computer is damaged.",
    "Close Artrator and open it again: it keeps what can be read, and the damaged file as well.",
)


class Call(Generic[T]):
    """One piece of work in the engine."""

    def __init__(
        self,
        engine: Engine,
        work: Callable[[], Awaitable[T]],
        done: Callable[[T], object] | None,
        failed: Callable[[Failure], object] | None,
    ) -> None:
        self._engine = engine
        self.work = work
        self._done = done
        self._failed = failed
        self.task: asyncio.Task[None] | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Stop it, from the interface's thread. Harmless when it has ended."""
        self.cancelled = True
        self._engine.soon(self._stop)

    def _stop(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def succeed(self, result: T) -> None:
        """Hand the result to the interface, unless it no longer wants it. Runs on the interface's thread."""
        if not self.cancelled and self._done is not None and _is_there(self._done):
            self._done(result)

    def fail(self, failure: Failure) -> None:
        """Hand the failure to the interface, unless it no longer wants it. Runs on the interface's thread."""
        if self.cancelled:
            return
        if self._failed is not None:
            if _is_there(self._failed):
                self._failed(failure)
        else:
            log.warning("%s: %s", failure.code, failure.message)


class Engine(QObject):
    """The thread, its loop, and the way back."""

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._calls: set[Call[Any]] = set()
        self._farewells: list[Callable[[], Awaitable[None]]] = []
        self._closed = False
        self._decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="artrator-decode")
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Start the thread; call it after the first paint. What was called before begins now."""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="artrator-engine", daemon=True)
            self._thread.start()

    def call(
        self,
        work: Callable[[], Awaitable[T]],
        done: Callable[[T], object] | None = None,
        failed: Callable[[Failure], object] | None = None,
    ) -> Call[T]:
        """Run a coroutine function in the engine; exactly one callback follows unless the call is cancelled."""
        call: Call[T] = Call(self, work, done, failed)
        self.soon(lambda: self._begin(call))
        return call

    def at_farewell(self, work: Callable[[], Awaitable[None]]) -> None:
        """Await ``work`` in the engine when it closes, after every call has been cancelled."""
        self._farewells.append(work)

    async def decode(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking work such as decoding a picture in one of the two decoder threads."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, lambda: work(*arguments))

    def soon(self, step: Callable[[], object]) -> None:
        """Run ``step`` in the engine's thread."""
        if not self._closed:
            self._loop.call_soon_threadsafe(step)

    def post(self, step: Callable[[], object]) -> None:
        """Run ``step`` on the interface's thread; callable from any thread."""
        if not self._closed:
            self._arrived.emit(step)

    def follow(
        self,
        future: Future[T],
        done: Callable[[T], object] | None = None,
        failed: Callable[[Failure], object] | None = None,
    ) -> None:
        """Bring a future's end, such as the store's, to the interface's thread."""

        def ended(future: Future[T]) -> None:
            if future.cancelled():
                return
            error = future.exception()
            if error is None:
                self.post(lambda: done(future.result()) if done is not None else None)
            else:
                failure = as_failure(error)
                self.post(lambda: failed(failure) if failed is not None else log.warning("%s", failure.message))

        future.add_done_callback(ended)

    def close(self) -> None:
        """Cancel what runs, say farewell, end the thread. Nothing is delivered after it returns."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._farewell()))
            self._thread.join(_FAREWELL_SECONDS)
            if self._thread.is_alive():
                log.error("the engine did not end within %s seconds", _FAREWELL_SECONDS)
                return
        self._decoders.shutdown(wait=True, cancel_futures=True)
        self._loop.close()

    def _deliver(self, step: Callable[[], object]) -> None:
        if not self._closed:
            step()

    def _begin(self, call: Call[Any]) -> None:
        if not call.cancelled:
            self._calls.add(call)
            call.task = self._loop.create_task(self._carry(call))

    async def _carry(self, call: Call[Any]) -> None:
        try:
            result = await call.work()
        except asyncio.CancelledError:
            pass
        except Exception as error:  # whatever happened must reach the person who waits
            failure = as_failure(error)
            self.post(lambda: call.fail(failure))
        else:
            self.post(lambda: call.succeed(result))
        finally:
            self._calls.discard(call)

    def _run(self) -> None:
        # Before anybody asks for anything: two threads that import modules which need each other, this one and a
        # decoder, could see half of one. All that the engine and its decoders use lies behind this one.
        importlib.import_module("artrator_desktop.state.network")
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _farewell(self) -> None:
        try:
            # Only whole calls are cancelled: what a library started inside one is the library's to end, in its order.
            tasks = [call.task for call in self._calls if call.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for work in self._farewells:
                try:
                    await work()
                except Exception:
                    log.exception("a part of the engine did not close")
            # What calls started and did not wait for, such as a last "please stop" to a node.
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            await self._loop.shutdown_asyncgens()
            await self._loop.shutdown_default_executor()
        finally:
            self._loop.stop()


def _is_there(callback: Callable[..., object]) -> bool:
    """Whether a callback's owner lives: a page that asked may have been built anew in another language meanwhile."""
    owner = getattr(callback, "__self__", None)
    return not isinstance(owner, QObject) or isValid(owner)


def as_failure(error: BaseException) -> Failure:
    """An error as a value. What is not an ArtratorError is a bug of ours: it is logged whole and named so."""
    from artrator.errors import CATALOGUE, ArtratorError, Code

    if isinstance(error, ArtratorError):
        return Failure(error.code.value, error.message, error.cure)
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if full or (isinstance(error, sqlite3.OperationalError) and "full" in str(error)):
        return Failure(Code.DISK_FULL.value, "The disk is full.", "Free some space on this computer, then try again.")
    if is_damage(error):
        return STORE_DAMAGED
    log.error("unexpected error in the engine", exc_info=error)
    return Failure(
        Code.INTERNAL.value, f"Something unexpected happened ({type(error).__name__}).", CATALOGUE[Code.INTERNAL].cure
    )
