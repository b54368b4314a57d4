"""Whoever is cancelled in the middle of something leaves nothing behind, and keeps nobody else waiting."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from one_worker import with_worker

from artrator import ArtratorError, Code
from artrator.plugins.environment import interpreter
from artrator.worker import process
from artrator.worker.check import check_plugin
from artrator.worker.host import Worker
from artrator.worker.outlast import outlast
from artrator.worker.process import Process
from artrator.worker.scratch import PREFIX
from artrator.worker.wire import Channel, WireError

#: Nothing here takes so long on any machine: what waits longer waits for ever.
LONG = 120.0
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="sockets and numbers of files are other things there")


def channels(max_body=64 << 20):
    """Two ends that hold little, so that a picture does not go out at once."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    return Channel(ours, max_body=max_body), Channel(theirs, max_body=max_body)


@POSIX
def test_a_frame_goes_out_whole_although_its_sender_was_cancelled_in_the_middle():
    async def main():
        here, there = channels()
        picture = np.arange(8 << 20, dtype=np.uint8)
        sending = asyncio.create_task(here.send({"op": "done"}, [picture]))
        first = bytearray(1000)
        await there._fill(memoryview(first))  # so it is under way
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        behind = asyncio.create_task(here.send({"op": "error"}))
        left = bytearray(12 + len(b'{"op":"done","arrays":[["uint8",[8388608]]]}') + picture.nbytes - len(first))
        async with asyncio.timeout(LONG):
            await there._fill(memoryview(left))
            assert (await there.receive()).op == "error"
            await behind
        assert (first + left).endswith(picture.tobytes())
        await here.close()
        await there.close()

    asyncio.run(main())


@POSIX
def test_a_channel_closes_although_somebody_sends_to_a_reader_that_never_comes():
    async def main():
        here, there = channels()
        sending = asyncio.create_task(here.send({"op": "run"}, [np.zeros(8 << 20, np.uint8)]))
        await there._fill(memoryview(bytearray(1000)))
        async with asyncio.timeout(LONG):
            await here.close()
            with pytest.raises(WireError):
                await sending
        await there.close()

    asyncio.run(main())


def test_a_job_that_is_cancelled_before_it_has_begun_is_answered(make_plugin, content):
    async def work(worker):
        run = asyncio.create_task(worker.run("a", {"do": "wait"}))
        await asyncio.sleep(0)  # sent
        worker.cancel("a")
        async with asyncio.timeout(LONG):
            with pytest.raises(ArtratorError) as caught:
                await run
        return caught.value.code, worker.alive, await worker.run("b", {"do": "noise", "seed": 1})

    code, alive, _ = with_worker(work, make_plugin(), content, cancel_seconds=10 * LONG, run_seconds=10 * LONG)
    assert code is Code.JOB_CANCELLED
    assert alive


def test_texts_that_do_not_fit_into_a_frame_fail_at_once(make_plugin, content):
    async def work(worker):
        codes = []
        for values in ({"do": "essay", "size": 5 << 20}, {"do": "noise", "note": "x" * (5 << 20)}):
            async with asyncio.timeout(LONG):
                with pytest.raises(ArtratorError) as caught:
                    await worker.run("a", values)
            codes.append(caught.value.code)
        return codes, await worker.run("a", {"do": "noise", "seed": 1})

    codes, _ = with_worker(work, make_plugin(), content, run_seconds=10 * LONG)
    assert codes == [Code.MODEL_FAILED, Code.INPUT_INVALID]


def descriptors():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - their number alone


async def none_open_beyond(before):
    """Wait until no more files are open than there were: a child's output is closed by a thread of its own."""
    async with asyncio.timeout(LONG):
        while descriptors() > before:
            await asyncio.sleep(0.05)


def processes():
    """The processes that this one has started."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found.update((task / "children").read_text().split())
    return found


def of_workers(others):
    """Processes, but for those of other tests, and folders of workers that are there now."""
    return [*(processes() - others), *Path(tempfile.gettempdir()).glob(f"{PREFIX}*")]


@pytest.fixture
def tidy(tmp_path, monkeypatch):
    scratch = tmp_path / "temporary"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    process.sweep_once()
    return scratch


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_start_that_is_cancelled_has_taken_its_process_with_it(make_plugin, content, tidy):
    """Wherever it is: at each of its waits in turn."""
    plugin, others = make_plugin(), processes()

    async def cancelled_at(wait):
        starting = asyncio.create_task(Worker.start_verified(plugin, content))
        for _ in range(wait):
            if starting.done():
                break
            # One more thing that it waited for has come, or the loop has turned.
            await asyncio.sleep(0.004)
        starting.cancel()
        try:
            await (await starting).close()
        except asyncio.CancelledError:
            assert of_workers(others) == []
            return True
        return False

    async def main():
        before = descriptors()
        count = sum([await cancelled_at(wait) for wait in (0, 1, 2, 3, 5, 8, 13, 21, 34)])
        assert count > 3
        await none_open_beyond(before)

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_close_that_is_cancelled_closes_all_the_same(make_plugin, content, tidy):
    others = processes()

    async def main():
        worker = await Worker.start_verified(make_plugin(), content)
        before = descriptors()
        closing = asyncio.create_task(worker.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert of_workers(others) == []
        assert descriptors() < before
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_that_cannot_be_started_for_any_reason_is_an_error(tidy):
    """Not only the system refuses: Python does as well, and nobody would ever hear of it."""

    async def main():
        before = descriptors()
        async with asyncio.timeout(LONG):
            with pytest.raises(ArtratorError) as caught:
                await Process.start(interpreter(), lambda _: {}, lambda _: {"NAME": "with a \0 inside"})
        assert caught.value.code is Code.WORKER_DIED
        with pytest.raises(LookupError):
            await Process.start(interpreter(), lambda _: {}[1], lambda _: {})
        await none_open_beyond(before)

    asyncio.run(main())
    assert list(tidy.iterdir()) == []


def test_what_is_outlasted_is_seen_to_its_end_and_the_cancellation_is_told_then():
    async def main():
        may_end, told = asyncio.Event(), []

        async def slow():
            await may_end.wait()
            told.append("ended")

        waiting = asyncio.create_task(outlast(slow()))
        for _ in range(3):
            await asyncio.sleep(0)
            waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert told == ["ended"]

        async def failing():
            raise ArtratorError(Code.INTERNAL, "No.")

        with pytest.raises(ArtratorError):
            await outlast(failing())

    asyncio.run(main())


def test_a_cancellation_is_not_lost_while_a_process_is_waited_for(make_plugin, monkeypatch):
    """Whoever asks on and on, such as a tuner, could otherwise not be stopped any more."""

    async def main():
        asking: asyncio.Task[object]
        loop, kill = asyncio.get_running_loop(), Process.kill

        def killed(self):
            kill(self)
            loop.call_soon_threadsafe(asking.cancel)

        monkeypatch.setattr(Process, "kill", killed)
        asking = asyncio.create_task(check_plugin(make_plugin()))
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(main())
