"""The sums that a search is made of, against numpy: every length of a row, and a bound that never excludes too much."""

import numpy as np
import pytest
from numba import njit

from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import random_matches
from artrator_ebsynth.kernels.simd import (
    LANES,
    MEAN_LANES,
    means_apart,
    squared_distance,
    squared_distance_where,
)
from artrator_ebsynth.level import Level, Pictures
from artrator_ebsynth.problem import state
from artrator_ebsynth.quantisation import Quantisation


@njit
def whole(a, a_start, a_stride, b, b_start, b_stride, rows, length):
    return squared_distance(a, a_start, a_stride, b, b_start, b_stride, rows, length)


@njit
def some(a, a_start, a_stride, b, b_start, b_stride, rows, length, chosen):
    return squared_distance_where(a, a_start, a_stride, b, b_start, b_stride, rows, length, chosen)


@njit
def apart(a, a_start, b, b_start, chunks):
    return means_apart(a, a_start, b, b_start, chunks)


@pytest.mark.parametrize(
    "length", [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 75, 96, 127, 128, 129, 160, 161, 300]
)
def test_squared_distances_of_rows_of_any_length(random, length):
    a, b = (random.integers(-300, 300, 8000).astype(np.int16) for _ in range(2))
    left, right = (
        np.stack([row[start + stride * j :][:length] for j in range(5)]).astype(np.int64)
        for row, start, stride in ((a, 13, 305), (b, 700, 411))
    )
    assert whole(a, 13, 305, b, 700, 411, 5, length) == ((left - right) ** 2).sum()
    chosen = np.zeros(length + LANES, np.int16)
    chosen[:length] = -random.integers(0, 2, length)
    kept = chosen[:length] != 0
    assert some(a, 13, 305, b, 700, 411, 5, length, chosen) == ((left - right)[:, kept] ** 2).sum()


@pytest.mark.parametrize("chunks", [1, 2, 3, 5])
def test_means_are_told_apart_by_what_they_differ_at_least(random, chunks):
    a, b = (random.integers(0, 256, MEAN_LANES * chunks + 40).astype(np.uint8) for _ in range(2))
    count = MEAN_LANES * chunks
    differ = np.maximum(np.abs(a[3 : 3 + count].astype(int) - b[20 : 20 + count].astype(int)) - 1, 0)
    assert apart(a, 3, b, 20, chunks) == (differ**2).sum()


@pytest.mark.parametrize("patch", [3, 5, 7])
@pytest.mark.parametrize("guide_channels", [1, 4, 12, 17])
def test_the_distance_of_means_never_exceeds_that_of_patches(random, blobs, patch, guide_channels):
    pairs = [(blobs(24, 27, 1), blobs(21, 25, 1), float(random.random() * 3)) for _ in range(guide_channels)]
    nothing = {"mask": None, "source_mask": None, "modulation": None}
    problem = state(blobs(24, 27, 3), pairs, **nothing, init=blobs(21, 25, 3), patch=patch, uniformity=0.0)
    with Crew(1, None) as crew:
        level = Level(Pictures.full(problem), problem, crew)
        level.matches = random_matches(level.target_size, level.allowed, random)
        level.measure(level.inside)
    stride = len(level.means[0]) // (21 * 25)
    assert stride % MEAN_LANES == 0
    bounds = np.empty((21, 25))
    for y, x in np.ndindex(21, 25):
        row, column = (level.matches[y, x] >> 16) - patch // 2, (level.matches[y, x] & 0xFFFF) - patch // 2
        place = (row * (27 - patch + 1) + column) * stride
        bounds[y, x] = apart(level.means[0], (y * 25 + x) * stride, level.means[1], place, stride // MEAN_LANES)
    bounds *= level.scales[0]
    assert (bounds <= level.costs * 1.0001).all()
    assert (bounds > level.costs * 0.2).mean() > 0.5  # it is worth asking


@pytest.mark.parametrize("weights", [[1.0], [1 / 3] * 3 + [1e6], [0.25] * 4 + [1e-6] * 40, [1 / 3] * 3 + [0.0] * 3])
@pytest.mark.parametrize("patch", [3, 5, 7])
def test_the_largest_distance_there_can_be_fits_an_int32(weights, patch):
    found = Quantisation.of(np.array(weights), patch)
    largest = found.tables[:, 255].astype(np.int64)
    assert (largest**2).sum() * patch**2 < 2**31
    assert largest.max() < 2**15
    assert np.floor(largest.max() * found.mean_factor + 0.5) <= 255
    energy = (np.array(weights) * 255.0**2).sum()
    assert (largest**2).sum() * found.scale == pytest.approx(energy, rel=0.02)
