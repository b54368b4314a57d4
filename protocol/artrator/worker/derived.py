"""What was derived from packages, on the disk of this machine: made by confined workers, watched over by their parent.

::

    <root>/<package digest>/<place>/         what a worker of this package wrote, and its workers read
    <root>/<package digest>/<place>.json     the parent's record: hashes and sizes, or why there is nothing
    <root>/<package digest>/.making-*        what is being written now

The place names all that the files depend on beside the package: plugin, runtime, interpreter, device and processor. A
worker reads what was derived from its own package and can reach no other folder here. Files are hashed when nobody
writes them any more, before they appear under their name, and once more in each later process before they are used;
whatever does not agree with its record is thrown away and made anew. All of it may be deleted at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import platform
import stat
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from artrator import durable
from artrator.backend import Device
from artrator.errors import ArtratorError
from artrator.package.again import Identity, identity
from artrator.plugins.cache import running_python
from artrator.plugins.info import PluginInfo
from artrator.profile import write_atomically
from artrator.worker.claims import SignedContent
from artrator.worker.held import HeldFiles
from artrator.worker.limits import Limits
from artrator.worker.policy import DERIVED
from artrator.worker.removal import remove_folder
from artrator.worker.step import Step, StepError, run_step
from artrator.worker.usage import free_memory
from artrator.worker.words import sentence

#: Tells a process that it may write where it else only reads. ``artrator.onnx_runtime.derived`` knows it by this name.
FILLING: Final = "ARTRATOR_DERIVING"

#: Changed when records are to be written anew.
_FORM: Final = 1
_MAKING: Final = ".making-"
#: A smaller package loads as fast as a worker starts.
LEAST_BYTES: Final = 8 << 20
#: A larger one would keep whoever waits for its first start: weights are read, packed, written and hashed.
_PATIENCE_BYTES: Final = 512 << 20
#: When that is made up for, after the start.
_LATER_SECONDS: Final = 10.0
#: How often the weights are in memory while they are derived, and what must stay free beside that.
_COPIES: Final = 3
_SPARE_MEMORY: Final = 256 << 20
#: Weights of 8 bits grow to 32 where the processor wants that. While they are packed they lie there three times: as
#: they were optimised, and in what is kept as they are and packed.
_GROWTH: Final = 12
#: What most packages take, and so the room that is made before.
_USUAL: Final = 4
_BESIDE: Final = 16 << 20
#: A graph is three files.
_MAX_FILES: Final = 300
#: What is half made and older than this belongs to nobody any more.
_STALE_SECONDS: Final = 3600
_UNUSED_SECONDS: Final = 60 * 86_400
#: What did not succeed is tried again after this long.
_FORGIVEN_SECONDS: Final = 7 * 86_400
#: What must stay free on the disk, whatever the limit.
_SPARE_BYTES: Final = 1 << 30


@dataclass(frozen=True)
class DerivedFiles:
    """What a worker may read.

    Attributes:
        folder: Where it lies.
        size: Bytes of all files.
        package: The package's digest.
    """

    folder: Path
    size: int
    package: str


class DerivedGraphs:
    """The folder of one node or one person.

    Args:
        root: Where it is.
        most_bytes: What all of it may take; what was used longest ago goes first. 0 derives nothing.
        spare_bytes: What must stay free on the disk.
    """

    def __init__(self, root: Path, most_bytes: int, spare_bytes: int = _SPARE_BYTES) -> None:
        self._root: Final = root
        self._most_bytes: Final = most_bytes
        self._spare_bytes: Final = spare_bytes
        self._hashed: Final[dict[Path, Mapping[str, Identity]]] = {}
        # One is made at a time, which takes minutes; nobody who only looks for what is there waits for that.
        self._making: Final = asyncio.Lock()
        self._turn: Final = asyncio.Lock()
        self._swept = False
        self._tasks: Final[dict[Path, asyncio.Task[None]]] = {}
        self._ending: Final[set[asyncio.Task[None]]] = set()

    async def ready(
        self, plugin: PluginInfo, content: SignedContent, device: Device, limits: Limits
    ) -> DerivedFiles | None:
        """What there is for a package on this device; None if there is nothing. Never raises.

        Only for the processor: to a card go the weights themselves, and what compiles for it keeps caches of its own.
        What never was is made now, if that takes no longer than a start may; else in a while, beside everything else
        and after it, and the next start finds it. So it is, too, while another is being made: one at a time, because it
        takes a processor and several times the memory of the model.
        """
        if not self._most_bytes or device.kind != "cpu":
            return None
        if sys.platform == "win32":  # there a file that is mapped cannot be replaced
            return None
        try:
            if not self._swept:
                await asyncio.to_thread(self._sweep)
            place = await asyncio.to_thread(self._place, plugin, content, device)
            async with self._turn:
                record = await asyncio.to_thread(self._read, place)
            if record is None and plugin.error is None:
                size = await asyncio.to_thread(_folder_size, content)
                if size > _PATIENCE_BYTES or (size >= LEAST_BYTES and self._making.locked()):
                    self._later(plugin, content, device, limits, place)
                elif size >= LEAST_BYTES:
                    async with self._making:
                        record = await self._make(plugin, content, device, limits, place, size)
            if record is None or not record.files:
                return None
            with contextlib.suppress(OSError):
                os.utime(record.path)  # it was used now
            return DerivedFiles(place, sum(size for _, size in record.files.values()), content.digest)
        except (OSError, ArtratorError):
            return None  # what cannot be had is done without

    def give_up(self) -> None:
        """Make nothing more beside what runs: the machine is needed. The next start of a package begins anew."""
        for place in list(self._tasks):
            self._ending.add(task := self._tasks.pop(place))
            task.add_done_callback(self._ending.discard)
            task.cancel()

    async def close(self) -> None:
        """Give up what is being made, and see it end."""
        self.give_up()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def discard(self, files: DerivedFiles, why: str) -> None:
        """Throw away what a worker could not use; it is not made again for this place in a while."""
        with contextlib.suppress(OSError, ArtratorError):
            self._remove(files.folder)
            _Record(files.folder.with_suffix(".json"), failure=why).write()

    def keep_only(self, packages: Collection[str]) -> None:
        """Remove what was derived from any other package, and what was never finished."""
        kept = {_hex(package) for package in packages}
        with contextlib.suppress(OSError):
            for folder in list(self._root.iterdir()):
                if folder.name not in kept:
                    remove_folder(folder)
        self._sweep()

    @property
    def size(self) -> int:
        """Bytes of all that is derived, as the records say."""
        return sum(record.size for record in self._records())

    def _sweep(self) -> None:
        """Remove what nobody has asked for in a long time, as of another runtime, and what was never finished."""
        self._swept = True
        with contextlib.suppress(OSError):
            for path in list(self._root.glob("*/*.json")):
                if time.time() - path.stat().st_mtime > _UNUSED_SECONDS:
                    self._remove(path.with_suffix(""))
            for path in list(self._root.glob(f"*/{_MAKING}*")):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    remove_folder(path)

    # --- finding

    def _place(self, plugin: PluginInfo, content: SignedContent, device: Device) -> Path:
        named = json.dumps(
            [
                _FORM,
                plugin.name,
                plugin.version,
                _runtimes(plugin),
                running_python(),
                device.kind,
                _processor(),
            ]
        )
        return self._root / _hex(content.digest) / hashlib.sha256(named.encode()).hexdigest()[:24]

    def _read(self, place: Path) -> _Record | None:
        """The record of a place whose files are as it says; None if there is none, and then there are no files."""
        record = _Record.read(place.with_suffix(".json"))
        if record is not None and record.failure is not None:
            # It may have been the fault of the moment, such as another program that took all memory.
            return record if time.time() - record.used_at < _FORGIVEN_SECONDS else None
        if record is not None and self._is_whole(place, record):
            return record
        self._remove(place)
        return None

    def _is_whole(self, place: Path, record: _Record) -> bool:
        try:
            found = _plain_files(place)
            if found.keys() != record.files.keys():
                return False
            if self._hashed.get(place) == found:
                return True
            for name, (sha256, size) in record.files.items():
                if found[name][2] != size or _hash(place / name) != sha256:
                    return False
        except OSError:
            return False
        self._hashed[place] = found
        return True

    def _remove(self, place: Path) -> None:
        self._hashed.pop(place, None)
        place.with_suffix(".json").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            gone = Path(tempfile.mkdtemp(prefix=_MAKING, dir=place.parent))
            with contextlib.suppress(FileNotFoundError):
                place.rename(gone / place.name)
            remove_folder(gone)

    # --- making

    def _later(self, plugin: PluginInfo, content: SignedContent, device: Device, limits: Limits, place: Path) -> None:
        """Make it when the worker that is started now has had its start, unless that is under way."""

        async def work() -> None:
            await asyncio.sleep(_LATER_SECONDS)
            async with self._making:
                with contextlib.suppress(OSError, ArtratorError):
                    async with self._turn:
                        record = await asyncio.to_thread(self._read, place)
                    if record is None:
                        size = await asyncio.to_thread(_folder_size, content)
                        await self._make(plugin, content, device, limits, place, size)

        if place not in self._tasks:
            task = self._tasks[place] = asyncio.get_running_loop().create_task(work())
            task.add_done_callback(lambda done: self._tasks.pop(place) if self._tasks.get(place) is done else None)

    async def _make(
        self, plugin: PluginInfo, content: SignedContent, device: Device, limits: Limits, place: Path, size: int
    ) -> _Record | None:
        """Let a confined process derive what it can; None if that says nothing of the next time."""
        free = free_memory()
        if free and free < size * _COPIES + _SPARE_MEMORY:
            return None  # it would drive others out; there will be a better time
        most = min(size * _GROWTH + _BESIDE, self._most_bytes)
        async with self._turn:
            await asyncio.to_thread(self._make_room, min(size * _USUAL + _BESIDE, most), place)
        begun = time.monotonic()
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=_MAKING, dir=place.parent))
        held = HeldFiles()
        try:
            held = await HeldFiles.taken(content)
            step = Step(
                plugin,
                {
                    "op": "derive",
                    "plugin": plugin.name,
                    "entry_points": dict(plugin.entry_points),
                    **content.told(),
                    "device": asdict(device),
                },
                "derived",
                made,
                # It loads the package, writes it, and loads it again.
                seconds=3 * limits.load_seconds,
                most_bytes=most,
                readable=[content.folder],
                held=held,
                variables={DERIVED: str(made), FILLING: "1"},
                device=device,
                limits=limits,
                spare_bytes=self._spare_bytes,
            )
            await run_step(step)
            held.require_unchanged()
            files = await asyncio.to_thread(_sealed, made)
            record = _Record(place.with_suffix(".json"), files, seconds=round(time.monotonic() - begun, 3))
            async with self._turn:
                await asyncio.to_thread(self._publish, made, place, record)
                await asyncio.to_thread(self._make_room, 0, place)
        except StepError as error:
            record = _Record(place.with_suffix(".json"), failure=sentence(str(error), 300))
            if error.lasting:
                record.write()
        finally:
            held.close()
            remove_folder(made)
        return record

    def _publish(self, made: Path, place: Path, record: _Record) -> None:
        """Put files under their name; the record comes last, so that files without one are never used."""
        self._remove(place)
        made.rename(place)
        durable.sync_folder(place.parent)
        self._hashed[place] = _plain_files(place)
        record.write()

    def _make_room(self, wanted: int, place: Path) -> None:
        """Remove what was used longest ago, until ``wanted`` more fits."""
        records = sorted(self._records(), key=lambda record: record.used_at)
        taken = sum(record.size for record in records)
        for record in records:
            if taken + wanted <= self._most_bytes:
                return
            if record.path != place.with_suffix(".json"):
                self._remove(record.path.with_suffix(""))
                taken -= record.size

    def _records(self) -> Iterator[_Record]:
        for path in sorted(self._root.glob("*/*.json")):
            record = _Record.read(path)
            if record is not None and record.files:
                yield record


@dataclass(frozen=True)
class _Record:
    """What the parent notes of a place.

    Attributes:
        files: Hex SHA-256 and size by name; empty where nothing was derived.
        seconds: How long it took.
        failure: Why there is nothing, in one sentence.
    """

    path: Path
    files: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str | None = None

    @property
    def size(self) -> int:
        return sum(size for _, size in self.files.values())

    @property
    def used_at(self) -> float:
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    @classmethod
    def read(cls, path: Path) -> _Record | None:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            files = {str(name): (str(sha256), int(size)) for name, (sha256, size) in found["files"].items()}
            failure = found["failure"]
            return cls(path, files, float(found["seconds"]), None if failure is None else str(failure))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self) -> None:
        value: dict[str, Any] = {"files": self.files, "seconds": self.seconds, "failure": self.failure}
        write_atomically(self.path, json.dumps(value, indent=1).encode() + b"\n")


class _NotPlainError(OSError):
    """There is something in a folder that is no plain file with one name."""


def _sealed(folder: Path) -> dict[str, tuple[str, int]]:
    """Make the files that a step left unwritable and durable, and hash them."""
    try:
        found = _plain_files(folder)
    except _NotPlainError as error:
        raise StepError(f"it left something else than files: {error.strerror}") from error
    if len(found) > _MAX_FILES:
        raise StepError(f"it left {len(found)} files")
    sealed = {}
    for name in sorted(found):
        path = folder / name
        with path.open("rb") as file:
            sealed[name] = hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
            os.fsync(file.fileno())
        path.chmod(0o400)
    durable.sync_folder(folder)
    return sealed


def _plain_files(folder: Path) -> dict[str, Identity]:
    """Every file of a folder that holds plain files and nothing else; raises OSError."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                raise _NotPlainError(0, f"{sentence(entry.name, 80)} is no plain file")
            found[entry.name] = identity(Path(entry.path))
    return found


def _hash(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_size(content: SignedContent) -> int:
    return sum((content.folder / name).lstat().st_size for name in content.files)


def _runtimes(plugin: PluginInfo) -> list[str]:
    """Every onnxruntime that the plugin's workers could import, by name and version."""
    found = {path.name for folder in plugin.sys_path for path in Path(folder).glob("onnxruntime*.dist-info")}
    return sorted(found)


def _processor() -> str:
    """What decides how weights are packed: the processor's model and what it can do."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
        told = [line for line in text.splitlines() if line.startswith(("flags", "Features", "model", "CPU", "vendor"))]
        # A virtual machine may tell another clock each time; nothing is packed by that.
        return "\n".join(line for line in told if "MHz" not in line)
    except OSError:
        return f"{platform.machine()} {platform.processor()}"


def _hex(digest: str) -> str:
    """A digest as the name of a folder; anything else becomes one that nothing is ever found in."""
    name = digest.removeprefix("sha256:")
    fits = len(name) == 64 and set(name) <= set("0123456789abcdef")
    return name if fits else hashlib.sha256(digest.encode()).hexdigest()
