"""Kernels over ranges of rows: pictures as integers, the cost of the matches held, the vote, and the means of patches.

Matches are packed as ``y << 16 | x``, the centre of a source patch. Targets are padded by ``radius`` on every side with
their own edge, so that a patch is always whole; the sources are not, because matches keep off their border.
"""

import numpy as np
from numba import float32, int32, int64, types, uint32

from artrator_ebsynth.kernels.compilation import kernel
from artrator_ebsynth.kernels.simd import at, squared_distance, squared_distance_where

_int16s = types.Array(types.int16, 1, "C")
_int32s = types.Array(types.int32, 1, "C")
_uint8s = types.Array(types.uint8, 2, "C")
_matches = types.Array(types.int32, 2, "C")
_floats = types.Array(types.float32, 2, "C")


@kernel(
    types.void(
        types.Array(types.uint8, 3, "C", readonly=True), types.Array(types.int16, 2, "C"), _int16s,
        types.UniTuple(types.int64, 3), types.int64, types.int64,
    )
)  # fmt: skip
def spread(picture, tables, values, shape, first, last):
    """Write rows ``first`` to ``last`` of a picture as integers among the other channels of ``values``.

    Args: ``tables`` has the integer of every byte, by channel; ``shape`` is (where the first value goes, values from
    one row to the next, channels of ``values``).
    """
    start, stride, together = shape
    channels = picture.shape[2]
    for y in range(first, last):
        place = start + y * stride
        for x in range(picture.shape[1]):
            for c in range(channels):
                values[place + c] = tables[c, picture[y, x, c]]
            place += together


@kernel(
    types.void(
        types.UniTuple(_int16s, 2), types.UniTuple(types.int64, 2), types.int64, types.boolean, _floats, _int16s,
        _matches, _uint8s, _floats, types.int64, types.int64,
    )
)  # fmt: skip
def evaluate(values, shape, patch, modulated, modulation, guided, matches, active, costs, first, last):
    """Write the patch distance of the matches of active pixels in rows ``first`` to ``last`` into ``costs``.

    Args: as of ``sweep``; ``shape`` is (channels, source width).
    """
    target, source = values
    channels, source_width = shape
    width = matches.shape[1]
    radius = patch // 2
    length = patch * channels
    stride = (width + 2 * radius) * channels
    for y in range(first, last):
        for x in range(width):
            if active[y, x] == 0:
                continue
            match = matches[y, x]
            corner = ((int64(match >> 16) - radius) * source_width + int64(match & 0xFFFF) - radius) * channels
            place = y * stride + x * channels
            near = squared_distance(target, place, stride, source, corner, source_width * channels, patch, length)
            cost = float32(near)
            if modulated:
                guide = squared_distance_where(
                    target, place, stride, source, corner, source_width * channels, patch, length, guided
                )
                cost = float32(near - guide) + float32(guide) * modulation[y, x]
            costs[y, x] = cost


@kernel(
    types.void(
        types.Array(types.uint32, 2, "C"), types.Array(types.uint8, 3, "C"), _int16s,
        types.Array(types.float32, 1, "C"), types.int64, types.int64, _matches, _uint8s, _uint8s, _matches,
        types.int64, types.int64,
    )
)  # fmt: skip
def vote(source, image, values, factors, channels, patch, matches, inside, stale, change, first, last):
    """Give every pixel whose patches changed the mean of what they lay over it, rounded.

    Args: ``source`` has the bytes of up to four channels in each number; ``factors`` turn bytes into integers;
    ``channels`` are those of ``values``. ``stale`` marks the pixels to do, ``change`` gets the largest change of an
    integer. Patches centred outside ``inside`` have no say; a pixel that no patch covers is left alone.
    """
    height, width = matches.shape
    source_width = source.shape[1]
    radius = patch // 2
    colours = uint32(0x00FF00FF)
    for y in range(first, last):
        for x in range(width):
            change[y, x] = 0
            if stale[y, x] == 0:
                continue
            even = uint32(0)  # the first and the third channel in a half each: no sum of a patch needs more
            odd = uint32(0)
            count = 0
            for j in range(max(-radius, -y), min(radius, height - 1 - y) + 1):
                for i in range(max(-radius, -x), min(radius, width - 1 - x) + 1):
                    if inside[y + j, x + i] == 0:
                        continue
                    match = matches[y + j, x + i]
                    place = (int64(match >> 16) - j) * source_width + int64(match & 0xFFFF) - i
                    colour = at(source, place)
                    even += colour & colours
                    odd += (colour >> uint32(8)) & colours
                    count += 1
            if count == 0:
                continue
            share = float32(1.0) / float32(count)
            largest = int32(0)
            place = ((y + radius) * (width + 2 * radius) + x + radius) * channels
            for c in range(image.shape[2]):
                pair = even if c % 2 == 0 else odd
                mean = float32((pair >> uint32(8 * (c - c % 2))) & uint32(0xFFFF)) * share
                value = int32(np.floor(mean * factors[c] + float32(0.5)))
                largest = max(largest, abs(value - int32(values[place + c])))
                values[place + c] = value
                image[y, x, c] = int32(np.floor(mean + float32(0.5)))
            change[y, x] = largest


@kernel(
    types.void(
        _int16s, types.UniTuple(types.int64, 4), types.int64, types.float32,
        types.Array(types.uint8, 1, "C"), types.int64, _int32s,
        types.int64, types.int64,
    )
)  # fmt: skip
def patch_means(values, shape, patch, factor, means, stride, columns, first, last):
    """The mean of every whole patch, times ``factor`` and rounded, for patches whose top row is ``first`` to ``last``.

    Args: ``shape`` is (width, channels of ``values``, first of them to do, the one after the last); ``means`` has
    ``stride`` numbers for each whole patch; ``columns`` has room for a row of sums.
    """
    width, together, begin, end = shape
    channels = end - begin
    across = width - patch + 1
    scale = factor / float32(patch * patch)
    for y in range(first, last):
        columns[: width * channels] = 0
        for j in range(patch):
            row = (y + j) * width * together + begin
            for x in range(width):
                for c in range(channels):
                    columns[x * channels + c] += values[row + x * together + c]
        for c in range(channels):
            total = int32(0)
            for i in range(patch - 1):
                total += columns[i * channels + c]
            for x in range(across):
                total += columns[(x + patch - 1) * channels + c]
                means[(y * across + x) * stride + begin + c] = int32(np.floor(float32(total) * scale + float32(0.5)))
                total -= columns[x * channels + c]
