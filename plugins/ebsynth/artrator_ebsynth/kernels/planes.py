"""Kernels that need no distances: smaller pictures, masks that grow, and how often the source is used."""

import numpy as np
from numba import float32, int32, types

from artrator_ebsynth.kernels.compilation import kernel

_int32s = types.Array(types.int32, 1, "C")
_uint8s = types.Array(types.uint8, 2, "C")
_matches = types.Array(types.int32, 2, "C")
_places = types.Array(types.int64, 2, "C")
_floats = types.Array(types.float32, 2, "C")


@kernel(
    types.void(
        types.Array(types.uint8, 3, "C", readonly=True), types.Array(types.uint8, 3, "C"), _places, _floats, _places,
        _floats, types.Array(types.float32, 1, "C"), types.int64, types.int64,
    )
)  # fmt: skip
def shrink_rows(picture, result, row_places, row_shares, column_places, column_shares, sums, first, last):
    """Write rows ``first`` to ``last`` of ``result``: means over areas of ``picture``, rounded.

    Args: places and shares are ``[taps, rows or columns of the result]``: which rows or columns of the picture an area
    has, and how much of it each is; ``sums`` has room for a row of the picture.
    """
    width, channels = picture.shape[1], picture.shape[2]
    for y in range(first, last):
        sums[:] = 0
        for tap in range(row_places.shape[0]):
            row, share = row_places[tap, y], row_shares[tap, y]
            for x in range(width):
                for c in range(channels):
                    sums[x * channels + c] += share * float32(picture[row, x, c])
        for x in range(result.shape[1]):
            for c in range(channels):
                mean = float32(0)
                for tap in range(column_places.shape[0]):
                    mean += column_shares[tap, x] * sums[column_places[tap, x] * channels + c]
                result[y, x, c] = np.rint(mean)


@kernel(types.void(_uint8s, types.int64, _uint8s, types.Array(types.uint8, 1, "C"), types.int64, types.int64))
def dilate_rows(mask, radius, result, found, first, last):
    """Write 1 into rows ``first`` to ``last`` wherever ``mask`` holds anything but 0 within ``radius``, else 0.

    Args: ``found`` has room for a row with ``radius`` more at both ends.
    """
    height, width = mask.shape
    for y in range(first, last):
        found[:] = 0
        for row in range(max(0, y - radius), min(height - 1, y + radius) + 1):
            for x in range(width):
                found[radius + x] |= mask[row, x]
        result[y] = 0
        for step in range(2 * radius + 1):
            for x in range(width):
                result[y, x] |= found[x + step]
        for x in range(width):
            result[y, x] = result[y, x] != 0


@kernel(types.void(_matches, _uint8s, _matches))
def count_matches(matches, inside, counts):
    """Add up in ``counts``, as large as the source, how many matches of ``inside`` are centred at each pixel."""
    for y in range(matches.shape[0]):
        for x in range(matches.shape[1]):
            if inside[y, x] != 0:
                counts[matches[y, x] >> 16, matches[y, x] & 0xFFFF] += 1


@kernel(types.void(_matches, types.int64, _matches, _int32s, types.int64, types.int64))
def spread_counts(counts, patch, occupancy, sums, first, last):
    """Write rows ``first`` to ``last`` of the occupancy: each match counts 1, 2 … patch … 2, 1 along both axes.

    Args: ``occupancy`` is as large as the source with ``patch // 2`` more on every side; ``sums`` has room for a row of
    it and for ``patch - 1`` more at both ends.
    """
    height, width = counts.shape
    radius = patch // 2
    for y in range(first, last):
        sums[:] = 0
        for j in range(max(-patch + 1, radius - y), min(patch - 1, height - 1 + radius - y) + 1):
            row = y - radius + j
            weight = int32(patch - abs(j))
            for x in range(width):
                sums[patch - 1 + radius + x] += weight * counts[row, x]
        occupancy[y] = 0
        for i in range(2 * patch - 1):
            weight = int32(patch - abs(i - patch + 1))
            for x in range(occupancy.shape[1]):
                occupancy[y, x] += weight * sums[x + i]
