"""Colours: of one picture as they would be in the light of another."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from artrator.backend import Image

#: A channel that varies less than this says nothing, and stretching it would show noise.
_FLAT: Final = 0.5
#: Spreads are not made more than so many times larger or smaller.
_MOST_STRETCH: Final = 3.0


def brightness(picture: Image) -> Image:
    """uint8 ``[h, w, 1]``: how bright each pixel looks."""
    return np.asarray(cv2.cvtColor(picture[:, :, :3], cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]


def matched(picture: Image, like: Image) -> Image:
    """The picture with the mean and the spread of another one's colours, in Lab, so that the two can be compared.

    Args:
        picture: uint8 ``[h, w, 3]``.
        like: uint8 ``[H, W, 3]``, of any size.
    """
    own, other = (cv2.cvtColor(image[:, :, :3], cv2.COLOR_RGB2LAB).astype(np.float32) for image in (picture, like))
    mean, spread = own.mean(axis=(0, 1)), own.std(axis=(0, 1))
    wanted_mean, wanted_spread = other.mean(axis=(0, 1)), other.std(axis=(0, 1))
    stretch = np.where(spread < _FLAT, 1, wanted_spread / np.maximum(spread, _FLAT))
    stretch = np.clip(stretch, 1 / _MOST_STRETCH, _MOST_STRETCH).astype(np.float32)
    moved = np.clip(np.rint((own - mean) * stretch + wanted_mean), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(moved, cv2.COLOR_LAB2RGB), np.uint8)
