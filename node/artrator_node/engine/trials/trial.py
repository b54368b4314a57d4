"""One trial: a package on one choice, in a worker of its own, for a few seconds.

What is timed is what a buyer gets: whole runs through the worker, not bare kernels. First one run alone that nobody
counts, because it allocates and compiles; then some alone, then some at once, which the worker's batcher merges.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from artrator.backend import Value
from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest
from artrator.worker.host import Worker
from artrator_node.catalogue import ServedPackage
from artrator_node.engine.devices.figures import Figures
from artrator_node.engine.devices.places import Choice
from artrator_node.engine.slot import StartWorker, WorkerHandle
from artrator_node.engine.trials import samples

#: How far a picture may be from the processor's, in levels of 255 (root of the mean square): rounding differs from
#: device to device and grows from step to step, but nobody sees it below this.
TOLERANCE: Final = 2.0
#: The same where 16 bits were allowed.
COARSE_TOLERANCE: Final = 8.0
#: Of numbers, as a share.
_NUMBERS: Final = 0.01
#: A package is tried with the largest request that takes no longer than this on the processor, up to the usual one.
_LONG_RUN: Final = 2.0
_RUNS_ALONE: Final = 5
#: What a package says of a request that it cannot do.
_OF_THE_REQUEST: Final = (Code.MODEL_FAILED, Code.INPUT_INVALID)
_SECONDS_A_PART: Final = 3.0


@dataclass(frozen=True)
class Reference:
    """What the processor made, to compare others with.

    Attributes:
        size: Of the request, between 0 and 1.
        outputs: By name; empty if the package makes something else every time.
    """

    size: float
    outputs: Mapping[str, Value]


@dataclass(frozen=True)
class Tried:
    """The end of a trial: its figures, and what later trials compare with."""

    figures: Figures
    reference: Reference | None


async def attempt(
    start: StartWorker,
    package: ServedPackage,
    choice: Choice,
    *,
    reference: Reference | None = None,
    sizes: Sequence[int] = (4,),
    seconds: float = 60.0,
) -> Tried:
    """Try a package on a choice; never raises for what package, runtime or driver do.

    Args:
        start: How a worker is started.
        package: What to try.
        choice: On what.
        reference: What the processor made; None for the trial that makes it.
        sizes: How many runs to give at once, one number after another.
        seconds: The longest that all of it may take.
    """
    worker: WorkerHandle | None = None
    figures = Figures()
    made: Reference | None = None
    try:
        async with asyncio.timeout(seconds):
            begun = time.monotonic()
            worker = await start(package, choice)
            # What is done once for a package says nothing of its next load.
            seconds_taken = max(0.0, time.monotonic() - begun - worker.info.once_seconds)
            figures = replace(figures, load_seconds=seconds_taken, provider=worker.info.provider)
            runner = _Runner(worker, package.manifest)
            made, figures = await runner.first(figures, reference, choice)
            if not figures.out:
                figures = replace(figures, run_seconds=await runner.alone())
                for size in sizes:
                    figures = replace(figures, rows={**figures.rows, size: await runner.together(size)})
            figures = replace(figures, memory_bytes=worker.resident_bytes)
    except TimeoutError:
        if not figures.run_seconds:
            figures = replace(figures, out=f"It was not done within {seconds:g} seconds.")
        else:
            figures = replace(figures, note=f"It was stopped after {seconds:g} seconds.")
    except ArtratorError as error:
        if error.code in _OF_THE_REQUEST and not (reference is not None and reference.outputs):
            # The device is not to blame: a made-up request is not what every package can do.
            figures = replace(figures, note=f"It could not be tried: {error.message}")
        else:
            figures = replace(figures, out=error.message)
    except asyncio.CancelledError:
        if isinstance(worker, Worker):
            worker.kill()  # somebody waits for the device
        raise
    finally:
        if worker is not None:
            await worker.close()
    return Tried(figures, made or reference)


class _Runner:
    """Runs of one worker."""

    def __init__(self, worker: WorkerHandle, manifest: Manifest) -> None:
        self._worker: Final = worker
        self._manifest: Final = manifest
        self._count = 0
        self._values: Mapping[str, Value] = {}

    async def first(
        self, figures: Figures, reference: Reference | None, choice: Choice
    ) -> tuple[Reference | None, Figures]:
        """Warm the worker up, find a size that it can do often, and compare what it makes."""
        self._values = samples.inputs(self._manifest, 0.0)
        await self._run()
        if reference is None:
            begun = time.monotonic()
            await self._run()
            size = self._size(time.monotonic() - begun)
        else:
            size = reference.size
        self._values = samples.inputs(self._manifest, size)
        made = await self._run()
        if reference is None:
            if _too_far(difference(made, await self._run()), choice):
                return Reference(size, {}), replace(figures, note="It makes another picture every time.")
            return Reference(size, made), replace(figures, difference=0.0)
        if not reference.outputs:
            return reference, replace(figures, note="It makes another picture every time.")
        far = difference(reference.outputs, made)
        figures = replace(figures, difference=None if far == float("inf") else far)
        if _too_far(far, choice):
            words = "another kind of output" if far == float("inf") else f"{far:.1f} levels away"
            figures = replace(figures, out=f"It makes other pictures than the processor: {words}.")
        return reference, figures

    def _size(self, least_seconds: float) -> float:
        """The largest size of which one run will probably not take too long."""
        fitting = (s for s in samples.SIZES if least_seconds * samples.growth(self._manifest, s) <= _LONG_RUN)
        return next(fitting, 0.0)

    async def alone(self) -> float:
        """Seconds of one run, the median of a few."""
        taken: list[float] = []
        begun = time.monotonic()
        while len(taken) < _RUNS_ALONE and (not taken or time.monotonic() - begun < _SECONDS_A_PART):
            before = time.monotonic()
            await self._run()
            taken.append(time.monotonic() - before)
        return statistics.median(taken)

    async def together(self, count: int) -> float:
        """Runs a second while ``count`` are always under way."""
        begun = time.monotonic()
        done = 0

        async def keep_on() -> None:
            nonlocal done
            while True:
                await self._run()
                done += 1
                if time.monotonic() - begun > _SECONDS_A_PART or done >= 4 * count:
                    return

        await asyncio.gather(*(keep_on() for _ in range(count)))
        return done / (time.monotonic() - begun)

    async def _run(self) -> Mapping[str, Value]:
        self._count += 1
        return await self._worker.run(f"trial-{self._count}", self._values)


def difference(one: Mapping[str, Value], other: Mapping[str, Value]) -> float:
    """How far two runs' outputs are apart, in levels of 255; infinite if they are not of one kind.

    Numbers count by the share they differ by, one hundredth as ``TOLERANCE``; texts are the same or not.
    """
    if one.keys() != other.keys():
        return float("inf")
    return max((_apart(one[name], other[name]) for name in one), default=0.0)


def _apart(one: Value, other: Value) -> float:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape:
            return float("inf")
        return float(np.sqrt(np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2))) if one.size else 0.0
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return float("inf")
        return max((_apart(left, right) for left, right in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, int | float) and isinstance(other, int | float):
        share = abs(one - other) / max(abs(one), abs(other), 1e-9)
        return share / _NUMBERS * TOLERANCE
    return 0.0 if one == other else float("inf")


def _too_far(far: float, choice: Choice) -> bool:
    return not far <= (TOLERANCE if choice.precision == "fp32" else COARSE_TOLERANCE)
