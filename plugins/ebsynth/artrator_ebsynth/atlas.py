"""Several sources laid out below each other, so that one position names a place in any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from artrator.backend import Image


@dataclass(frozen=True)
class Atlas:
    """Where each source lies: the first on top, all at the left edge.

    Attributes:
        sizes: Height and width of every source.
    """

    sizes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, pictures: Sequence[Image]) -> Atlas:
        """The layout of pictures."""
        return cls(tuple((picture.shape[0], picture.shape[1]) for picture in pictures))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the whole."""
        return sum(height for height, _ in self.sizes), max(width for _, width in self.sizes)

    @property
    def area(self) -> int:
        """Pixels of the sources, without what fills the whole up."""
        return sum(height * width for height, width in self.sizes)

    @cached_property
    def tops(self) -> npt.NDArray[np.int32]:
        """The first row of every source."""
        heights = np.array([height for height, _ in self.sizes], np.int32)
        return np.cumsum(heights, dtype=np.int32) - heights

    def inner(self, radius: int) -> npt.NDArray[np.uint8]:
        """uint8 ``[height, width]``: 1 where a patch of ``2 * radius + 1`` lies wholly in one source."""
        inner = np.zeros(self.size, np.uint8)
        for top, (height, width) in zip(self.tops, self.sizes, strict=True):
            inner[top + radius : top + height - radius, radius : width - radius] = 1
        return inner

    def stack(self, pictures: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The pictures as one, 0 where there is none; a single one as it is."""
        if len(pictures) == 1:
            return pictures[0]
        whole = np.zeros((*self.size, *pictures[0].shape[2:]), pictures[0].dtype)
        for top, picture in zip(self.tops, pictures, strict=True):
            whole[top : top + picture.shape[0], : picture.shape[1]] = picture
        return whole

    def split(
        self, y: npt.NDArray[np.int32], x: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Positions in the whole as source, row and column."""
        if len(self.sizes) == 1:
            return np.zeros(y.shape, np.uint16), y, x
        source = np.searchsorted(self.tops, y, side="right").astype(np.uint16) - np.uint16(1)
        return source, y - self.tops[source], x

    def join(
        self, source: npt.NDArray[Any], y: npt.NDArray[Any], x: npt.NDArray[Any], radius: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Source, row and column as positions in the whole, kept so far from the border that a patch is whole."""
        if len(self.sizes) == 1:
            height, width = self.sizes[0]
            return np.clip(y, radius, height - 1 - radius), np.clip(x, radius, width - 1 - radius)
        heights, widths = np.array(self.sizes, np.int32).T
        row = np.clip(y, radius, heights[source] - 1 - radius) + self.tops[source]
        return row.astype(np.int32), np.clip(x, radius, widths[source] - 1 - radius).astype(np.int32)
