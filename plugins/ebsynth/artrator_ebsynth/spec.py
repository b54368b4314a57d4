"""The ``[settings]`` of a package that gives every guide itself, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from artrator.manifest import InputType, Manifest
from artrator.settings import Settings
from artrator_ebsynth.options import (
    Common,
    Setting,
    check_outputs,
    read_common,
    read_input,
    read_optional,
    read_output,
    read_weight,
)

_PICTURES: Final = (InputType.IMAGE, InputType.MASK)
_SEVERAL: Final = (InputType.IMAGE, InputType.IMAGES)


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
    common: Common
    image: str
    error: str | None

    @property
    def used(self) -> set[str]:
        """Every input that changes something."""
        names = {self.style, self.mask, self.source_mask, self.modulation, self.init} | self.common.used
        for guide in self.guides:
            names |= {guide.source, guide.target, guide.weight.input}
        return {name for name in names if name is not None}


def read_spec(settings: Settings, manifest: Manifest) -> Spec:
    """Read and check ``[settings]``.

    Raises:
        ArtratorError: ``package_invalid`` with the line at fault.
    """
    style = read_input(settings, "style", manifest, _SEVERAL)
    several = manifest.inputs[style].type is InputType.IMAGES
    spec = Spec(
        style=style,
        guides=_guides(settings, manifest, several=several),
        mask=read_optional(settings, "mask", manifest, (InputType.MASK,)),
        source_mask=read_optional(settings, "source_mask", manifest, (InputType.MASK,)),
        modulation=read_optional(settings, "modulation", manifest, (InputType.MASK,)),
        init=read_optional(settings, "init", manifest, (InputType.IMAGE,)),
        common=read_common(settings, manifest),
        image=read_output(settings, "image", manifest, "image"),
        error=read_output(settings, "error", manifest, "error") if "error" in settings else None,
    )
    if several and spec.source_mask is not None:
        raise settings.error("source_mask", "is one mask, and the style several pictures.")
    check_outputs(settings, manifest, {spec.image, spec.error})
    return spec


def _guides(settings: Settings, manifest: Manifest, *, several: bool) -> list[GuideSpec]:
    table = settings.table("guides")
    guides = []
    for name, guide in table.tables().items():
        source = read_input(guide, "source", manifest, (InputType.IMAGES,) if several else _PICTURES)
        target = read_input(guide, "target", manifest, (InputType.IMAGE,) if several else _PICTURES)
        if not several and manifest.inputs[source].type is not manifest.inputs[target].type:
            raise guide.error("target", "must be of the same type as the source: both images, or both masks.")
        guides.append(GuideSpec(name, source, target, read_weight(guide, "weight", manifest, None)))
    if not guides:
        raise settings.error("guides", "holds no guide; add a table such as [settings.guides.light].")
    return guides
