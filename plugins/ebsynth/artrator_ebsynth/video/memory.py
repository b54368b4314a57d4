"""How much memory a film takes, told before it begins."""

from __future__ import annotations

from typing import Final

from artrator_ebsynth.memory import memory_bytes

#: The frame as filmed, as made, and the error of the forward pass, for every pixel of every frame.
_KEPT: Final = 3 + 3 + 2
#: Edges, colour, position, the frame before.
_GUIDES: Final = 1 + 3 + 2 + 3
_STYLE: Final = 3
#: Motion both ways, positions carried along, matches carried along, errors, and what is made of them meanwhile: 32-bit
#: numbers for each pixel.
_CARRIED: Final = 40
#: A blend holds this many 32-bit numbers for each pixel: four pictures, their differences, and a transform.
_BLEND: Final = 36


def film_bytes(pixels: int) -> int:
    """What all frames take, those given included, for so many pixels of all frames together."""
    return _KEPT * pixels


def frame_bytes(size: tuple[int, int], extras: int, patch: int = 5) -> int:
    """What making one frame takes besides.

    Args:
        size: Height and width.
        extras: How many guides there are besides the automatic ones.
        patch: The side of a patch.
    """
    pixels = size[0] * size[1]
    guides = _GUIDES + 3 * extras
    carried = (4 * _CARRIED + 2 * guides) * pixels
    return carried + max(memory_bytes(size, size, _STYLE, guides, patch), 4 * _BLEND * pixels)
