"""The ``[settings]`` of a package as values, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from artrator.backend import Value
from artrator.manifest import InputType, Manifest, OutputType
from artrator.settings import Settings
from artrator_ebsynth.problem import PATCHES
from artrator_ebsynth.schedule import PRESETS

_PICTURES: Final = (InputType.IMAGE, InputType.MASK)


@dataclass(frozen=True)
class Setting:
    """A value fixed by the package, or the input that the buyer gives it with."""

    fixed: Any = None
    input: str | None = None

    def of(self, inputs: Mapping[str, Value]) -> Any:
        """The value for one job; None where an input was left out."""
        return self.fixed if self.input is None else inputs.get(self.input)


@dataclass(frozen=True)
class GuideSpec:
    """One guide: the names of its two inputs, and how much it counts."""

    name: str
    source: str
    target: str
    weight: Setting


@dataclass(frozen=True)
class Spec:
    """What a package says. Names are of inputs and outputs; None where the package has none."""

    style: str
    guides: Sequence[GuideSpec]
    mask: str | None
    source_mask: str | None
    modulation: str | None
    init: str | None
    seed: Setting
    preset: Setting
    patch: int
    uniformity: Setting
    image: str
    error: str | None

    @property
    def used(self) -> set[str]:
        """Every input that changes something."""
        names = {self.style, self.mask, self.source_mask, self.modulation, self.init}
        names |= {self.seed.input, self.preset.input, self.uniformity.input}
        for guide in self.guides:
            names |= {guide.source, guide.target, guide.weight.input}
        return {name for name in names if name is not None}


def read_spec(manifest: Manifest) -> Spec:
    """Read and check ``[settings]``.

    Raises:
        ArtratorError: ``package_invalid`` with the line at fault.
    """
    settings = Settings.of(manifest)
    patch = settings.integer("patch", 5)
    if patch not in PATCHES:
        raise settings.error("patch", f"is {patch}; use 3, 5 or 7.")
    spec = Spec(
        style=_input(settings, "style", manifest, (InputType.IMAGE,)),
        guides=_guides(settings, manifest),
        mask=_optional(settings, "mask", manifest, (InputType.MASK,)),
        source_mask=_optional(settings, "source_mask", manifest, (InputType.MASK,)),
        modulation=_optional(settings, "modulation", manifest, (InputType.MASK,)),
        init=_optional(settings, "init", manifest, (InputType.IMAGE,)),
        seed=_setting(settings, "seed", manifest, 0, (InputType.INTEGER,)),
        preset=_preset(settings, manifest),
        patch=patch,
        uniformity=_setting(settings, "uniformity", manifest, 3500.0, (InputType.NUMBER, InputType.INTEGER)),
        image=_output(settings, "image", manifest),
        error=_output(settings, "error", manifest) if "error" in settings else None,
    )
    settings.done()
    unmade = set(manifest.outputs) - {spec.image, spec.error}
    if unmade:
        raise settings.error(None, f"makes nothing for the output '{min(unmade)}'.")
    return spec


def _guides(settings: Settings, manifest: Manifest) -> list[GuideSpec]:
    table = settings.table("guides")
    guides = []
    for name, guide in table.tables().items():
        source = _input(guide, "source", manifest, _PICTURES)
        target = _input(guide, "target", manifest, _PICTURES)
        if manifest.inputs[source].type is not manifest.inputs[target].type:
            raise guide.error("target", "must be of the same type as the source: both images, or both masks.")
        weight = _setting(guide, "weight", manifest, None, (InputType.NUMBER, InputType.INTEGER))
        if weight.fixed is not None and weight.fixed < 0:
            raise guide.error("weight", f"is {weight.fixed}; it must be at least 0.")
        guides.append(GuideSpec(name, source, target, weight))
    if not guides:
        raise settings.error("guides", "holds no guide; add a table such as [settings.guides.light].")
    return guides


def _preset(settings: Settings, manifest: Manifest) -> Setting:
    preset = _setting(settings, "preset", manifest, "balanced", (InputType.CHOICE,))
    offered = [preset.fixed] if preset.input is None else [c.value for c in manifest.inputs[preset.input].choices]
    unknown = sorted(set(offered) - set(PRESETS))
    if unknown:
        raise settings.error("preset", f"offers '{unknown[0]}'; use {' and '.join(sorted(PRESETS))}.")
    return preset


def _setting(settings: Settings, key: str, manifest: Manifest, default: Any, types: Sequence[InputType]) -> Setting:
    """A number or text, or ``{ input = "NAME" }``."""
    if isinstance(settings.raw(key, default), dict):
        table = settings.table(key)
        return Setting(input=_input(table, "input", manifest, types))
    if types == (InputType.CHOICE,):
        return Setting(settings.text(key, default))
    return Setting(settings.integer(key, default) if types == (InputType.INTEGER,) else settings.number(key, default))


def _input(settings: Settings, key: str, manifest: Manifest, types: Sequence[InputType]) -> str:
    name = str(settings.text(key, choices=sorted(manifest.inputs)))
    found = manifest.inputs[name].type
    if found not in types:
        raise settings.error(key, f"is '{name}', of type {found}; it must be {' or '.join(types)}.")
    return name


def _optional(settings: Settings, key: str, manifest: Manifest, types: Sequence[InputType]) -> str | None:
    return _input(settings, key, manifest, types) if key in settings else None


def _output(settings: Settings, key: str, manifest: Manifest) -> str:
    images = sorted(name for name, output in manifest.outputs.items() if output.type is OutputType.IMAGE)
    return str(settings.text(key, "image", choices=images))
