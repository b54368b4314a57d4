"""Edges: what is brighter or darker than its surroundings."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from artrator.backend import Image
from artrator_ebsynth.guides.colour import brightness

#: How far the surroundings reach, in pixels: as far as a few brush strokes.
_REACH: Final = 3.0
#: Differences are small; so many times larger they use what 8 bits can tell.
_GAIN: Final = 3.0


def edges(picture: Image) -> Image:
    """uint8 ``[h, w, 1]``: 128 where the picture is flat, more on the bright side of an edge, less on its dark side."""
    grey = brightness(picture)[:, :, 0].astype(np.float32)
    difference = grey - cv2.GaussianBlur(grey, (0, 0), _REACH, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(np.clip(np.rint(128 + _GAIN * difference), 0, 255), np.uint8)[:, :, None]
