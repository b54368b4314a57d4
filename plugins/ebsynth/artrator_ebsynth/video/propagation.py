"""Carrying one painted keyframe through a clip, frame by frame, in one direction of time.

Each frame is synthesised from the keyframe's painting. What leads it: the edges and colours of the frame beside those
of the keyframe, where each pixel was in the keyframe (positions, carried along by the motion), and the frame made
before, moved to where things are now. The matches of the frame before, moved likewise, are what the search starts from,
so that only the finest level is worked on. What came into view, or did not fit, is matched anew first (``renewal``);
after a cut there is nothing to start from, and the frame begins from chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.field import NeighbourField
from artrator_ebsynth.guides import Motion, edges, positions, sample, shown
from artrator_ebsynth.problem import Guide, refuse
from artrator_ebsynth.schedule import Effort, Preset
from artrator_ebsynth.synthesis import synthesize
from artrator_ebsynth.video.clip import Clip, ExtraGuide
from artrator_ebsynth.video.renewal import Renewal

#: Mean difference in grey levels between a frame and the one before moved onto it: above this it is a cut.
_CUT: Final = 32.0
#: What is left around the painted part when a frame is cut down to it, in patches.
_MARGIN: Final = 2
#: Below this a window is as costly as a small one.
_SMALLEST_WINDOW: Final = 32
#: A pixel whose patch fits so many times worse than the mean is matched anew in the next frame.
_MISFIT: Final = 5.0
#: The work on a frame that starts from the one before: its matches are nearly right, and more of it made no measurable
#: difference to the patch error.
_WARM: Final[Mapping[str, Preset]] = {
    "balanced": Preset((Effort(6, 1, 4, 3),)),
    "fast": Preset((Effort(4, 1, 3, 4),)),
}
#: (0 to 1, picture): how far one frame is, and the frame so far.
StepProgress = Callable[[float, Image], None]


@dataclass(frozen=True)
class Weights:
    """How much each automatic guide counts."""

    edges: float = 1.0
    colour: float = 6.0
    position: float = 2.0
    previous: float = 0.5


@dataclass(frozen=True)
class Manner:
    """How frames are made.

    Attributes:
        seed: Another one, another film.
        preset: As of ``synthesize``.
        patch: As of ``synthesize``.
        uniformity: As of ``synthesize``.
        weights: Of the automatic guides.
        feather: Over how many pixels, inwards from the masks' edges, the painting fades in.
        warm: Whether a frame starts from the matches of the one before.
        device: As of ``synthesize``.
        threads: As of ``synthesize``.
    """

    seed: int = 0
    preset: str = "balanced"
    patch: int = 5
    uniformity: float = 3500.0
    weights: Weights = Weights()
    feather: int = 0
    warm: bool = True
    device: str = "cpu"
    threads: int = 0


@dataclass(frozen=True, eq=False)
class Step:
    """One frame of a pass.

    Attributes:
        place: Which frame.
        image: uint8 ``[h, w, 3]``: as filmed where the mask is black.
        error: float32 ``[h, w]``: the patch error; 0 where the mask is black.
    """

    place: int
    image: Image
    error: npt.NDArray[np.float32]


def propagate(
    clip: Clip,
    keyframe: int,
    places: range,
    manner: Manner,
    progress: Callable[[int], StepProgress],
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Step]:
    """Make the frames of ``places``, which lead away from the keyframe one by one.

    Args:
        clip: The clip.
        keyframe: A place in ``clip.keyframes``.
        places: Those next to the keyframe, after it or, with a step of -1, before it.
        manner: How.
        progress: Given a place, what to tell the progress of that frame.
        cancelled: Asked several times a second.

    Raises:
        ArtratorError: ``job_cancelled``; ``input_invalid`` about the preset.
    """
    if manner.preset not in _WARM:
        raise refuse("preset", f"is '{manner.preset}'; use {' or '.join(sorted(_WARM))}.")
    state = _Carried.at(clip, keyframe)
    motion = Motion()
    source = _Source.of(clip, keyframe, manner)
    for place in places:
        state, step = _next(clip, source, state, place, motion, manner, progress(place), cancelled)
        yield step


@dataclass(frozen=True, eq=False)
class _Carried:
    """What goes from one frame to the next: the picture, where its pixels were in the keyframe, and its matches."""

    place: int
    image: Image
    origins: npt.NDArray[np.float32]
    field: NeighbourField
    error: npt.NDArray[np.float32]

    @classmethod
    def at(cls, clip: Clip, keyframe: int) -> _Carried:
        """At the keyframe, every pixel is made of itself."""
        height, width = clip.size
        y, x = np.mgrid[:height, :width].astype(np.int32)
        own = NeighbourField(np.zeros((height, width), np.uint16), y, x)
        painted = clip.composed(keyframe, clip.keyframes[keyframe])
        return cls(keyframe, painted, positions(height, width), own, np.zeros((height, width), np.float32))

    def moved(self, places: npt.NDArray[np.float32]) -> _Carried:
        """To where things are in the next frame."""
        field = self.field
        parts = [sample(part.astype(np.float32), places, nearest=True).astype(np.int32) for part in (field.y, field.x)]
        return _Carried(
            self.place,
            sample(self.image, places),
            sample(self.origins, places),
            NeighbourField(field.source, *parts),
            sample(self.error, places, nearest=True),
        )


@dataclass(frozen=True, eq=False)
class _Source:
    """The keyframe's side of all guides, the same for every frame of a pass."""

    keyframe: int
    painted: Image
    guides: Mapping[str, Image]
    usable: Image | None
    renewal: Renewal

    @classmethod
    def of(cls, clip: Clip, keyframe: int, manner: Manner) -> _Source:
        """Of a keyframe of a clip."""
        inside = clip.inside(keyframe)
        painted = clip.composed(keyframe, clip.keyframes[keyframe])
        guides = _guides(clip, keyframe, positions(*clip.size), painted)
        usable = None if inside is None else _usable(inside, manner.patch)
        renewal = Renewal(painted, guides["edges"], guides["colour"], usable, manner.patch)
        return cls(keyframe, painted, guides, usable, renewal)


def _usable(inside: npt.NDArray[np.bool_], patch: int) -> Image | None:
    """The painted part of the keyframe as a source mask; None where no whole patch lies in it."""
    whole = inside.copy()
    for axis in (0, 1):
        line = np.moveaxis(whole, axis, 0)
        held = line.copy()
        for step in range(1, min(patch // 2, len(line) - 1) + 1):
            held[step:] &= line[:-step]
            held[:-step] &= line[step:]
        whole = np.moveaxis(held, 0, axis)
    return np.where(inside, 255, 0).astype(np.uint8) if whole.any() else None


def _guides(clip: Clip, place: int, origins: npt.NDArray[np.float32], painted: Image) -> dict[str, Image]:
    """One side of every guide."""
    frame = clip.frames[place]
    own = {
        "edges": edges(frame),
        "colour": frame[:, :, :3],
        "position": shown(origins, *clip.size),
        "previous": painted,
    }
    return own | {_key(extra): extra.pictures[place] for extra in clip.extras}


def _key(extra: ExtraGuide) -> str:
    """What no automatic guide is called."""
    return f"'{extra.name}'"


def _next(
    clip: Clip,
    source: _Source,
    before: _Carried,
    place: int,
    motion: Motion,
    manner: Manner,
    progress: StepProgress,
    cancelled: Callable[[], bool] | None,
) -> tuple[_Carried, Step]:
    frame = clip.frames[place]
    places = motion.places(frame, clip.frames[before.place])
    seen = sample(clip.frames[before.place], places)
    cut = float(np.abs(seen.astype(np.int16) - frame).mean()) > _CUT
    carried = before.moved(places)
    inside = clip.inside(place)
    warm = manner.warm and not cut
    seed = manner.seed + abs(place - source.keyframe)
    if warm:
        lost = motion.lost(frame, clip.frames[before.place], places)
        lost |= carried.error > _MISFIT * max(1.0, float(carried.error.mean()))
        if inside is not None:
            lost &= inside
        y, x = source.renewal.matches(frame, lost, seed, manner.threads, cancelled, manner.device)
        carried.field.y[lost], carried.field.x[lost] = y, x
        carried.origins[lost] = np.stack([x, y], axis=-1)
        carried.image[lost] = source.painted[y, x]
    window = _window(inside, manner.patch)
    image = frame.copy() if inside is not None else carried.image
    error = np.zeros(clip.size, np.float32)
    if window is None:
        progress(1.0, image)
        return _Carried(place, image, carried.origins, carried.field, error), Step(place, image, error)
    targets = _guides(clip, place, carried.origins, carried.image)
    weights = {
        "edges": manner.weights.edges,
        "colour": manner.weights.colour,
        "position": manner.weights.position,
        "previous": manner.weights.previous,
    } | {_key(extra): extra.weight for extra in clip.extras}
    field = carried.field
    start = NeighbourField(field.source[window], field.y[window], field.x[window])
    mask = None if inside is None else np.where(inside[window], 255, 0).astype(np.uint8)

    def tell(done: int, total: int, preview: Image) -> None:
        progress(done / total, preview)

    made = synthesize(
        source.painted,
        [Guide(source.guides[name], targets[name][window], weight, name) for name, weight in weights.items()],
        mask=mask,
        source_mask=source.usable,
        seed=seed,
        preset=_WARM[manner.preset] if warm else manner.preset,
        patch=manner.patch,
        uniformity=manner.uniformity,
        field=start if warm else None,
        device=manner.device,
        threads=manner.threads,
        progress=tell,
        cancelled=cancelled,
    )
    if inside is None:
        image = made.image
    else:
        image[window] = np.where(inside[window][:, :, None], made.image, image[window])
    error[window] = made.error
    field.y[window], field.x[window] = made.field.y, made.field.x
    return _Carried(place, image, carried.origins, field, error), Step(place, image, error)


def _window(inside: npt.NDArray[np.bool_] | None, patch: int) -> tuple[slice, slice] | None:
    """The rows and columns that hold all of the painted part; None if there is none."""
    if inside is None:
        return slice(None), slice(None)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    return _stretch(rows, inside.shape[0], patch), _stretch(columns, inside.shape[1], patch)


def _stretch(used: npt.NDArray[np.intp], length: int, patch: int) -> slice:
    first, last = max(0, int(used[0]) - _MARGIN * patch), min(length, int(used[-1]) + 1 + _MARGIN * patch)
    missing = max(0, _SMALLEST_WINDOW - (last - first))
    first = max(0, first - missing)
    return slice(first, min(length, max(last, first + _SMALLEST_WINDOW)))
