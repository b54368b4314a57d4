"""Finding better matches. What does it stands behind ``Search``, so that another method can take its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from artrator_ebsynth.crew import Crew
from artrator_ebsynth.kernels import SWEEPS
from artrator_ebsynth.level import Level, Pictures
from artrator_ebsynth.occupancy import patch_occupancy
from artrator_ebsynth.problem import Problem


class Search(Protocol):
    """A method that improves a nearest-neighbour field."""

    def level(self, pictures: Pictures, problem: Problem) -> Level:
        """The pictures of one level, where the method wants them."""
        ...

    def improve(
        self, level: Level, active: npt.NDArray[np.uint8], tries: Sequence[Sequence[int]], random: np.random.Generator
    ) -> None:
        """Find better matches, in place.

        Args:
            level: One that ``level`` made. Its matches are improved; the picture stays.
            active: uint8: the target pixels to search for, as they were measured last.
            tries: For each sweep, the radii of its random tries.
            random: For the tries.
        """
        ...


class BandedSearch:
    """Randomised propagation in a few bands of rows that work at the same time.

    The bands depend on the picture alone, never on the number of threads, and each has its own copy of the occupancy,
    merged after every sweep; so the result is the same on every machine. A band reads its neighbours' rows as they were
    when the sweep began.
    """

    def __init__(self, crew: Crew, bands: int = 2) -> None:
        self._crew: Final = crew
        self._bands: Final = bands
        self._turn = 0

    def level(self, pictures: Pictures, problem: Problem) -> Level:
        """As ``Search`` says."""
        return Level(pictures, problem, self._crew)

    def improve(
        self, level: Level, active: npt.NDArray[np.uint8], tries: Sequence[Sequence[int]], random: np.random.Generator
    ) -> None:
        """As ``Search`` says."""
        edges = self._edges(active, level.patch)
        occupancy = patch_occupancy(level.matches, level.inside, level.source_size, level.patch, self._crew).reshape(-1)
        several = len(edges) > 2
        before = np.empty_like(level.matches) if several else level.matches
        own = [np.empty_like(occupancy) for _ in edges[2:]] + [occupancy]
        start = np.empty_like(occupancy) if several else occupancy

        def part(first: int, last: int) -> None:
            before[first:last] = level.matches[first:last]

        def share(first: int, last: int) -> None:
            for copy in (start, *own[:-1]):
                copy[first:last] = occupancy[first:last]

        def merge(first: int, last: int) -> None:
            for copy in own[:-1]:
                copy[first:last] -= start[first:last]
                occupancy[first:last] += copy[first:last]

        for radii in tries:
            self._turn += 1
            if several:
                self._crew.rows(len(before), part)
                self._crew.rows(len(occupancy), share)
            step, seed = (1, -1)[self._turn % 2], np.uint32(random.integers(1 << 32))
            reach = np.array(radii, np.int64)

            def band(
                first: int,
                last: int,
                copy: npt.NDArray[np.int32],
                reach: npt.NDArray[np.int64] = reach,
                step: int = step,
                seed: np.uint32 = seed,
            ) -> Callable[[], None]:
                return lambda: SWEEPS[level.patch](
                    level.values, level.means, level.shape, level.scales, level.modulated, level.modulation,
                    level.guided, level.masked, level.allowed, level.matches, before, level.costs, copy, level.inside,
                    active, reach, (first, last), step, seed, self._crew.flag, np.empty(len(reach) + 2, np.int32),
                )  # fmt: skip

            parts = zip(edges, edges[1:], own, strict=False)
            self._crew.run([band(first, last, copy) for first, last, copy in parts])
            if several:
                self._crew.rows(len(occupancy), merge)

    def _edges(self, active: npt.NDArray[np.uint8], patch: int) -> list[int]:
        """First rows of the bands, and the end: bands with as many active pixels each."""
        height = len(active)
        bands = max(1, min(self._bands, height // (4 * patch)))
        work = np.cumsum(active.sum(axis=1, dtype=np.int64) * 16 + 1)
        inner = np.searchsorted(work, work[-1] * np.arange(1, bands) / bands)
        return [0, *(int(edge) for edge in inner), height]
