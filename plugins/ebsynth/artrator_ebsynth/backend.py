"""The backend: checks a package, prepares the kernels before a job waits for them, and runs jobs one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Context, Device, Image, Inspection, Model, PackageFiles, Value
from artrator.errors import ArtratorError, Code
from artrator.manifest import InputSpec, InputType, Manifest
from artrator_ebsynth.field import LONGEST_SIDE
from artrator_ebsynth.kernels import prepare
from artrator_ebsynth.memory import RUNTIME_BYTES, memory_bytes
from artrator_ebsynth.problem import Guide
from artrator_ebsynth.spec import Spec, read_spec
from artrator_ebsynth.synthesis import Synthesis, synthesize

#: A side that a picture may have where the manifest does not say.
_UNBOUNDED_PIXELS: Final = 4096 * 4096


class EBSynthBackend:
    """Makes a picture out of patches of a style, led by guides."""

    name = "ebsynth"

    def inspect(self, package: PackageFiles) -> Inspection:
        """Check the settings."""
        manifest = package.manifest
        spec = read_spec(manifest)
        warnings = [f"The input '{name}' changes nothing." for name in manifest.inputs if name not in spec.used]
        warnings += [
            f"The input '{name}' has no max_pixels or max_side, so the memory declared is that of 16 million pixels."
            for name in (spec.style, spec.guides[0].target)
            if _most_pixels(manifest.inputs[name]) == _UNBOUNDED_PIXELS
        ]
        return Inspection(RUNTIME_BYTES + _bound(manifest, spec), warnings)

    def load(self, package: PackageFiles, device: Device) -> Model:
        """Compile or read the kernels, so that no job waits for them."""
        spec = read_spec(package.manifest)
        if device.kind != "cpu":
            raise ArtratorError(
                Code.BACKEND_RUNTIME_BROKEN,
                f"The backend ebsynth computes on the processor only, not on {device.kind}.",
                cure="Set the node to the processor for this package.",
            )
        prepare()
        return EBSynthModel(spec, device)


class EBSynthModel:
    """One package."""

    def __init__(self, spec: Spec, device: Device) -> None:
        self._spec: Final = spec
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
            made = await asyncio.to_thread(self._synthesize, inputs, context)
        outputs: dict[str, Value] = {self._spec.image: _rgb(made.image)}
        if self._spec.error is not None:
            outputs[self._spec.error] = _error_picture(made.error, self._spec.patch)
        return outputs

    def _synthesize(self, inputs: Mapping[str, Value], context: Context) -> Synthesis:
        spec = self._spec
        style, guides = _picture(inputs, spec.style), self._guides(inputs)
        self._fits(style, guides)

        def cancelled() -> bool:
            try:
                context.raise_if_cancelled()
            except ArtratorError:
                return True
            return False

        def optional(name: str | None) -> Image | None:
            return None if name is None or inputs.get(name) is None else _picture(inputs, name)

        return synthesize(
            style,
            guides,
            mask=optional(spec.mask),
            source_mask=optional(spec.source_mask),
            modulation=optional(spec.modulation),
            init=optional(spec.init),
            seed=int(spec.seed.of(inputs) or 0),
            preset=spec.preset.of(inputs) or "balanced",
            patch=spec.patch,
            uniformity=_or(spec.uniformity.of(inputs), 3500.0),
            threads=self._device.threads,
            progress=lambda done, total, preview: context.progress(done, total, _rgb(preview)),
            cancelled=cancelled,
        )

    def _guides(self, inputs: Mapping[str, Value]) -> list[Guide]:
        return [
            Guide(_picture(inputs, guide.source), _picture(inputs, guide.target), guide.weight.of(inputs), guide.name)
            for guide in self._spec.guides
        ]

    def _fits(self, style: Image, guides: list[Guide]) -> None:
        """Refuse what would not fit, before anything is allocated."""
        if not self._device.memory_bytes:
            return
        channels = sum(_channels(guide.target) for guide in guides)
        target = guides[0].target
        sizes = (style.shape[0], style.shape[1]), (target.shape[0], target.shape[1])
        needed = RUNTIME_BYTES + memory_bytes(*sizes, _channels(style), channels, self._spec.patch)
        if needed > self._device.memory_bytes:
            raise ArtratorError(
                Code.INPUT_INVALID,
                f"{self._spec.style} and {self._spec.guides[0].target}: these sizes need {needed >> 20} MiB of memory, "
                f"and this node gives {self._device.memory_bytes >> 20}.",
                cure="Send smaller pictures.",
            )


def _bound(manifest: Manifest, spec: Spec) -> int:
    """Of the largest pictures that the manifest lets in, with the pictures themselves."""
    style, target = manifest.inputs[spec.style], manifest.inputs[spec.guides[0].target]
    source_pixels, target_pixels = _most_pixels(style), _most_pixels(target)
    channels = [_declared_channels(manifest.inputs[guide.source]) for guide in spec.guides]
    style_channels = _declared_channels(style)
    given = source_pixels * (style_channels + sum(channels) + 1) + target_pixels * (
        2 * style_channels + sum(channels) + 5
    )
    sizes = _thinnest(source_pixels), _thinnest(target_pixels)
    return given + memory_bytes(*sizes, style_channels, sum(channels), spec.patch)


def _most_pixels(declared: InputSpec) -> int:
    bounds = [_UNBOUNDED_PIXELS]
    if declared.max_pixels is not None:
        bounds.append(declared.max_pixels)
    if declared.max_side is not None:
        bounds.append(declared.max_side**2)
    return min(bounds)


def _thinnest(pixels: int) -> tuple[int, int]:
    """The shape of so many pixels that takes most, because it has the longest edge."""
    return -(-pixels // LONGEST_SIDE), LONGEST_SIDE


def _declared_channels(declared: InputSpec) -> int:
    if declared.type is InputType.MASK:
        return 1
    return 4 if declared.alpha else 3


def _channels(picture: Image) -> int:
    return 1 if picture.ndim == 2 else picture.shape[2]


def _picture(inputs: Mapping[str, Value], name: str) -> Image:
    value = inputs.get(name)
    if not isinstance(value, np.ndarray):
        raise ArtratorError(Code.INPUT_INVALID, f"{name}: a picture is needed.")
    return value


def _rgb(image: Image) -> Image:
    """As RGB, or RGBA where there is alpha."""
    colour = image if image.shape[2] > 2 else np.concatenate([image[:, :, :1]] * 3 + [image[:, :, 1:]], axis=2)
    return np.ascontiguousarray(colour)


def _error_picture(error: npt.NDArray[np.float32], patch: int) -> Image:
    """The root mean square of the difference per pixel, white where it is as large as can be."""
    grey = np.clip(np.rint(np.sqrt(error / patch**2)), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _or(value: Any, default: float) -> float:
    return default if value is None else float(value)
