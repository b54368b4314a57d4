"""All frames of a film: forward and backward passes from the keyframes, and a blend where two of them meet.

::

    frames      1 . . . . . 7 . . . . 12 . . . 16
    keyframes         4           9
    passes      <-----K---->      .
                      .     <-----K----------->
                      |  both, blended  |

Between two keyframes the forward pass is made first and kept, as bytes; then the backward pass comes to meet it, and
each of its frames is blended at once. So no frame is ever held as floats but the one at hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Image
from artrator_ebsynth.video.blend import blend, choose
from artrator_ebsynth.video.clip import Clip
from artrator_ebsynth.video.propagation import Manner, Step, StepProgress, propagate

#: (done, total, preview).
FilmProgress = Callable[[int, int, Image], None]
#: What one made frame counts in progress, so that its levels can be told.
_UNITS: Final = 100


@dataclass(frozen=True)
class Leg:
    """Frames that one keyframe, or two, are carried to.

    Attributes:
        places: In order of time.
        before: The keyframe before them, or None.
        after: The keyframe after them, or None.
    """

    places: range
    before: int | None
    after: int | None


def legs(frames: int, keyframes: list[int]) -> list[Leg]:
    """The parts of a clip between its keyframes, in order of time; those without a frame are left out."""
    edges = [None, *sorted(keyframes), None]
    found = [
        Leg(range(0 if before is None else before + 1, frames if after is None else after), before, after)
        for before, after in itertools.pairwise(edges)
    ]
    return [leg for leg in found if leg.places]


def make_film(
    clip: Clip,
    manner: Manner,
    progress: FilmProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Image]:
    """Every frame of the clip, painted; keyframes are as the artist painted them.

    The same clip and manner give the same bytes at any number of threads.

    Args:
        clip: The clip.
        manner: How.
        progress: Called after every vote with a preview, from the calling thread.
        cancelled: Asked several times a second.

    Raises:
        ArtratorError: ``job_cancelled``; ``input_invalid`` about a guide's weight and the like.
    """
    parts = legs(len(clip.frames), list(clip.keyframes))
    total = sum(len(leg.places) * ((leg.before is not None) + (leg.after is not None)) for leg in parts) * _UNITS
    counter = _Counter(total, progress)
    made: dict[int, Image] = {
        place: np.ascontiguousarray(clip.finished(place, painted, manner.feather))
        for place, painted in clip.keyframes.items()
    }
    for leg in parts:
        kept: dict[int, npt.NDArray[np.float16]] = {}
        if leg.before is not None:
            for step in propagate(clip, leg.before, leg.places, manner, counter.of, cancelled):
                if leg.after is None:
                    made[step.place] = clip.finished(step.place, step.image, manner.feather)
                else:
                    made[step.place], kept[step.place] = step.image, _packed(step.error)
        if leg.after is not None:
            for step in propagate(clip, leg.after, leg.places[::-1], manner, counter.of, cancelled):
                if leg.before is None:
                    made[step.place] = clip.finished(step.place, step.image, manner.feather)
                else:
                    made[step.place] = _joined(clip, leg, step, made[step.place], kept.pop(step.place), manner)
                    counter.show(made[step.place])
    return [made[place] for place in range(len(clip.frames))]


def _joined(clip: Clip, leg: Leg, step: Step, forward: Image, error: npt.NDArray[np.float16], manner: Manner) -> Image:
    """Both passes of one frame."""
    if leg.before is None or leg.after is None:
        raise AssertionError("only between two keyframes do two passes meet")
    share = (step.place - leg.before) / (leg.after - leg.before)
    chosen = choose(error.astype(np.float32), np.sqrt(step.error), share)
    both = blend(forward, step.image, chosen, share, manner.threads or 1)
    return clip.finished(step.place, both, manner.feather)


def _packed(error: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Half the size; the root, because squares of large errors would not fit."""
    return np.sqrt(error).astype(np.float16)


class _Counter:
    """Progress over all passes."""

    def __init__(self, total: int, progress: FilmProgress | None) -> None:
        self._total: Final = total
        self._progress: Final = progress
        self._made = 0

    def of(self, place: int) -> StepProgress:
        """For the next frame."""
        first = self._made
        self._made += _UNITS

        def tell(share: float, preview: Image) -> None:
            if self._progress is not None:
                self._progress(first + round(share * _UNITS), self._total, preview)

        return tell

    def show(self, image: Image) -> None:
        """A finished frame."""
        if self._progress is not None:
            self._progress(self._made, self._total, image)
