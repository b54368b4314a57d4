"""Calls of kernels on their way through a batch: taken apart into pieces, computed together, handed back whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from artrator.backend import Array, Batch, Kernel
from artrator.errors import ArtratorError, Code, ModelError
from artrator.out_of_memory import is_out_of_memory
from artrator.worker.child.experience import Signature
from artrator.worker.child.turns import Party


@dataclass(eq=False, slots=True)
class Call:
    """One ``context.batch`` that waits for its rows."""

    party: Party
    kernel: Kernel
    feeds: dict[str, Array]
    rows: int
    signature: Signature
    future: asyncio.Future[Batch]
    #: Rows that have been handed to a batch already.
    taken: int = 0
    parts: dict[int, dict[str, Array]] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Piece:
    """Rows ``start`` to ``stop`` of a call, which travel in one batch."""

    call: Call
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """How many."""
        return self.stop - self.start

    def feed(self, name: str) -> Array:
        """Its rows of one tensor."""
        array = self.call.feeds[name]
        return array if self.rows == self.call.rows else array[self.start : self.stop]


def checked(kernel: Kernel, feeds: Batch) -> tuple[dict[str, Array], int]:
    """The arrays of a call, and how many rows all of them have; raises ModelError if they do not."""
    arrays = {name: np.asarray(array) for name, array in feeds.items()}
    sizes = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise ModelError(f"The kernel {kernel.name} was given arrays that do not share a first axis.")
    return arrays, sizes.pop()


def compute(pieces: Sequence[Piece]) -> tuple[dict[str, Array], float]:
    """Merge the pieces and call the kernel, and hold it to its promise."""
    kernel, rows = pieces[0].call.kernel, sum(piece.rows for piece in pieces)
    begun = time.perf_counter()
    merged = {name: _joined([piece.feed(name) for piece in pieces]) for name in pieces[0].call.feeds}
    try:
        outputs = {name: np.asarray(array) for name, array in kernel.run(merged).items()}
    except BaseException as error:
        # These end loops and threads instead of failing; a future would not even take the last one.
        if not isinstance(error, Exception) or isinstance(error, StopIteration):
            raise ModelError(f"The kernel {kernel.name} tried to end the worker.") from error
        raise
    for name, array in outputs.items():
        if not array.ndim or array.shape[0] != rows:
            raise ModelError(
                f"The kernel {kernel.name} was given {rows} rows but {name} has shape {list(array.shape)}."
            )
    return outputs, time.perf_counter() - begun


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def halves(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Two lists of pieces, neither empty; a lone piece is cut in its rows."""
    if len(pieces) > 1:
        middle = len(pieces) // 2
        return list(pieces[:middle]), list(pieces[middle:])
    piece = pieces[0]
    middle = piece.start + piece.rows // 2
    return [Piece(piece.call, piece.start, middle)], [Piece(piece.call, middle, piece.stop)]


def deliver(piece: Piece, outputs: dict[str, Array]) -> None:
    """Give a call what was made of a piece of it; it is answered when all of its rows are there."""
    call = piece.call
    if call.future.done():
        return
    if piece.rows == call.rows:
        call.future.set_result(outputs)
        return
    call.parts[piece.start] = outputs
    if sum(_rows(part) for part in call.parts.values()) < call.rows:
        return
    parts = [call.parts[start] for start in sorted(call.parts)]
    if any(part.keys() != parts[0].keys() for part in parts):
        fail(call, ModelError(f"The kernel {call.kernel.name} made other outputs for some rows than for others."))
        return
    call.future.set_result({name: _joined([part[name] for part in parts]) for name in parts[0]})


def _rows(part: dict[str, Array]) -> int:
    return next((array.shape[0] for array in part.values()), 0)


def fail(call: Call, error: Exception) -> None:
    """Answer a call that nothing can be made of."""
    if call.future.done():
        return
    if isinstance(error, ArtratorError):
        call.future.set_exception(error)
    elif is_out_of_memory(error):
        call.future.set_exception(
            ArtratorError(Code.WORKER_LIMIT, f"The kernel {call.kernel.name} ran out of memory for a single row.")
        )
    else:
        call.future.set_exception(error)
