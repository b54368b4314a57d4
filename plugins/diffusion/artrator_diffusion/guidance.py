"""Classifier-free guidance: conditional and unconditional rows travel in one batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from artrator.backend import Array, Batch, Context, Kernel
from artrator_diffusion.schedulers import Array as Floats
from artrator_diffusion.schedulers import Prediction
from artrator_diffusion.times import LoadedDenoiser

#: What a tensor holds for one picture with the prompt, and without.
Condition: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True)
class DenoiserTensors:
    """Names of the tensors that every denoiser has."""

    sample: str
    time: str
    output: str


def guidance_code(guidance: float, width: int) -> npt.NDArray[np.float32]:
    """How strong the guidance is, as waves: for networks that were distilled to obey it in one run.

    Args:
        guidance: 1 is none.
        width: Of the code.
    """
    half = width // 2
    pace = np.exp(np.arange(half, dtype=np.float32) * np.float32(-math.log(10_000) / max(1, half - 1)))
    along = np.float32((guidance - 1) * 1000) * pace
    return np.concatenate([np.sin(along), np.cos(along), np.zeros(width % 2, np.float32)])


class Denoiser:
    """A denoiser graph as one batched function."""

    def __init__(self, tensors: DenoiserTensors, loaded: LoadedDenoiser, batch: int) -> None:
        self._tensors = tensors
        self._session = session = loaded.session
        #: A single time has no place for several jobs at different steps; rows of each time are then run by themselves.
        self._single_time = not loaded.each_time
        self._time_shape = session.inputs[tensors.time].shape or ()
        self._dtypes = {name: tensor.dtype for name, tensor in session.inputs.items()}
        self._kernel = Kernel(
            session.name, self._run, batch if loaded.several_rows else 1, any_thread=session.any_thread
        )

    def guided(
        self,
        conditions: Mapping[str, Condition],
        guidance: float,
        context: Context,
        *,
        beside: npt.NDArray[np.float32] | None = None,
    ) -> Prediction:
        """Prediction for samples that all have the same conditions.

        Args:
            conditions: By tensor.
            guidance: How far to go from the unconditional prediction towards the conditional one and beyond; at 1
                the unconditional rows are left out.
            context: The job's.
            beside: Further channels ``[1, channels, height, width]`` that the network wants to see next to the sample.
        """
        both = guidance != 1.0
        dtypes, tensors = self._dtypes, self._tensors
        held: dict[int, dict[str, Array]] = {}

        def told(count: int) -> dict[str, Array]:
            """The conditions of so many samples: the same at every step, and so made once."""
            if count not in held:
                held[count] = {
                    name: np.repeat(np.stack([given, empty] if both else [given]), count, axis=0).astype(dtypes[name])
                    for name, (given, empty) in conditions.items()
                }
            return held[count]

        async def predict(sample: Floats, time: float) -> Floats:
            count = len(sample)
            if beside is not None:
                sample = np.concatenate([sample, np.repeat(beside, count, axis=0)], axis=1)
            if both:
                sample = np.concatenate([sample, sample])
            rows: dict[str, Array] = {
                **told(count),
                tensors.sample: sample.astype(dtypes[tensors.sample], copy=False),
                tensors.time: np.array([time] * len(sample)).astype(dtypes[tensors.time], copy=False),
            }
            made = (await context.batch(self._kernel, rows))[tensors.output].astype(np.float32, copy=False)
            if not both:
                return made
            given, empty = made[:count], made[count:]
            return empty + np.float32(guidance) * (given - empty)

        return predict

    def _run(self, batch: Batch) -> Batch:
        if not self._single_time:
            return self._session.run(batch, [self._tensors.output])
        times = batch[self._tensors.time]
        made: Array | None = None
        for time in np.unique(times):
            chosen = times == time
            feeds = {name: rows[chosen] for name, rows in batch.items()}
            if self._time_shape in {(), (1,)}:
                feeds[self._tensors.time] = np.full(self._time_shape, time, times.dtype)
            part = self._session.run(feeds, [self._tensors.output])[self._tensors.output]
            if made is None:
                made = np.empty((len(times), *part.shape[1:]), part.dtype)
            made[chosen] = part
        return {} if made is None else {self._tensors.output: made}
