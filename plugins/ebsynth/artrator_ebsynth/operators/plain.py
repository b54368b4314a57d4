"""The operator whose guides all come from the buyer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artrator.backend import Context, Device, Image, Value
from artrator.manifest import InputType, Manifest
from artrator.settings import Settings
from artrator_ebsynth.memory import memory_bytes
from artrator_ebsynth.operators.base import (
    all_pixels,
    asker,
    channels,
    check_memory,
    declared_channels,
    most_pixels,
    number,
    picture,
    pictures,
    rgb,
    thinnest,
)
from artrator_ebsynth.problem import Guide
from artrator_ebsynth.spec import Spec, read_spec
from artrator_ebsynth.synthesis import synthesize


@dataclass(frozen=True)
class PlainOperator:
    """``operator = "guided"``, or none named."""

    spec: Spec
    manifest: Manifest

    @classmethod
    def read(cls, settings: Settings, manifest: Manifest) -> PlainOperator:
        """From the settings."""
        return cls(read_spec(settings, manifest), manifest)

    @property
    def used(self) -> set[str]:
        """Every input that changes something."""
        return self.spec.used

    @property
    def patch(self) -> int:
        """The side of a patch."""
        return self.spec.common.patch

    @property
    def sized(self) -> tuple[str, ...]:
        """The inputs that memory depends on."""
        return self.spec.style, self.spec.guides[0].target

    def bound(self) -> int:
        """Of the largest pictures that the manifest lets in, with the pictures themselves."""
        spec, inputs = self.spec, self.manifest.inputs
        style, target = inputs[spec.style], inputs[spec.guides[0].target]
        source_pixels, target_pixels = all_pixels(style), most_pixels(target)
        guide_channels = sum(declared_channels(inputs[guide.target]) for guide in spec.guides)
        style_channels = declared_channels(style)
        given = source_pixels * (style_channels + guide_channels + 1) + target_pixels * (
            2 * style_channels + guide_channels + 5
        )
        # Pictures laid out below each other are as wide as the widest, so that narrow ones leave room beside them.
        laid_out = source_pixels if style.type is not InputType.IMAGES else 2 * source_pixels
        sizes = thinnest(laid_out), thinnest(target_pixels)
        return given + memory_bytes(*sizes, style_channels, guide_channels, spec.common.patch)

    def make(self, inputs: Mapping[str, Value], context: Context, device: Device) -> dict[str, Value]:
        """One synthesis."""
        spec = self.spec
        several = self.manifest.inputs[spec.style].type is InputType.IMAGES
        styles = pictures(inputs, spec.style) or [picture(inputs, spec.style)]
        guides = [
            Guide(
                pictures(inputs, guide.source) if several else picture(inputs, guide.source),
                picture(inputs, guide.target),
                guide.weight.of(inputs),
                guide.name,
            )
            for guide in spec.guides
        ]
        target = guides[0].target
        sizes = [(style.shape[0], style.shape[1]) for style in styles]
        guide_channels = sum(channels(guide.target) for guide in guides)
        needed = memory_bytes(
            sizes, (target.shape[0], target.shape[1]), channels(styles[0]), guide_channels, spec.common.patch
        )
        check_memory(device, needed, self.sized)

        def optional(name: str | None) -> Image | None:
            return None if name is None or inputs.get(name) is None else picture(inputs, name)

        made = synthesize(
            styles if several else styles[0],
            guides,
            mask=optional(spec.mask),
            source_mask=optional(spec.source_mask),
            modulation=optional(spec.modulation),
            init=optional(spec.init),
            seed=int(number(spec.common.seed.of(inputs), 0)),
            preset=spec.common.preset.of(inputs) or "balanced",
            patch=spec.common.patch,
            uniformity=number(spec.common.uniformity.of(inputs), 3500.0),
            device=device.kind,
            threads=device.threads,
            progress=lambda done, total, preview: context.progress(done, total, rgb(preview)),
            cancelled=asker(context),
        )
        outputs: dict[str, Value] = {spec.image: rgb(made.image)}
        if spec.error is not None:
            outputs[spec.error] = _error_picture(made.error, spec.common.patch)
        return outputs


def _error_picture(error: npt.NDArray[np.float32], patch: int) -> Image:
    """The root mean square of the difference per pixel, white where it is as large as can be."""
    grey = np.clip(np.rint(np.sqrt(error / patch**2)), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
