"""Two passes over one frame made into one: chosen by patch error, levelled in Lab, joined without a seam.

1. ``choose``: each pixel is taken from the pass whose patches fit better there.
2. The colours of the result are a mix of both passes, with the mean and the spread that the chosen pixels have: a plain
   mean of two paintings would be flatter than either.
3. Its details are the differences between neighbours in the chosen pass; ``poisson.solve`` brings both together.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.video.poisson import Floats, solve

#: What details count beside the mixed colours: brightness, then the two colour axes.
_DETAIL: Final = (2.5, 0.5, 0.5)
#: Errors are compared as means over a square of this side, because single ones are noisy.
_AREA: Final = 15
#: A spread below this is none, and is not stretched.
_FLAT: Final = 0.05
#: The spread of a mix is made at most so many times larger: two unrelated paintings lose a factor of root two.
_MOST_STRETCH: Final = 1.6


def choose(forward: npt.NDArray[np.float32], backward: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.bool_]:
    """Where the backward pass fits better.

    Args:
        forward: float32 ``[h, w]``: the patch errors of the forward pass.
        backward: Those of the backward pass.
        share: How far the frame is from the first keyframe to the second, 0 to 1: the nearer keyframe is trusted more.
    """
    near, far = (
        cv2.boxFilter(error, -1, (_AREA, _AREA), borderType=cv2.BORDER_REPLICATE) for error in (forward, backward)
    )
    return np.asarray(near * np.float32(share) > far * np.float32(1 - share), bool)


def blend(
    forward: Image, backward: Image, from_backward: npt.NDArray[np.bool_], share: float, threads: int = 1
) -> Image:
    """One frame of two.

    Args:
        forward: uint8 ``[h, w, 3]``.
        backward: As large.
        from_backward: bool ``[h, w]``: where the details are those of ``backward``.
        share: How much ``backward`` counts in the mix of colours, 0 to 1.
        threads: For the solver; the result does not depend on it.
    """
    first, second = _lab(forward), _lab(backward)
    chosen = first.copy()
    for plane, other in zip(chosen, second, strict=True):
        np.copyto(plane, other, where=from_backward)
    down, right = (_differences(first, second, chosen, from_backward, axis) for axis in (0, 1))
    mixed = first  # overwritten from here on
    for mix, other, plane in zip(mixed, second, chosen, strict=True):
        like = _mean_and_spread(plane)
        _level(mix, like, np.float32(1 - share))
        _level(other, like, np.float32(share))
        mix += other
        _level(mix, like)
    return _rgb(solve(mixed, down, right, _DETAIL, threads))


def _differences(
    first: Floats, second: Floats, chosen: Floats, from_second: npt.NDArray[np.bool_], axis: int
) -> Floats:
    """From each pixel to the next in the picture that the pixel was chosen from; axis 0 is down, 1 is right."""
    found = np.diff(chosen, axis=1 + axis)
    # Only across a seam do both pixels come from different pictures.
    seam = np.nonzero(np.diff(from_second, axis=axis))
    after = seam[0] + (axis == 0), seam[1] + (axis == 1)
    of_second = from_second[seam]
    for plane, one, other in zip(found, first, second, strict=True):
        plane[seam] = np.where(of_second, other[after] - other[seam], one[after] - one[seam])
    return found


def _level(plane: Floats, like: tuple[float, float], share: np.float32 = np.float32(1)) -> None:  # noqa: B008 - a number
    """Give a plane this mean and spread, times ``share``, in place."""
    mean, spread = _mean_and_spread(plane)
    stretch = 1.0 if spread < _FLAT else min(max(like[1] / spread, 1 / _MOST_STRETCH), _MOST_STRETCH)
    plane -= np.float32(mean)
    plane *= np.float32(stretch * share)
    plane += np.float32(like[0] * share)


def _mean_and_spread(plane: Floats) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])


def _lab(picture: Image) -> Floats:
    """float32 ``[3, h, w]``."""
    lab = cv2.cvtColor(picture.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2LAB)
    return np.stack(cv2.split(lab))


def _rgb(lab: Floats) -> Image:
    colours = np.asarray(cv2.cvtColor(cv2.merge(list(lab)), cv2.COLOR_LAB2RGB))
    colours *= 255
    return np.asarray(cv2.convertScaleAbs(np.maximum(colours, 0, out=colours)), np.uint8)
