"""Where every target pixel takes its patch from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from artrator_ebsynth.atlas import Atlas

#: A position packed as ``y << 16 | x``: what the kernels work on.
Packed: TypeAlias = npt.NDArray[np.int32]
#: The longest side that a packed position can name.
LONGEST_SIDE = 32_767
#: So many rows are refined at once, because indices take many times the room of what they find.
_BLOCK_ROWS: Final = 64


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
    def unpack(cls, matches: Packed, atlas: Atlas) -> NeighbourField:
        """The field of packed positions in an atlas."""
        return cls(*atlas.split(matches >> 16, matches & 0xFFFF))


def pack(y: npt.NDArray[Any], x: npt.NDArray[Any]) -> Packed:
    """Positions as the kernels want them."""
    return np.ascontiguousarray((y.astype(np.int32) << 16) | x.astype(np.int32))


def random_matches(shape: tuple[int, int], allowed: npt.NDArray[np.uint8], random: np.random.Generator) -> Packed:
    """A match for every target pixel, each allowed one as likely as the others."""
    y, x = np.nonzero(allowed)
    chosen = random.integers(0, len(y), shape)
    return pack(y[chosen], x[chosen])


def refine(
    matches: Packed,
    shape: tuple[int, int],
    atlases: tuple[Atlas, Atlas],
    allowed: npt.NDArray[np.uint8],
    radius: int,
    random: np.random.Generator,
) -> Packed:
    """The matches of a coarse level on the next finer one: positions doubled, pixels of a block kept side by side.

    Args:
        matches: Of the coarse level.
        shape: Height and width of the finer target.
        atlases: Of the coarse sources and of the finer ones.
        allowed: Of the finer sources; a position that is not allowed there is drawn anew.
        radius: Of a patch: how far a position keeps from a source's border.
        random: For positions drawn anew.
    """
    result = np.empty(shape, np.int32)
    columns = np.arange(shape[1], dtype=np.int32)
    for top in range(0, shape[0], _BLOCK_ROWS):
        rows = np.arange(top, min(top + _BLOCK_ROWS, shape[0]), dtype=np.int32)
        coarse = matches[
            np.minimum(rows // 2, matches.shape[0] - 1)[:, None],
            np.minimum(columns // 2, matches.shape[1] - 1)[None, :],
        ]
        source, y, x = atlases[0].split(coarse >> 16, coarse & 0xFFFF)
        doubled = y * 2 + (rows & 1)[:, None], x * 2 + (columns & 1)
        result[rows] = _placed(source, *doubled, atlases[1], allowed, radius, random)
    return result


def begin_with(
    field: NeighbourField,
    place: int,
    shape: tuple[int, int],
    atlas: Atlas,
    allowed: npt.NDArray[np.uint8],
    radius: int,
    random: np.random.Generator,
) -> Packed:
    """The matches of one level from a field of the finest.

    Args:
        field: As large as the finest target.
        place: The level, counted from the finest, which is 0.
        shape: Height and width of the level's target.
        atlas: Of the level's sources.
        allowed: Of the level's sources; a position that is not allowed there is drawn anew.
        radius: Of a patch.
        random: For positions drawn anew.
    """
    kept = np.s_[: shape[0] << place : 1 << place, : shape[1] << place : 1 << place]
    return _placed(
        field.source[kept], field.y[kept] >> place, field.x[kept] >> place, atlas, allowed, radius, random
    )  # fmt: skip


def _placed(
    source: npt.NDArray[Any],
    y: npt.NDArray[Any],
    x: npt.NDArray[Any],
    atlas: Atlas,
    allowed: npt.NDArray[np.uint8],
    radius: int,
    random: np.random.Generator,
) -> Packed:
    y, x = atlas.join(source, y, x, radius)
    good = allowed[y, x] != 0
    if good.all():
        return pack(y, x)
    return np.where(good, pack(y, x), random_matches((y.shape[0], y.shape[1]), allowed, random))
