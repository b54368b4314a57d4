"""Channels as 16-bit integers whose plain squared differences are the weighted ones of the energy, up to one factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Image

#: A sum of squares must fit an int32, with something to spare for rounding.
_LARGEST_SUM: Final = 0.96 * 2**31
#: A difference of two values, or of two means that are rounded again, must fit an int16.
_LARGEST_VALUE: Final = 32_000.0
_LARGEST_MEAN: Final = 16_000.0
_WHITE: Final = 255.0


@dataclass(frozen=True, eq=False)
class Quantisation:
    """Of one group of channels.

    Attributes:
        factors: float64, one a channel: value 0-255 times factor, rounded, is the integer.
        gain: The factor common to all: the integers are weighted values times this; 0 where nothing counts.
        scale: A sum of squared integer differences times this is an energy.
    """

    factors: npt.NDArray[np.float64]
    gain: float
    scale: float

    @classmethod
    def of(cls, weights: npt.NDArray[np.float64], patch: int) -> Quantisation:
        """The finest one that cannot overflow for these weights and this patch."""
        total, largest = float(weights.sum()), float(weights.max())
        if total <= 0:
            return cls(np.zeros(len(weights)), 0.0, 0.0)
        by_sum = math.sqrt(_LARGEST_SUM / (patch * patch * _WHITE**2 * total))
        gain = min(by_sum, _LARGEST_VALUE / (_WHITE * math.sqrt(largest)))
        return cls(gain * np.sqrt(weights), gain, 1 / gain**2)

    def mean_factor(self, mean_gain: float) -> np.float32:
        """What turns the mean of integers into a weighted mean times ``mean_gain``."""
        return np.float32(mean_gain / self.gain if self.gain else 0)

    def values(self, picture: Image) -> npt.NDArray[np.int16]:
        """A picture as integers."""
        result = np.empty(picture.shape, np.int16)
        for channel, factor in enumerate(self.factors):  # a table is faster than rounding, and takes no floats
            table = np.rint(np.arange(256) * factor).astype(np.int16)
            result[:, :, channel] = table[picture[:, :, channel]]
        return result

    def picture(self, values: npt.NDArray[np.int16]) -> Image:
        """And back."""
        result = np.empty(values.shape, np.uint8)
        for channel, factor in enumerate(self.factors):
            result[:, :, channel] = np.clip(
                np.rint(values[:, :, channel].astype(np.float32) / np.float32(factor)), 0, 255
            )
        return result


def joint_gain(weights: npt.NDArray[np.float64]) -> float:
    """The gain at which weighted means of all channels fit int16, their differences too, and sums of squares int32."""
    total, largest = float(weights.sum()), float(weights.max())
    return min(_LARGEST_MEAN / (_WHITE * math.sqrt(largest)), math.sqrt(_LARGEST_SUM / (_WHITE**2 * total)))
