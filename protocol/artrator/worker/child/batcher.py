"""Step-level batching: calls of one kernel made by different jobs become one call, whichever step each is at.

Work-conserving: when nothing computes, a call starts at once; what arrives meanwhile goes together as soon as the
device is free. Who goes first is decided by ``turns``, how many go together by ``sizes``.

When a batch is done, its jobs do what they do between two steps and come back within a moment. Whether the device
should wait for that moment, or go on with those who wait already, is reckoned from what was measured: jobs that once
fell into two groups would else stay in two groups for ever, and each step be computed twice.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from artrator.backend import Array, Batch, Kernel
from artrator.out_of_memory import is_out_of_memory
from artrator.worker.child.calls import Call, Piece, checked, compute, deliver, fail, halves
from artrator.worker.child.experience import Experience, Signature
from artrator.worker.child.memory import peak_bytes
from artrator.worker.child.one_thread import OneThread
from artrator.worker.child.sizes import Measured, Sizes
from artrator.worker.child.turns import Party, Turns

#: Rows that failed together and did well apart this often belong to a graph that cannot take several.
_STRIKES: Final = 2
#: A batch that is over within this time may be computed on the loop: what arrives meanwhile would wait for the device
#: anyway, and nobody notices it.
_BRIEF_SECONDS: Final = 0.02
#: What it takes to pass a batch to the other thread and back.
_WAY_SECONDS: Final = 0.0003
#: A call of another kernel that takes less than this share of the most urgent one's batch may go before it.
_SMALL: Final = 0.1
#: Turns of the loop that it takes at most to read a new job from the connection and to begin it.
_TURNS: Final = 4
#: Signatures that are remembered as they came; buyers choose sizes, so there may be any number.
_REMEMBERED: Final = 256


class Batcher:
    """The one queue in front of a worker's device."""

    def __init__(
        self,
        *,
        tell: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None,
        memory_bytes: int = 0,
        at_work: Callable[[], int] | None = None,
    ) -> None:
        """Begin to serve.

        Args:
            tell: Called with what is worth keeping, whenever there is news.
            memory_bytes: What the process may take; 0 where that is not known.
            at_work: Asked how many jobs there are, and how many other things for the loop to do. While all of them wait
                for the device, brief batches are computed on the loop itself. None where nobody can say.
        """
        self._queue: list[Call] = []
        self._turns: Final = Turns()
        self._experience: Final = Experience()
        self._tell: Final = tell
        self._memory_bytes: Final = memory_bytes
        self._at_work: Final = at_work
        self._wake: Final = asyncio.Event()
        self._may: Final = asyncio.Event()
        self._may.set()
        # Kernels are called one at a time, and those that care always in the same thread: the contract promises that.
        self._thread: Final = OneThread("kernel")
        self._signatures: Final[dict[object, Signature]] = {}
        # Of each job, between two steps.
        self._moment: Final = Measured()
        # Whether the newest batch went before the most urgent one because it is small.
        self._small = False
        self._strikes: Final[dict[Sizes, int]] = {}
        self._task: Final = asyncio.get_running_loop().create_task(self._serve())

    def recall(self, known: Iterable[Mapping[str, Any]]) -> None:
        """Begin with what an earlier worker told of its batches; before the first call."""
        self._experience.recall(known)

    async def submit(self, party: Party, kernel: Kernel, feeds: Batch) -> Batch:
        """Run the rows of ``feeds``, together with whatever else waits for the same kernel.

        Raises:
            ArtratorError: ``model_failed`` if the feeds are no batch or the kernel fails on these very rows.
        """
        arrays, rows = checked(kernel, feeds)
        future: asyncio.Future[Batch] = asyncio.get_running_loop().create_future()
        call = Call(party, kernel, arrays, rows, self._signature(kernel, arrays), future)
        self._turns.arrive(party)
        self._queue.append(call)
        self._wake.set()
        try:
            return await future
        except BaseException:
            # Cancelled jobs leave at once; rows of theirs that compute already are thrown away when they are done.
            if call in self._queue:
                self._queue.remove(call)
            raise

    def _signature(self, kernel: Kernel, arrays: Mapping[str, Array]) -> Signature:
        """The signature of a call. Most calls are as the last ones were, and to sort and spell it out takes longer."""
        raw = kernel, *[(name, array.dtype, array.shape[1:]) for name, array in arrays.items()]
        found = self._signatures.get(raw)
        if found is None:
            if len(self._signatures) >= _REMEMBERED:
                self._signatures.clear()
            spelt = tuple((name, array.dtype.str, array.shape[1:]) for name, array in sorted(arrays.items()))
            found = self._signatures[raw] = kernel, spelt
        return found

    async def close(self) -> None:
        """Stop after the call that computes now; whoever waits is cancelled."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._thread.close()
        for call in self._queue:
            call.future.cancel()

    def halt(self, halted: bool) -> None:
        """Compute nothing more for now, or go on. What computes already is finished; who waits, waits."""
        if halted:
            self._may.clear()
        else:
            self._may.set()

    # --- serving

    async def _serve(self) -> None:
        while True:
            while not self._queue:
                self._wake.clear()
                await self._wake.wait()
            if not self._may.is_set():
                await self._may.wait()
                continue
            pieces = self._next_batch()
            try:
                await self._compute(pieces)
                await self._report()
            except Exception as error:  # a mistake here must not leave every other job waiting for ever
                for piece in pieces:
                    fail(piece.call, error)

    def _next_batch(self) -> list[Piece]:
        """The call that goes first of those that wait, and what may go with it."""
        first = self._first()
        alike = [call for call in self._queue if call.signature == first.signature]
        waiting = sum([call.rows - call.taken for call in alike])
        left = first.rows - first.taken
        sizes = self._experience.of(first.signature)
        room = sizes.choose(waiting, left, self._free_bytes)
        if room < waiting:
            alike = [call for call in self._turns.order(self._queue) if call.signature == first.signature]
        if not self._small:
            self._turns.begin(first.party)
        pieces: list[Piece] = []
        for call in alike:
            if room <= 0:
                break
            count = min(room, call.rows - call.taken)
            # A call that is cut has to wait for both batches, so only those are cut that are too large for any.
            if pieces and call.taken + count < call.rows and call.rows <= sizes.best:
                continue
            pieces.append(Piece(call, call.taken, call.taken + count))
            call.taken += count
            room -= count
            if call.taken == call.rows:
                self._queue.remove(call)
        return pieces

    def _first(self) -> Call:
        """The most urgent call, or a small one of another kernel.

        A job that has just come computes something small before its steps, such as its words. If that waited for the
        steps of those who are there, it would miss their company. Never two of them in a row, and none that pays less.
        """
        lead = self._turns.lead(self._queue)
        may, self._small = not self._small, False
        others = [call for call in self._queue if call.signature != lead.signature] if may else ()
        for call in others:
            seconds, whole = (self._experience.of(one.signature).seconds(one.rows) for one in (call, lead))
            if call.party.rank <= lead.party.rank and seconds and whole and seconds < _SMALL * whole:
                self._small = True
                return call
        return lead

    def _free_bytes(self) -> float:
        """What the process may take beyond what it ever took; infinite where nobody knows."""
        return self._memory_bytes - peak_bytes() if self._memory_bytes else float("inf")

    def _worth_waiting(self, served: Sequence[Piece]) -> bool:
        """Whether the jobs just served should come back before the next batch begins: one turn of the event loop."""
        if not self._queue:
            return True  # There is nothing to begin.
        signature = self._turns.lead(self._queue).signature
        back = [piece for piece in served if piece.call.taken == piece.call.rows]
        if not back or signature != served[0].call.signature:
            return False  # Others need the device meanwhile.
        sizes = self._experience.of(signature)
        here = sum(call.rows - call.taken for call in self._queue if call.signature == signature)
        coming = sum(piece.rows for piece in back)
        saved = 0.0
        if here < sizes.wanted:
            together = min(here + coming, sizes.wanted)
            if sizes.is_new(together) or sizes.is_doubtful(together):
                return True  # Nobody knows yet. Two jobs that never met would else go past each other for ever.
            left = here + coming - together
            apart = (sizes.seconds(here) or 0) + (sizes.seconds(coming) or 0)
            saved = apart - (sizes.seconds(together) or 0) - ((sizes.seconds(left) or 0) if left else 0)
        if self._is_brief(sizes, signature[0], here) and self._all_wait(back):
            saved += _WAY_SECONDS
        return saved >= self._moment.seconds * len(back)

    def _fits_the_loop(self, pieces: Sequence[Piece], rows: int) -> bool:
        """Whether a batch is to be computed on the loop: it is brief, and nobody has anything else to do meanwhile."""
        call = pieces[0].call
        return self._is_brief(self._experience.of(call.signature), call.kernel, rows) and self._all_wait(pieces)

    async def _let_come(self) -> None:
        """Give the loop a few turns for what else it has to do: who has just come may then be in the next batch.

        Reports leave as well, which takes less than the way of a batch to the other thread.
        """
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if self._all_wait(()):
                return

    def _is_brief(self, sizes: Sizes, kernel: Kernel, rows: int) -> bool:
        """Whether a batch of so many rows may keep the loop waiting."""
        if self._at_work is None or not kernel.any_thread or sizes.is_new(rows):
            return False
        return (sizes.seconds(rows) or math.inf) <= _BRIEF_SECONDS

    def _all_wait(self, pieces: Sequence[Piece]) -> bool:
        """Whether all jobs wait for the device, these and those in the queue, and the loop has nothing to do."""
        if self._at_work is None:
            return True  # nobody can say who else there is
        waiting = {call.party for call in self._queue}
        waiting.update([piece.call.party for piece in pieces])
        return self._at_work() <= len(waiting)

    async def _report(self) -> None:
        if self._tell is not None and (news := self._experience.news()) is not None:
            await self._tell(news)

    # --- computing

    async def _compute(self, pieces: Sequence[Piece]) -> bool:
        """Run the pieces in one call; where that fails, halves, so that one bad job fails alone.

        Returns:
            Whether every piece did well.
        """
        pieces = [piece for piece in pieces if not piece.call.future.done()]
        if not pieces:
            return True
        rows = sum(piece.rows for piece in pieces)
        sizes = self._experience.of(pieces[0].call.signature)
        new = sizes.is_new(rows)
        if new:
            sizes.trying(rows)
            if self._tell is not None:
                await self._tell(self._experience.to_json())
        before = peak_bytes() if new else 0
        handed_out = False

        def as_it_is_made(made: tuple[dict[str, Array], float]) -> None:
            """Called a turn of the loop before this goes on: whoever is answered now is back by then."""
            nonlocal handed_out
            if handed_out := self._worth_waiting(pieces):
                self._hand_out(pieces, rows, *made)

        try:
            if self._fits_the_loop(pieces, rows):
                outputs, seconds = compute(pieces)
                as_it_is_made((outputs, seconds))
            else:
                outputs, seconds = await self._thread.call(compute, pieces, as_it_is_made)
        except Exception as error:  # whatever a kernel raises is the job's failure, not the worker's
            return await self._in_halves(pieces, rows, sizes, error)
        if not handed_out:
            self._hand_out(pieces, rows, outputs, seconds)
        if handed_out or self._small:
            await self._let_come()
        sizes.observe(rows, seconds, len(pieces))
        if new:
            self._experience.changed()
            if rows > 1 and (grown := peak_bytes() - before) > 0:
                sizes.observe_memory(rows, grown)
        return True

    def _hand_out(self, pieces: Sequence[Piece], rows: int, outputs: dict[str, Array], seconds: float) -> None:
        """Give every call its rows, and charge its job for them."""
        begun, offset = time.thread_time(), 0
        for piece in pieces:
            self._turns.charge(piece.call.party, seconds * piece.rows / rows)
            # Copied out of the batch, so that no job keeps the rows of another one alive.
            mine = slice(offset, offset + piece.rows)
            deliver(piece, outputs if len(pieces) == 1 else {n: array[mine].copy() for n, array in outputs.items()})
            offset += piece.rows
        # Called after all that the loop does with them. Of the processor's time: the machine, or the other thread,
        # may keep the loop from it.
        asyncio.get_running_loop().call_soon(lambda: self._moment.add((time.thread_time() - begun) / len(pieces)))

    async def _in_halves(self, pieces: Sequence[Piece], rows: int, sizes: Sizes, error: Exception) -> bool:
        memory = is_out_of_memory(error)
        if rows == 1 or (len(pieces) == 1 and not memory):
            for piece in pieces:
                fail(piece.call, error)
            return False
        if memory:
            sizes.too_large(rows)
            self._experience.changed()
        good = [await self._compute(half) for half in halves(pieces)]
        if not memory and all(good):
            self._strikes[sizes] = self._strikes.get(sizes, 0) + 1
            if self._strikes[sizes] >= _STRIKES:
                sizes.too_large(rows)
                self._experience.changed()
        return all(good)
