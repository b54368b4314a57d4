"""Coarser copies of pictures: every coarse pixel is the mean of the area that it covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from artrator.backend import Image


def level_count(sides: tuple[int, ...], patch: int) -> int:
    """How many levels there are: the coarsest still has two patches and a pixel along the shortest side."""
    levels = 1
    while min(sides) >> levels >= 2 * patch + 1:
        levels += 1
    return levels


def shrink(picture: Image, height: int, width: int) -> Image:
    """The mean over areas, rounded.

    Args:
        picture: uint8 ``[H, W, channels]``.
        height: Of the result, at most H.
        width: Of the result, at most W.
    """
    rows, columns = _taps(picture.shape[0], height), _taps(picture.shape[1], width)
    result = np.empty((height, width, picture.shape[2]), np.uint8)
    for channel in range(picture.shape[2]):  # one at a time, because floats take four times the room
        plane = picture[:, :, channel].astype(np.float32)
        across = np.zeros((height, picture.shape[1]), np.float32)
        for place, weight in rows:
            across += weight[:, None] * plane[place]
        mean = np.zeros((height, width), np.float32)
        for place, weight in columns:
            mean += weight[None, :] * across[:, place]
        result[:, :, channel] = np.rint(mean)
    return result


def dilate(mask: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """1 wherever the square of ``side`` around a pixel holds anything but 0."""
    found = (mask != 0).astype(np.uint8)
    for axis in (0, 1):
        before = np.moveaxis(found, axis, 0)
        after = before.copy()
        for step in range(1, min(side // 2, len(before) - 1) + 1):
            after[step:] |= before[:-step]
            after[:-step] |= before[step:]
        found = np.moveaxis(after, 0, axis)
    return np.ascontiguousarray(found)


def _taps(given: int, wanted: int) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]]:
    """For each pixel of an area in turn: which one it is and what share of the area it has, by coarse pixel."""
    scale = given / wanted
    starts = np.arange(wanted) * scale
    ends = starts + scale
    first = np.floor(starts).astype(np.intp)
    taps: list[Any] = []
    for step in range(int(np.ceil(scale)) + 1):
        place = first + step
        share = np.clip(np.minimum(ends, place + 1) - np.maximum(starts, place), 0, 1) / scale
        taps.append((np.minimum(place, given - 1), share.astype(np.float32)))
    return taps
