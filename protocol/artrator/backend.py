"""The contract between a backend and whoever runs it.

A backend is a plugin that can load a package and run it. It lives in a worker process and meets untrusted
packages; it never sees a key, a database or another package. A worker calls, in this order::

    inspection = backend.inspect(package)            # without running anything
    model = backend.load(package, device)            # weights come through package.read(), never as a path
    outputs = await model.run(inputs, context)       # many at once, on one event loop
    model.close()

Values on both sides of ``run`` are plain:

=============  =======================================================================
input type     value
=============  =======================================================================
text, choice   ``str``
integer        ``int``
number         ``float``
boolean        ``bool``
image          ``numpy.uint8[height, width, 3]`` RGB (4 channels where the manifest says ``alpha = true``)
mask           ``numpy.uint8[height, width]``, 255 = selected
images         a list of images (frames of a video, members of a set)
=============  =======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from artrator.manifest import Manifest

Array: TypeAlias = npt.NDArray[Any]
Image: TypeAlias = npt.NDArray[np.uint8]
Value: TypeAlias = str | int | float | bool | Image | Sequence[Image]
#: Named arrays whose first axis is the batch.
Batch: TypeAlias = Mapping[str, Array]
#: How coarse the arithmetic of an accelerator may be, the finest first. A graph's own types are never changed; this is
#: about what a device makes of 32-bit numbers on the way. ``tf32`` and ``fp16`` keep ten bits of each.
PRECISIONS: Final = ("fp32", "tf32", "fp16")


class PackageFiles(Protocol):
    """A verified package as a backend sees it: a manifest and bytes by name."""

    @property
    def manifest(self) -> Manifest:
        """The validated ``artrator.toml``."""
        ...

    @property
    def digest(self) -> str:
        """``sha256:<hex>``: what the signature names, and so what every ticket and receipt names."""
        ...

    def names(self) -> Sequence[str]:
        """The signed files, as POSIX paths relative to the package folder."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of a signed file, checked against the signature as they are read.

        Raises:
            ArtratorError: ``package_changed`` if the bytes differ, ``package_invalid`` if nothing so named is signed.
        """
        ...


@dataclass(frozen=True)
class Device:
    """What a model may compute on.

    Attributes:
        kind: ``cpu``, ``cuda``, ``tensorrt``, ``directml``, ``coreml``, ``openvino`` (on the processor) or
            ``openvino-gpu``.
        index: Which one, where there are several.
        threads: How many processor threads a kernel may use; 0 lets the runtime choose.
        memory_bytes: What the model may take; 0 means no limit is known.
        precision: One of ``PRECISIONS``: the least that the device's owner allows where the package asks for more. A
            package whose own settings allow less is computed as they say.
        compiled: A folder, of this package on this device alone, where the device's compiler may keep what it made;
            empty where there is none.
    """

    kind: str = "cpu"
    index: int = 0
    threads: int = 0
    memory_bytes: int = 0
    precision: str = "fp32"
    compiled: str = ""


@dataclass(frozen=True)
class Inspection:
    """What can be said of a package without running it.

    Attributes:
        memory_bytes: An upper bound of what the loaded model and one run of it take.
        warnings: Sentences for the creator: what will work, but badly.
    """

    memory_bytes: int
    warnings: Sequence[str] = ()


#: A small picture, or what makes one at once.
Preview: TypeAlias = Image | Callable[[], Image]


@dataclass(frozen=True, eq=False)
class Kernel:
    """One batched function of a model, such as one denoiser call.

    Attributes:
        name: For metrics.
        run: Takes and returns arrays whose first axis is the batch; row i of each output depends on row i of the
            inputs alone. It is called in a thread, one call at a time.
        max_batch: The most rows that one call can take. How many of them are worth it the worker learns from what they
            took, and from memory.
        any_thread: It need not be the same thread each time, nor one without an event loop, because ``run`` only
            computes. What is brief is then called without the way to that thread and back.
    """

    name: str
    run: Callable[[Batch], Batch]
    max_batch: int = 8
    any_thread: bool = False


class Context(Protocol):
    """What a running job may ask of its worker."""

    def progress(self, done: int, total: int, preview: Preview | None = None) -> None:
        """Say how far the job is, with a small picture where there is one. Never blocks; may be dropped.

        A function that makes the preview is called only if the preview is not dropped.
        """
        ...

    def output(self, name: str, picture: Image) -> None:
        """Hand over the next finished picture of the output list ``name``, before the run ends. Never blocks.

        What was handed over comes first in the list; what ``run`` returns of it, if anything, comes after. If the run
        then fails or is cancelled, the buyer may get what was handed over, and pay for that much: see ``count`` of
        outputs in the manifest.

        Raises:
            ArtratorError: ``worker_limit`` if the job's outputs take more than may leave a worker.
        """
        ...

    def raise_if_cancelled(self) -> None:
        """Leave ``run`` if the buyer cancelled or the deadline passed. ``batch`` does the same by itself."""
        ...

    def generator(self, seed: int) -> np.random.Generator:
        """Noise that is the same for the same seed on every machine, whatever else runs."""
        ...

    async def batch(self, kernel: Kernel, feeds: Batch) -> Batch:
        """Run ``kernel`` on ``feeds``, merged with what other jobs ask of it at this moment.

        Calls are merged along the first axis when names, dtypes and all other axes agree.
        """
        ...


@runtime_checkable
class Model(Protocol):
    """A loaded package."""

    @property
    def memory_bytes(self) -> int:
        """What it takes while idle."""
        ...

    async def run(self, inputs: Mapping[str, Value], context: Context) -> Mapping[str, Value]:
        """Make the outputs that the manifest declares. Raise ModelError to tell the buyer something."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


@runtime_checkable
class Backend(Protocol):
    """What ``register_backends`` registers."""

    @property
    def name(self) -> str:
        """What a manifest's ``backend`` names."""
        ...

    def inspect(self, package: PackageFiles) -> Inspection:
        """Check the package's backend table and files without running them.

        Raises:
            ArtratorError: ``package_invalid`` with the line of ``artrator.toml`` or the file at fault.
        """
        ...

    def load(self, package: PackageFiles, device: Device) -> Model:
        """Load the weights. Called once in a worker's life; never falls back to another device in silence."""
        ...
