"""The schedulers by the names that packages and buyers use, and which of them a model's configuration names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from artrator.errors import ModelError
from artrator_diffusion.schedulers.base import Scheduler
from artrator_diffusion.schedulers.ddim import DDIMScheduler
from artrator_diffusion.schedulers.dpm import DPMScheduler
from artrator_diffusion.schedulers.euler import EulerScheduler
from artrator_diffusion.schedulers.flow_match import FlowMatchScheduler, FlowSchedule
from artrator_diffusion.schedulers.lcm import LCMScheduler
from artrator_diffusion.schedulers.noise import NoiseSchedule

_Maker: TypeAlias = Callable[[NoiseSchedule, int], Scheduler]

#: For networks that were trained on a schedule of noise.
NOISE_SAMPLERS: Final[Mapping[str, _Maker]] = {
    "ddim": DDIMScheduler,
    "euler": EulerScheduler,
    "euler-karras": partial(EulerScheduler, karras=True),
    "euler-ancestral": partial(EulerScheduler, ancestral=True),
    "dpm++2m": DPMScheduler,
    "dpm++2m-karras": partial(DPMScheduler, karras=True),
    "lcm": LCMScheduler,
}
#: For networks that were trained to follow a flow; they know no other way, and no other network knows this one.
FLOW_SAMPLERS: Final = ("flow-euler",)

_FLOW_CLASS: Final = "FlowMatchEulerDiscreteScheduler"
_CLASSES: Final[Mapping[str, str]] = {
    "DDIMScheduler": "ddim",
    "DPMSolverMultistepScheduler": "dpm++2m",
    "EulerAncestralDiscreteScheduler": "euler-ancestral",
    "EulerDiscreteScheduler": "euler",
    "LCMScheduler": "lcm",
}
#: What serves a model whose configuration names a scheduler that is not known: networks do not depend on the scheduler.
_FALLBACK: Final = "dpm++2m"


@dataclass(frozen=True)
class Samplers:
    """What ``scheduler_config.json`` says.

    Attributes:
        default: The sampler that the configuration names.
        stranger: The name of its class if that is not known here, and another sampler stands in; None otherwise.
        schedule: How the network was trained.
    """

    default: str
    stranger: str | None
    schedule: NoiseSchedule | FlowSchedule

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Samplers:
        """Read a configuration as diffusers writes it.

        Raises:
            ValueError: It asks for something that is not known here.
        """
        kind = config.get("_class_name", "")
        if not isinstance(kind, str):
            raise ValueError("_class_name must be a text")
        if kind == _FLOW_CLASS:
            return cls(FLOW_SAMPLERS[0], None, FlowSchedule.from_config(config))
        name = _CLASSES.get(kind, _FALLBACK)
        if name == "dpm++2m" and not _is_second_order(config):
            kind, name = f"{kind} with algorithm_type '{config.get('algorithm_type')}'", _FALLBACK
        if config.get("use_karras_sigmas") and f"{name}-karras" in NOISE_SAMPLERS:
            name = f"{name}-karras"
        stranger = None if kind in _CLASSES else (kind or "no class")
        return cls(name, stranger, NoiseSchedule.from_config(config))

    @property
    def names(self) -> tuple[str, ...]:
        """The samplers that this model can be sampled with."""
        known = FLOW_SAMPLERS if isinstance(self.schedule, FlowSchedule) else tuple(NOISE_SAMPLERS)
        return (*known, "default")

    def make(self, name: str, steps: int) -> Scheduler:
        """A scheduler by one of ``names``.

        Raises:
            ModelError: It cannot take so many steps.
        """
        if isinstance(self.schedule, FlowSchedule):
            return FlowMatchScheduler(self.schedule, steps)
        most = len(self.schedule.kept) - 1  # steps go between times
        if steps > most:
            raise ModelError(f"This model takes at most {most} steps.")
        return NOISE_SAMPLERS[self.default if name == "default" else name](self.schedule, steps)


def _is_second_order(config: Mapping[str, Any]) -> bool:
    """Whether a configuration of DPM-Solver asks for the one variant that is known here."""
    return (config.get("algorithm_type", "dpmsolver++"), config.get("solver_order", 2)) == ("dpmsolver++", 2)
