"""Coarser copies of pictures: every coarse pixel is the mean of the area that it covers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.crew import Crew
from artrator_ebsynth.kernels import dilate_rows, shrink_rows


def level_count(sides: tuple[int, ...], patch: int) -> int:
    """How many levels there are: the coarsest still has two patches and a pixel along the shortest side."""
    levels = 1
    while min(sides) >> levels >= 2 * patch + 1:
        levels += 1
    return levels


def shrink(picture: Image, height: int, width: int, crew: Crew | None = None) -> Image:
    """The mean over areas, rounded.

    Args:
        picture: uint8 ``[H, W, channels]``.
        height: Of the result, at most H.
        width: Of the result, at most W.
        crew: Who does it; None does it in this thread.
    """
    given = np.ascontiguousarray(picture).view()
    given.flags.writeable = False  # as the kernel was compiled for, because a decoded file is not writable
    rows, columns = _taps(picture.shape[0], height), _taps(picture.shape[1], width)
    result = np.empty((height, width, picture.shape[2]), np.uint8)

    def work(first: int, last: int) -> None:
        sums = np.empty(picture.shape[1] * picture.shape[2], np.float32)
        shrink_rows(given, result, *rows, *columns, sums, first, last)

    if crew is None:
        work(0, height)
    else:
        crew.rows(height, work)
    return result


def dilate(mask: npt.NDArray[np.uint8], side: int, crew: Crew) -> npt.NDArray[np.uint8]:
    """1 wherever the square of ``side`` around a pixel holds anything but 0."""
    given, radius = np.ascontiguousarray(mask), side // 2
    result = np.empty(mask.shape, np.uint8)

    def work(first: int, last: int) -> None:
        dilate_rows(given, radius, result, np.empty(mask.shape[1] + 2 * radius, np.uint8), first, last)

    crew.rows(mask.shape[0], work)
    return result


def _taps(given: int, wanted: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """``[taps, wanted]``: for each pixel of an area in turn, which one it is and what share of the area it has."""
    scale = given / wanted
    starts = np.arange(wanted) * scale
    ends = starts + scale
    place = np.floor(starts).astype(np.int64) + np.arange(int(np.ceil(scale)) + 1)[:, None]
    share = np.clip(np.minimum(ends, place + 1) - np.maximum(starts, place), 0, 1) / scale
    return np.minimum(place, given - 1), share.astype(np.float32)
