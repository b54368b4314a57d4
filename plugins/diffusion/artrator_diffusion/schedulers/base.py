"""What every scheduler is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float32]
#: What a multistep scheduler remembers from step to step; each scheduler knows its own.
State: TypeAlias = dict[str, Any]
#: The guided prediction for scaled samples ``[n, …]`` at one time.
Prediction: TypeAlias = Callable[[Array, float], Awaitable[Array]]


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

    async def step(self, index: int, sample: Array, predict: Prediction, state: State) -> tuple[Array, Array]:
        """Go from step ``index`` to the next.

        Args:
            index: 0 for the first.
            sample: Where the pictures are, ``[n, …]``.
            predict: Asks the network; its time is in the network's own units.
            state: Empty at step 0; the scheduler may keep what it needs.

        Returns:
            The samples after the step, and what the finished pictures would look like judged from here.
        """
        ...
