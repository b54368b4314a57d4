"""Flow matching in latent space, as ``FlowMatchEulerDiscreteScheduler`` configures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, State

#: What diffusers knows of this scheduler, and this module does not.
_UNKNOWN: Final = (
    "use_dynamic_shifting",
    "use_karras_sigmas",
    "use_exponential_sigmas",
    "use_beta_sigmas",
    "invert_sigmas",
    "stochastic_sampling",
    "shift_terminal",
)


@dataclass(frozen=True)
class FlowSchedule:
    """What ``scheduler_config.json`` says of a flow.

    Attributes:
        times: How the network counts: pure noise is this time, a picture is time 0.
        shift: Above 1, more of the steps are spent near noise.
    """

    times: int
    shift: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FlowSchedule:
        """Read a configuration as diffusers writes it.

        Raises:
            ValueError: It asks for something that is not known here.
        """
        for key in _UNKNOWN:
            if config.get(key):
                raise ValueError(f"{key} is on, which is not supported")
        times, shift = int(config.get("num_train_timesteps", 1000)), float(config.get("shift", 1.0))
        if times < 1 or not 0 < shift < float("inf"):
            raise ValueError("num_train_timesteps and shift must be above 0")
        return cls(times, shift)

    def shifted(self, noise: Any) -> Any:
        """Shares of noise, moved towards noise."""
        return self.shift * noise / (1 + (self.shift - 1) * noise)


class FlowMatchScheduler:
    """Samples are ``1 - sigma`` of the picture and ``sigma`` of the noise; the network says where they go."""

    noise_scale = 1.0

    def __init__(self, schedule: FlowSchedule, steps: int) -> None:
        """Lay out the times."""
        # The last share that the network was trained at is shifted once by its own schedule and once more by the run's.
        lowest = schedule.shifted(1 / schedule.times)
        self._sigmas = np.append(schedule.shifted(np.linspace(1.0, lowest, steps)), 0.0)
        self._count = schedule.times
        self.steps = steps

    def shares(self, index: int) -> tuple[float, float]:
        """See :class:`Scheduler`."""
        sigma = float(self._sigmas[index])
        return 1 - sigma, sigma

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """One step along the velocity."""
        del state  # each step stands alone
        sigma, after = float(self._sigmas[index]), float(self._sigmas[index + 1])
        velocity = await predict(sample, sigma * self._count)
        return sample + velocity * np.float32(after - sigma), lambda: sample - velocity * np.float32(sigma)
