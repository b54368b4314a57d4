"""How the settings of every operator are read: values, or the inputs that buyers give them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from artrator.backend import Value
from artrator.manifest import InputType, Manifest, OutputType
from artrator.settings import Settings
from artrator_ebsynth.problem import PATCHES
from artrator_ebsynth.schedule import PRESETS

NUMBERS: Final = (InputType.NUMBER, InputType.INTEGER)


@dataclass(frozen=True)
class Setting:
    """A value fixed by the package, or the input that the buyer gives it with."""

    fixed: Any = None
    input: str | None = None

    def of(self, inputs: Mapping[str, Value]) -> Any:
        """The value for one job; None where an input was left out."""
        return self.fixed if self.input is None else inputs.get(self.input)


@dataclass(frozen=True)
class Common:
    """What every operator has."""

    seed: Setting
    preset: Setting
    patch: int
    uniformity: Setting

    @property
    def used(self) -> set[str | None]:
        """The inputs among them."""
        return {self.seed.input, self.preset.input, self.uniformity.input}


def read_common(settings: Settings, manifest: Manifest) -> Common:
    """``patch``, ``preset``, ``seed`` and ``uniformity``."""
    patch = settings.integer("patch", 5)
    if patch not in PATCHES:
        raise settings.error("patch", f"is {patch}; use 3, 5 or 7.")
    return Common(
        seed=read_setting(settings, "seed", manifest, 0, (InputType.INTEGER,)),
        preset=_preset(settings, manifest),
        patch=patch,
        uniformity=read_setting(settings, "uniformity", manifest, 3500.0, NUMBERS),
    )


def read_weight(settings: Settings, key: str, manifest: Manifest, default: float | None) -> Setting:
    """A number of at least 0."""
    weight = read_setting(settings, key, manifest, default, NUMBERS)
    if weight.fixed is not None and weight.fixed < 0:
        raise settings.error(key, f"is {weight.fixed}; it must be at least 0.")
    return weight


def read_setting(settings: Settings, key: str, manifest: Manifest, default: Any, types: Sequence[InputType]) -> Setting:
    """A number or text, or ``{ input = "NAME" }``."""
    if isinstance(settings.raw(key, default), dict):
        table = settings.table(key)
        return Setting(input=read_input(table, "input", manifest, types))
    if types == (InputType.CHOICE,):
        return Setting(settings.text(key, default))
    return Setting(settings.integer(key, default) if types == (InputType.INTEGER,) else settings.number(key, default))


def read_input(settings: Settings, key: str, manifest: Manifest, types: Sequence[InputType]) -> str:
    """The name of an input of one of these types."""
    name = str(settings.text(key, choices=sorted(manifest.inputs)))
    found = manifest.inputs[name].type
    if found not in types:
        raise settings.error(key, f"is '{name}', of type {found}; it must be {' or '.join(types)}.")
    return name


def read_optional(settings: Settings, key: str, manifest: Manifest, types: Sequence[InputType]) -> str | None:
    """The name of an input, or None where the package names none."""
    return None if settings.raw(key, None) is None else read_input(settings, key, manifest, types)


def read_output(
    settings: Settings, key: str, manifest: Manifest, default: str, kind: OutputType = OutputType.IMAGE
) -> str:
    """The name of an output of this type."""
    fitting = sorted(name for name, output in manifest.outputs.items() if output.type is kind)
    if not fitting:
        raise settings.error(None, f"makes an output of type {kind}, and the manifest has none.")
    return str(settings.text(key, default, choices=fitting))


def read_table(settings: Settings, key: str) -> Settings:
    """A table that may be left out."""
    return Settings({}, (*settings.path, key)) if settings.raw(key, None) is None else settings.table(key)


def check_outputs(settings: Settings, manifest: Manifest, made: set[str | None]) -> None:
    """Refuse keys that nobody asked for, and outputs that nobody makes."""
    settings.done()
    unmade = set(manifest.outputs) - made
    if unmade:
        raise settings.error(None, f"makes nothing for the output '{min(unmade)}'.")


def _preset(settings: Settings, manifest: Manifest) -> Setting:
    preset = read_setting(settings, "preset", manifest, "balanced", (InputType.CHOICE,))
    offered = [preset.fixed] if preset.input is None else [c.value for c in manifest.inputs[preset.input].choices]
    unknown = sorted(set(offered) - set(PRESETS))
    if unknown:
        raise settings.error("preset", f"offers '{unknown[0]}'; use {' and '.join(sorted(PRESETS))}.")
    return preset
