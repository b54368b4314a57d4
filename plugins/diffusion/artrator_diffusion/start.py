"""Where a walk begins: at pure noise, or at a picture with some noise on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from artrator_diffusion.sampling import Noise
from artrator_diffusion.schedulers import Array, Scheduler


@dataclass(frozen=True, eq=False)
class Start:
    """The beginning of a walk.

    Attributes:
        samples: As they are before step ``begin``.
        begin: The first step to take.
        mend: Puts back, after each step, what the mask leaves alone; None where nothing is.
    """

    samples: Array
    begin: int = 0
    mend: Callable[[int, Array], Array] | None = None


def at_noise(scheduler: Scheduler, noise: Noise) -> Start:
    """The beginning of a picture from nothing."""
    return Start(noise.draw() * np.float32(scheduler.noise_scale))


def at_picture(
    scheduler: Scheduler, noise: Noise, latents: Array, strength: float, *, cells: Array | None, mend: bool
) -> Start:
    """The beginning of a picture from a picture.

    Args:
        scheduler: The way, of which the last part is walked.
        noise: Of the job.
        latents: Of the picture, ``[1, channels, height, width]``.
        strength: How much of the way: 0 walks none of it, 1 all.
        cells: 1 where to paint and 0 elsewhere, ``[1, 1, height, width]``; None to paint everywhere.
        mend: Whether the picture is put back after each step where ``cells`` is 0; networks that were trained to see
            mask and picture do it by themselves.
    """
    steps = scheduler.steps
    begin = steps - _walked(steps, strength)
    drawn = noise.draw()

    def noisy(index: int) -> Array:
        picture, much = scheduler.shares(index)
        return np.float32(picture) * latents + np.float32(much) * drawn

    def mended(index: int, samples: Array) -> Array:
        return samples if cells is None else cells * samples + (1 - cells) * noisy(index)

    # What is painted anew in full strength shall owe nothing to what was there.
    anew = cells is not None and strength == 1
    samples = drawn * np.float32(scheduler.noise_scale) if anew else noisy(begin)
    return Start(samples, begin, mended if mend and cells is not None else None)


def _walked(steps: int, strength: float) -> int:
    """How many of the steps are taken; any strength above 0 takes at least one."""
    return 0 if strength == 0 else max(1, min(steps, int(steps * strength)))
