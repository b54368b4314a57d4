"""DDIM: deterministic steps along the training times."""

from __future__ import annotations

import math

import numpy as np

from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, State
from artrator_diffusion.schedulers.noise import NoiseSchedule


class DDIMScheduler:
    """Predicts the picture, and puts back as much noise as the next time has."""

    noise_scale = 1.0

    def __init__(self, schedule: NoiseSchedule, steps: int) -> None:
        """Lay out the times."""
        self._schedule = schedule
        self._times = schedule.times(steps)
        self._stride = len(schedule.kept) // steps
        self.steps = steps

    def shares(self, index: int) -> tuple[float, float]:
        """See :class:`Scheduler`."""
        if index >= self.steps:
            return 1.0, 0.0
        kept = float(self._schedule.kept[int(self._times[index])])
        return math.sqrt(kept), math.sqrt(1 - kept)

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """One step."""
        del state  # each step stands alone
        time = int(self._times[index])
        before = time - self._stride
        end = 1.0 if self._schedule.ends_at_one else float(self._schedule.kept[0])
        kept_after = float(self._schedule.kept[before]) if before >= 0 else end
        picture, noise = self.shares(index)
        finished = self._schedule.finished(await predict(sample, time), sample, picture, noise)
        direction = (sample - np.float32(picture) * finished) / np.float32(noise)
        there = np.float32(math.sqrt(kept_after)) * finished + np.float32(math.sqrt(1 - kept_after)) * direction
        return there.astype(np.float32, copy=False), lambda: finished
