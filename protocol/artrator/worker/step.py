"""One confined process that fills one folder and ends: the parent's side of it.

It gets nothing of what its plugin was allowed for jobs, no network and no GPU. What it writes is measured while it
writes; when it is dead and nobody writes any more, the folder must hold plain files and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from artrator.backend import Device
from artrator.plugins.info import PluginInfo, Wants
from artrator.worker.claims import error_of
from artrator.worker.held import HeldFiles
from artrator.worker.limits import Limits
from artrator.worker.outlast import outlast
from artrator.worker.policy import environment, machine_memory, sandbox_settings
from artrator.worker.process import Process, exit_sentence
from artrator.worker.usage import Usage, folder_bytes
from artrator.worker.wire import Channel, WireError
from artrator.worker.words import sentence

_WATCH_SECONDS: Final = 0.1
#: Whoever is being served goes first.
_NICE: Final = 10


class StepError(Exception):
    """The step left nothing that can be used.

    Attributes:
        lasting: It would fail again; not so when the disk was full.
        output: The last of what the process printed.
    """

    def __init__(self, reason: str, *, lasting: bool = True, output: str = "") -> None:
        super().__init__(reason)
        self.lasting: Final = lasting
        self.output: Final = output


@dataclass(frozen=True)
class Step:
    """What is done.

    Attributes:
        request: The one frame that the process is sent.
        answer: The ``op`` of the frame that it sends when all went well.
        folder: Where it may write.
        readable: What it may read beside what every worker may.
        held: What of that nobody may write to meanwhile, and the process inherits.
        variables: Added to its environment.
        seconds: From the start of the process to its end.
        most_bytes: In ``folder``.
        limits: What it may take besides; a memory of 0 stands for what the machine has.
        spare_bytes: What must stay free on the disk. A file that was unlinked while open is in no folder that could be
            measured.
    """

    plugin: PluginInfo
    request: Mapping[str, Any]
    answer: str
    folder: Path
    seconds: float
    most_bytes: int
    readable: Sequence[Path] = ()
    held: HeldFiles = field(default_factory=HeldFiles)
    variables: Mapping[str, str] = field(default_factory=dict)
    device: Device = Device()  # noqa: RUF009 - frozen
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    spare_bytes: int = 1 << 30


async def run_step(step: Step) -> None:
    """Run it to its end, and leave plain files in its folder.

    Raises:
        StepError: It did not succeed, or took or left more than it may.
        ArtratorError: ``worker_died`` if no process can be started.
        OSError: The folder cannot be looked after.
    """
    # Nothing of what was allowed for jobs: a step that can reach the network could fetch what nobody has looked at.
    bare = replace(step.plugin, wants=Wants(), allowed=Wants())
    process = await Process.start(
        bare.interpreter,
        lambda scratch: {
            "sys_path": [str(path) for path in bare.sys_path],
            "sandbox": _sandbox(step, bare, scratch),
        },
        lambda scratch: {**environment(bare, step.device, scratch), **step.variables},
        inherited=list(step.held.descriptors.values()),
    )
    held = dict(zip(step.held.descriptors, process.inherited, strict=True))
    with contextlib.suppress(OSError, AttributeError):  # Windows has no such call
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    channel = Channel(process.connection, max_body=0)
    header: Mapping[str, Any] = {}
    failure = StepError("its process talks nonsense")
    watch = asyncio.create_task(_watch(process, step))
    try:
        async with asyncio.timeout(step.seconds):
            await channel.send({**step.request, "held": held})
            header = (await channel.receive()).header
    except TimeoutError:
        failure = StepError(f"it took longer than {step.seconds:g} seconds")
    except WireError:
        failure = StepError(f"its process {exit_sentence(await process.end())}")
    finally:
        process.kill()
        try:
            await outlast(process.exited)
        finally:
            over = await watch
            await channel.close()
    if header.get("op") == "failed":
        failure = StepError(error_of(header, loading=True).message)
    if over is not None:
        failure = over
    elif header.get("op") == step.answer:
        await asyncio.to_thread(_settle, step.folder, step.most_bytes)
        return
    raise StepError(str(failure), lasting=failure.lasting, output=process.output)


def _sandbox(step: Step, plugin: PluginInfo, scratch: Path) -> dict[str, Any]:
    """A worker's confinement, but for the one folder."""
    settings = sandbox_settings(
        plugin, step.device, step.limits, readable=step.readable, scratch=scratch, mapped_bytes=step.held.size
    )
    return settings | {
        "files": True,
        "file_bytes": step.most_bytes,
        "writable": [str(step.folder.resolve())],
    }


async def _watch(process: Process, step: Step) -> StepError | None:
    """End the process when it takes more than it may; answers why, once it has ended."""
    memory = step.limits.memory_bytes or machine_memory()
    usage = Usage(process.pid)
    try:
        while not process.exited.done():
            try:
                free = shutil.disk_usage(step.folder).free
            except OSError:  # what cannot be measured must not go on
                free = 0
            over = None
            if memory and (usage.now()[0] or 0) > memory:
                over = StepError(f"it took more than {memory >> 20} MB of memory")
            elif folder_bytes(step.folder, step.most_bytes) > step.most_bytes:
                over = StepError(f"it wrote more than {step.most_bytes >> 20} MB")
            elif free < step.spare_bytes:
                over = StepError(f"less than {step.spare_bytes >> 20} MB were left on the disk", lasting=False)
            if over is not None:
                process.kill()
                return over
            await asyncio.wait([process.exited], timeout=_WATCH_SECONDS)
    finally:
        usage.close()
    return None


def _settle(folder: Path, most_bytes: int) -> None:
    """Make plain what the step left, now that nobody writes to it: files of their owner's that nobody runs."""
    if folder_bytes(folder, most_bytes) > most_bytes:
        raise StepError(f"it left more than {most_bytes >> 20} MB, or more files than anybody needs")
    waiting = [folder]
    while waiting:
        inner = waiting.pop()
        inner.chmod(0o700)
        with os.scandir(inner) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(Path(entry.path))
                elif not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                    raise StepError(f"it left {sentence(entry.name, 80)}, which is no plain file")
                else:
                    Path(entry.path).chmod(0o600)
