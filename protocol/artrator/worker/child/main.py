"""The child: load one plugin and one package, then serve runs until the parent hangs up.

The order of things::

    bootstrap.py    confines the process, with the standard library alone
    serve           waits for ``check``, ``inspect``, ``prepare``, ``derive`` or ``load``
    check           imports the plugin, tells its hooks and backends, and ends
    inspect         imports the plugin, tells what it says of a package, and ends
    prepare         runs the module with which a plugin fills its cache, and ends
    derive          loads the package once, so that its graphs are saved as they were optimised, and ends
    load            imports the plugin, inspects and loads the package, answers ``loaded``
    recall          what an earlier worker of the package learnt of its batches
    run, cancel     until ``close`` or the end of the connection
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Any, Final

from artrator.backend import PRECISIONS, Backend, Device, Image, Inspection, Model, Value
from artrator.errors import ArtratorError, Code
from artrator.package import from_validated
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.cards import probe, used_bytes
from artrator.worker.child.context import JobContext
from artrator.worker.child.loader import load_plugin, run_module
from artrator.worker.child.memory import give_back
from artrator.worker.child.package_files import SignedFolder
from artrator.worker.death import DEVICE_LOST
from artrator.worker.values import ValueInvalid, pack, unpack
from artrator.worker.wire import Channel, Frame, HeaderTooLarge, WireError

#: Asking a card whether it still computes takes part of a second of it: not more often than this.
_DOUBT_SECONDS: Final = 5.0
#: The parent takes whole numbers of 64 bits, and whatever needs more fits into no machine.
_MOST_MEMORY: Final = (1 << 63) - 1


def main(connection: socket.socket, confinement: list[str]) -> None:
    """Serve the parent on ``connection`` until it hangs up.

    Args:
        connection: A connected stream socket.
        confinement: What this platform could not confine, to be told to the parent.
    """
    asyncio.run(_serve(connection, confinement))


async def _serve(connection: socket.socket, confinement: list[str]) -> None:
    # The parent is trusted, and checks its own sizes: inputs may be as large as the node accepts.
    channel = Channel(connection, max_body=1 << 40)
    try:
        frame = await channel.receive()
        if frame.op == "check":
            await channel.send(_check(frame))
        elif frame.op == "inspect":
            await channel.send(_inspect(frame))
        elif frame.op == "probe":
            await channel.send(probe(frame.header["kind"], frame.header["cards"]))
        elif frame.op == "prepare":
            # In a thread, because the module may run an event loop of its own.
            await channel.send(await asyncio.to_thread(_prepare, frame))
        elif frame.op == "derive":
            _load(frame)[0].close()
            await channel.send({"op": "derived"})
        elif frame.op == "load":
            model, answer = _load(frame)
            await channel.send({**answer, "confinement": confinement})
            device = Device(**frame.header["device"])
            await _Server(channel, model, int(frame.header["output_bytes"]), device).serve()
    except ArtratorError as error:
        await channel.send({"op": "failed", **error.to_json()})
    except WireError:
        return  # The parent is gone, and with it the reason to be here.


def _check(frame: Frame) -> dict[str, Any]:
    loaded = load_plugin(frame.header["plugin"], frame.header["entry_points"])
    return {"op": "checked", "backends": sorted(loaded.backends), "hooks": list(loaded.hooks)}


def _inspect(frame: Frame) -> dict[str, Any]:
    backend, package = _backend_and_package(frame.header)
    with _failures_told(package.manifest.name):
        return {"op": "inspected", "inspection": _inspection_json(backend.inspect(package))}


def _prepare(frame: Frame) -> dict[str, Any]:
    run_module(frame.header["plugin"], frame.header["module"])
    return {"op": "prepared"}


def _load(frame: Frame) -> tuple[Model, dict[str, Any]]:
    """Import the plugin, inspect and load the package; whatever goes wrong is told as an ArtratorError."""
    device = Device(**frame.header["device"])
    backend, package = _backend_and_package(frame.header)
    before = used_bytes(device)
    with _failures_told(package.manifest.name):
        inspection = backend.inspect(package)
        model = backend.load(package, device)
        package.let_go()
        memory_bytes = int(model.memory_bytes)
        give_back()
    return model, {
        "op": "loaded",
        "inspection": _inspection_json(inspection),
        "memory_bytes": memory_bytes,
        "runtime": _runtime(device),
        "provider": next(iter(_providers()), ("", ""))[0],
        "card_bytes": max(0, used_bytes(device) - before) if before else 0,
        "refused": list(getattr(sys.modules.get("artrator.onnx_runtime.graphs"), "refused", ())),
    }


def _backend_and_package(header: Mapping[str, Any]) -> tuple[Backend, SignedFolder]:
    manifest = from_validated(header["manifest"])
    held = header.get("held", {})
    package = SignedFolder(Path(header["folder"]), manifest, header["digest"], header["files"], held)
    return load_plugin(header["plugin"], header["entry_points"]).backends[manifest.backend], package


@contextlib.contextmanager
def _failures_told(name: str) -> Iterator[None]:
    """Whatever a backend raises over the package ``name`` becomes a sentence; the traceback is for its author."""
    try:
        yield
    except ArtratorError:
        raise
    except MemoryError as error:
        traceback.print_exc()
        raise ArtratorError(Code.WORKER_LIMIT, f"{name} does not fit into the memory that a model may take.") from error
    except Exception as error:
        traceback.print_exc()
        raise ArtratorError(
            Code.PACKAGE_INVALID, f"{name} could not be loaded: {type(error).__name__}: {_sentence(error)}"
        ) from error


def _inspection_json(inspection: Inspection) -> dict[str, Any]:
    return {
        "memory_bytes": min(int(inspection.memory_bytes), _MOST_MEMORY),
        "warnings": [str(warning) for warning in inspection.warnings],
    }


def _providers() -> Sequence[tuple[str, str]]:
    """What onnxruntime really computes on in this process, if it does: provider and precision."""
    return tuple(getattr(sys.modules.get("artrator.onnx_runtime.providers"), "in_use", ()))


def _runtime(device: Device) -> str:
    """What computes, for people and receipts: the first runtime that the backend has imported, and how exactly."""
    coarsest = max((precision for _, precision in _providers()), key=PRECISIONS.index, default=PRECISIONS[0])
    device_words = device.kind if coarsest == PRECISIONS[0] else f"{device.kind}, {coarsest}"
    for name in ("onnxruntime", "torch", "jax", "numpy"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            return f"{name} {version} ({device_words})"
    return device_words


@dataclass(eq=False)
class _AtWork:
    """A job that was not answered yet.

    Attributes:
        interruptible: Whether a cancel may break into it. Not before it has begun, because both frames may come in one
            piece, and a task that is cancelled sooner never runs and answers nobody. Nor while it answers: once is
            enough.
    """

    context: JobContext
    task: asyncio.Task[None] | None = None
    interruptible: bool = False

    def cancel(self) -> None:
        """Have it end soon."""
        self.context.cancelled = True
        if self.task is not None and self.interruptible:
            self.task.cancel()


class _Server:
    """Runs of one loaded model, many at once on one event loop."""

    def __init__(self, channel: Channel, model: Model, output_bytes: int, device: Device) -> None:
        self._channel: Final = channel
        self._model: Final = model
        self._device: Final = device
        self._output_bytes: Final = output_bytes
        self._doubted = float("-inf")
        # Batches are learnt anew where something else computes, or with other threads.
        self._runtime: Final = f"{_runtime(device)}, {device.threads} threads"
        self._batcher: Final = Batcher(
            tell=self._tell_batches,
            memory_bytes=device.memory_bytes if device.kind == "cpu" else 0,
            at_work=self._at_work,
        )
        self._jobs: Final[dict[str, _AtWork]] = {}
        self._reports: Final[set[asyncio.Task[None]]] = set()

    async def serve(self) -> None:
        """Take frames until the parent says ``close`` or hangs up."""
        try:
            while (frame := await self._channel.receive()).op != "close":
                job = str(frame.header.get("job"))
                if frame.op == "run":
                    context = JobContext(
                        job,
                        self._batcher,
                        self._reporter(job),
                        self._hander(job),
                        self._output_bytes,
                        buyer=frame.header["buyer"],
                        rank=frame.header["rank"],
                    )
                    values = unpack(frame.header["values"], frame.arrays)
                    self._jobs[job] = at_work = _AtWork(context)
                    at_work.task = asyncio.create_task(self._run(job, values, at_work))
                elif frame.op == "recall" and frame.header["runtime"] == self._runtime:
                    self._batcher.recall(frame.header["kernels"])
                elif frame.op == "halt":
                    self._batcher.halt(bool(frame.header["halted"]))
                elif frame.op == "cancel" and job in self._jobs:
                    self._jobs[job].cancel()
        finally:
            await self._batcher.close()
            self._model.close()

    async def _run(self, job: str, values: Mapping[str, Value], at_work: _AtWork) -> None:
        context = at_work.context
        try:
            at_work.interruptible = not context.cancelled
            outputs = await self._model.run(values, context) if at_work.interruptible else {}
            at_work.interruptible = False
            if context.cancelled:
                raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")
            described, arrays = pack(outputs)
            context.count_bytes(sum(array.nbytes for array in arrays))
            await self._settle_reports()
            news = {} if context.untold is None else dict(zip(("done", "total"), context.untold, strict=True))
            await self._channel.send({"op": "done", "job": job, "values": described, **news}, arrays)
        except (Exception, asyncio.CancelledError) as error:
            at_work.interruptible = False
            if isinstance(error, WireError) and not isinstance(error, HeaderTooLarge):
                return
            if isinstance(error, Exception) and not context.cancelled and await self._device_is_lost():
                # A driver that was reset, a kernel that went astray: in this process nothing computes there any more.
                os._exit(DEVICE_LOST)
            with contextlib.suppress(WireError):
                await self._settle_reports()
                await self._channel.send({"op": "error", "job": job, **_failure(error, context).to_json()})
        finally:
            self._jobs.pop(job, None)

    async def _device_is_lost(self) -> bool:
        """Whether a card that was computed on computes no more; asked after a failure, and not after each."""
        used = {provider for provider, _ in _providers()}
        now = time.monotonic()
        if not used - {"CPUExecutionProvider"} or now - self._doubted < _DOUBT_SECONDS:
            return False
        self._doubted = now
        kind, index = self._device.kind, self._device.index
        answers: Mapping[str, str] = (await asyncio.to_thread(probe, kind, [index]))["answers"]
        return bool(answers[str(index)])

    def _at_work(self) -> int:
        """The jobs there are, and what else the loop has to do."""
        return len(self._jobs) + len(self._reports) + self._channel.has_news()

    def _reporter(self, job: str) -> Any:
        loop, home = asyncio.get_running_loop(), get_ident()

        def send(done: int, total: int, preview: Image | None) -> None:
            header = {"op": "progress", "job": job, "done": done, "total": total}
            self._report(header, [] if preview is None else [preview])

        def report(done: int, total: int, preview: Image | None) -> None:
            # A backend may call this from a thread of its own.
            if get_ident() == home:
                send(done, total, preview)
            else:
                loop.call_soon_threadsafe(send, done, total, preview)

        return report

    def _hander(self, job: str) -> Any:
        loop = asyncio.get_running_loop()

        def send(name: str, picture: Image) -> None:
            self._report({"op": "output", "job": job, "name": name}, [picture])

        # Tasks send in the order in which they were made, because the channel's lock is fair.
        return lambda name, picture: loop.call_soon_threadsafe(send, name, picture)

    def _report(self, header: Mapping[str, Any], arrays: list[Image]) -> None:
        """Send a frame in its turn, while the job goes on."""

        async def send() -> None:
            try:
                await self._send_quietly(header, arrays)
            finally:
                self._reports.discard(task)  # at once: whether the loop has anything to do is asked in this very turn

        task = asyncio.get_running_loop().create_task(send())
        self._reports.add(task)

    async def _settle_reports(self) -> None:
        """Let progress and pictures out before the end, so that a run never seems to go on after it."""
        await asyncio.sleep(0)
        if self._reports:
            await asyncio.wait(set(self._reports))

    async def _tell_batches(self, known: Mapping[str, Any]) -> None:
        await self._send_quietly({"op": "batches", "runtime": self._runtime, **known}, [])

    async def _send_quietly(self, header: Mapping[str, Any], arrays: list[Image]) -> None:
        try:
            await self._channel.send(header, arrays)
        except WireError:
            return


def _failure(error: BaseException, context: JobContext) -> ArtratorError:
    """What the buyer is told; the traceback stays on this machine, because it may quote the request."""
    if context.cancelled:
        return ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")
    if isinstance(error, ArtratorError):
        return error
    traceback.print_exception(error)
    if isinstance(error, HeaderTooLarge):
        return ArtratorError(Code.MODEL_FAILED, "The model made more text than may leave a worker.")
    if isinstance(error, ValueInvalid):
        return ArtratorError(Code.MODEL_FAILED, f"The model made an output that is none: {error}")
    if isinstance(error, MemoryError):
        return ArtratorError(Code.WORKER_LIMIT, "The model needs more memory for this request than it may take.")
    return ArtratorError(Code.MODEL_FAILED, f"The model failed with {type(error).__name__}.")


def _sentence(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]
