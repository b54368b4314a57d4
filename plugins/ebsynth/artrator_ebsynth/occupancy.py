"""How often every patch of the source is used: what the uniformity term is made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import Packed
from artrator_ebsynth.kernels import count_matches, spread_counts


def patch_occupancy(
    matches: Packed, inside: npt.NDArray[np.uint8], source: tuple[int, int], patch: int, crew: Crew
) -> npt.NDArray[np.int32]:
    """For every source pixel, the sum over the patch around it of how many matches cover each of its pixels.

    Args:
        matches: Packed, one for each target pixel.
        inside: The target pixels that count.
        source: Height and width of the source.
        patch: The side of a patch.
        crew: Who does it.

    Returns:
        int32 ``[height + 2 * radius, width + 2 * radius]``: the source with ``patch // 2`` more on every side.
    """
    height, width = (side + patch - 1 for side in source)
    counts = np.zeros(source, np.int32)
    crew.run([lambda: count_matches(matches, inside, counts)])
    occupancy = np.empty((height, width), np.int32)

    def work(first: int, last: int) -> None:
        spread_counts(counts, patch, occupancy, np.empty(width + 2 * (patch - 1), np.int32), first, last)

    crew.rows(height, work)
    return occupancy
