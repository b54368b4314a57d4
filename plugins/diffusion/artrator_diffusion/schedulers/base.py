"""What every scheduler is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float32]
#: The guided prediction for scaled samples ``[n, …]`` at one time.
Prediction: TypeAlias = Callable[[Array, float], Awaitable[Array]]
#: What the finished pictures would look like, judged from a step: made for those who look, and few look at every step.
Outlook: TypeAlias = Callable[[], Array]


@dataclass
class State:
    """What one job's walk carries from step to step.

    Attributes:
        draw: Fresh standard normal noise of the samples' shape. Each picture's noise comes from its own generator, so
            that a picture does not depend on its company.
        finished: What a multistep scheduler had predicted at the step before; None at its first one.
    """

    draw: Callable[[], Array]
    finished: Array | None = None


class Scheduler(Protocol):
    """One way from noise to picture.

    Attributes:
        steps: How many steps there are; a step may ask for more than one prediction.
        noise_scale: What standard normal noise is multiplied with to begin.
    """

    @property
    def steps(self) -> int:
        """How many steps there are."""
        ...

    @property
    def noise_scale(self) -> float:
        """What standard normal noise is multiplied with to begin."""
        ...

    def shares(self, index: int) -> tuple[float, float]:
        """What samples are made of before step ``index``: so much of the picture, and so much noise.

        Args:
            index: 0 for the first step; ``steps`` stands for the end, where only the picture is left.
        """
        ...

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Outlook]:
        """Go from step ``index`` to the next.

        Args:
            index: 0 for the first; a walk that begins at a picture begins further on.
            sample: Where the pictures are, ``[n, …]``.
            predict: Asks the network; its time is in the network's own units.
            state: New at the first step of a walk; the scheduler may keep what it needs.

        Returns:
            The samples after the step, and what the finished pictures would look like judged from here.
        """
        ...
