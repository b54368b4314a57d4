"""Euler's method on the noise level itself."""

from __future__ import annotations

import numpy as np

from artrator_diffusion.schedulers.base import Array, Prediction, State
from artrator_diffusion.schedulers.noise import NoiseSchedule


class EulerScheduler:
    """Samples are picture plus ``sigma`` times noise; each step goes straight to the next sigma."""

    def __init__(self, schedule: NoiseSchedule, steps: int) -> None:
        """Lay out the times."""
        self._schedule = schedule
        self._times = schedule.times(steps, whole=False)
        self._sigmas = schedule.sigmas(self._times)
        highest = float(self._sigmas.max())
        # Times that begin below the last one begin with a sample that still holds some picture.
        self.noise_scale = highest if schedule.spacing in {"linspace", "trailing"} else float(np.hypot(highest, 1))
        self.steps = steps

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Array]:
        """One step."""
        del state  # each step stands alone
        sigma, after = float(self._sigmas[index]), float(self._sigmas[index + 1])
        size = np.float32(np.hypot(sigma, 1))
        scaled = sample / size
        prediction = await predict(scaled, float(self._times[index]))
        finished = self._schedule.finished(prediction, scaled, 1 / float(size), sigma / float(size))
        slope = (sample - finished) / np.float32(sigma)
        return sample + slope * np.float32(after - sigma), finished
