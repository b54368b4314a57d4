"""The whole way: from chance at the coarsest level to the finished picture at the finest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.atlas import Atlas
from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import NeighbourField, Packed, begin_with, random_matches, refine
from artrator_ebsynth.graphics import CUDADevice, GraphicsDevice, GraphicsSearch
from artrator_ebsynth.kernels import prepare
from artrator_ebsynth.level import Level, Pictures
from artrator_ebsynth.problem import Guide, Problem, refuse, state
from artrator_ebsynth.pyramid import dilate, level_count
from artrator_ebsynth.schedule import PRESETS, Effort, Preset, radii
from artrator_ebsynth.search import BandedSearch, Search

#: (done, total, preview): how far it is, and the picture so far in its own channels.
Progress: TypeAlias = Callable[[int, int, Image], None]
#: The longer side of a preview.
_PREVIEW_SIDE: Final = 320


@dataclass(frozen=True, eq=False)
class Synthesis:
    """What was made.

    Attributes:
        image: uint8 ``[H, W, channels]``, with the channels of the style.
        field: Where every pixel's patch comes from.
        error: float32 ``[H, W]``: the weighted squared distance of every pixel's patch, style and guides together;
            0 where the mask let nothing be made.
    """

    image: Image
    field: NeighbourField
    error: npt.NDArray[np.float32]


def synthesize(
    style: Image | Sequence[Image],
    guides: Iterable[Guide | tuple[Any, ...]],
    *,
    mask: Image | None = None,
    source_mask: Image | Sequence[Image | None] | None = None,
    modulation: Image | None = None,
    init: Image | None = None,
    seed: int = 0,
    preset: str | Preset = "balanced",
    patch: int = 5,
    uniformity: float = 3500.0,
    field: NeighbourField | None = None,
    field_level: int = 0,
    device: str | GraphicsDevice = "cpu",
    threads: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Synthesis:
    """Make a picture out of patches of the style, as the guides say.

    The same inputs give the same bytes with any number of threads. Pictures are uint8 ``[height, width, channels]`` or
    ``[height, width]``; a channel that the file has counts, whatever is in it.

    Args:
        style: What the result is made of; or several pictures, each of any size, with equally many channels.
        guides: ``(source, target)`` or ``(source, target, weight)``, at least one. With several styles, ``source`` is a
            list of as many.
        mask: Target pixels to make, 128 and above; the others keep ``init``, or stay 0.
        source_mask: Parts of the style to use, 128 and above. With several styles, one for each; None uses all of it.
        modulation: How much the guides count at a target pixel, 255 = fully.
        init: The picture to start from.
        seed: Another one, another picture.
        preset: ``balanced``, or ``fast``; or work of one's own.
        patch: The side of a patch: 3, 5 or 7.
        uniformity: What it costs to use some of the style more often than the rest; 0 lets it repeat.
        field: Matches to start from, such as those of the picture before in a video, as large as the result. Positions
            are moved so far inwards that their patch is whole; one that the masks forbid is drawn by chance.
        field_level: The level that ``field`` is the start of: 0 is the full size, 1 is half of it, and so on. Coarser
            levels are left out.
        device: ``cpu``, or ``cuda`` for a graphics card, which must answer: nothing goes elsewhere in silence. Bytes
            made there differ a little from run to run.
        threads: 0 takes all processors.
        progress: Called after every vote, from the calling thread.
        cancelled: Asked several times a second.

    Raises:
        ArtratorError: ``input_invalid`` with the slot at fault; ``job_cancelled``; ``backend_runtime_broken`` if there
            is no such device.
    """
    effort = preset if isinstance(preset, Preset) else PRESETS.get(preset)
    if effort is None:
        raise refuse("preset", f"is '{preset}'; use {' or '.join(sorted(PRESETS))}.")
    if isinstance(field_level, bool) or not isinstance(field_level, int) or field_level < 0:
        raise refuse("field level", f"is {field_level}; it must be a whole number from 0.")
    problem = state(
        style, guides, mask=mask, source_mask=source_mask, modulation=modulation, init=init, patch=patch,
        uniformity=uniformity, field=field,
    )  # fmt: skip
    prepare(patch)
    with Crew(threads, cancelled) as crew:
        return _Refinement(problem, crew, _search(device, crew), seed, effort, field_level, progress).run()


def _search(device: str | GraphicsDevice, crew: Crew) -> Search:
    if device == "cpu":
        return BandedSearch(crew)
    if isinstance(device, str):
        if device != "cuda":
            raise refuse("device", f"is '{device}'; use cpu or cuda.")
        device = CUDADevice()
    return GraphicsSearch(crew, device)


class _Refinement:
    """One run through the levels."""

    def __init__(
        self,
        problem: Problem,
        crew: Crew,
        search: Search,
        seed: int,
        preset: Preset,
        field_level: int,
        progress: Progress | None,
    ) -> None:
        self._problem: Final = problem
        self._crew: Final = crew
        self._search: Final = search
        self._random: Final = np.random.Generator(np.random.PCG64(seed % (1 << 64)))
        self._levels: Final = self._pyramid(None if problem.field is None else field_level)
        efforts = [preset.at(place) for place in range(len(self._levels))]
        self._efforts: Final = efforts
        self._progress: Final = progress
        areas = [pictures.target_size[0] * pictures.target_size[1] for pictures in self._levels]
        self._total: Final = sum(area * effort.votes for area, effort in zip(areas, efforts, strict=True))
        self._done = 0
        self._turn = 0

    def run(self) -> Synthesis:
        """From the coarsest level to the finest."""
        level: Level | None = None
        for place in range(len(self._levels) - 1, -1, -1):
            before = None if level is None else (level.matches, level.atlas)
            level = None  # its room is needed before the next one is made
            level = self._search.level(self._levels[place], self._problem)
            level.matches = self._start(level, before, place)
            if before is not None or self._levels[place].init is None:
                level.paint(np.ones(level.target_size, np.uint8))
            del self._levels[place]
            self._improve(level, self._efforts[place], place)
        if level is None:
            raise AssertionError("a pyramid has at least one level")
        return self._finished(level)

    def _start(self, level: Level, before: tuple[Packed, Atlas] | None, place: int) -> Packed:
        """The matches that a level begins with: those of the coarser one, or the field given, or chance."""
        problem, radius = self._problem, self._problem.patch // 2
        if before is not None:
            atlases = before[1], level.atlas
            return refine(before[0], level.target_size, atlases, level.allowed, radius, self._random)
        if problem.field is not None:
            given = problem.field, place, level.target_size, level.atlas
            return begin_with(*given, level.allowed, radius, self._random)
        return random_matches(level.target_size, level.allowed, self._random)

    def _improve(self, level: Level, effort: Effort, place: int) -> None:
        """Search and vote in turn."""
        active = level.inside
        for number in range(effort.votes):
            self._crew.check()
            level.measure(active)
            held = level.matches.copy()
            turns = range(self._turn, self._turn + effort.sweeps)
            self._turn += effort.sweeps
            tries = [radii(level.source_size, effort.near_tries, turn) for turn in turns]
            self._search.improve(level, active, tries, self._random)
            moved = self._vote(level, held, effort.still)
            if effort.still and number < effort.votes - 1:
                active = dilate(moved, level.patch, self._crew) & level.inside
            self._report(level, place)

    def _vote(self, level: Level, held: Packed, still: float) -> npt.NDArray[np.uint8]:
        """Make the picture from what was found; which of its pixels changed by more than ``still`` grey levels."""
        stale = dilate((level.matches != held).astype(np.uint8), level.patch, self._crew)
        return (level.paint(stale) >= still * level.brightest).astype(np.uint8)

    def _finished(self, level: Level) -> Synthesis:
        level.measure(level.inside)
        image = level.image
        inside = self._problem.inside
        if inside is not None:
            outside = inside == 0
            image[outside] = 0 if self._problem.init is None else self._problem.init[outside]
        return Synthesis(image, NeighbourField.unpack(level.matches, level.atlas), level.costs * level.unit)

    def _pyramid(self, coarsest: int | None) -> list[Pictures]:
        """The pictures of all levels, finest first, down to where the style still has a usable patch.

        Args:
            coarsest: None, or the coarsest level that is needed.
        """
        problem = self._problem
        levels = [Pictures.full(problem)]
        if not levels[0].allowed(problem.patch, self._crew).any():
            raise refuse("source mask", f"selects no patch of {problem.patch} x {problem.patch} pixels.")
        sources, (height, width) = Atlas.of(problem.styles).sizes, problem.target_size
        count = level_count((*(side for size in sources for side in size), height, width), problem.patch)
        for place in range(1, count if coarsest is None else min(count, coarsest + 1)):
            smaller = [(rows >> place, columns >> place) for rows, columns in sources]
            coarser = levels[-1].halved(smaller, (height >> place, width >> place), self._crew)
            if not coarser.allowed(problem.patch, self._crew).any() or (
                coarser.inside is not None and not coarser.inside.any()
            ):
                break
            levels.append(coarser)
        return levels

    def _report(self, level: Level, place: int) -> None:
        """Tell how far it is, in pixels voted for."""
        self._done += level.target_size[0] * level.target_size[1]
        if self._progress is None:
            return
        grown = np.repeat(np.repeat(level.image, 1 << place, axis=0), 1 << place, axis=1)
        stride = -(-max(grown.shape[:2]) // _PREVIEW_SIDE)
        self._progress(self._done, self._total, np.ascontiguousarray(grown[::stride, ::stride]))
