"""Euler's method on the noise level itself, straight or with fresh noise at every step."""

from __future__ import annotations

import numpy as np

from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, State
from artrator_diffusion.schedulers.karras import karras_sigmas, times_of
from artrator_diffusion.schedulers.noise import NoiseSchedule


class EulerScheduler:
    """Samples are picture plus ``sigma`` times noise; each step goes straight to the next sigma."""

    def __init__(self, schedule: NoiseSchedule, steps: int, *, karras: bool = False, ancestral: bool = False) -> None:
        """Lay out the times.

        Args:
            schedule: Of the network.
            steps: Number of steps.
            karras: Spread the noise levels as Karras et al. do, between those of the first and the last time.
            ancestral: Go below the next sigma and come back up to it with fresh noise, which forgives errors of
                earlier steps but never settles on one picture as steps are added.
        """
        self._schedule = schedule
        self._ancestral = ancestral
        self._times = schedule.times(steps, whole=False)
        self._sigmas = schedule.sigmas(self._times)
        if karras:
            self._sigmas = karras_sigmas(float(self._sigmas[0]), float(self._sigmas[-2]), steps)
            self._times = times_of(self._sigmas[:-1], schedule)
        highest = float(np.max(self._sigmas))
        # Times that begin below the last one begin with a sample that still holds some picture.
        self.noise_scale = highest if schedule.spacing in {"linspace", "trailing"} else float(np.hypot(highest, 1))
        self.steps = steps

    def shares(self, index: int) -> tuple[float, float]:
        """See :class:`Scheduler`."""
        return 1.0, float(self._sigmas[index])

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """One step."""
        sigma, after = float(self._sigmas[index]), float(self._sigmas[index + 1])
        prediction = await predict(sample / np.float32(np.hypot(sigma, 1)), float(self._times[index]))
        finished = self._schedule.finished(prediction, sample, 1.0, sigma)
        slope = (sample - finished) / np.float32(sigma)
        if not self._ancestral:
            return sample + slope * np.float32(after - sigma), lambda: finished
        up = after * np.sqrt(max(0.0, sigma**2 - after**2)) / sigma
        down = np.sqrt(max(0.0, after**2 - up**2))
        there = sample + slope * np.float32(down - sigma)
        # Drawn at every step, the last one too: how much is drawn then never depends on where a walk ends.
        return there + state.draw() * np.float32(up), lambda: finished
