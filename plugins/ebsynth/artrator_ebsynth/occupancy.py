"""How often every patch of the source is used: what the uniformity term is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from artrator_ebsynth.field import Packed


def patch_occupancy(
    matches: Packed, inside: npt.NDArray[np.uint8], source: tuple[int, int], patch: int
) -> npt.NDArray[np.int32]:
    """For every source pixel, the sum over the patch around it of how many matches cover each of its pixels.

    Args:
        matches: Packed, one for each target pixel.
        inside: The target pixels that count.
        source: Height and width of the source.
        patch: The side of a patch.

    Returns:
        int32 ``[height + 2 * radius, width + 2 * radius]``: the source with ``patch // 2`` more on every side.
    """
    height, width = source
    held = matches[inside != 0]
    hits = np.bincount((held >> 16) * width + (held & 0xFFFF), minlength=height * width).reshape(height, width)
    radius = patch // 2
    # A match covers the patch around it, and a patch adds up what covers its pixels: the same box twice.
    padded = np.pad(hits.astype(np.int32), radius + 2 * radius)
    return np.ascontiguousarray(_box(_box(padded, patch), patch))


def _box(values: npt.NDArray[np.int32], side: int) -> npt.NDArray[np.int32]:
    for axis in (0, 1):
        values = _running_sum(values, side, axis)
    return values


def _running_sum(values: npt.NDArray[np.int32], side: int, axis: int) -> npt.NDArray[np.int32]:
    """Sums of ``side`` neighbours along an axis, where there are as many."""
    sums: npt.NDArray[Any] = np.cumsum(values, axis=axis, dtype=np.int32)
    moved = np.moveaxis(sums, axis, 0)
    whole = moved[side - 1 :].copy()
    whole[1:] -= moved[:-side]
    return np.moveaxis(whole, 0, axis)
