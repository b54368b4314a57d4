"""What the form holds: values, chosen pictures, and what is wrong with them.

The rules are the manifest's; they are applied here as one types, without a round trip, and again by the buyer before
anything is bought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from artrator.manifest import InputSpec, Manifest

FILE_TYPES: Final = frozenset({"image", "mask", "images"})
#: A picture file larger than this is refused before it is read.
MAX_FILE_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Picture:
    """A chosen picture: its bytes as they are sent, its size, and a small image to show.

    Attributes:
        path: Where it came from, or an empty text for pasted pixels.
    """

    data: bytes
    width: int
    height: int
    shown: QImage
    path: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a value cannot be sent. ``kind`` is for the words, ``bound`` is the limit and ``found`` what was given.

    Kinds: ``required``, ``too_long``, ``too_low``, ``too_high``, ``step``, ``choice``, ``too_many``, ``side_small``,
    ``side_large``, ``pixels``, ``total_pixels``, ``file_large``, ``huge``, ``corrupt``; of pictures that belong
    together ``sizes`` and ``numbers``; of several given at once ``unreadable`` (``found`` of ``bound``) and ``no_room``
    (``found`` too many); and ``said``, whose ``text`` is the sentence.
    """

    kind: str
    bound: float = 0
    found: float = 0
    text: str = ""


def defaults(manifest: Manifest) -> dict[str, Any]:
    """The form's first values. A seed is None: a fresh one is drawn for every job."""
    return {name: _default(spec) for name, spec in manifest.inputs.items() if spec.type not in FILE_TYPES}


def _default(spec: InputSpec) -> Any:
    if spec.random:
        return None
    if spec.default is not None:
        return spec.default
    match spec.type:
        case "choice":
            return spec.choices[0].value if spec.choices else ""
        case "boolean":
            return False
        case "integer":
            return int(spec.minimum or 0)
        case "number":
            return float(spec.minimum or 0.0)
    return ""


def accepted(manifest: Manifest, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that this manifest can use: known names, right types, within bounds. For reused settings."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        spec = manifest.inputs.get(name)
        if spec is None or spec.type in FILE_TYPES:
            continue
        typed = _typed(spec, value)
        if typed is not None and value_problem(spec, typed) is None:
            found[name] = typed
    return found


def _typed(spec: InputSpec, value: object) -> Any:
    if spec.type == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if spec.type == "integer":
        return int(value) if isinstance(value, int | float) and float(value).is_integer() else None
    if spec.type == "number":
        return float(value) if isinstance(value, int | float) else None
    return value if isinstance(value, str) else None


def value_problem(spec: InputSpec, value: Any) -> Problem | None:
    """What is wrong with a text, number, boolean or choice."""
    match spec.type:
        case "text":
            if spec.required and spec.default is None and not str(value).strip():
                return Problem("required")
            if spec.max_length is not None and len(value) > spec.max_length:
                return Problem("too_long", spec.max_length, len(value))
        case "choice":
            if value not in [choice.value for choice in spec.choices]:
                return Problem("choice")
        case "integer" | "number":
            if value is None:
                return None if spec.random else Problem("required")
            if spec.minimum is not None and value < spec.minimum:
                return Problem("too_low", spec.minimum, value)
            if spec.maximum is not None and value > spec.maximum:
                return Problem("too_high", spec.maximum, value)
            if spec.type == "integer" and spec.step and (value - int(spec.minimum or 0)) % int(spec.step):
                return Problem("step", spec.step, value)
    return None


def pictures_problem(spec: InputSpec, pictures: Sequence[Picture]) -> Problem | None:
    """What is wrong with the pictures of an image, mask or images input."""
    if not pictures:
        return Problem("required") if spec.required else None
    if spec.max_items is not None and len(pictures) > spec.max_items:
        return Problem("too_many", spec.max_items, len(pictures))
    for picture in pictures:
        shorter, longer = sorted((picture.width, picture.height))
        if spec.min_side is not None and shorter < spec.min_side:
            return Problem("side_small", spec.min_side, shorter)
        if spec.max_side is not None and longer > spec.max_side:
            return Problem("side_large", spec.max_side, longer)
        if spec.max_pixels is not None and shorter * longer > spec.max_pixels:
            return Problem("pixels", spec.max_pixels, shorter * longer)
    together = sum(picture.width * picture.height for picture in pictures)
    if spec.max_total_pixels is not None and together > spec.max_total_pixels:
        return Problem("total_pixels", spec.max_total_pixels, together)
    return None
