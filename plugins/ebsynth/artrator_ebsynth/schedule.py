"""How much work goes into each level of the pyramid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Effort:
    """The work at one level.

    Attributes:
        votes: How often the picture is made anew from the matches, each time after a search.
        sweeps: Passes over the picture in each search.
        near_tries: Random tries of small radius per pixel, with one large radius in turn; None tries every radius.
        still: A pixel rests when its colour changed by less than this in the last vote; 0 lets none rest.
    """

    votes: int
    sweeps: int
    near_tries: int | None
    still: int


@dataclass(frozen=True)
class Preset:
    """The work at all levels, finest first; the last entry holds for every coarser level."""

    levels: Sequence[Effort]

    def at(self, level: int) -> Effort:
        """The work at a level, counted from the finest, which is 0."""
        return self.levels[min(level, len(self.levels) - 1)]


#: Large radii are almost never accepted at fine levels, where one in turn is enough; coarse levels, which cost little,
#: get them all. Both presets were chosen by measuring: benchmarks/ebsynth tells their energy beside the reference's.
PRESETS: Final[Mapping[str, Preset]] = {
    "fast": Preset((Effort(6, 2, 3, 3), Effort(8, 2, 4, 1), Effort(10, 3, None, 1))),
    "balanced": Preset((Effort(8, 2, 4, 2), Effort(8, 2, 4, 1), Effort(10, 3, None, 1))),
}


def radii(source: tuple[int, int], near_tries: int | None, turn: int) -> list[int]:
    """The radii of the random tries in one sweep, largest first.

    Args:
        source: Height and width of the source.
        near_tries: As in ``Effort``.
        turn: The number of the sweep: which large radius is due.
    """
    every = [max(source) >> step for step in range(1, max(source).bit_length()) if max(source) >> step]
    if near_tries is None or not every:
        return every
    large = every[:-near_tries] or every[:1]
    return [large[turn % len(large)], *every[-near_tries:]]
