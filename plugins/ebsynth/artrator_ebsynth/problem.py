"""What is to be made from what, checked: every complaint names the slot it is about."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator.errors import ArtratorError, Code
from artrator_ebsynth.field import LONGEST_SIDE, NeighbourField

PATCHES: Final = (3, 5, 7)
#: Grey, grey with alpha, RGB, RGB with alpha.
_MOST_CHANNELS: Final = 4


class Guide(NamedTuple):
    """A pair of pictures that say the same thing about the style and about what is to be made.

    Attributes:
        source: uint8, as large as the style; one for each style where there are several.
        target: uint8, as large as the result, with as many channels as ``source``.
        weight: How much it counts; None shares a weight of 1 evenly among all guides.
        name: For messages.
    """

    source: Image | Sequence[Image]
    target: Image
    weight: float | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Problem:
    """The pictures as they were given; none is copied.

    Attributes:
        styles: uint8 ``[h, w, channels]``, one for each source; each may have its own size.
        source_guides: uint8 ``[h, w, channels]``, those of all guides for each source.
        target_guides: uint8 ``[H, W, channels]``, one for each guide.
        style_weights: One for each channel of the style.
        guide_weights: One for each channel of the guides.
        inside: uint8 ``[H, W]``, not zero where pixels are made; None makes all.
        usable: uint8 ``[h, w]`` for each source, 255 where the style may be used; None allows all of all.
        modulation: uint8 ``[H, W]``, how much the guides count, 255 = fully; None is 255.
        init: uint8 ``[H, W, channels]``, what to start from; None starts from chance.
        patch: The side of a patch.
        uniformity: What using the style unevenly costs.
        field: The matches to start from; None starts from chance.
    """

    styles: tuple[Image, ...]
    source_guides: tuple[tuple[Image, ...], ...]
    target_guides: tuple[Image, ...]
    style_weights: npt.NDArray[np.float64]
    guide_weights: npt.NDArray[np.float64]
    inside: Image | None
    usable: tuple[Image, ...] | None
    modulation: Image | None
    init: Image | None
    patch: int
    uniformity: float
    field: NeighbourField | None

    @property
    def target_size(self) -> tuple[int, int]:
        """Height and width of the result."""
        return _size(self.target_guides[0])


def refuse(slot: str, problem: str, cure: str | None = None) -> ArtratorError:
    """``input_invalid`` about one slot."""
    return ArtratorError(Code.INPUT_INVALID, f"{slot}: {problem}", cure=cure)


def state(
    style: Image | Sequence[Image],
    guides: Iterable[Guide | tuple[Any, ...]],
    *,
    mask: Image | None,
    source_mask: Image | Sequence[Image | None] | None,
    modulation: Image | None,
    init: Image | None,
    patch: int,
    uniformity: float,
    field: NeighbourField | None = None,
) -> Problem:
    """Check everything.

    Raises:
        ArtratorError: ``input_invalid``, with the slot: style, guide, mask, source mask, modulation, init, patch,
            uniformity, field.
    """
    if patch not in PATCHES:
        raise refuse("patch", f"is {patch}; it must be 3, 5 or 7.")
    if not (isinstance(uniformity, int | float) and math.isfinite(uniformity) and 0 <= uniformity <= 1e9):
        raise refuse("uniformity", f"is {uniformity}; it must be a number from 0 to a thousand million.")
    styles = _styles(style, patch)
    sizes = [_size(picture) for picture in styles]
    pairs = [entry if isinstance(entry, Guide) else Guide(*entry) for entry in guides]
    if not pairs:
        raise refuse("guides", "there is none; the target of a guide says how large the result is.")
    sources, targets, weights = _guides(pairs, sizes)
    target_size = _size(targets[0])
    channels = styles[0].shape[2]
    start = None if init is None else _picture("init", init)
    if start is not None:
        _same("init", _size(start), target_size, "the targets of the guides")
        if start.shape[2] != channels:
            raise refuse("init", f"has {start.shape[2]} channels and the style has {channels}.")
    inside = _plane("mask", mask, target_size, "the targets of the guides")
    if field is not None:
        _inside_all(field, sizes, target_size)
    return Problem(
        styles=styles,
        source_guides=tuple(zip(*sources, strict=True)),
        target_guides=tuple(targets),
        style_weights=np.full(channels, 1 / channels),
        guide_weights=np.array(weights, np.float64),
        inside=_chosen("mask", inside),
        usable=_usable(source_mask, sizes),
        modulation=_plane("modulation", modulation, target_size, "the targets of the guides"),
        init=start,
        patch=patch,
        uniformity=float(uniformity),
        field=field,
    )


def _styles(style: Image | Sequence[Image], patch: int) -> tuple[Image, ...]:
    given = _several(style)
    if not given:
        raise refuse("style", "there is none.")
    slots = _slots("style", len(given))
    styles = tuple(_picture(slot, picture) for slot, picture in zip(slots, given, strict=True))
    for slot, picture in zip(slots, styles, strict=True):
        if min(_size(picture)) < patch:
            raise refuse(slot, f"is {_words(_size(picture))}; it must hold a patch of {patch} x {patch} pixels.")
        if picture.shape[2] != styles[0].shape[2]:
            raise refuse(slot, f"has {picture.shape[2]} channels and {slots[0]} has {styles[0].shape[2]}.")
    if sum(picture.shape[0] for picture in styles) > LONGEST_SIDE:
        raise refuse("style", f"the pictures are together higher than {LONGEST_SIDE} pixels.", "Give fewer of them.")
    return styles


def _guides(
    pairs: Sequence[Guide], sizes: Sequence[tuple[int, int]]
) -> tuple[list[list[Image]], list[Image], list[float]]:
    """The sources by guide and style, the targets, and a weight for each channel."""
    sources: list[list[Image]] = []
    targets: list[Image] = []
    weights: list[float] = []
    for number, pair in enumerate(pairs, 1):
        slot = f"guide {pair.name or number}"
        target = _picture(f"{slot} (target)", pair.target)
        _same(f"{slot} (target)", _size(target), _size(targets[0]) if targets else _size(target), "the other targets")
        channels = target.shape[2]
        sources.append(_guide_sources(slot, pair.source, channels, sizes))
        weight = 1 / len(pairs) if pair.weight is None else pair.weight
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.number):
            raise refuse(f"{slot} (weight)", f"is {weight!r}; it must be a number.")
        if not (math.isfinite(weight) and 0 <= weight <= 1e6):
            raise refuse(f"{slot} (weight)", f"is {weight}; it must be a number from 0 to a million.")
        targets.append(target)
        weights.extend([float(weight) / channels] * channels)
    return sources, targets, weights


def _guide_sources(
    slot: str, source: Image | Sequence[Image], channels: int, sizes: Sequence[tuple[int, int]]
) -> list[Image]:
    given = _several(source)
    if len(given) != len(sizes):
        raise refuse(f"{slot} (source)", f"holds {len(given)} pictures, and there are {len(sizes)} styles.")
    found = []
    for name, value, size in zip(_slots("source", len(given)), given, sizes, strict=True):
        picture = _picture(f"{slot} ({name})", value)
        _same(f"{slot} ({name})", _size(picture), size, "the style")
        if picture.shape[2] != channels:
            raise refuse(slot, f"the {name} has {picture.shape[2]} channels and the target has {channels}.")
        found.append(picture)
    return found


def _usable(source_mask: Any, sizes: Sequence[tuple[int, int]]) -> tuple[Image, ...] | None:
    if source_mask is None:
        return None
    given = _several(source_mask)
    if len(given) != len(sizes):
        raise refuse("source mask", f"holds {len(given)} pictures, and there are {len(sizes)} styles.")
    slots = _slots("source mask", len(given))
    planes = [_plane(slot, value, size, "the style") for slot, value, size in zip(slots, given, sizes, strict=True)]
    if len(planes) == 1:
        alone = _chosen(slots[0], planes[0])
        return None if alone is None else (alone,)
    # One of several may be left out as a whole, so that it is no mistake to select nothing there.
    return tuple(
        np.full(size, 255, np.uint8) if plane is None else _halved(plane)
        for plane, size in zip(planes, sizes, strict=True)
    )


def _inside_all(field: NeighbourField, sizes: Sequence[tuple[int, int]], target_size: tuple[int, int]) -> None:
    """A field to start from names a place in a source for every target pixel."""
    parts = (field.source, field.y, field.x)
    if not all(isinstance(part, np.ndarray) and part.ndim == 2 and part.dtype.kind in "iu" for part in parts):
        raise refuse("field", "its parts must be whole numbers, as high and wide as the result.")
    for part in parts:
        _same("field", (part.shape[0], part.shape[1]), target_size, "the targets of the guides")
    limits = np.array(sizes)
    if int(np.min(field.source)) < 0 or int(np.max(field.source)) >= len(limits):
        raise refuse("field", f"names source {int(np.max(field.source))}, and there are {len(limits)} styles.")
    size = limits[field.source]
    if (
        min(int(np.min(field.y)), int(np.min(field.x))) < 0
        or (field.y >= size[..., 0]).any()
        or (field.x >= size[..., 1]).any()
    ):
        raise refuse("field", "names a place outside the style.")


def _several(value: Any) -> list[Any]:
    """What was given as one or as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _slots(name: str, count: int) -> list[str]:
    """What several are called in messages; one alone has no number."""
    return [name] if count == 1 else [f"{name} {number}" for number in range(1, count + 1)]


def _picture(slot: str, value: Any) -> Image:
    """A picture as uint8 ``[height, width, channels]``; the channels are those that the file has."""
    if not isinstance(value, np.ndarray):
        raise refuse(slot, "is no picture.")
    if value.dtype != np.uint8:
        raise refuse(
            slot, f"holds {value.dtype} values; it must have 8 bits a channel.", "Save it with 8 bits a channel."
        )
    picture = value[:, :, None] if value.ndim == 2 else value
    if picture.ndim != 3 or not 1 <= picture.shape[2] <= _MOST_CHANNELS:
        raise refuse(slot, f"has the shape {value.shape}; it must be height x width with 1 to 4 channels.")
    if 0 in picture.shape:
        raise refuse(slot, "is empty.")
    if max(picture.shape[:2]) > LONGEST_SIDE:
        raise refuse(slot, f"is {_words(_size(picture))}; no side may be longer than {LONGEST_SIDE} pixels.")
    return picture


def _plane(slot: str, value: Any, size: tuple[int, int], whose: str) -> Image | None:
    if value is None:
        return None
    picture = _picture(slot, value)
    if picture.shape[2] != 1:
        raise refuse(slot, f"has {picture.shape[2]} channels; it must have one.")
    _same(slot, _size(picture), size, whose)
    return picture[:, :, 0]


def _chosen(slot: str, plane: Image | None) -> Image | None:
    """A mask as 0 and 255, with something selected."""
    if plane is None:
        return None
    chosen = _halved(plane)
    if not chosen.any():
        raise refuse(slot, "selects no pixel.", "Paint white what is meant.")
    return chosen


def _halved(plane: Image) -> Image:
    return np.where(plane >= 128, 255, 0).astype(np.uint8)


def _same(slot: str, size: tuple[int, int], wanted: tuple[int, int], whose: str) -> None:
    if size != wanted:
        raise refuse(slot, f"is {_words(size)} pixels, {whose} {_words(wanted)}.", "Give both the same size.")


def _size(picture: Image) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]


def _words(size: tuple[int, int]) -> str:
    """Width first, as people say it."""
    return f"{size[1]} x {size[0]}"
