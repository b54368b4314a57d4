"""The backend: checks a package, prepares the kernels before a job waits for them, and runs jobs one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from artrator.backend import Context, Device, Inspection, Model, PackageFiles, Value
from artrator.errors import ArtratorError, Code
from artrator_ebsynth.graphics import CUDADevice
from artrator_ebsynth.kernels import prepare
from artrator_ebsynth.memory import RUNTIME_BYTES
from artrator_ebsynth.operators import Operator, read_operator
from artrator_ebsynth.operators.base import UNBOUNDED_PIXELS, most_pixels


class EBSynthBackend:
    """Makes pictures out of patches of a style, led by guides."""

    name = "ebsynth"

    def inspect(self, package: PackageFiles) -> Inspection:
        """Check the settings."""
        manifest = package.manifest
        operator = read_operator(manifest)
        warnings = [f"The input '{name}' changes nothing." for name in manifest.inputs if name not in operator.used]
        warnings += [
            f"The input '{name}' has no max_pixels or max_side, so the memory declared is that of 16 million pixels."
            for name in operator.sized
            if most_pixels(manifest.inputs[name]) == UNBOUNDED_PIXELS
        ]
        return Inspection(RUNTIME_BYTES + operator.bound(), warnings)

    def load(self, package: PackageFiles, device: Device) -> Model:
        """Compile or read the kernels, so that no job waits for them."""
        operator = read_operator(package.manifest)
        if device.kind == "cuda":
            CUDADevice()  # refuses in words where no card answers: nothing goes to the processor in silence
        elif device.kind != "cpu":
            raise ArtratorError(
                Code.BACKEND_RUNTIME_BROKEN,
                f"The backend ebsynth computes on the processor or with CUDA, not with {device.kind}.",
                cure="Set the node to the processor or to CUDA for this package.",
            )
        prepare(operator.patch)
        return EBSynthModel(operator, device)


class EBSynthModel:
    """One package."""

    def __init__(self, operator: Operator, device: Device) -> None:
        self._operator: Final = operator
        self._device: Final = device
        #: One job at a time, because the memory declared is that of one.
        self._turn: Final = asyncio.Lock()

    @property
    def memory_bytes(self) -> int:
        """What the runtime takes; there are no weights."""
        return RUNTIME_BYTES

    def close(self) -> None:
        """Nothing is held."""

    async def run(self, inputs: Mapping[str, Value], context: Context) -> Mapping[str, Value]:
        """Make the outputs of one job."""
        async with self._turn:
            context.raise_if_cancelled()
            return await asyncio.to_thread(self._operator.make, inputs, context, self._device)
