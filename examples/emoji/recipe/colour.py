# SPDX-License-Identifier: Apache-2.0
"""Names the colour of a drawing and repaints drawings in other colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HUES = {"red": 2.0, "orange": 28.0, "yellow": 50.0, "green": 115.0, "blue": 212.0, "purple": 274.0, "pink": 328.0}
"""Hue in degrees of each colour that a drawing can be repainted in."""

_HUE_LIMITS = {15: "red", 42: "orange", 68: "yellow", 165: "green", 255: "blue", 290: "purple", 345: "pink"}
"""Upper limit in degrees of the hues that go by each name; beyond the last, red again."""


def _hue_saturation_value(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert ``[h, w, 3]`` uint8 RGB to float hue (0..360), saturation and value (0..1)."""
    scale = np.array([360 / 255, 1 / 255, 1 / 255], np.float32)
    return np.asarray(Image.fromarray(picture).convert("HSV"), np.float32) * scale


def dominant_colour(picture: NDArray[np.uint8], share: float = 0.5) -> str | None:
    """Name the colour of more than ``share`` of the drawn (not white) pixels of ``[h, w, 3]`` uint8, if one has it."""
    drawn = _hue_saturation_value(picture)[picture.min(axis=-1) < 230]
    if len(drawn) == 0:
        return None
    counts: dict[str, int] = {}
    for hue, saturation, value in drawn:
        if value < 0.25:
            name = "black"
        elif saturation < 0.18:
            name = "gray"
        else:
            name = next((colour for limit, colour in _HUE_LIMITS.items() if hue < limit), "red")
            if name in ("orange", "red") and value < 0.62:
                name = "brown"
        counts[name] = counts.get(name, 0) + 1
    best = max(counts, key=lambda colour: counts[colour])
    return best if counts[best] > share * len(drawn) else None


def main_hue(picture: NDArray[np.uint8]) -> float:
    """Return the hue in degrees that most saturated pixels of ``[h, w, 3]`` uint8 share."""
    hue, saturation, value = np.moveaxis(_hue_saturation_value(picture), -1, 0)
    counts, edges = np.histogram(hue, bins=24, range=(0, 360), weights=saturation * value)
    # Three neighbouring bins together, around the circle: shading spreads one paint over several bins.
    best = int(np.argmax(counts + np.roll(counts, 1) + np.roll(counts, -1)))
    return float(edges[best] + 7.5)


def repaint(
    picture: NDArray[np.uint8], colour: str, *, reach: float = 38.0, least: float = 0.3
) -> NDArray[np.uint8] | None:
    """Turn the main hue of a drawing into another colour.

    Args:
        picture: ``[h, w, 3]`` uint8 RGB on white.
        colour: a key of :data:`HUES`.
        reach: hues further than this from the main hue, in degrees, stay (the leaf of an apple).
        least: share of the drawn pixels that must take part.

    Returns:
        The repainted picture, or ``None`` where too little of it would change.
    """
    source = main_hue(picture)
    pixels = _hue_saturation_value(picture)
    distance = np.abs((pixels[..., 0] - source + 180) % 360 - 180)
    painted = (distance < reach) & (pixels[..., 1] > 0.25)
    if painted.sum() < least * (picture.min(axis=-1) < 230).sum():
        return None
    turned = np.where(distance < reach, (pixels[..., 0] + HUES[colour] - source) % 360, pixels[..., 0])
    stacked = np.stack([turned * (255 / 360), pixels[..., 1] * 255, pixels[..., 2] * 255], axis=-1)
    return np.asarray(Image.fromarray(stacked.round().astype(np.uint8), "HSV").convert("RGB"))
