"""Pictures that belong together: which input is the example, which is painted over, which is turned into the result.

A package says its inputs one by one; only its backend knows which of them must be of one size. For example-based
synthesis that stands in the package's settings, and is read here so that a wrong size is told before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artrator_desktop.state.inputs import FILE_TYPES, Picture, Problem

if TYPE_CHECKING:
    from artrator.manifest import InputSpec, Manifest


@dataclass(frozen=True)
class Slot:
    """A place for one picture, or for the frames of a film.

    Attributes:
        partner: The input whose size its pictures must have, or an empty text.
        numbers: The input that says which frames its pictures belong to, or an empty text.
    """

    spec: InputSpec
    partner: str = ""
    numbers: str = ""

    @property
    def name(self) -> str:
        """The input's name."""
        return self.spec.name

    @property
    def film(self) -> bool:
        """Whether it takes many pictures."""
        return str(self.spec.type) == "images"


@dataclass(frozen=True)
class Layout:
    """The slots of a package, in the order in which they are filled.

    Attributes:
        target: The input that the result looks like: it is compared with.
        keys: The slot of painted keyframes, if the target is a film.
    """

    slots: Sequence[Slot]
    target: str
    keys: Slot | None = None


def layout(manifest: Manifest) -> Layout | None:
    """The slots of a package that makes pictures from two pictures or more; None if it does not."""
    specs = [spec for spec in manifest.inputs.values() if str(spec.type) in FILE_TYPES]
    if len([spec for spec in specs if spec.required]) < 2:
        return None
    partners, target = _example_based(manifest) if manifest.backend == "ebsynth" else ({}, "")
    numbers = str(manifest.settings.get("numbers", "")) if manifest.settings.get("operator") == "video" else ""
    keyframes = str(manifest.settings.get("keyframes", ""))
    slots = [
        Slot(spec, partners.get(spec.name, ""), numbers if spec.name == keyframes else "")
        for spec in specs
        if partners.get(spec.name, "") != spec.name
    ]
    known = {slot.name for slot in slots}
    keys = next((slot for slot in slots if slot.numbers in manifest.inputs), None)
    return Layout(slots, target if target in known else slots[-1].name, keys)


def _example_based(manifest: Manifest) -> tuple[Mapping[str, str], str]:
    """Which inputs must be as large as which, and which one is painted."""
    settings = manifest.settings
    text: Any = lambda name: str(settings.get(name, ""))  # noqa: E731  # read a dozen times below
    if text("operator") == "video":
        frames = text("frames")
        follow = [text("keyframes"), text("masks"), *(str(g.get("frames", "")) for g in _guides(settings))]
        return {name: frames for name in follow if name}, frames
    if text("operator") == "photo":
        return {text("style"): text("source")}, text("target")
    guides = [(str(guide.get("source", "")), str(guide.get("target", ""))) for guide in _guides(settings)]
    style, target = text("style"), guides[0][1] if guides else ""
    partners = {source: style for source, _ in guides} | {name: target for _, name in guides if name != target}
    partners |= {text(name): target for name in ("mask", "init", "modulation") if text(name)}
    if text("source_mask"):
        partners[text("source_mask")] = style
    return partners, target


def _guides(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    guides = settings.get("guides", {})
    return [guide for guide in guides.values() if isinstance(guide, Mapping)] if isinstance(guides, Mapping) else []


def size_problem(pictures: Sequence[Picture], partner: Sequence[Picture]) -> Problem | None:
    """Kind ``sizes``: the pictures of a slot are not all of one size, or not as large as its partner's.

    ``bound`` is the width they should have and ``found`` the width of the first that differs.
    """
    if not pictures:
        return None
    wanted = (partner or pictures)[0]
    for picture in pictures:
        if (picture.width, picture.height) != (wanted.width, wanted.height):
            return Problem("sizes", wanted.width, picture.width)
    return None


def parse_numbers(text: str) -> list[int]:
    """The frame numbers in "1, 24 48"; an empty list if it is anything else."""
    parts = text.replace(",", " ").split()
    return [int(part) for part in parts] if all(part.isdecimal() and len(part) < 7 for part in parts) else []


def numbers_in_names(paths: Sequence[str], frames: int) -> list[int]:
    """Frame numbers that file names end with, such as ``painted_0048.png``; empty unless every name has a good one."""
    found = []
    for path in paths:
        stem = path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
        digits = stem[len(stem.rstrip("0123456789")) :]
        found.append(int(digits) if digits and len(digits) < 7 else 0)
    good = all(1 <= number <= frames for number in found)
    return found if good and len(set(found)) == len(found) else []
