"""Cuts large pictures into overlapping tiles and joins the results without seams, in bounded memory.

Between two neighbours the weight goes from one to the other over the middle half of their overlap. The outer quarters
are thrown away: there, a network has seen the tile's edge instead of the picture. The weights of all tiles add up to
exactly 1 everywhere, so nothing has to be divided afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator.errors import ModelError
from artrator_onnx.pixels import Floats

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """How one side of a picture is cut.

    Attributes:
        length: The side, in pixels.
        tile: The side of a tile, not longer than ``length``.
        overlap: What two neighbours share at least.
        starts: Where each tile begins, spread evenly, so that the last one ends with the picture.
    """

    length: int
    tile: int
    overlap: int
    starts: tuple[int, ...]

    @classmethod
    def cut(cls, length: int, tile: int, overlap: int) -> Axis:
        """Cut ``length`` into the fewest tiles; ``overlap`` is at most half of ``tile``."""
        count = 1 if length <= tile else -(-(length - overlap) // (tile - overlap))
        if count == 1:
            return cls(length, tile, overlap, (0,))
        spread = (length - tile) / (count - 1)
        return cls(length, tile, overlap, tuple(round(place * spread) for place in range(count)))

    def weights(self, index: int, scale: int) -> Floats:
        """What tile ``index`` contributes at each of its pixels, ``scale`` times finer than the picture."""
        places = (np.arange(self.tile * scale) + 0.5) / scale + self.starts[index]
        weights = np.ones(len(places))
        if index:
            weights *= self._seam(index - 1, places)
        if index + 1 < len(self.starts):
            weights *= 1 - self._seam(index, places)
        return weights.astype(np.float32)

    def settled(self, index: int) -> int:
        """Up to where the picture is finished once tile ``index`` is in: where its successor begins to count."""
        return self.length if index + 1 == len(self.starts) else self.starts[index + 1]

    def _seam(self, index: int, places: _Doubles) -> _Doubles:
        """From 0 to 1 across the seam between tile ``index`` and the next one."""
        centre = (self.starts[index] + self.tile + self.starts[index + 1]) / 2
        half = self.overlap / 4
        if half == 0:
            return np.where(places >= centre, 1.0, 0.0)
        along: _Doubles = np.clip((places - (centre - half)) / (2 * half), 0, 1)
        return along


@dataclass(frozen=True)
class Grid:
    """The tiles of one picture."""

    rows: Axis
    columns: Axis

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return len(self.rows.starts) * len(self.columns.starts)

    def tile(self, picture: Image, top: int, left: int) -> Image:
        """One tile of a picture."""
        return picture[top : top + self.rows.tile, left : left + self.columns.tile]


class Canvas:
    """Takes finished tiles row by row and gives the picture.

    It holds one row of tiles as floats; what is finished is rounded to bytes at once.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._strip: Floats = np.zeros((0, 0, 0), np.float32)
        self._picture: Image = np.zeros((0, 0, 0), np.uint8)
        self._scale = 0
        self._done = 0

    def add(self, row: int, tiles: Sequence[Floats]) -> None:
        """Lay down row ``row`` of tiles, each ``[height, width, channels]`` in 0 to 255.

        Raises:
            ModelError: A tile has no whole multiple of the size that went in.
        """
        rows, columns = self._grid.rows, self._grid.columns
        if not self._scale:
            self._begin(tiles[0])
        scale = self._scale
        down = rows.weights(row, scale)[:, None, None]
        for index, tile in enumerate(tiles):
            if tile.shape != (rows.tile * scale, columns.tile * scale, self._picture.shape[2]):
                raise ModelError("The model made tiles of different sizes, which cannot be joined.")
            left = columns.starts[index] * scale
            weight = down * columns.weights(index, scale)[None, :, None]
            self._strip[:, left : left + tile.shape[1]] += tile * weight
        finished = rows.settled(row) * scale - self._done
        self._picture[self._done : self._done + finished] = np.rint(self._strip[:finished])
        self._done += finished
        kept = self._strip[finished:].copy()
        self._strip[: len(kept)] = kept
        self._strip[len(kept) :] = 0

    def preview(self, side: int) -> Image:
        """What there is so far, every n-th pixel, at most ``side`` long; what is to come is black."""
        stride = max(1, -(-max(self._picture.shape[:2]) // side))
        thin = self._picture[::stride, ::stride]
        return np.repeat(thin, 3, axis=2) if thin.shape[2] == 1 else thin.copy()

    def picture(self, height: int, width: int) -> Image:
        """The upper left of the whole, of ``height`` and ``width`` before scaling; one channel becomes three."""
        whole = self._picture[: height * self._scale, : width * self._scale]
        return np.repeat(whole, 3, axis=2) if whole.shape[2] == 1 else whole

    def _begin(self, tile: Floats) -> None:
        rows, columns = self._grid.rows, self._grid.columns
        height, width, channels = tile.shape
        scale = height // rows.tile
        if scale < 1 or (height, width) != (rows.tile * scale, columns.tile * scale):
            raise ModelError("The model changes sizes by a broken factor, so its tiles cannot be joined.")
        self._scale = scale
        self._picture = np.zeros((rows.length * scale, columns.length * scale, channels), np.uint8)
        # The strip begins where the next row of tiles does: everything above is finished.
        self._strip = np.zeros((rows.tile * scale, columns.length * scale, channels), np.float32)
