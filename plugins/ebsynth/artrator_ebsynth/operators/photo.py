"""The operator that paints photos like one photo that was painted over: all guides are made from the photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from artrator.backend import Context, Device, Image, Value
from artrator.manifest import InputType, Manifest, OutputType
from artrator.settings import Settings
from artrator_ebsynth.guides import brightness, edges, matched, positions, shown
from artrator_ebsynth.memory import memory_bytes
from artrator_ebsynth.operators.base import (
    all_pixels,
    asker,
    check_memory,
    most_pixels,
    number,
    picture,
    pictures,
    rgb,
    thinnest,
)
from artrator_ebsynth.options import (
    Common,
    Setting,
    check_outputs,
    read_common,
    read_input,
    read_output,
    read_table,
    read_weight,
)
from artrator_ebsynth.problem import Guide, refuse
from artrator_ebsynth.synthesis import synthesize

#: What each guide counts where the package does not say.
_WEIGHTS: Final[Mapping[str, float]] = {"edges": 1.0, "colour": 3.0, "brightness": 2.0, "position": 1.0}
#: Channels of the style, and of the guides above together.
_STYLE: Final = 3
_GUIDES: Final = 1 + 3 + 1 + 2
#: What one job shows of itself, whatever its size.
_UNITS: Final = 1000


@dataclass(frozen=True)
class PhotoOperator:
    """``operator = "photo"``. Names are of inputs and outputs."""

    source: str
    style: str
    target: str
    output: str
    weights: Mapping[str, Setting]
    common: Common
    manifest: Manifest

    @classmethod
    def read(cls, settings: Settings, manifest: Manifest) -> PhotoOperator:
        """From the settings."""
        target = read_input(settings, "target", manifest, (InputType.IMAGE, InputType.IMAGES))
        several = manifest.inputs[target].type is InputType.IMAGES
        weights = read_table(settings, "weights")
        operator = cls(
            source=read_input(settings, "source", manifest, (InputType.IMAGE,)),
            style=read_input(settings, "style", manifest, (InputType.IMAGE,)),
            target=target,
            output=read_output(
                settings, "output", manifest, "images" if several else "image",
                OutputType.IMAGES if several else OutputType.IMAGE,
            ),
            weights={name: read_weight(weights, name, manifest, default) for name, default in _WEIGHTS.items()},
            common=read_common(settings, manifest),
            manifest=manifest,
        )  # fmt: skip
        check_outputs(settings, manifest, {operator.output})
        return operator

    @property
    def used(self) -> set[str]:
        """Every input that changes something."""
        names = {self.source, self.style, self.target, *(weight.input for weight in self.weights.values())}
        return {name for name in names | self.common.used if name is not None}

    @property
    def patch(self) -> int:
        """The side of a patch."""
        return self.common.patch

    @property
    def sized(self) -> tuple[str, ...]:
        """The inputs that memory depends on."""
        return self.style, self.target

    def bound(self) -> int:
        """Of the largest pictures that the manifest lets in: given, made, and at work."""
        style, target = self.manifest.inputs[self.style], self.manifest.inputs[self.target]
        sizes = thinnest(most_pixels(style)), thinnest(most_pixels(target))
        return 2 * _STYLE * (all_pixels(style) + all_pixels(target)) + self._working(*sizes)

    def make(self, inputs: Mapping[str, Value], context: Context, device: Device) -> dict[str, Value]:
        """One synthesis for each photo."""
        source, style = picture(inputs, self.source), picture(inputs, self.style)
        targets = pictures(inputs, self.target)
        if not targets:
            raise refuse(self.target, "there is none.", "Give a photo.")
        if source.shape != style.shape:
            (height, width), (rows, columns) = style.shape[:2], source.shape[:2]
            sizes = f"is {width} x {height} pixels, {self.source} {columns} x {rows}."
            raise refuse(self.style, sizes, "Give both the same size.")
        largest = max(targets, key=lambda target: target.shape[0] * target.shape[1])
        needed = self._working((style.shape[0], style.shape[1]), (largest.shape[0], largest.shape[1]))
        check_memory(device, needed, self.sized)
        made: list[Image] = [
            self._one(source, style, target, inputs, context, device, (place, len(targets)))
            for place, target in enumerate(targets)
        ]
        several = self.manifest.outputs[self.output].type is OutputType.IMAGES
        return {self.output: made if several else made[0]}

    def _one(
        self,
        source: Image,
        style: Image,
        target: Image,
        inputs: Mapping[str, Value],
        context: Context,
        device: Device,
        turn: tuple[int, int],
    ) -> Image:
        alike = matched(source, target)
        pairs = {
            "edges": (edges(source), edges(target)),
            "colour": (alike, target),
            "brightness": (brightness(alike), brightness(target)),
            "position": (_ramp(source), _ramp(target)),
        }
        place, count = turn

        def tell(done: int, total: int, preview: Image) -> None:
            context.progress(place * _UNITS + done * _UNITS // total, count * _UNITS, rgb(preview))

        made = synthesize(
            style,
            [
                Guide(ours, theirs, number(self.weights[name].of(inputs), 0.0), name)
                for name, (ours, theirs) in pairs.items()
            ],
            seed=int(number(self.common.seed.of(inputs), 0)),
            preset=self.common.preset.of(inputs) or "balanced",
            patch=self.common.patch,
            uniformity=number(self.common.uniformity.of(inputs), 3500.0),
            device=device.kind,
            threads=device.threads,
            progress=tell,
            cancelled=asker(context),
        )
        return made.image

    def _working(self, source: tuple[int, int], target: tuple[int, int]) -> int:
        """Bytes that one synthesis takes with its guides, and with Lab as floats while colours are made alike."""
        pixels = source[0] * source[1] + target[0] * target[1]
        guides = (2 * _GUIDES + 12) * pixels
        return guides + max(memory_bytes(source, target, _STYLE, _GUIDES, self.common.patch), 48 * pixels)


def _ramp(photo: Image) -> Image:
    height, width = photo.shape[:2]
    return shown(positions(height, width), height, width)
