"""Latent consistency: networks distilled to jump to the picture at once, in one to eight steps."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from artrator.errors import ModelError
from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, State
from artrator_diffusion.schedulers.noise import Doubles, NoiseSchedule

#: The spread of pictures that the distillation assumes.
_SPREAD: Final = 0.5


class LCMScheduler:
    """Each step jumps to a picture, and back up to the next time with fresh noise."""

    noise_scale = 1.0

    def __init__(self, schedule: NoiseSchedule, steps: int) -> None:
        """Lay out the times.

        Raises:
            ModelError: There are more steps than times that the network was distilled at.
        """
        if steps > schedule.distilled:
            raise ModelError(f"The sampler lcm takes at most {schedule.distilled} steps with this model.")
        self._schedule = schedule
        self._times = self._spread(schedule, steps)
        self.steps = steps

    def shares(self, index: int) -> tuple[float, float]:
        """See :class:`Scheduler`."""
        if index >= self.steps:
            return 1.0, 0.0
        kept = float(self._schedule.kept[int(self._times[index])])
        return math.sqrt(kept), math.sqrt(1 - kept)

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """One step; the last one adds no noise."""
        time = float(self._times[index])
        picture, noise = self.shares(index)
        finished = self._schedule.finished(await predict(sample, time), sample, picture, noise)
        scaled = time * self._schedule.time_scaling
        # At time 0 the sample is the picture, whatever the network says; this weighs the two.
        stay = _SPREAD**2 / (scaled**2 + _SPREAD**2)
        jump = scaled / math.hypot(scaled, _SPREAD)
        landed = np.float32(jump) * finished + np.float32(stay) * sample
        if index + 1 == self.steps:
            return landed, lambda: landed
        picture_after, noise_after = self.shares(index + 1)
        return np.float32(picture_after) * landed + np.float32(noise_after) * state.draw(), lambda: landed

    @staticmethod
    def _spread(schedule: NoiseSchedule, steps: int) -> Doubles:
        """Times out of those that the network was distilled at, about evenly from the noisiest down."""
        stride = len(schedule.kept) // schedule.distilled
        known = np.arange(schedule.distilled, 0, -1, dtype=np.float64) * stride - 1
        return known[np.floor(np.linspace(0, len(known), steps, endpoint=False)).astype(np.int64)]
