"""Kernels over ranges of rows: the cost of the matches held, the vote, and the means of patches.

Matches are packed as ``y << 16 | x``, the centre of a source patch. Targets are padded by ``radius`` on every side with
their own edge, so that a patch is always whole; the sources are not, because matches keep off their border.
"""

import numpy as np
from numba import float32, int32, int64, types

from artrator_ebsynth.kernels.compilation import kernel
from artrator_ebsynth.kernels.simd import at, squared_distance

_int16s = types.Array(types.int16, 1, "C")
_uint8s = types.Array(types.uint8, 2, "C")
_matches = types.Array(types.int32, 2, "C")
_floats = types.Array(types.float32, 2, "C")


@kernel(
    types.void(
        _int16s, _int16s, _int16s, _int16s, types.UniTuple(types.int64, 3), types.int64,
        types.UniTuple(types.float32, 2), _floats, _matches, _uint8s, _floats, _int16s, types.int64, types.int64,
    )
)  # fmt: skip
def evaluate(
    target_style, target_guides, source_style, source_guides, shape, patch, scales, modulation, matches, inside, costs,
    mask, first, last,
):  # fmt: skip
    """Write the patch distance of every match in rows ``first`` to ``last`` into ``costs``.

    Args: ``shape`` is (style channels, guide channels, source width); ``scales`` turn int16 sums into energies.
    """
    channels, guides, source_width = shape
    width = matches.shape[1]
    radius = patch // 2
    style_stride = (width + 2 * radius) * channels
    guide_stride = (width + 2 * radius) * guides
    for y in range(first, last):
        for x in range(width):
            if inside[y, x] == 0:
                continue
            match = matches[y, x]
            place = (int64(match >> 16) - radius) * source_width + int64(match & 0xFFFF) - radius
            style = squared_distance(
                target_style, y * style_stride + x * channels, style_stride,
                source_style, place * channels, source_width * channels, patch, patch * channels, mask,
            )  # fmt: skip
            guide = squared_distance(
                target_guides, y * guide_stride + x * guides, guide_stride,
                source_guides, place * guides, source_width * guides, patch, patch * guides, mask,
            )  # fmt: skip
            costs[y, x] = float32(style) * scales[0] + float32(guide) * scales[1] * modulation[y, x]


@kernel(
    types.void(
        _int16s, _int16s, types.UniTuple(types.int64, 2), types.int64, _matches, _uint8s, _uint8s, _matches,
        types.int64, types.int64,
    )
)  # fmt: skip
def vote(source, target_style, shape, patch, matches, inside, stale, change, first, last):
    """Give every pixel whose patches changed the mean of what they lay over it, rounded.

    Args: ``source`` has four channels a pixel, ``shape`` is (style channels, source width). ``stale`` marks the pixels
    to do, ``change`` gets the largest change of a channel. Patches centred outside ``inside`` have no say; a pixel that
    no patch covers is left alone.
    """
    channels, source_width = shape
    height, width = matches.shape
    radius = patch // 2
    for y in range(first, last):
        for x in range(width):
            change[y, x] = 0
            if stale[y, x] == 0:
                continue
            first_sum = int32(0)
            second_sum = int32(0)
            third_sum = int32(0)
            fourth_sum = int32(0)
            count = 0
            for j in range(max(-radius, -y), min(radius, height - 1 - y) + 1):
                for i in range(max(-radius, -x), min(radius, width - 1 - x) + 1):
                    if inside[y + j, x + i] == 0:
                        continue
                    match = matches[y + j, x + i]
                    place = ((int64(match >> 16) - j) * source_width + int64(match & 0xFFFF) - i) * 4
                    first_sum += at(source, place)
                    second_sum += at(source, place + 1)
                    third_sum += at(source, place + 2)
                    fourth_sum += at(source, place + 3)
                    count += 1
            if count == 0:
                continue
            share = float32(1.0) / float32(count)
            largest = int32(0)
            place = ((y + radius) * (width + 2 * radius) + x + radius) * channels
            for c in range(channels):
                sum_ = first_sum if c == 0 else (second_sum if c == 1 else (third_sum if c == 2 else fourth_sum))
                value = int32(np.floor(float32(sum_) * share + float32(0.5)))
                largest = max(largest, abs(value - int32(target_style[place + c])))
                target_style[place + c] = value
            change[y, x] = largest


@kernel(
    types.void(
        _int16s,
        types.UniTuple(types.int64, 2),
        types.int64,
        types.float32,
        _int16s,
        types.UniTuple(types.int64, 2),
        types.int64,
        types.int64,
    )
)
def patch_means(values, shape, patch, factor, means, place, first, last):
    """The mean of every whole patch, times ``factor`` and rounded, for patches whose top row is ``first`` to ``last``.

    Args: ``shape`` is (width, channels) of ``values``; ``place`` is (channels of ``means``, the first of them
    to write); ``means`` has as many pixels as there are whole patches.
    """
    width, channels = shape
    stride, offset = place
    across = width - patch + 1
    columns = np.empty(width * channels, np.int32)
    scale = factor / float32(patch * patch)
    for y in range(first, last):
        columns[:] = 0
        for j in range(patch):
            row = (y + j) * width * channels
            for i in range(width * channels):
                columns[i] += values[row + i]
        for c in range(channels):
            total = int32(0)
            for i in range(patch - 1):
                total += columns[i * channels + c]
            for x in range(across):
                total += columns[(x + patch - 1) * channels + c]
                means[(y * across + x) * stride + offset + c] = int32(np.floor(float32(total) * scale + float32(0.5)))
                total -= columns[x * channels + c]
