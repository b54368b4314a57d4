"""Ways from noise to picture: which times to visit, and how to step between them.

A scheduler is made once for a number of steps and holds nothing of any picture, so all pictures of a job and all jobs
may share one. It moves a whole batch of samples at once.
"""

from __future__ import annotations

from artrator_diffusion.schedulers.base import Array, Prediction, Scheduler, State

__all__ = ["Array", "Prediction", "Scheduler", "State"]
