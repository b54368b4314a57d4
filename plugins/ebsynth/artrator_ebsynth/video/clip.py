"""A clip and its painted keyframes, checked: every complaint names the slot and the number of the picture."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.guides import brightness
from artrator_ebsynth.problem import refuse

#: What stands between two numbers.
_BETWEEN: Final = re.compile(r"[\s,;]+")
#: A mask is painted where it is at least so bright.
_WHITE: Final = 128


@dataclass(frozen=True, eq=False)
class ExtraGuide:
    """Pictures that the buyer gives beside the frames, one for each.

    Attributes:
        pictures: uint8, as large as the frames.
        weight: How much the guide counts.
        name: The slot, for messages.
    """

    pictures: Sequence[Image]
    weight: float
    name: str = "extra"


@dataclass(frozen=True, eq=False)
class Clip:
    """What a film is made from. Frames count from 0 here, and from 1 in messages.

    Attributes:
        frames: uint8 ``[h, w, 3]``, all of one size.
        keyframes: The painted ones by the place of their frame, in order.
        masks: bool ``[h, w]``: one for each frame, or one for all; None paints everything.
        extras: Further guides.
    """

    frames: Sequence[Image]
    keyframes: Mapping[int, Image]
    masks: Sequence[npt.NDArray[np.bool_]] | None = None
    extras: Sequence[ExtraGuide] = field(default_factory=tuple)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.frames[0].shape[0], self.frames[0].shape[1]

    def inside(self, place: int) -> npt.NDArray[np.bool_] | None:
        """Which pixels of a frame are painted; None is all of them."""
        if self.masks is None:
            return None
        return self.masks[0 if len(self.masks) == 1 else place]

    def composed(self, place: int, painted: Image) -> Image:
        """A painted frame, as filmed where the mask is black."""
        inside = self.inside(place)
        return painted if inside is None else np.where(inside[:, :, None], painted, self.frames[place])

    def finished(self, place: int, painted: Image, feather: int) -> Image:
        """As ``composed``, but painted by and by over so many pixels inwards from the mask's edge."""
        inside = self.inside(place)
        if inside is None or feather <= 0:
            return self.composed(place, painted)
        # From the centre of the first white pixel, whose distance to the black is 1, to full white.
        depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        share = np.minimum(depth / np.float32(feather + 1), 1)[:, :, None].astype(np.float32)
        frame = self.frames[place].astype(np.float32)
        return np.asarray(np.rint(frame + share * (painted - frame)), np.uint8)


@dataclass(frozen=True)
class Slots:
    """What the pictures are called in messages: the names of the inputs."""

    frames: str = "frames"
    keyframes: str = "keyframes"
    numbers: str = "keyframe numbers"
    masks: str = "masks"


def read_numbers(text: str, frames: int, keyframes: int, slots: Slots = Slots()) -> list[int]:
    """Frame numbers such as ``1, 48, 96`` as places from 0, as many as there are keyframes.

    Raises:
        ArtratorError: ``input_invalid`` about what is no number, no frame, there twice, missing or too much.
    """
    places: list[int] = []
    for word in filter(None, _BETWEEN.split(text)):
        if not (word.isascii() and word.isdecimal()) or len(word) > 9:
            raise refuse(slots.numbers, f"{word[:20]!r} is no frame number.", "Write numbers such as 1, 48, 96.")
        number = int(word)
        if not 1 <= number <= frames:
            raise refuse(slots.numbers, f"{number} is no frame; there are {frames}.", "The first frame is 1.")
        if number - 1 in places:
            raise refuse(slots.numbers, f"{number} is there twice.", "Paint each frame once.")
        places.append(number - 1)
    if len(places) != keyframes:
        raise refuse(
            slots.numbers, f"names {_count(len(places), 'frame')}, and {slots.keyframes} has "
            f"{_count(keyframes, 'picture')}.", "Give a number for each keyframe, in their order.",
        )  # fmt: skip
    return places


def make_clip(
    frames: Sequence[Image],
    keyframes: Mapping[int, Image],
    masks: Sequence[Image] = (),
    extras: Sequence[ExtraGuide] = (),
    slots: Slots = Slots(),
) -> Clip:
    """Check everything.

    Args:
        frames: uint8 ``[h, w, 3]``.
        keyframes: The painted ones by the place of their frame, from 0.
        masks: One for each frame or one for all, grey or RGB; none paints everything.
        extras: Further guides.
        slots: For messages.

    Raises:
        ArtratorError: ``input_invalid`` with the slot and the number of the picture.
    """
    if not len(frames):
        raise refuse(slots.frames, "there is none.", "Give the frames of a clip.")
    if not keyframes:
        raise refuse(slots.keyframes, "there is none.", "Paint over at least one frame.")
    size = frames[0].shape[:2]
    _all_of_size(slots.frames, frames, (size[0], size[1]), "the first frame")
    _all_of_size(slots.keyframes, list(keyframes.values()), (size[0], size[1]), "the frames")
    if len(masks) not in (0, 1, len(frames)):
        raise refuse(
            slots.masks, f"has {_count(len(masks), 'picture')} and {slots.frames} {len(frames)}.",
            "Give one for each frame, or one for all.",
        )  # fmt: skip
    _all_of_size(slots.masks, masks, (size[0], size[1]), "the frames")
    for extra in extras:
        if len(extra.pictures) != len(frames):
            count = _count(len(extra.pictures), "picture")
            raise refuse(extra.name, f"has {count} and {slots.frames} {len(frames)}.", "Give one for each frame.")
        _all_of_size(extra.name, extra.pictures, (size[0], size[1]), "the frames")
    _all_in_colour(slots.frames, frames)
    _all_in_colour(slots.keyframes, list(keyframes.values()))
    painted = {place: np.ascontiguousarray(keyframes[place]) for place in sorted(keyframes)}
    inside = [_white(np.ascontiguousarray(mask)) for mask in masks]
    clip = Clip([np.ascontiguousarray(frame) for frame in frames], painted, inside or None, extras)
    for place in clip.keyframes:
        selected = clip.inside(place)
        if selected is not None and not selected.any():
            raise refuse(
                slots.masks, f"selects no pixel of frame {place + 1}, which is a keyframe.",
                "Paint keyframes of what the masks select.",
            )  # fmt: skip
    return clip


def _all_of_size(slot: str, pictures: Sequence[Image], size: tuple[int, int], whose: str) -> None:
    for number, picture in enumerate(pictures, 1):
        where = slot if len(pictures) == 1 else f"{slot} {number}"
        if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.ndim not in (2, 3):
            raise refuse(where, "is no picture of 8 bits a channel.")
        if picture.shape[:2] != size:
            height, width = picture.shape[:2]
            raise refuse(
                where, f"is {width} x {height} pixels, {whose} {size[1]} x {size[0]}.", "Give all the same size."
            )


def _all_in_colour(slot: str, pictures: Sequence[Image]) -> None:
    for number, picture in enumerate(pictures, 1):
        if picture.ndim != 3 or picture.shape[2] != 3:
            where = slot if len(pictures) == 1 else f"{slot} {number}"
            raise refuse(where, "is not in three colours.", "Give RGB pictures, without alpha.")


def _white(mask: Image) -> npt.NDArray[np.bool_]:
    grey = mask if mask.ndim == 2 else brightness(mask)[:, :, 0]
    return np.asarray(grey >= _WHITE, bool)


def _count(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"
