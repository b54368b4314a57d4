"""A picture that has given differences between neighbours and stays near given values: one cosine transform.

Sought is the x that minimises ``weight**2 * |gradient(x) - differences|**2 + |x - values|**2``. The coefficients are
the same everywhere and the borders are free, so the cosine transform turns the linear system into one division.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import fft

Floats = npt.NDArray[np.float32]


def solve(values: Floats, down: Floats, right: Floats, weights: Sequence[float], threads: int = 1) -> Floats:
    """The minimiser, exact up to rounding. Overwrites what it is given.

    Args:
        values: float32 ``[channels, h, w]``: where to stay near.
        down: float32 ``[channels, h - 1, w]``: wanted differences from each row to the next.
        right: float32 ``[channels, h, w - 1]``: wanted differences from each column to the next.
        weights: What a difference counts beside a value, one a channel.
        threads: For the transform; the result does not depend on it.
    """
    height, width = values.shape[1:]
    squares = [np.float32(weight) ** 2 for weight in weights]
    for plane, below, beside, square in zip(values, down, right, squares, strict=True):
        below *= square
        beside *= square
        plane[:-1] -= below
        plane[1:] += below
        plane[:, :-1] -= beside
        plane[:, 1:] += beside
    spectrum = fft.dctn(values, axes=(1, 2), norm="ortho", overwrite_x=True, workers=threads)
    bends = _bends(height)[:, None] + _bends(width)
    for plane, square in zip(spectrum, squares, strict=True):
        plane /= 1 + square * bends
    return np.asarray(fft.idctn(spectrum, axes=(1, 2), norm="ortho", overwrite_x=True, workers=threads), np.float32)


def _bends(length: int) -> Floats:
    """The eigenvalues of the second difference with free ends."""
    return (2 - 2 * np.cos(np.pi * np.arange(length) / length)).astype(np.float32)
