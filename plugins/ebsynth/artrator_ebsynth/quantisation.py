"""Channels as 16-bit integers whose plain squared differences are the weighted ones of the energy, up to one factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

#: A sum of squares must fit an int32, with something to spare for rounding.
_LARGEST_SUM: Final = 0.96 * 2**31
#: A difference of two values must fit an int16.
_LARGEST_VALUE: Final = 32_000.0
#: A mean must fit a byte after rounding. Finer ones exclude hardly more candidates, and are read more slowly.
_LARGEST_MEAN: Final = 254.4
_WHITE: Final = 255.0


@dataclass(frozen=True, eq=False)
class Quantisation:
    """Of all channels, those of the style first.

    Attributes:
        factors: float64, one a channel: value 0-255 times factor, rounded, is the integer.
        scale: A sum of squared integer differences times this is an energy.
        mean_factor: The mean of a patch in one channel, as an integer, times this fits a byte.
    """

    factors: npt.NDArray[np.float64]
    scale: float
    mean_factor: float

    @classmethod
    def of(cls, weights: npt.NDArray[np.float64], patch: int) -> Quantisation:
        """The finest one that cannot overflow for these weights, of which one is not 0, and this patch."""
        total, largest = float(weights.sum()), float(np.max(weights))
        by_sum = math.sqrt(_LARGEST_SUM / (patch * patch * _WHITE**2 * total))
        gain = min(by_sum, _LARGEST_VALUE / (_WHITE * math.sqrt(largest)))
        return cls(gain * np.sqrt(weights), 1 / gain**2, _LARGEST_MEAN / (_WHITE * math.sqrt(largest)) / gain)

    @property
    def tables(self) -> npt.NDArray[np.int16]:
        """int16 ``[channels, 256]``: the integer of every byte."""
        return np.rint(np.arange(256) * self.factors[:, None]).astype(np.int16)
