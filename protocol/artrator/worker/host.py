"""The parent's side of a worker: start it, run jobs on it, survive whatever it does.

A worker is untrusted. Everything it says is checked here; everything it may take has a limit here; and its death is a
normal event, which ends each of its runs with an ArtratorError and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from artrator.backend import Device, Value
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.manifest import Manifest
from artrator.plugins.environment import trace
from artrator.plugins.info import PluginInfo
from artrator.worker.batches import batches_of
from artrator.worker.claims import (
    SignedContent,
    error_of,
    info_of,
    output_of,
    outputs_of,
    preview_of,
    progress_of,
    verified_content,
)
from artrator.worker.death import Death
from artrator.worker.derived import DerivedFiles
from artrator.worker.guard import Breach
from artrator.worker.held import HeldFiles
from artrator.worker.limits import Limits, WorkerInfo
from artrator.worker.opening import load_request, require_able, start_process
from artrator.worker.outlast import outlast
from artrator.worker.prepare import prepare_if_due
from artrator.worker.process import Process, exit_sentence
from artrator.worker.run import OnOutput, Progress, Run, cancelled
from artrator.worker.usage import Usage
from artrator.worker.values import ValueInvalid, pack
from artrator.worker.wire import MAX_ARRAYS, Channel, Frame, FrameTooLarge, HeaderTooLarge, WireError
from artrator.worker.words import sentence

__all__ = ["Limits", "Progress", "SignedContent", "Worker", "WorkerInfo"]

_log: Final = logging.getLogger(__name__)

#: What is added to the limit of a frame for a preview and the rounding of everything else.
_FRAME_SLACK: Final = 1 << 20
#: A worker that says more than this in a second is flooding its parent.
_FRAMES_A_SECOND: Final = 2000
#: More of headers than a worker with something to say sends in a second: reading them keeps the parent from others.
_HEADERS_A_SECOND: Final = 16 << 20
_FRAMES_IN_A_ROW: Final = 8
#: Pictures of one job before its end: as many as one frame may hold.
_MOST_HANDED: Final = MAX_ARRAYS
#: A worker that hung up has so long to end by itself, so that its own words tell how it ended.
_LAST_SECONDS: Final = 0.2
#: What the guard calls the time of a load. No job is named so, because their ids are not empty.
_LOAD: Final = ""
#: Runs that go together end together, and leave the same memory: it is measured once for them.
_MOMENT: Final = 0.01
#: How often it is looked whether the plugin is still there.
_TRACE_SECONDS: Final = 1.0
_UPDATED: Final = "The plugin was updated or removed while the worker ran."
#: How long an orderly end may take.
_CLOSE_SECONDS: Final = 2.0
_SIGKILL: Final = 9


class Worker:
    """A process with one loaded package.

    Attributes:
        info: What it said when it was ready.
        batches: What it has learnt of its batches, to be kept for the next worker of the package; None before it told.
        death: How it ended; None while it lives.
    """

    info: WorkerInfo

    def __init__(self, process: Process, limits: Limits, manifest: Manifest) -> None:
        """Use ``Worker.start``."""
        self.death: Death | None = None
        self._process: Final = process
        self._usage: Final = Usage(process.pid)
        self._guard: Final = process.guard
        self._limits: Final = limits
        self._manifest: Final = manifest
        self._channel: Final = Channel(process.connection, max_body=limits.output_bytes + _FRAME_SLACK)
        self._runs: Final[dict[str, Run]] = {}
        self._halted = False
        self._tasks: Final[set[asyncio.Task[Any]]] = set()
        self._ended: ArtratorError | None = None
        self.batches: Mapping[str, Any] | None = None
        self._fault = ""
        self._plugin: PluginInfo | None = None
        self._trace: tuple[int, int] | None = None
        self._traced_at = time.monotonic()
        self._outdated = False
        process.on_breach = self._breached
        process.exited.add_done_callback(self._exited)

    @classmethod
    async def start(
        cls,
        plugin: PluginInfo,
        folder: Path,
        signer: PublicKey,
        *,
        device: Device = Device(),  # noqa: B008 - frozen
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> Worker:
        """Verify the package, start a process for it and load it there.

        Args:
            plugin: What provides the package's backend.
            folder: The signed package.
            signer: The key its signature must be of.
            device: What it may compute on.
            limits: What it may take.

        Raises:
            ArtratorError: ``package_changed`` and the like if the package fails its check; ``backend_missing``,
                ``plugin_broken``; ``worker_died`` or ``worker_limit`` if loading ends so; what the backend says.
        """
        content = await asyncio.to_thread(verified_content, folder, signer)
        return await cls.start_verified(plugin, content, device=device, limits=limits)

    @classmethod
    async def start_verified(
        cls,
        plugin: PluginInfo,
        content: SignedContent,
        *,
        device: Device = Device(),  # noqa: B008 - frozen
        limits: Limits = Limits(),  # noqa: B008 - frozen
        derived: DerivedFiles | None = None,
    ) -> Worker:
        """Like ``start``, for a package whose signature the caller has verified; ``derived`` is what it may map."""
        require_able(plugin, content, device)
        await prepare_if_due(plugin, limits)
        started = time.monotonic()
        # What was derived is mapped in place of the package's own files.
        with HeldFiles() if derived is not None else await HeldFiles.taken(content) as held:
            return await cls._started(plugin, content, device, limits, derived, held, started)

    @classmethod
    async def _started(
        cls,
        plugin: PluginInfo,
        content: SignedContent,
        device: Device,
        limits: Limits,
        derived: DerivedFiles | None,
        held: HeldFiles,
        started: float,
    ) -> Worker:
        before = trace(plugin)
        process = await start_process(plugin, content, device, limits, derived, held)
        worker = cls(process, limits, content.manifest)
        worker._plugin, worker._trace = plugin, before
        try:
            worker.info = await worker._load(plugin, content, device, held, started)
        except BaseException:
            worker.kill()
            await worker.close()
            raise
        worker._keep(worker._listen())
        return worker

    @property
    def alive(self) -> bool:
        """Whether runs can still be given to it."""
        return self._ended is None

    @property
    def outdated(self) -> bool:
        """Whether its plugin has been updated or removed since: what it has not imported yet, it cannot any more."""
        if time.monotonic() - self._traced_at >= _TRACE_SECONDS:
            self._look_for_plugin()
        return self._outdated

    def _look_for_plugin(self) -> None:
        self._traced_at = time.monotonic()
        self._outdated = self._outdated or (self._plugin is not None and trace(self._plugin) != self._trace)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """The last of what the process printed. It may quote requests: show it to the owner, never log it."""
        return self._process.output

    @property
    def resident_bytes(self) -> int:
        """The host memory that is its own now, without what it maps from files; 0 where the system does not say."""
        return (self._usage.lately(_MOMENT)[0] or 0) if self.alive else 0

    async def run(
        self,
        job_id: str,
        values: Mapping[str, Value],
        on_progress: Progress | None = None,
        on_output: OnOutput | None = None,
        *,
        buyer: str = "",
        rank: int = 0,
    ) -> Mapping[str, Value]:
        """Run one job; many may run at once, and the worker batches them.

        Args:
            job_id: Unique among the runs of this worker.
            values: The inputs, complete and checked against the manifest.
            on_progress: Called on the event loop with (done, total, preview).
            on_output: Called on the event loop with (output, picture) for each picture that the model hands over before
                its end. They are among the outputs that this returns; if it raises instead, they are what there is.
            buyer: A mark by which the worker tells buyers apart, so that its batches are fair between them.
            rank: 0 for who pays by the run, 1 for who has a pass, 2 for who pays nothing.

        Raises:
            ArtratorError: ``job_cancelled``, ``worker_died``, ``worker_limit``, or what the model says:
                ``model_failed``, ``input_invalid``.
        """
        if self._ended is not None:
            raise self._ended
        if job_id in self._runs:
            raise ArtratorError(Code.CONFLICT, "This job runs already.")
        try:
            described, arrays = pack(values)
        except ValueInvalid as error:
            raise ArtratorError(Code.INPUT_INVALID, str(error)) from error
        loop = asyncio.get_running_loop()
        seconds = self._limits.run_seconds
        late = ArtratorError(Code.WORKER_LIMIT, f"The model did not finish within {seconds:g} seconds.")
        run = self._runs[job_id] = Run(loop.create_future(), on_progress, late, on_output=on_output)
        if not self._halted:
            self._guard.expect(job_id, seconds, late)
        try:
            with contextlib.suppress(WireError):  # then the process is ending, and its end settles the run
                try:
                    await self._channel.send(
                        {"op": "run", "job": job_id, "buyer": buyer, "rank": rank, "values": described}, arrays
                    )
                except HeaderTooLarge as error:
                    self._runs.pop(job_id).stop_clocks()
                    self._guard.done(job_id)
                    message = "The texts of this request are longer than a model takes."
                    raise ArtratorError(Code.INPUT_INVALID, message) from error
            return await run.future
        except asyncio.CancelledError:
            self.cancel(job_id)
            run.future.cancel()  # nobody waits for it any more
            raise

    def recall(self, batches: Mapping[str, Any]) -> None:
        """Tell it, before its first run, what an earlier worker of the same package had in ``batches``."""
        self.batches = batches
        self._keep(self._send_quietly({"op": "recall", **batches}))

    def cancel(self, job_id: str) -> None:
        """Ask the model to stop; a run that will not, and is alone, is ended by ending the process."""
        run = self._runs.get(job_id)
        if run is None or run.cancelled or self._ended is not None:
            return
        loop = asyncio.get_running_loop()
        run.grace = loop.call_later(self._limits.cancel_seconds, self._grace_over, job_id)
        self._keep(self._send_quietly({"op": "cancel", "job": job_id}))

    def halt(self, halted: bool) -> None:
        """Let it compute no further step for now, or go on. Harmless to say again.

        Steps are calls of ``context.batch``; the one that computes is finished. What a backend does beside them goes
        on. A run that was halted has all of its time again afterwards: how long that is is its ticket's business.
        """
        if halted == self._halted or self._ended is not None:
            return
        self._halted = halted
        for job, run in self._runs.items():
            if halted:
                self._guard.done(job)
            else:
                self._guard.expect(job, self._limits.run_seconds, run.late)
        self._keep(self._send_quietly({"op": "halt", "halted": halted}))

    async def close(self) -> None:
        """Let the process end in order; it is killed if that takes too long. Runs end with ``worker_died``.

        Whoever is cancelled here has the process killed, and goes on when nothing of it is left.
        """
        try:
            if self._ended is None:
                self._end(ArtratorError(Code.WORKER_DIED, "The worker was closed."), Death("was closed", wanted=True))
                with contextlib.suppress(WireError, TimeoutError):
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        await self._channel.send({"op": "close"})
                        await asyncio.shield(self._process.exited)
        finally:
            self._process.kill()
            await outlast(self._let_go())

    async def _let_go(self) -> None:
        """Give back all that the process had, once it has ended."""
        await self._process.exited
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()
        self._usage.close()

    def kill(self) -> None:
        """End the process at once."""
        self._end(ArtratorError(Code.WORKER_DIED, "The worker was stopped."), Death("was stopped", wanted=True))
        self._process.kill()

    async def _load(
        self, plugin: PluginInfo, content: SignedContent, device: Device, held: HeldFiles, started: float
    ) -> WorkerInfo:
        late = ArtratorError(
            Code.WORKER_LIMIT,
            f"{content.manifest.name} was not loaded within {self._limits.load_seconds:g} seconds.",
            cure="Give it more time to load, or use a smaller model.",
        )
        self._guard.expect(_LOAD, self._limits.load_seconds, late)
        try:
            given = dict(zip(held.descriptors, self._process.inherited, strict=True))
            await self._channel.send(load_request(plugin, content, device, given, self._limits))
            frame = await self._channel.receive()
        except WireError as error:
            # Either it was killed for a limit, which says so itself, or it died of the package or the plugin.
            code = await self._process.end()
            if self._ended is not None and self._ended.code == Code.WORKER_LIMIT:
                raise self._ended from error
            words = sentence(self._process.last_words)  # nobody has given it a request that it could quote
            message = f"The worker {exit_sentence(code)} while it loaded the model. {words}".strip()
            raise ArtratorError(Code.WORKER_DIED, message) from error
        finally:
            self._guard.done(_LOAD)
        if frame.op != "loaded":
            raise error_of(frame.header, loading=True)
        held.require_unchanged()
        return info_of(frame.header, time.monotonic() - started)

    async def _listen(self) -> None:
        """Take what the worker says until it ends."""
        counted, headers, second = 0, 0, time.monotonic()
        try:
            while True:
                frame = await self._channel.receive()
                counted += 1
                headers += frame.header_size
                if time.monotonic() - second >= 1:
                    counted, headers, second = 0, 0, time.monotonic()
                elif counted > _FRAMES_A_SECOND or headers > _HEADERS_A_SECOND:
                    raise WireError("it talks too much")
                self._take(frame)
                if counted % _FRAMES_IN_A_ROW == 0:
                    # A worker that always has something to say must not keep the loop from everybody else.
                    await asyncio.sleep(0)
        except FrameTooLarge as error:
            message = f"The outputs take {error.size} bytes; at most {self._limits.output_bytes} may leave a worker."
            self._kill_for(str(error.header.get("job")), ArtratorError(Code.WORKER_LIMIT, message))
        except WireError as error:
            # Gone, or talking nonsense: in both cases there is nobody to talk to any more.
            self._fault = str(error).replace("the other side has gone", "it hung up")
            await self._process.end(_LAST_SECONDS)
        except Exception:  # a mistake of ours, or of whoever is called back: nobody would hear of this worker again
            _log.exception("What a worker said could not be taken.")
            self._fault = "what it said could not be taken"
            self._process.kill()
        finally:
            await self._channel.close()

    def _take(self, frame: Frame) -> None:
        if frame.op == "batches":
            self.batches = batches_of(frame.header)
            return
        if frame.op not in ("progress", "output", "done", "error"):
            raise WireError("it says what no worker says")
        job = str(frame.header.get("job"))
        run = self._runs.get(job)
        if run is None:
            return  # It answered after its limit.
        if frame.op == "progress":
            done, total = progress_of(frame.header)
            preview = preview_of(frame.arrays)
            run.tell(done, total, preview)
            return
        if frame.op == "output":
            self._take_output(run, job, frame)
            return
        if frame.op == "error" and not run.cancelled:
            self._look_for_plugin()
            if self._outdated:
                # Perhaps for want of what is gone, or of another version by now: a new worker tells.
                self._end(ArtratorError(Code.WORKER_DIED, _UPDATED), Death("was stopped: " + _UPDATED, wanted=True))
                self._process.kill()
                return
        if frame.op == "done" and "total" in frame.header:
            run.tell(*progress_of(frame.header), None)
        self._runs.pop(job).stop_clocks()
        self._guard.done(job)
        if run.cancelled:
            run.settle(cancelled())
        elif frame.op == "error":
            run.settle(error_of(frame.header))
        else:
            try:
                run.settle(outputs_of(self._manifest, frame.header, frame.arrays, run.handed))
            except ArtratorError as error:
                run.settle(error)

    def _take_output(self, run: Run, job: str, frame: Frame) -> None:
        try:
            name, picture = output_of(self._manifest, frame.header, frame.arrays)
        except ArtratorError as error:
            run.settle(error)
            self.cancel(job)
            return
        run.handed_count += 1
        if run.handed_count > _MOST_HANDED:
            message = f"The model handed over more than {_MOST_HANDED} pictures."
            self._kill_for(job, ArtratorError(Code.WORKER_LIMIT, message))
            return
        run.take(name, picture)
        if run.handed_bytes > self._limits.output_bytes:  # a worker that keeps its promises has stopped before
            message = f"The outputs take more than the {self._limits.output_bytes} bytes that may leave a worker."
            self._kill_for(job, ArtratorError(Code.WORKER_LIMIT, message))

    def _grace_over(self, job_id: str) -> None:
        """A cancelled run goes on: answer the buyer, and end the process unless others still use it."""
        run = self._runs.get(job_id)
        if run is None:
            return
        run.settle(cancelled())
        if all(other.cancelled for other in self._runs.values()):
            self.kill()
            return
        run.grace = asyncio.get_running_loop().call_later(self._limits.cancel_seconds, self._grace_over, job_id)

    def _kill_for(self, job_id: str, reason: ArtratorError) -> None:
        """End the process because of one job: that job gets the reason, the others the death."""
        self._breached(Breach(reason, job_id))
        self._process.kill()

    def _breached(self, breach: Breach) -> None:
        """The process is being ended for a limit, by the guard or by us."""
        if breach.key is None or breach.key == _LOAD:
            self._end(breach.reason, Death(f"was ended for a limit: {breach.reason.message}", limit=True))
            return
        death = Death(f"was ended for a limit: {breach.reason.message}", limit=True, culprit=breach.key)
        run = self._runs.get(breach.key)
        if run is not None:
            run.settle(cancelled() if run.cancelled else breach.reason)
        others = "The worker was stopped because another job outran its limits."
        self._end(ArtratorError(Code.WORKER_DIED, others), death)

    def _exited(self, exited: asyncio.Future[int]) -> None:
        if self._process.breach is not None:
            self._breached(self._process.breach)
        how = exit_sentence(exited.result())
        if self._process.was_killed and self._fault:
            how = f"was stopped: {self._fault}"
        elif exited.result() == -_SIGKILL:
            how += ", by this machine because its memory ran out or by somebody on it"
        self._end(ArtratorError(Code.WORKER_DIED, f"The worker {how}."), Death(how))

    def _end(self, reason: ArtratorError, death: Death) -> None:
        """No run can be given from now on; those inside end with ``reason``."""
        if self._ended is not None:
            return
        self._ended, self.death = reason, replace(death, inside=tuple(self._runs))
        for job, run in self._runs.items():
            run.stop_clocks()
            self._guard.done(job)
            run.settle(cancelled() if run.cancelled else reason)
        self._runs.clear()

    def _keep(self, work: Any) -> asyncio.Task[Any]:
        """Run ``work`` beside everything else, holding on to its task."""
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _send_quietly(self, header: Mapping[str, Any]) -> None:
        with contextlib.suppress(WireError):
            await self._channel.send(header)
