"""Positions: where a pixel is, or where it was in the picture that the painting belongs to."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from artrator.backend import Image


@functools.lru_cache(2)
def positions(height: int, width: int) -> npt.NDArray[np.float32]:
    """float32 ``[height, width, 2]``: x and y of every pixel; read-only, because every frame uses the same."""
    places = np.empty((height, width, 2), np.float32)
    places[:, :, 0] = np.arange(width)
    places[:, :, 1] = np.arange(height)[:, None]
    places.flags.writeable = False
    return places


def shown(places: npt.NDArray[np.float32], height: int, width: int) -> Image:
    """Positions in a picture of this size as a guide: uint8 ``[h, w, 2]``, 0 to 255 across the picture."""
    scale = np.array([255 / max(1, width - 1), 255 / max(1, height - 1)], np.float32)
    return np.asarray(np.clip(np.rint(places * scale), 0, 255), np.uint8)
