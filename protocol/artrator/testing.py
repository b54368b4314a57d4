"""Runs a backend in this process, without a worker, a node or a signature: for plugin authors and tests.

Nothing is confined here, so use it on packages that you made yourself::

    outputs = run(MyBackend(), Path("my-model"), {"prompt": "a cat", "seed": 1})
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from artrator.backend import Backend, Batch, Device, Image, Kernel, Preview, Value
from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest
from artrator.package import read_manifest


class FolderFiles:
    """An unsigned folder, or files in memory, as a backend sees a package."""

    def __init__(self, manifest: Manifest, files: Mapping[str, bytes | Path]) -> None:
        self._manifest: Final = manifest
        self._files: Final = dict(files)

    @classmethod
    def of(cls, folder: Path) -> FolderFiles:
        """The package in a folder."""
        text = (folder / "artrator.toml").read_text("utf-8")
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        return cls(read_manifest(text), files)

    @property
    def manifest(self) -> Manifest:
        """The validated manifest."""
        return self._manifest

    @property
    def digest(self) -> str:
        """A placeholder of the right form: nothing is signed."""
        return "sha256:" + "0" * 64

    def names(self) -> Sequence[str]:
        """The files."""
        return sorted(self._files)

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        if name not in self._files:
            raise ArtratorError(Code.PACKAGE_INVALID, f"The package has no file '{name}'.")
        content = self._files[name]
        return content if isinstance(content, bytes) else content.read_bytes()


class PlainContext:
    """A context for one job: batches are run at once, split as the kernel asks.

    Attributes:
        reports: Every ``(done, total)`` so far.
        previews: Every preview so far.
        batches: Rows of every kernel call so far, by kernel name.
        handed: Every picture that was handed over before the end, by output.
        cancelled: Set it, and the job leaves at its next call.
    """

    def __init__(self) -> None:
        self.reports: Final[list[tuple[int, int]]] = []
        self.previews: Final[list[Image]] = []
        self.batches: Final[list[tuple[str, int]]] = []
        self.handed: Final[dict[str, list[Image]]] = {}
        self.cancelled = False

    def progress(self, done: int, total: int, preview: Preview | None = None) -> None:
        """Note it."""
        self.reports.append((done, total))
        if preview is not None:
            self.previews.append(preview() if callable(preview) else preview)

    def output(self, name: str, picture: Image) -> None:
        """Keep it; ``run`` puts it before the rest of its list."""
        self.handed.setdefault(name, []).append(np.array(picture))

    def raise_if_cancelled(self) -> None:
        """Leave if ``cancelled`` was set."""
        if self.cancelled:
            raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")

    def generator(self, seed: int) -> np.random.Generator:
        """The same numbers as in a worker."""
        return np.random.Generator(np.random.PCG64(seed % (1 << 64)))

    async def batch(self, kernel: Kernel, feeds: Batch) -> Batch:
        """Run the kernel in a thread, at most ``max_batch`` rows at a time."""
        self.raise_if_cancelled()
        rows = {len(array) for array in feeds.values()}
        if len(rows) != 1:
            raise AssertionError(f"{kernel.name} was given arrays that do not share a first axis: {rows}")
        count = rows.pop()
        parts = []
        for start in range(0, count, kernel.max_batch):
            part = {name: array[start : start + kernel.max_batch] for name, array in feeds.items()}
            self.batches.append((kernel.name, min(kernel.max_batch, count - start)))
            parts.append(await asyncio.to_thread(kernel.run, part))
        self.raise_if_cancelled()
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def run(
    backend: Backend,
    package: Path | FolderFiles,
    inputs: Mapping[str, Value],
    context: PlainContext | None = None,
    device: Device | None = None,
) -> Mapping[str, Any]:
    """Inspect, load and run a package once.

    Args:
        backend: The backend.
        package: A folder, or files in memory.
        inputs: Values as in ``artrator.backend``; what is left out takes the manifest's default.
        context: To look at progress and batches afterwards.
        device: The processor if None.
    """
    files = FolderFiles.of(package) if isinstance(package, Path) else package
    defaults = {name: spec.default for name, spec in files.manifest.inputs.items() if spec.default is not None}
    backend.inspect(files)
    model = backend.load(files, device or Device())
    own = context or PlainContext()
    try:
        made = asyncio.run(_run(model.run({**defaults, **inputs}, own)))
    finally:
        model.close()
    return {**made, **{name: [*pictures, *made.get(name, ())] for name, pictures in own.handed.items()}}


async def _run(job: Any) -> Any:
    return await job
