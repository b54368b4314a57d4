"""Matches for what came into view: motion says nothing of it, so it is looked up in a coarse copy of the keyframe.

Carried along as they are, such pixels would smear what is beside them, and a search from there finds nothing better.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.graphics import GraphicsDevice
from artrator_ebsynth.guides import edges
from artrator_ebsynth.problem import Guide
from artrator_ebsynth.pyramid import shrink
from artrator_ebsynth.schedule import Effort, Preset
from artrator_ebsynth.synthesis import synthesize

#: How many times smaller the copy is, as long as its shorter side keeps so many pixels.
_TIMES: Final = 4
_SHORTEST: Final = 32
#: It only has to find the right surroundings; the finest level does the rest.
_WORK: Final = Preset((Effort(3, 2, 3, 3), Effort(4, 2, None, 2)))
_EDGES: Final = 1.0
_COLOUR: Final = 6.0

Rows = npt.NDArray[np.int32]


class Renewal:
    """The coarse copy of one keyframe."""

    def __init__(self, painted: Image, outlines: Image, frame: Image, usable: Image | None, patch: int) -> None:
        """Args: the keyframe as painted, its edges, the frame itself, the source mask, the side of a patch."""
        self._size: Final = painted.shape[0], painted.shape[1]
        self._times: Final = max(1, min(_TIMES, min(self._size) // _SHORTEST))
        self._painted: Final = self._small(painted)
        self._outlines: Final = self._small(outlines)
        self._frame: Final = self._small(frame)
        self._patch: Final = patch
        small = None if usable is None else np.where(self._small(usable[:, :, None])[:, :, 0] == 255, 255, 0)
        whole = None if small is None else cv2.erode(small.astype(np.uint8), np.ones((patch, patch), np.uint8))
        self._usable: Final = None if small is None else small.astype(np.uint8)
        #: Nothing can be looked up where no whole patch is left of the painted part.
        self._possible: Final = whole is None or bool(whole[patch:-patch, patch:-patch].any())

    def matches(
        self,
        frame: Image,
        wanted: npt.NDArray[np.bool_],
        seed: int,
        threads: int,
        cancelled: Callable[[], bool] | None,
        device: str | GraphicsDevice = "cpu",
    ) -> tuple[Rows, Rows]:
        """Rows and columns of the keyframe for the wanted pixels, in their order; ``device`` as of ``synthesize``.

        Raises:
            ArtratorError: ``job_cancelled``.
        """
        y, x = (axis.astype(np.int32) for axis in np.nonzero(wanted))
        if not len(y) or not self._possible:
            return y, x
        times = self._times
        rows, columns = (side // times for side in self._size)
        small = np.zeros((rows, columns), np.uint8)
        inner = np.minimum(y // times, rows - 1), np.minimum(x // times, columns - 1)
        small[inner] = 255
        made = synthesize(
            self._painted,
            [
                Guide(self._outlines, self._small(edges(frame)), _EDGES, "edges"),
                Guide(self._frame, self._small(frame), _COLOUR, "colour"),
            ],
            mask=small, source_mask=self._usable, seed=seed, preset=_WORK, patch=self._patch, device=device,
            threads=threads, cancelled=cancelled,
        )  # fmt: skip
        found = made.field.y[inner] * times + y % times, made.field.x[inner] * times + x % times
        return (
            np.minimum(found[0], self._size[0] - 1).astype(np.int32),
            np.minimum(found[1], self._size[1] - 1).astype(np.int32),
        )

    def _small(self, picture: Image) -> Image:
        return shrink(picture, self._size[0] // self._times, self._size[1] // self._times)
