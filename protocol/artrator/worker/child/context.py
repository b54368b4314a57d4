"""What a running job may ask of its worker: ``artrator.backend.Context``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from artrator.backend import Batch, Image, Kernel, Preview
from artrator.errors import ArtratorError, Code
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.turns import Party

#: (done, total, preview) on their way to the parent.
Report: TypeAlias = Callable[[int, int, Image | None], None]
#: (output, picture) on their way to the parent.
Hand: TypeAlias = Callable[[str, Image], None]

#: A preview is for looking at while one waits, so it is small and at most five come in a second.
PREVIEW_SIDE: Final = 320
PREVIEW_SECONDS: Final = 0.2
#: Bare progress is cheap, but hundreds of jobs that step side by side shall not flood the wire.
PROGRESS_SECONDS: Final = 0.2


class JobContext:
    """The context of one job."""

    def __init__(
        self,
        job: str,
        batcher: Batcher,
        report: Report,
        hand: Hand | None = None,
        output_bytes: int = 1 << 62,
        *,
        buyer: str = "",
        rank: int = 0,
    ) -> None:
        self._party: Final = Party(job, buyer or job, rank)
        self._batcher: Final = batcher
        self._report: Final = report
        self._hand: Final = hand if hand is not None else _nowhere
        self._output_bytes: Final = output_bytes
        self._handed = 0
        self._progressed = float("-inf")
        self._previewed = float("-inf")
        self.cancelled = False
        #: Progress (done, total) that is told with the end, if nothing newer is told before.
        self.untold: tuple[int, int] | None = None

    def progress(self, done: int, total: int, preview: Preview | None = None) -> None:
        """Say how far the job is; dropped where it would be more than a person can see."""
        now = time.monotonic()
        if preview is None or now - self._previewed < PREVIEW_SECONDS:
            picture = None
            # The end of a job of a single step comes at once.
            if now - self._progressed < PROGRESS_SECONDS or done == total == 1:
                self.untold = int(done), int(total)
                return
        else:
            self._previewed = now
            picture = _small(preview() if callable(preview) else preview)
        self._progressed, self.untold = now, None
        self._report(int(done), int(total), picture)

    def output(self, name: str, picture: Image) -> None:
        """Hand over the next finished picture of the output list ``name``."""
        # A copy: it leaves a little later, and the model may paint over its own meanwhile.
        whole = np.array(picture)
        self.count_bytes(whole.nbytes)
        self._hand(str(name), whole)

    def count_bytes(self, size: int) -> None:
        """Note that so much leaves the worker; raises ArtratorError ``worker_limit`` if that is too much."""
        self._handed += size
        if self._handed > self._output_bytes:
            raise ArtratorError(
                Code.WORKER_LIMIT,
                f"The outputs take {self._handed} bytes; at most {self._output_bytes} may leave a worker.",
            )

    def raise_if_cancelled(self) -> None:
        """Leave ``run`` if the buyer cancelled or the deadline passed."""
        if self.cancelled:
            raise ArtratorError(Code.JOB_CANCELLED, "The job was cancelled.")

    def generator(self, seed: int) -> np.random.Generator:
        """Noise that is the same for the same seed on every machine, whatever else runs."""
        return np.random.Generator(np.random.PCG64(seed % (1 << 64)))

    async def batch(self, kernel: Kernel, feeds: Batch) -> Batch:
        """Run ``kernel`` on ``feeds``, merged with what other jobs ask of it at this moment."""
        self.raise_if_cancelled()
        outputs = await self._batcher.submit(self._party, kernel, feeds)
        self.raise_if_cancelled()
        return outputs


def _nowhere(_output: str, _picture: Image) -> None:
    """For contexts of which nobody wants pictures early."""


def _small(preview: Image) -> Image:
    """Every n-th pixel, so that neither side is longer than a preview may be."""
    array = np.asarray(preview)
    if array.ndim < 2:
        return array
    stride = -(-max(array.shape[:2]) // PREVIEW_SIDE)
    return array[::stride, ::stride] if stride > 1 else array
