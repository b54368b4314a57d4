"""One level of the pyramid: its pictures as integers, the picture being made, and the matches held."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.atlas import Atlas
from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import Packed
from artrator_ebsynth.kernels import LANES, MEAN_LANES, evaluate, patch_means, spread, vote
from artrator_ebsynth.problem import Problem
from artrator_ebsynth.pyramid import dilate, shrink
from artrator_ebsynth.quantisation import Quantisation

Flat = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a problem at one level; as in ``Problem``."""

    styles: tuple[Image, ...]
    source_guides: tuple[tuple[Image, ...], ...]
    target_guides: tuple[Image, ...]
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

    @property
    def target_size(self) -> tuple[int, int]:
        """Height and width of what is made."""
        return self.target_guides[0].shape[0], self.target_guides[0].shape[1]

    def halved(self, sources: Sequence[tuple[int, int]], target: tuple[int, int], crew: Crew) -> Pictures:
        """Those of the next coarser level, which has these sizes."""

        def each(pictures: Iterable[Image]) -> tuple[Image, ...]:
            return tuple(shrink(picture, *size, crew) for picture, size in zip(pictures, sources, strict=True))

        def plane(picture: Image | None) -> Image | None:
            return None if picture is None else shrink(picture[:, :, None], *target, crew)[:, :, 0]

        guides = tuple(each(guide) for guide in zip(*self.source_guides, strict=True))
        usable = None if self.usable is None else each(tuple(mask[:, :, None] for mask in self.usable))
        return Pictures(
            each(self.styles), tuple(zip(*guides, strict=True)),
            tuple(shrink(guide, *target, crew) for guide in self.target_guides), plane(self.inside),
            None if usable is None else tuple(mask[:, :, 0] for mask in usable), plane(self.modulation),
            None if self.init is None else shrink(self.init, *target, crew),
        )  # fmt: skip

    def allowed(self, patch: int, crew: Crew) -> npt.NDArray[np.uint8]:
        """uint8, as large as the atlas: 1 where the patch around a pixel lies in one source and in its usable part."""
        atlas = Atlas.of(self.styles)
        allowed = atlas.inner(patch // 2)
        if self.usable is not None:
            allowed &= 1 - dilate((atlas.stack(self.usable) != 255).astype(np.uint8), patch, crew)
        return allowed


class Level:
    """What the kernels work on at one level.

    Attributes:
        matches: Packed, one a target pixel.
        costs: float32 ``[H, W]``: the patch distance of the match of each pixel that was measured, in ``unit``.
        image: uint8 ``[H, W, channels]``: the picture as it is now.
        values: The target, padded, and the source, all channels side by side as integers; int16, flat.
        means: Of their patches; uint8, flat.
        shape: Channels of the style and guides together, height and width of the source.
        unit: What makes an energy of a cost.
        atlas: Where the sources lie in ``values``, ``means`` and ``allowed``.
        allowed: uint8 ``[h, w]``: where a match may be centred.
        masked: Whether that is less than every whole patch.
        inside: uint8 ``[H, W]``: which target pixels are made.
        modulated: Whether ``modulation`` says anything.
        modulation: float32 ``[H, W]``: how much the guides count, if it says anything.
        guided: int16: which values of a row of a patch are those of guides.
    """

    def __init__(self, pictures: Pictures, problem: Problem, crew: Crew) -> None:
        self._crew: Final = crew
        weights = np.concatenate([problem.style_weights, problem.guide_weights])
        self._integers: Final = Quantisation.of(weights, problem.patch)
        self._factors: Final = self._integers.factors[: len(problem.style_weights)].astype(np.float32)
        self.patch: Final = problem.patch
        self.atlas: Final = Atlas.of(pictures.styles)
        self.source_size: Final = self.atlas.size
        self.target_size: Final = pictures.target_size
        self.allowed: Final = pictures.allowed(self.patch, crew)
        self.masked: Final = pictures.usable is not None or len(pictures.styles) > 1
        height, width = self.target_size
        self.inside: Final[npt.NDArray[np.uint8]] = (
            np.ones((height, width), np.uint8) if pictures.inside is None else (pictures.inside != 0).astype(np.uint8)
        )
        self.modulated: Final = pictures.modulation is not None
        self.modulation: Final[Floats] = (
            np.ones((1, 1), np.float32)
            if pictures.modulation is None
            else pictures.modulation.astype(np.float32) / np.float32(255)
        )
        channels, together = pictures.styles[0].shape[2], len(weights)
        self.shape: Final = (together, *self.source_size)
        self.guided: Final = np.zeros(self.patch * together + LANES, np.int16)
        self.guided[: self.patch * together].reshape(self.patch, together)[:, channels:] = -1
        self.image: Final[Image] = (
            np.zeros((height, width, channels), np.uint8) if pictures.init is None else pictures.init.copy()
        )
        self._paint: Final = np.zeros((*self.source_size, 4), np.uint8)
        for top, style in zip(self.atlas.tops, pictures.styles, strict=True):
            self._paint[top : top + style.shape[0], : style.shape[1], :channels] = style
        self.values = self._target(pictures), self._source(pictures)
        stride = -(-together // MEAN_LANES) * MEAN_LANES
        rooms = [
            max(0, (h - self.patch + 1) * (w - self.patch + 1)) * stride
            for h, w in (self._padded_size, self.source_size)
        ]
        self.means = np.zeros(rooms[0], np.uint8), np.zeros(rooms[1], np.uint8)
        self._take_means(0, self._padded_size, (channels, together))
        self._take_means(1, self.source_size, (0, together))
        self.matches: Packed = np.zeros(self.target_size, np.int32)
        self.costs: Final = np.zeros(self.target_size, np.float32)
        usable = pictures.usable
        covered = self.atlas.area if usable is None else max(1, sum(int((mask == 255).sum()) for mask in usable))
        ideal = int(self.inside.sum()) / covered * self.patch**2
        self.unit: Final = np.float32(self._integers.scale)
        #: What turns squared means into costs; the cost of one unit of ``patch_occupancy``.
        self.scales: Final = (
            np.float32(self.patch**2 / self._integers.mean_factor**2),
            np.float32(problem.uniformity / (self.patch**2 * ideal) / self._integers.scale),
        )

    @property
    def brightest(self) -> float:
        """The integer that stands for one grey level of the style."""
        return float(np.max(self._factors))

    @property
    def _padded_size(self) -> tuple[int, int]:
        return self.target_size[0] + self.patch - 1, self.target_size[1] + self.patch - 1

    def measure(self, active: npt.NDArray[np.uint8]) -> None:
        """Bring means, and the costs of active pixels, up to date with the picture.

        Args:
            active: uint8 ``[H, W]``.
        """
        self._take_means(0, self._padded_size, (0, self.image.shape[2]))
        shape = self.shape[0], self.source_size[1]

        def rows(first: int, last: int) -> None:
            evaluate(
                self.values, shape, self.patch, self.modulated, self.modulation, self.guided, self.matches, active,
                self.costs, first, last,
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
        source = self._paint.view(np.uint32)[:, :, 0]

        def rows(first: int, last: int) -> None:
            vote(
                source, self.image, self.values[0], self._factors, self.shape[0], self.patch, self.matches,
                self.inside, stale, change, first, last,
            )  # fmt: skip

        self._crew.rows(self.target_size[0], rows)
        self._repeat_edges(self.values[0])
        return change

    def _target(self, pictures: Pictures) -> Flat:
        radius = self.patch // 2
        height, width = self._padded_size
        values = np.zeros(height * width * self.shape[0] + LANES, np.int16)
        self._spread([self.image, *pictures.target_guides], values, width, (radius, radius))
        self._repeat_edges(values)
        return values

    def _source(self, pictures: Pictures) -> Flat:
        height, width = self.source_size
        values = np.zeros(height * width * self.shape[0] + LANES, np.int16)
        for top, style, guides in zip(self.atlas.tops, pictures.styles, pictures.source_guides, strict=True):
            self._spread([style, *guides], values, width, (int(top), 0))
        return values

    def _spread(self, pictures: Sequence[Image], values: Flat, width: int, corner: tuple[int, int]) -> None:
        """Write pictures side by side into ``values``, which are so wide, from a corner on."""
        together = self.shape[0]
        start, channel = (corner[0] * width + corner[1]) * together, 0
        for picture in pictures:
            whole = np.ascontiguousarray(picture).view()
            whole.flags.writeable = False  # as the kernel was compiled for, because a decoded file is not writable
            tables = np.ascontiguousarray(self._integers.tables[channel : channel + picture.shape[2]])
            self._crew.rows(
                len(picture),
                functools.partial(spread, whole, tables, values, (start + channel, width * together, together)),
            )
            channel += picture.shape[2]

    def _repeat_edges(self, values: Flat) -> None:
        radius = self.patch // 2
        height, width = self._padded_size
        canvas = values[: height * width * self.shape[0]].reshape(height, width, self.shape[0])
        canvas[:radius], canvas[-radius:] = canvas[radius], canvas[-radius - 1]
        canvas[:, :radius], canvas[:, -radius:] = canvas[:, radius, None], canvas[:, -radius - 1, None]

    def _take_means(self, place: int, size: tuple[int, int], channels: tuple[int, int]) -> None:
        """The means of ``values[place]``, of the channels from one to another."""
        values, means = self.values[place], self.means[place]
        shape = (size[1], self.shape[0], *channels)
        stride = -(-self.shape[0] // MEAN_LANES) * MEAN_LANES
        factor = np.float32(self._integers.mean_factor)

        def rows(first: int, last: int) -> None:
            columns = np.empty(size[1] * (channels[1] - channels[0]), np.int32)
            patch_means(values, shape, self.patch, factor, means, stride, columns, first, last)

        self._crew.rows(size[0] - self.patch + 1, rows)
