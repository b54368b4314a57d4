"""Flow matching: straight lines from noise to picture, followed by Euler's or Heun's method."""

from __future__ import annotations

import numpy as np

from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, State


class FlowScheduler:
    """Integrates a velocity ``d sample / d time`` from the time of noise to the time of pictures."""

    noise_scale = 1.0

    def __init__(
        self,
        steps: int,
        *,
        noise_time: float = 0.0,
        picture_time: float = 1.0,
        shift: float = 1.0,
        solver: str = "euler",
    ) -> None:
        """Lay out the times.

        Args:
            steps: Number of steps.
            noise_time: What the network calls pure noise.
            picture_time: What it calls a finished picture.
            shift: Above 1, more of the steps are spent near noise, as large pictures need.
            solver: ``euler``: one prediction a step. ``heun``: two, and half the error order.
        """
        noisy = np.linspace(1.0, 0.0, steps + 1)  # 1 is noise, 0 is a picture
        noisy = shift * noisy / (1 + (shift - 1) * noisy)
        self._times = picture_time + (noise_time - picture_time) * noisy
        self._picture_time = picture_time
        self._heun = solver == "heun"
        self._noisy = noisy
        self.steps = steps

    def shares(self, index: int) -> tuple[float, float]:
        """See :class:`Scheduler`."""
        return 1 - float(self._noisy[index]), float(self._noisy[index])

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """Follow the velocity, or with Heun the mean of those at both ends."""
        del state  # each step stands alone
        time, after = float(self._times[index]), float(self._times[index + 1])
        velocity = first = await predict(sample, time)
        if self._heun and index + 1 < self.steps:
            second = await predict(sample + velocity * np.float32(after - time), after)
            velocity = (velocity + second) * np.float32(0.5)
        there = velocity * np.float32(after - time)
        there += sample
        return there, lambda: sample + first * np.float32(self._picture_time - time)
