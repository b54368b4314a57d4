"""Step-level batching: calls of one kernel made by different jobs become one call.

Work-conserving: when nothing computes, a call starts at once; what arrives meanwhile goes together as soon as the
device is free. Every call stands in one queue in the order it came, so no signature starves another, and a batch
takes one call of each job before a second call of any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from artrator.backend import Array, Batch, Kernel
from artrator.errors import ArtratorError, Code, ModelError

#: What must agree for two calls to be merged: the kernel, and name, dtype and all axes but the first of each array.
_Signature: TypeAlias = tuple[Kernel, tuple[tuple[str, str, tuple[int, ...]], ...]]

#: How runtimes word that memory ran out; there is no common exception.
_OUT_OF_MEMORY: Final = (
    "out of memory",
    "failed to allocate",
    "bad_alloc",
    "alloc failed",
    "cudaerrormemoryallocation",
)


@dataclass(eq=False)
class _Call:
    """One ``context.batch`` that waits for its rows."""

    job: str
    kernel: Kernel
    feeds: dict[str, Array]
    rows: int
    signature: _Signature
    future: asyncio.Future[Batch]
    #: Rows that have been handed to a batch already.
    taken: int = 0
    parts: dict[int, dict[str, Array]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Piece:
    """Rows ``start`` to ``stop`` of a call, which travel in one batch."""

    call: _Call
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


class Batcher:
    """The one queue in front of a worker's device."""

    def __init__(self) -> None:
        self._queue: list[_Call] = []
        self._wake: Final = asyncio.Event()
        # One thread: kernels are called one at a time, which is what the contract promises to backends.
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="kernel")
        # A kernel that ran out of memory keeps to the size that fitted.
        self._fitting: Final[WeakKeyDictionary[Kernel, int]] = WeakKeyDictionary()
        self._task: Final = asyncio.get_running_loop().create_task(self._serve())

    async def submit(self, job: str, kernel: Kernel, feeds: Batch) -> Batch:
        """Run the rows of ``feeds``, together with whatever else waits for the same kernel.

        Raises:
            ArtratorError: ``model_failed`` if the feeds are no batch or the kernel fails on these very rows.
        """
        arrays, rows = _checked(kernel, feeds)
        signature = (kernel, tuple((name, array.dtype.str, array.shape[1:]) for name, array in sorted(arrays.items())))
        future: asyncio.Future[Batch] = asyncio.get_running_loop().create_future()
        call = _Call(job, kernel, arrays, rows, signature, future)
        self._queue.append(call)
        self._wake.set()
        try:
            return await future
        finally:
            # Cancelled jobs leave at once; rows of theirs that compute already are thrown away when they are done.
            if call in self._queue:
                self._queue.remove(call)

    async def close(self) -> None:
        """Stop after the call that computes now."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            pieces = self._next_batch()
            if not pieces:
                self._wake.clear()
                continue
            await self._compute(pieces)

    def _next_batch(self) -> list[_Piece]:
        """The oldest call and what may go with it, one call of each job before a second of any."""
        if not self._queue:
            return []
        oldest = self._queue[0]
        room = max(1, min(oldest.kernel.max_batch, self._fitting.get(oldest.kernel, oldest.kernel.max_batch)))
        alike = [call for call in self._queue if call.signature == oldest.signature]
        firsts: list[_Call] = []
        others: list[_Call] = []
        seen: set[str] = set()
        for call in alike:
            (others if call.job in seen else firsts).append(call)
            seen.add(call.job)
        pieces = []
        for call in firsts + others:
            count = min(room, call.rows - call.taken)
            if count <= 0:
                break
            pieces.append(_Piece(call, call.taken, call.taken + count))
            call.taken += count
            room -= count
            if call.taken == call.rows:
                self._queue.remove(call)
        return pieces

    async def _compute(self, pieces: Sequence[_Piece]) -> None:
        """Run the pieces in one call; where that fails, halves, so that one bad job fails alone."""
        pieces = [piece for piece in pieces if not piece.call.future.done()]
        if not pieces:
            return
        kernel = pieces[0].call.kernel
        rows = sum(piece.rows for piece in pieces)
        merged = {
            name: _joined([piece.call.feeds[name][piece.start : piece.stop] for piece in pieces])
            for name in pieces[0].call.feeds
        }
        try:
            outputs = await asyncio.get_running_loop().run_in_executor(self._thread, _called, kernel, merged, rows)
        except Exception as error:  # whatever a kernel raises is the job's failure, not the worker's
            if rows > 1 and (len(pieces) > 1 or _out_of_memory(error)):
                if _out_of_memory(error):
                    self._fitting[kernel] = min(self._fitting.get(kernel, rows), max(1, rows // 2))
                for half in _halves(pieces):
                    await self._compute(half)
                return
            for piece in pieces:
                _fail(piece.call, error)
            return
        if len(pieces) == 1:
            _deliver(pieces[0], outputs)
            return
        offset = 0
        for piece in pieces:
            # Copied out of the batch, so that no job keeps the rows of another one alive.
            rows_of_piece = slice(offset, offset + piece.rows)
            _deliver(piece, {name: array[rows_of_piece].copy() for name, array in outputs.items()})
            offset += piece.rows


def _checked(kernel: Kernel, feeds: Batch) -> tuple[dict[str, Array], int]:
    arrays = {name: np.asarray(array) for name, array in feeds.items()}
    sizes = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise ModelError(f"The kernel {kernel.name} was given arrays that do not share a first axis.")
    return arrays, sizes.pop()


def _called(kernel: Kernel, feeds: Batch, rows: int) -> dict[str, Array]:
    """Call the kernel, in the kernel thread, and hold it to its promise."""
    outputs = {name: np.asarray(array) for name, array in kernel.run(feeds).items()}
    for name, array in outputs.items():
        if not array.ndim or array.shape[0] != rows:
            raise ModelError(
                f"The kernel {kernel.name} was given {rows} rows but {name} has shape {list(array.shape)}."
            )
    return outputs


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _halves(pieces: Sequence[_Piece]) -> tuple[list[_Piece], list[_Piece]]:
    """Two lists of pieces, neither empty; a lone piece is cut in its rows."""
    if len(pieces) > 1:
        middle = len(pieces) // 2
        return list(pieces[:middle]), list(pieces[middle:])
    piece = pieces[0]
    middle = piece.start + piece.rows // 2
    return [_Piece(piece.call, piece.start, middle)], [_Piece(piece.call, middle, piece.stop)]


def _deliver(piece: _Piece, outputs: dict[str, Array]) -> None:
    call = piece.call
    call.parts[piece.start] = outputs
    if call.future.done() or sum(_rows(part) for part in call.parts.values()) < call.rows:
        return
    parts = [call.parts[start] for start in sorted(call.parts)]
    call.future.set_result({name: _joined([part[name] for part in parts]) for name in parts[0]})


def _rows(part: dict[str, Array]) -> int:
    return next((array.shape[0] for array in part.values()), 0)


def _fail(call: _Call, error: Exception) -> None:
    if call.future.done():
        return
    if isinstance(error, ArtratorError):
        call.future.set_exception(error)
    elif _out_of_memory(error):
        call.future.set_exception(
            ArtratorError(Code.WORKER_LIMIT, f"The kernel {call.kernel.name} ran out of memory for a single row.")
        )
    else:
        call.future.set_exception(error)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _OUT_OF_MEMORY)
