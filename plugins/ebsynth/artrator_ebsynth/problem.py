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
from artrator_ebsynth.field import LONGEST_SIDE

PATCHES: Final = (3, 5, 7)
#: Grey, grey with alpha, RGB, RGB with alpha.
_MOST_CHANNELS: Final = 4


class Guide(NamedTuple):
    """A pair of pictures that say the same thing about the style and about what is to be made.

    Attributes:
        source: uint8, as large as the style.
        target: uint8, as large as the result, with as many channels as ``source``.
        weight: How much it counts; None shares a weight of 1 evenly among all guides.
        name: For messages.
    """

    source: Image
    target: Image
    weight: float | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Problem:
    """The pictures with their channels side by side.

    Attributes:
        style: uint8 ``[h, w, channels]``.
        source_guides: uint8 ``[h, w, guide channels]``.
        target_guides: uint8 ``[H, W, guide channels]``.
        style_weights: One for each channel of the style.
        guide_weights: One for each channel of the guides.
        inside: uint8 ``[H, W]``, not zero where pixels are made; None makes all.
        usable: uint8 ``[h, w]``, 255 where the style may be used; None allows all of it.
        modulation: uint8 ``[H, W]``, how much the guides count, 255 = fully; None is 255.
        init: uint8 ``[H, W, channels]``, what to start from; None starts from chance.
        patch: The side of a patch.
        uniformity: What using the style unevenly costs.
    """

    style: Image
    source_guides: Image
    target_guides: Image
    style_weights: npt.NDArray[np.float64]
    guide_weights: npt.NDArray[np.float64]
    inside: Image | None
    usable: Image | None
    modulation: Image | None
    init: Image | None
    patch: int
    uniformity: float

    @property
    def source_size(self) -> tuple[int, int]:
        """Height and width of the style."""
        return self.style.shape[0], self.style.shape[1]

    @property
    def target_size(self) -> tuple[int, int]:
        """Height and width of the result."""
        return self.target_guides.shape[0], self.target_guides.shape[1]


def refuse(slot: str, problem: str, cure: str | None = None) -> ArtratorError:
    """``input_invalid`` about one slot."""
    return ArtratorError(Code.INPUT_INVALID, f"{slot}: {problem}", cure=cure)


def state(
    style: Image | Sequence[Image],
    guides: Iterable[Guide | tuple[Any, ...]],
    *,
    mask: Image | None,
    source_mask: Image | None,
    modulation: Image | None,
    init: Image | None,
    patch: int,
    uniformity: float,
) -> Problem:
    """Check everything and put the channels side by side.

    Raises:
        ArtratorError: ``input_invalid``, with the slot: style, guide, mask, source mask, modulation, init, patch,
            uniformity.
    """
    if patch not in PATCHES:
        raise refuse("patch", f"is {patch}; it must be 3, 5 or 7.")
    if not (isinstance(uniformity, int | float) and math.isfinite(uniformity) and 0 <= uniformity <= 1e9):
        raise refuse("uniformity", f"is {uniformity}; it must be a number from 0 to a thousand million.")
    paper = _picture("style", _one(style))
    source_size = _size(paper)
    if min(source_size) < patch:
        raise refuse("style", f"is {_words(source_size)}; it must hold a patch of {patch} x {patch} pixels.")
    pairs = [entry if isinstance(entry, Guide) else Guide(*entry) for entry in guides]
    if not pairs:
        raise refuse("guides", "there is none; the target of a guide says how large the result is.")
    sources, targets, weights = _guides(pairs, source_size)
    target_size = _size(targets[0])
    start = None if init is None else _picture("init", init)
    if start is not None:
        _same("init", _size(start), target_size, "the targets of the guides")
        if start.shape[2] != paper.shape[2]:
            raise refuse("init", f"has {start.shape[2]} channels and the style has {paper.shape[2]}.")
    inside = _plane("mask", mask, target_size, "the targets of the guides")
    usable = _plane("source mask", source_mask, source_size, "the style")
    return Problem(
        style=paper,
        source_guides=np.concatenate(sources, axis=2),
        target_guides=np.concatenate(targets, axis=2),
        style_weights=np.full(paper.shape[2], 1 / paper.shape[2]),
        guide_weights=np.array(weights, np.float64),
        inside=_chosen("mask", inside),
        usable=_chosen("source mask", usable),
        modulation=_plane("modulation", modulation, target_size, "the targets of the guides"),
        init=start,
        patch=patch,
        uniformity=float(uniformity),
    )


def _guides(pairs: Sequence[Guide], source_size: tuple[int, int]) -> tuple[list[Image], list[Image], list[float]]:
    sources: list[Image] = []
    targets: list[Image] = []
    weights: list[float] = []
    for number, pair in enumerate(pairs, 1):
        slot = f"guide {pair.name or number}"
        source, target = _picture(f"{slot} (source)", pair.source), _picture(f"{slot} (target)", pair.target)
        _same(f"{slot} (source)", _size(source), source_size, "the style")
        _same(f"{slot} (target)", _size(target), _size(targets[0]) if targets else _size(target), "the other targets")
        channels = source.shape[2]
        if target.shape[2] != channels:
            raise refuse(slot, f"the source has {channels} channels and the target has {target.shape[2]}.")
        weight = 1 / len(pairs) if pair.weight is None else pair.weight
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.number):
            raise refuse(f"{slot} (weight)", f"is {weight!r}; it must be a number.")
        if not (math.isfinite(weight) and 0 <= weight <= 1e6):
            raise refuse(f"{slot} (weight)", f"is {weight}; it must be a number from 0 to a million.")
        sources.append(source)
        targets.append(target)
        weights.extend([float(weight) / channels] * channels)
    return sources, targets, weights


def _one(style: Image | Sequence[Image]) -> Image:
    if isinstance(style, np.ndarray):
        return style
    if len(style) != 1:
        raise refuse("style", f"holds {len(style)} pictures; this version takes one.")
    return style[0]


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
    chosen = np.where(plane >= 128, 255, 0).astype(np.uint8)
    if not chosen.any():
        raise refuse(slot, "selects no pixel.", "Paint white what is meant.")
    return chosen


def _same(slot: str, size: tuple[int, int], wanted: tuple[int, int], whose: str) -> None:
    if size != wanted:
        raise refuse(slot, f"is {_words(size)} pixels, {whose} {_words(wanted)}.", "Give both the same size.")


def _size(picture: Image) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]


def _words(size: tuple[int, int]) -> str:
    """Width first, as people say it."""
    return f"{size[1]} x {size[0]}"
