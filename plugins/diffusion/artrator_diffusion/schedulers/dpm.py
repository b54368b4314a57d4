"""DPM-Solver++ of second order, multistep: each step also uses what the step before had predicted."""

from __future__ import annotations

import numpy as np

from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, State
from artrator_diffusion.schedulers.karras import karras_sigmas, times_of
from artrator_diffusion.schedulers.noise import Doubles, NoiseSchedule


class DPMScheduler:
    """Few steps with the quality of many."""

    noise_scale = 1.0

    def __init__(self, schedule: NoiseSchedule, steps: int, *, karras: bool = False) -> None:
        """Lay out the times.

        Args:
            schedule: Of the network.
            steps: Number of steps.
            karras: Spread the noise levels as Karras et al. do, over all that the network knows.
        """
        self._schedule = schedule
        if karras:
            levels = schedule.levels()
            sigmas = karras_sigmas(float(levels[-1]), float(levels[0]), steps)
            times = times_of(sigmas[:-1], schedule)
            # Whole times, found as diffusers finds them.
            self._times = np.trunc(times) if schedule.cosine else np.rint(times)
        else:
            self._times = self._spread(schedule, steps)
            sigmas = schedule.sigmas(self._times)
        self._picture = 1 / np.sqrt(sigmas**2 + 1)
        self._noise = sigmas * self._picture
        with np.errstate(divide="ignore"):  # no noise is infinitely much signal
            self._signal = np.log(self._picture) - np.log(self._noise)
        self.steps = steps

    def shares(self, index: int) -> tuple[float, float]:
        """See :class:`Scheduler`."""
        return float(self._picture[index]), float(self._noise[index])

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """One step; the first and the last are of first order."""
        picture, noise = self._picture[index : index + 2], self._noise[index : index + 2]
        prediction = await predict(sample, float(self._times[index]))
        finished = self._schedule.finished(prediction, sample, float(picture[0]), float(noise[0]))
        gain = self._signal[index + 1] - self._signal[index]
        # Where the next step has no noise left, the gain is infinite and the step lands on the prediction.
        fresh = np.float32(-picture[1] * np.expm1(-gain))
        there = np.float32(noise[1] / noise[0]) * sample + fresh * finished
        if state.finished is not None and index + 1 < self.steps:
            ratio = (self._signal[index] - self._signal[index - 1]) / gain
            there = there + np.float32(0.5) * fresh * (finished - state.finished) / np.float32(ratio)
        state.finished = finished
        return there, lambda: finished

    @staticmethod
    def _spread(schedule: NoiseSchedule, steps: int) -> Doubles:
        """The times: one more than the steps is laid out, and the last one, the picture itself, left away."""
        count = len(schedule.kept)
        if schedule.spacing == "leading":
            along = np.arange(steps + 1, dtype=np.float64)[:0:-1]
            return schedule.within(along * (count // (steps + 1)) + schedule.offset)
        if schedule.spacing == "linspace":
            return np.rint(np.linspace(0, count - 1, steps + 1))[:0:-1]
        return schedule.times(steps)
