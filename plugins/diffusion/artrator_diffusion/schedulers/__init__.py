"""Ways from noise to picture: which times to visit, and how to step between them.

A scheduler is made once for a number of steps and holds nothing of any picture, so all pictures of a job and all jobs
may share one. It moves a whole batch of samples at once; what one walk needs from step to step is in its state.
"""

from __future__ import annotations

from artrator_diffusion.schedulers.base import Array, Outlook, Prediction, Scheduler, State
from artrator_diffusion.schedulers.samplers import Samplers

__all__ = ["Array", "Outlook", "Prediction", "Samplers", "Scheduler", "State"]
