"""What is told of a job is a promise, so the journal has the job first.

A job that nobody was told of may live in memory alone: should the node die, its sender has heard nothing and sends it
again. What ends before anybody was told of it is written once, with its end, and its request never reaches the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator_node.engine.live import LiveJob
from artrator_node.files import Spool
from artrator_node.journal import Journal

#: A job that takes longer than this is written all the same: a node that starts again should find what it was at.
MOMENT_SECONDS: Final = 0.25


async def promise(journal: Journal, spool: Spool, live: LiveJob) -> None:
    """Return once a crash cannot lose the job; whoever is told of it is told after this.

    Raises:
        ArtratorError: ``disk_full``; ``conflict`` if the journal has another job of this id.
    """
    if live.writing is None:
        if live.written:
            return  # taken up again after a restart
        live.writing = asyncio.ensure_future(_write(journal, spool, live))
        live.writing.add_done_callback(lambda done: _again_after_failure(live, done))
    await asyncio.shield(live.writing)


@contextlib.contextmanager
def first_written(live: LiveJob) -> Iterator[None]:
    """While the journal is told of a job for the first time together with its end: whoever asks waits for that."""
    writing = live.writing = asyncio.get_running_loop().create_future()
    try:
        yield
    except Exception as error:
        live.writing = None
        writing.set_exception(error)
        writing.exception()  # nobody has to be there to hear it
        raise
    except BaseException:
        live.writing = None
        writing.cancel()
        raise
    live.written = True
    writing.set_result(None)


async def _write(journal: Journal, spool: Spool, live: LiveJob) -> None:
    if live.body is not None:
        await asyncio.to_thread(_spool, spool, live)
    # From here on the journal gets every event of this job, after these: it does things in the order they are asked.
    live.written, record = True, live.record
    try:
        if await journal.accept(record, *live.log.told) is not record:
            raise ArtratorError(Code.CONFLICT, "The job was sent before.")
    except BaseException:
        live.written = False
        raise


def _spool(spool: Spool, live: LiveJob) -> None:
    assert live.body is not None  # noqa: S101  # asked before the thread began
    live.spooled = True
    spool.keep(spool.begin(), live.job, live.body)


def _again_after_failure(live: LiveJob, done: asyncio.Future[None]) -> None:
    """A full disk may have room later: whoever asks next tries again."""
    if done.cancelled() or done.exception() is not None:
        live.writing = None
