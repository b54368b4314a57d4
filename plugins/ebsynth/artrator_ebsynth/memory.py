"""How much memory a synthesis takes, told before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from artrator_ebsynth.atlas import Atlas

#: What the interpreter, numpy, numba and LLVM take before the first picture comes.
RUNTIME_BYTES: Final = 320 << 20
#: Bands have a copy of the occupancy each; there is one merged, one from which they start, and the sums it is made of.
_OCCUPANCIES: Final = 6
#: 32-bit numbers held for each target pixel.
_FIELDS: Final = 12
_PREVIEWS: Final = 4 << 20


def memory_bytes(
    source: tuple[int, int] | Sequence[tuple[int, int]],
    target: tuple[int, int],
    style_channels: int,
    guide_channels: int,
    patch: int = 5,
) -> int:
    """An upper bound of what ``synthesize`` allocates, the pictures given to it not counted.

    Args:
        source: Height and width of the style, or of each style.
        target: Height and width of the result.
        style_channels: Of the style.
        guide_channels: Of all guides together.
        patch: The side of a patch.
    """
    channels = style_channels + guide_channels
    sources = [size for size in source if not isinstance(size, int)]
    whole = Atlas(tuple(sources) or ((int(source[0]), int(source[1])),)).size  # type: ignore[arg-type]
    source_pixels, target_pixels = ((height + 2 * patch) * (width + 2 * patch) for height, width in (whole, target))
    # The values as int16, the means as bytes, the coarser levels together a third of the pictures. Then masks and, on
    # the source's side, the style once more with four channels.
    each = 2 * channels + -(-channels // 16) * 16 + -(-channels // 2)
    source_bytes = source_pixels * (each + 10 + 4 * _OCCUPANCIES)
    # Matches as held, as they were, at the start of a sweep and as they go up a level; costs, changes, modulation.
    target_bytes = target_pixels * (each + 10 + 4 * _FIELDS)
    return source_bytes + target_bytes + _PREVIEWS
