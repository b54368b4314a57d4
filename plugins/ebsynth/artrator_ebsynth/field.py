"""Where every target pixel takes its patch from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

#: A position packed as ``y << 16 | x``: what the kernels work on.
Packed: TypeAlias = npt.NDArray[np.int32]
#: The longest side that a packed position can name.
LONGEST_SIDE = 32_767


@dataclass(frozen=True, eq=False)
class NeighbourField:
    """For each target pixel, the centre of its patch in one of the source images.

    Attributes:
        source: uint16 ``[height, width]``: which source image.
        y: int32 ``[height, width]``: row of the centre.
        x: int32 ``[height, width]``: column of the centre.
    """

    source: npt.NDArray[np.uint16]
    y: npt.NDArray[np.int32]
    x: npt.NDArray[np.int32]

    @classmethod
    def unpack(cls, matches: Packed) -> NeighbourField:
        """The field of packed positions in the one source image there is."""
        return cls(np.zeros(matches.shape, np.uint16), matches >> 16, matches & 0xFFFF)


def pack(y: npt.NDArray[Any], x: npt.NDArray[Any]) -> Packed:
    """Positions as the kernels want them."""
    return np.ascontiguousarray((y.astype(np.int32) << 16) | x.astype(np.int32))


def random_matches(shape: tuple[int, int], allowed: npt.NDArray[np.uint8], random: np.random.Generator) -> Packed:
    """A match for every target pixel, each allowed one as likely as the others."""
    y, x = np.nonzero(allowed)
    chosen = random.integers(0, len(y), shape)
    return pack(y[chosen], x[chosen])


def refine(
    matches: Packed, shape: tuple[int, int], allowed: npt.NDArray[np.uint8], radius: int, random: np.random.Generator
) -> Packed:
    """The matches of a coarse level on the next finer one: positions doubled, pixels of a block kept side by side.

    Args:
        matches: Of the coarse level.
        shape: Height and width of the finer target.
        allowed: Of the finer source; a position that is not allowed there is drawn anew.
        radius: Of a patch: how far a position keeps from the source's border.
        random: For positions drawn anew.
    """
    height, width = shape
    source_height, source_width = allowed.shape
    rows, columns = np.arange(height), np.arange(width)
    coarse_rows = np.minimum(rows // 2, matches.shape[0] - 1)
    coarse_columns = np.minimum(columns // 2, matches.shape[1] - 1)
    coarse = matches[coarse_rows[:, None], coarse_columns[None, :]]
    y = np.clip((coarse >> 16) * 2 + (rows & 1)[:, None], radius, source_height - 1 - radius)
    x = np.clip((coarse & 0xFFFF) * 2 + (columns & 1)[None, :], radius, source_width - 1 - radius)
    doubled = pack(y, x)
    if not allowed[y, x].all():
        return np.where(allowed[y, x] != 0, doubled, random_matches(shape, allowed, random))
    return doubled
