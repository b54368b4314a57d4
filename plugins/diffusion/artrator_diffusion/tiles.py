"""Runs a network over a large picture in overlapping tiles, so that memory does not grow with the picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import numpy as np

from artrator_diffusion.schedulers import Array

#: Makes the tile's counterpart at the other scale; ``[n, …, h, w]`` to ``[n, …, h', w']``.
Tile: TypeAlias = Callable[[Array], Awaitable[Array]]


async def in_tiles(run: Tile, array: Array, *, side: int, overlap: int, grow: int = 1, shrink: int = 1) -> Array:
    """Run tile by tile and blend the tiles where they overlap.

    Every tile has the same size, the last ones of a row or column lying further over their neighbours; so a runtime
    that plans for shapes plans once.

    Args:
        run: The network.
        array: ``[n, channels, height, width]``.
        side: Of a tile, in places of ``array``. What is no larger is run whole.
        overlap: How far neighbours lie over each other, at least.
        grow: Each place becomes so many, in each direction.
        shrink: So many places become one, in each direction; sides, overlap and sizes are multiples of it.
    """
    height, width = array.shape[2:]
    if height <= side and width <= side:
        return await run(array)
    tall, wide = min(height, side), min(width, side)
    ramp = overlap * grow // shrink
    weights = np.outer(_window(tall * grow // shrink, ramp), _window(wide * grow // shrink, ramp))
    total: Array | None = None
    seen = np.zeros((height * grow // shrink, width * grow // shrink), np.float32)
    for top in _starts(height, tall, overlap):
        for left in _starts(width, wide, overlap):
            made = await run(np.ascontiguousarray(array[:, :, top : top + tall, left : left + wide]))
            if total is None:
                total = np.zeros((*made.shape[:2], *seen.shape), np.float32)
            y, x = top * grow // shrink, left * grow // shrink
            place = np.s_[..., y : y + weights.shape[0], x : x + weights.shape[1]]
            total[place] += made * weights
            seen[place] += weights
    if total is None:
        raise AssertionError("there is always a tile")
    total /= seen
    return total


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along one direction; the last one ends where the picture does."""
    return [*range(0, length - tile, tile - overlap), length - tile]


def _window(length: int, ramp: int) -> Array:
    """The weight of each place of a tile along one direction: full inside, falling towards both ends."""
    along = np.arange(1, length + 1, dtype=np.float32) / np.float32(ramp + 1)
    weight: Array = np.minimum(np.float32(1), np.minimum(along, along[::-1]))
    return weight
