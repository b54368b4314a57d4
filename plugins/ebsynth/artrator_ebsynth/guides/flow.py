"""Motion between two frames, by dense inverse search (DIS): no learned model, some forty milliseconds a frame."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from artrator.backend import Array, Image
from artrator_ebsynth.guides.colour import brightness
from artrator_ebsynth.guides.position import positions

#: A pixel that comes back from the other frame further away than this, or than this share of its way, was not found.
_ASTRAY: Final = 3.0
_ASTRAY_SHARE: Final = 0.2
#: Where both look alike, within so many grey levels, the way back may lead elsewhere, as in a clear sky.
_ALIKE: Final = 6.0
#: What looks so different was not found, even if the way back leads home.
_UNLIKE: Final = 24.0
#: Around what was not found nothing is sure either.
_UNSURE: Final = 5
#: The shortest side that the search works on; smaller frames are made larger for it.
_SHORTEST: Final = 64


class Motion:
    """Where the pixels of one frame are in another one of the same size."""

    def __init__(self) -> None:
        # The search cuts a frame into as many stripes as there are threads, so more than one would change the result.
        cv2.setNumThreads(1)
        self._search: Final[Any] = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._check: Final[Any] = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def places(self, here: Image, there: Image) -> npt.NDArray[np.float32]:
        """float32 ``[h, w, 2]``: for every pixel of ``here``, x and y of the same thing in ``there``."""
        return self._places(self._search, here, there)

    def lost(self, here: Image, there: Image, places: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Bool ``[h, w]``: pixels of ``here`` that ``there`` does not show, because they were hidden or outside.

        Args:
            here: As for ``places``.
            there: As for ``places``.
            places: What ``places`` returned.
        """
        height, width = here.shape[:2]
        own = positions(height, width)
        back = sample(self._places(self._check, there, here), places)
        astray = _length(back - own) > np.maximum(_ASTRAY, _ASTRAY_SHARE * _length(places - own))
        red, green, blue = cv2.split(cv2.absdiff(here, sample(there, places)))
        unlike = cv2.blur(cv2.max(cv2.max(red, green), blue), (_UNSURE, _UNSURE))
        x, y = places[:, :, 0], places[:, :, 1]
        outside = (x < -1) | (y < -1) | (x > width) | (y > height)
        found = outside | (astray & (unlike > _ALIKE)) | (unlike > _UNLIKE)
        return np.asarray(cv2.dilate(found.astype(np.uint8), np.ones((_UNSURE, _UNSURE), np.uint8)), bool)

    def _places(self, search: Any, here: Image, there: Image) -> npt.NDArray[np.float32]:
        height, width = here.shape[:2]
        times = -(-_SHORTEST // min(height, width))
        first, second = (np.ascontiguousarray(brightness(frame)[:, :, 0]) for frame in (here, there))
        if times > 1:
            first, second = (np.repeat(np.repeat(frame, times, 0), times, 1) for frame in (first, second))
        moved = np.asarray(search.calc(first, second, None), np.float32)
        if times > 1:
            moved = moved.reshape(height, times, width, times, 2).mean(axis=(1, 3), dtype=np.float32) / times
        return positions(height, width) + moved


def sample(values: Array, places: npt.NDArray[np.float32], *, nearest: bool = False) -> Array:
    """Values at the places; beyond the border, those of the border.

    Args:
        values: uint8 or float32 ``[h, w]`` or ``[h, w, channels]``.
        places: float32 ``[H, W, 2]``: x and y.
        nearest: Take the nearest pixel's value instead of the mean of four.
    """
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    x, y = (np.ascontiguousarray(places[:, :, axis]) for axis in (0, 1))
    sampled = np.asarray(cv2.remap(values, x, y, how, borderMode=cv2.BORDER_REPLICATE))
    return sampled.reshape(*places.shape[:2], *values.shape[2:])


def _length(moves: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Across and down together."""
    return np.asarray(np.abs(moves[:, :, 0]) + np.abs(moves[:, :, 1]))
