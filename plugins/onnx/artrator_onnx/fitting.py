"""How a picture of any size meets the graph, and how what comes out gets its size back."""

from __future__ import annotations

import numpy as np

from artrator.backend import Image
from artrator_onnx.pixels import pad_to, resize
from artrator_onnx.spec import Size
from artrator_onnx.tiles import Axis, Grid


def cut(size: Size, height: int, width: int) -> Grid | None:
    """The tiles of a picture; None if it goes in as a whole."""
    if size.mode == "resize" or (size.mode == "dynamic" and not 0 < size.max_pixels < height * width):
        return None
    # A graph with free sizes takes a small picture as one small tile; a fixed one gets it grown to its size.
    tall = size.height if size.fixed else min(size.height, _up_to(height, size.multiple))
    wide = size.width if size.fixed else min(size.width, _up_to(width, size.multiple))
    return Grid(
        Axis.cut(max(height, tall), tall, min(size.overlap, tall // 2)),
        Axis.cut(max(width, wide), wide, min(size.overlap, wide // 2)),
    )


def fit(picture: Image, size: Size) -> Image:
    """A whole picture as the graph wants it."""
    height, width = picture.shape[:2]
    if size.mode != "resize":
        return pad_to(picture, _up_to(height, size.multiple), _up_to(width, size.multiple))
    if size.fit == "pad":
        return pad_to(_scaled(picture, *_inside((height, width), size)), size.height, size.width)
    return _scaled(picture, size.height, size.width)


def restore(made: Image, given: tuple[int, int], original: tuple[int, int], size: Size) -> Image:
    """Undo :func:`fit` on what the graph made.

    Args:
        made: What came out.
        given: Height and width of what went in.
        original: Height and width of the buyer's picture.
        size: As it was for :func:`fit`.

    Returns:
        The result for the buyer's picture, as many times larger as the graph makes pictures larger.
    """
    down, across = made.shape[0] / given[0], made.shape[1] / given[1]
    height, width = round(original[0] * down), round(original[1] * across)
    if size.mode != "resize":
        return made[:height, :width]
    if size.fit == "pad":
        inner = _inside(original, size)
        made = made[: max(1, round(inner[0] * down)), : max(1, round(inner[1] * across))]
    return _scaled(made, height, width) if size.restore else made


def _inside(original: tuple[int, int], size: Size) -> tuple[int, int]:
    """Height and width of a picture scaled to fit into the graph's size with its proportions kept."""
    scale = min(size.height / original[0], size.width / original[1])
    return max(1, round(original[0] * scale)), max(1, round(original[1] * scale))


def _scaled(picture: Image, height: int, width: int) -> Image:
    return picture if picture.shape[:2] == (height, width) else np.rint(resize(picture, height, width)).astype(np.uint8)


def _up_to(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
