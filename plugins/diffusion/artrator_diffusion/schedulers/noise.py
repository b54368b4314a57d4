"""How much noise a latent network was trained with at each of its times, and what its predictions mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from artrator_diffusion.schedulers.base import Array

Doubles = npt.NDArray[np.float64]

SPACINGS: Final = ("leading", "linspace", "trailing")
PREDICTIONS: Final = ("epsilon", "v_prediction", "sample")
BETAS: Final = ("linear", "scaled_linear", "squaredcos_cap_v2")
#: Far more than any network was trained at.
_MOST_TIMES: Final = 100_000
#: What diffusers knows of such schedules, and this module does not.
_UNKNOWN: Final = (
    "clip_sample",
    "thresholding",
    "rescale_betas_zero_snr",
    "use_exponential_sigmas",
    "use_beta_sigmas",
    "use_lu_lambdas",
    "use_flow_sigmas",
)
#: Where diffusers knows more than one way, and this module one.
_ONLY: Final = {"interpolation_type": "linear", "timestep_type": "discrete", "final_sigmas_type": "zero"}


@dataclass(frozen=True)
class NoiseSchedule:
    """What ``scheduler_config.json`` says.

    Attributes:
        kept: ``[times]``: how much of the picture's variance is left at each time, the rest being noise.
        spacing: How the times of a run are spread over all times.
        offset: Added to the times of ``leading`` spacing.
        prediction: What the network predicts: the noise, the velocity, or the picture.
        ends_at_one: Whether the last step goes to no noise at all, instead of to that of time 0.
        cosine: Whether the noise was laid out along a cosine.
        distilled: At how many times a latent consistency network was distilled.
        time_scaling: How fast such a network leaves the sample for the picture as the time goes up.
    """

    kept: Doubles
    spacing: str
    offset: int
    prediction: str
    ends_at_one: bool
    cosine: bool = False
    distilled: int = 50
    time_scaling: float = 10.0

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NoiseSchedule:
        """Read a configuration as diffusers writes it.

        Raises:
            ValueError: It asks for something that is not known here.
        """
        times = int(config.get("num_train_timesteps", 1000))
        if not 1 < times <= _MOST_TIMES:
            raise ValueError(f"num_train_timesteps is {times}; it must lie between 2 and {_MOST_TIMES}")
        kind = config.get("beta_schedule", "linear")
        first, last = float(config.get("beta_start", 0.0001)), float(config.get("beta_end", 0.02))
        if config.get("trained_betas") is not None:
            betas = np.asarray(config["trained_betas"], np.float32)
        elif kind == "linear":
            betas = np.linspace(first, last, times, dtype=np.float32)
        elif kind == "scaled_linear":
            betas = np.linspace(math.sqrt(first), math.sqrt(last), times, dtype=np.float32) ** 2
        elif kind == "squaredcos_cap_v2":
            curve = np.cos((np.arange(times + 1) / times + 0.008) / 1.008 * math.pi / 2) ** 2
            betas = np.minimum(1 - curve[1:] / curve[:-1], 0.999).astype(np.float32)
        else:
            raise ValueError(f"beta_schedule is '{kind}'; known are {', '.join(BETAS)}")
        if betas.shape != (times,) or not ((betas > 0) & (betas < 1)).all():
            raise ValueError(f"the noise of its {times} times must lie between 0 and 1")
        for key, known in (("timestep_spacing", SPACINGS), ("prediction_type", PREDICTIONS)):
            if config.get(key, known[0]) not in known:
                raise ValueError(f"{key} is '{config[key]}'; known are {', '.join(known)}")
        for key in _UNKNOWN:
            if config.get(key):
                raise ValueError(f"{key} is on, which is not supported")
        for key, wanted in _ONLY.items():
            if config.get(key, wanted) != wanted:
                raise ValueError(f"{key} is '{config[key]}'; only '{wanted}' is supported")
        offset = int(config.get("steps_offset", 0))
        if not 0 <= offset < times:
            raise ValueError(f"steps_offset is {offset}; it must lie between 0 and {times - 1}")
        distilled = int(config.get("original_inference_steps", 50))
        if not 1 <= distilled <= times:
            raise ValueError(f"original_inference_steps is {distilled}; it must lie between 1 and {times}")
        return cls(
            # Multiplied up in single precision, as the network was trained.
            kept=np.cumprod(1 - betas, dtype=np.float32).astype(np.float64),
            spacing=config.get("timestep_spacing", "leading"),
            offset=offset,
            prediction=config.get("prediction_type", "epsilon"),
            ends_at_one=bool(config.get("set_alpha_to_one", True)),
            cosine=kind == "squaredcos_cap_v2",
            distilled=distilled,
            time_scaling=float(config.get("timestep_scaling", 10.0)),
        )

    def times(self, steps: int, *, whole: bool = True) -> Doubles:
        """The times of a run, from noise to picture."""
        count = len(self.kept)
        if self.spacing == "linspace":
            spread: Doubles = np.linspace(0, count - 1, steps)[::-1]
            return spread.round() if whole else spread
        if self.spacing == "leading":
            return self.within(np.arange(steps, dtype=np.float64)[::-1] * (count // steps) + self.offset)
        # Cut, because what single steps round away can leave room for one too many.
        return np.arange(count, 0, -count / steps)[:steps].round() - 1

    def within(self, times: Doubles) -> Doubles:
        """The times, none after the last one that the network was trained at, where an offset would lead."""
        return np.minimum(times, len(self.kept) - 1)

    def sigmas(self, times: Doubles) -> Doubles:
        """Noise over picture at each time, in standard deviations, with a 0 at the end."""
        return np.append(np.interp(times, np.arange(len(self.kept)), self.levels()), 0.0)

    def levels(self) -> Doubles:
        """Noise over picture at every time that the network was trained at, in standard deviations, rising."""
        found: Doubles = np.sqrt((1 - self.kept) / self.kept)
        return found

    def finished(self, prediction: Array, sample: Array, picture: float, noise: float) -> Array:
        """What the finished picture would be.

        Args:
            prediction: Of the network.
            sample: ``picture`` times the picture plus ``noise`` times the noise.
            picture: The share of the picture.
            noise: The share of the noise.
        """
        if self.prediction == "sample":
            return prediction
        if self.prediction == "v_prediction":
            size = math.hypot(picture, noise)  # networks are asked at samples in which the squares add up to 1
            told = np.float32(noise / size) * prediction
            return (np.float32(picture / size**2) * sample - told).astype(np.float32)
        return ((sample - np.float32(noise) * prediction) / np.float32(picture)).astype(np.float32)
