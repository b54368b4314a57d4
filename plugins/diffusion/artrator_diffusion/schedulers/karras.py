"""The noise levels of Karras et al. (2022): more of the steps where the picture is almost done."""

from __future__ import annotations

from typing import Final

import numpy as np

from artrator_diffusion.schedulers.noise import Doubles, NoiseSchedule

#: How strongly steps gather near the picture; the value of the paper.
_RHO: Final = 7.0


def karras_sigmas(highest: float, lowest: float, steps: int) -> Doubles:
    """``steps`` noise levels from the highest to the lowest, with a 0 at the end."""
    along = np.linspace(0, 1, steps)
    first, last = highest ** (1 / _RHO), lowest ** (1 / _RHO)
    return np.append((first + along * (last - first)) ** _RHO, 0.0)


def times_of(sigmas: Doubles, schedule: NoiseSchedule) -> Doubles:
    """The training times, fractions included, at which the network met these noise levels."""
    levels = np.log(schedule.levels())
    times: Doubles = np.interp(np.log(np.maximum(sigmas, 1e-10)), levels, np.arange(len(levels), dtype=np.float64))
    return times
