"""One level of the pyramid: its pictures as integers, the picture being made, and the matches held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.atlas import Atlas
from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import Packed
from artrator_ebsynth.kernels import LANES, evaluate, patch_means, vote
from artrator_ebsynth.problem import Problem
from artrator_ebsynth.pyramid import dilate, shrink
from artrator_ebsynth.quantisation import Quantisation, joint_gain

Flat = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

#: For ``squared_distance``: keep, then drop.
MASK: Final = np.repeat(np.array([-1, 0], np.int16), LANES)


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a problem at one level; as in ``Problem``."""

    styles: tuple[Image, ...]
    source_guides: tuple[Image, ...]
    target_guides: Image
    inside: Image | None
    usable: tuple[Image, ...] | None
    modulation: Image | None
    init: Image | None

    @classmethod
    def full(cls, problem: Problem) -> Pictures:
        """Those of the finest level."""
        return cls(
            problem.styles, problem.source_guides, problem.target_guides,
            problem.inside, problem.usable, problem.modulation, problem.init,
        )  # fmt: skip

    def halved(self, sources: Sequence[tuple[int, int]], target: tuple[int, int]) -> Pictures:
        """Those of the next coarser level, which has these sizes."""

        def each(pictures: tuple[Image, ...]) -> tuple[Image, ...]:
            return tuple(shrink(picture, *size) for picture, size in zip(pictures, sources, strict=True))

        def plane(picture: Image | None) -> Image | None:
            return None if picture is None else shrink(picture[:, :, None], *target)[:, :, 0]

        usable = None if self.usable is None else each(tuple(mask[:, :, None] for mask in self.usable))
        return Pictures(
            each(self.styles), each(self.source_guides), shrink(self.target_guides, *target), plane(self.inside),
            None if usable is None else tuple(mask[:, :, 0] for mask in usable), plane(self.modulation),
            None if self.init is None else shrink(self.init, *target),
        )  # fmt: skip

    def allowed(self, patch: int) -> npt.NDArray[np.uint8]:
        """uint8, as large as the atlas: 1 where the patch around a pixel lies in one source and in its usable part."""
        atlas = Atlas.of(self.styles)
        allowed = atlas.inner(patch // 2)
        if self.usable is not None:
            allowed &= 1 - dilate((atlas.stack(self.usable) != 255).astype(np.uint8), patch)
        return allowed


class Level:
    """What the kernels work on at one level.

    Attributes:
        matches: Packed, one a target pixel.
        costs: float32 ``[H, W]``: the patch distance of each match.
        atlas: Where the sources lie in ``values``, ``means`` and ``allowed``.
        allowed: uint8 ``[h, w]``: where a match may be centred.
        masked: Whether that is less than every whole patch.
        inside: uint8 ``[H, W]``: which target pixels are made.
    """

    def __init__(self, pictures: Pictures, problem: Problem, crew: Crew) -> None:
        self._crew: Final = crew
        self._style: Final = Quantisation.of(problem.style_weights, problem.patch)
        self._guides: Final = Quantisation.of(problem.guide_weights, problem.patch)
        self.patch: Final = problem.patch
        self.atlas: Final = Atlas.of(pictures.styles)
        self.source_size: Final = self.atlas.size
        self.target_size: Final = pictures.target_guides.shape[0], pictures.target_guides.shape[1]
        self.allowed: Final = pictures.allowed(self.patch)
        self.masked: Final = pictures.usable is not None or len(pictures.styles) > 1
        height, width = self.target_size
        self.inside: Final[npt.NDArray[np.uint8]] = (
            np.ones((height, width), np.uint8) if pictures.inside is None else (pictures.inside != 0).astype(np.uint8)
        )
        self.modulation: Final[Floats] = (
            np.ones((height, width), np.float32)
            if pictures.modulation is None
            else pictures.modulation.astype(np.float32) / np.float32(255)
        )
        channels = pictures.styles[0].shape[2]
        self._channels: Final = channels
        start = np.zeros((height, width, channels), np.uint8) if pictures.init is None else pictures.init
        self._paintable: Final = np.zeros((*self.source_size, 4), np.int16)
        style = self.atlas.stack([self._style.values(picture) for picture in pictures.styles])
        self._paintable[:, :, :channels] = style
        self._canvas = self._padded(self._style.values(start))
        self.values: Final = (
            self._canvas,
            self._padded(self._guides.values(pictures.target_guides)),
            _flat(style),
            _flat(self.atlas.stack([self._guides.values(picture) for picture in pictures.source_guides])),
        )
        self.shape: Final = (channels, pictures.target_guides.shape[2], *self.source_size)
        together = channels + pictures.target_guides.shape[2]
        self._mean_gain: Final = joint_gain(np.concatenate([problem.style_weights, problem.guide_weights]))
        self.means: Final = tuple(
            np.zeros(max(0, (h - self.patch + 1) * (w - self.patch + 1)) * together + LANES, np.int16)
            for h, w in (self._padded_size, self.source_size)
        )
        self._take_means(1, 0, self._padded_size)
        self._take_means(2, 1, self.source_size)
        self._take_means(3, 1, self.source_size)
        self.matches: Packed = np.zeros(self.target_size, np.int32)
        self.costs: Final = np.zeros(self.target_size, np.float32)
        usable = pictures.usable
        covered = self.atlas.area if usable is None else max(1, sum(int((mask == 255).sum()) for mask in usable))
        ideal = int(self.inside.sum()) / covered * self.patch**2
        #: The cost of one unit of ``patch_occupancy``.
        self.occupancy_cost: Final = problem.uniformity / (self.patch**2 * ideal)
        self.scales: Final = tuple(
            np.float32(scale)
            for scale in (
                self._style.scale, self._guides.scale, self.patch**2 / self._mean_gain**2, self.occupancy_cost,
            )
        )  # fmt: skip

    @property
    def brightest(self) -> float:
        """The integer that stands for one grey level of the style."""
        return float(self._style.factors.max())

    @property
    def _padded_size(self) -> tuple[int, int]:
        return self.target_size[0] + self.patch - 1, self.target_size[1] + self.patch - 1

    def measure(self) -> None:
        """Bring means and costs up to date with the picture."""
        self._take_means(0, 0, self._padded_size)
        shape = (self.shape[0], self.shape[1], self.source_size[1])

        def rows(first: int, last: int) -> None:
            evaluate(
                *self.values, shape, self.patch, self.scales[:2], self.modulation, self.matches, self.inside,
                self.costs, MASK, first, last,
            )  # fmt: skip

        self._crew.rows(self.target_size[0], rows)

    def paint(self, stale: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """Vote: make the picture from the matches.

        Args:
            stale: uint8 ``[H, W]``: the pixels whose patches changed.

        Returns:
            int32 ``[H, W]``: the largest change of a channel, as an integer of the style.
        """
        change = np.empty(self.target_size, np.int32)
        source = self._paintable.reshape(-1)

        def rows(first: int, last: int) -> None:
            vote(
                source, self._canvas, (self._channels, self.source_size[1]), self.patch, self.matches, self.inside,
                stale, change, first, last,
            )  # fmt: skip

        self._crew.rows(self.target_size[0], rows)
        self._repeat_edges()
        return change

    def picture(self) -> Image:
        """The picture as it is now."""
        radius = self.patch // 2
        whole = self._canvas_pixels()
        return self._style.picture(whole[radius : whole.shape[0] - radius, radius : whole.shape[1] - radius])

    def _canvas_pixels(self) -> npt.NDArray[np.int16]:
        height, width = self._padded_size
        return self._canvas[: height * width * self._channels].reshape(height, width, self._channels)

    def _repeat_edges(self) -> None:
        radius = self.patch // 2
        canvas = self._canvas_pixels()
        canvas[:radius], canvas[-radius:] = canvas[radius], canvas[-radius - 1]
        canvas[:, :radius], canvas[:, -radius:] = canvas[:, radius, None], canvas[:, -radius - 1, None]

    def _padded(self, values: npt.NDArray[np.int16]) -> Flat:
        radius = self.patch // 2
        return _flat(np.pad(values, ((radius, radius), (radius, radius), (0, 0)), mode="edge"))

    def _take_means(self, source: int, place: int, size: tuple[int, int]) -> None:
        """The means of ``values[source]`` into ``means[place]``."""
        values, means = self.values[source], self.means[place]
        group = (self._style, self._guides)[source % 2]
        channels = len(group.factors)
        together = self.shape[0] + self.shape[1]
        where = (together, self._channels if source % 2 else 0)
        shape, factor = (size[1], channels), group.mean_factor(self._mean_gain)

        def rows(first: int, last: int) -> None:
            patch_means(values, shape, self.patch, factor, means, where, first, last)

        self._crew.rows(size[0] - self.patch + 1, rows)


def _flat(values: npt.NDArray[Any]) -> Flat:
    """One row of numbers, with room behind for the widest load."""
    flat = np.zeros(values.size + LANES, np.int16)
    flat[: values.size] = values.reshape(-1)
    return flat
