"""The operator that paints a whole clip like a few painted frames of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from artrator.backend import Context, Device, Value
from artrator.manifest import InputType, Manifest, OutputType
from artrator.settings import Settings
from artrator_ebsynth.operators.base import (
    all_pixels,
    asker,
    check_memory,
    most_pixels,
    number,
    pictures,
    thinnest,
)
from artrator_ebsynth.options import (
    Common,
    Setting,
    check_outputs,
    read_common,
    read_input,
    read_optional,
    read_output,
    read_table,
    read_weight,
)
from artrator_ebsynth.problem import refuse
from artrator_ebsynth.video import ExtraGuide, Manner, Slots, Weights, make_clip, make_film, read_numbers
from artrator_ebsynth.video.memory import film_bytes, frame_bytes


@dataclass(frozen=True)
class VideoOperator:
    """``operator = "video"``. Names are of inputs and outputs; None where the package has none.

    Attributes:
        extras: Input and weight of each further guide, by its name.
    """

    slots: Slots
    masks: str | None
    output: str
    weights: Mapping[str, Setting]
    extras: Mapping[str, tuple[str, Setting]]
    feather: Setting
    common: Common
    manifest: Manifest

    @classmethod
    def read(cls, settings: Settings, manifest: Manifest) -> VideoOperator:
        """From the settings."""
        masks = read_optional(settings, "masks", manifest, (InputType.IMAGES, InputType.MASK))
        slots = Slots(
            frames=read_input(settings, "frames", manifest, (InputType.IMAGES,)),
            keyframes=read_input(settings, "keyframes", manifest, (InputType.IMAGES,)),
            numbers=read_input(settings, "numbers", manifest, (InputType.TEXT,)),
            masks=masks or "masks",
        )
        for key, name in (("frames", slots.frames), ("keyframes", slots.keyframes)):
            if manifest.inputs[name].alpha:
                raise settings.error(key, f"is '{name}', which has alpha; frames are opaque.")
        usual = Weights()
        weights = read_table(settings, "weights")
        operator = cls(
            slots=slots,
            masks=masks,
            output=read_output(settings, "output", manifest, "frames", OutputType.IMAGES),
            weights={
                name: read_weight(weights, name, manifest, getattr(usual, name))
                for name in ("edges", "colour", "position", "previous")
            },
            extras=_extras(settings, manifest),
            feather=read_weight(settings, "feather", manifest, 0.0),
            common=read_common(settings, manifest),
            manifest=manifest,
        )
        check_outputs(settings, manifest, {operator.output})
        return operator

    @property
    def used(self) -> set[str]:
        """Every input that changes something."""
        names = {self.slots.frames, self.slots.keyframes, self.slots.numbers, self.masks} | self.common.used
        names |= {self.feather.input, *(weight.input for weight in self.weights.values())}
        for name, weight in self.extras.values():
            names |= {name, weight.input}
        return {name for name in names if name is not None}

    @property
    def patch(self) -> int:
        """The side of a patch."""
        return self.common.patch

    @property
    def sized(self) -> tuple[str, ...]:
        """The inputs that memory depends on."""
        return (self.slots.frames,)

    def bound(self) -> int:
        """Of the longest and largest film that the manifest lets in: given, made, and one frame at work."""
        inputs = self.manifest.inputs
        frames = inputs[self.slots.frames]
        given = all_pixels(inputs[self.slots.keyframes]) * 6 + sum(
            all_pixels(inputs[name]) * 4 for name in (self.masks, *(name for name, _ in self.extras.values())) if name
        )
        working = frame_bytes(thinnest(most_pixels(frames)), len(self.extras), self.common.patch)
        return given + film_bytes(all_pixels(frames)) + working

    def make(self, inputs: Mapping[str, Value], context: Context, device: Device) -> dict[str, Value]:
        """The film."""
        frames, painted = pictures(inputs, self.slots.frames), pictures(inputs, self.slots.keyframes)
        for slot, given in ((self.slots.frames, frames), (self.slots.keyframes, painted)):
            if not given:
                raise refuse(slot, "there is none.", "Give the frames of a clip, and paint over at least one.")
        numbers = str(inputs.get(self.slots.numbers) or "")
        places = read_numbers(numbers, len(frames), len(painted), self.slots)
        extras = [
            ExtraGuide(given, number(weight.of(inputs), 1.0), name)
            for name, weight in self.extras.values()
            if (given := pictures(inputs, name))
        ]
        keyframes = dict(zip(places, painted, strict=True))
        clip = make_clip(frames, keyframes, pictures(inputs, self.masks), extras, self.slots)
        height, width = clip.size
        film = film_bytes(len(frames) * height * width)
        check_memory(device, film + frame_bytes(clip.size, len(extras), self.common.patch), self.sized)
        manner = Manner(
            seed=int(number(self.common.seed.of(inputs), 0)),
            preset=self.common.preset.of(inputs) or "balanced",
            patch=self.common.patch,
            uniformity=number(self.common.uniformity.of(inputs), 3500.0),
            weights=Weights(**{name: number(weight.of(inputs), 0.0) for name, weight in self.weights.items()}),
            device=device.kind,
            feather=round(number(self.feather.of(inputs), 0.0)),
            threads=device.threads,
        )
        return {self.output: make_film(clip, manner, context.progress, asker(context))}


def _extras(settings: Settings, manifest: Manifest) -> dict[str, tuple[str, Setting]]:
    found = {}
    for name, guide in read_table(settings, "guides").tables().items():
        given = read_input(guide, "frames", manifest, (InputType.IMAGES,))
        found[name] = given, read_weight(guide, "weight", manifest, 1.0)
    return found
