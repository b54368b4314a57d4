"""What a model does to its worker ends there: a code, a sentence, no hold-up of others, and nothing left behind."""

import asyncio
import contextlib
import hashlib
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from bad_models import BACKEND, write_graph, write_toy

from artrator import ArtratorError, Code, Device
from artrator.package import read_manifest
from artrator.plugins import Wants, find_backend
from artrator.worker.host import Limits, SignedContent, Worker
from artrator.worker.sandbox import landlock
from artrator.worker.scratch import PREFIX, Scratch, sweep

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or landlock.version() < 6, reason="needs Linux with Landlock version 6"
)
IMAGE = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
MEMORY = 700 << 20


def opened():
    """Descriptors of this process."""
    return {link.name: target(link) for link in Path("/proc/self/fd").iterdir()}


def target(link):
    with contextlib.suppress(OSError):
        return str(link.readlink())
    return ""


def children():
    """Processes that this one has started and that have not been reaped."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= set((task / "children").read_text().split())
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """No process, descriptor, thread or folder outlives a test."""
    scratch = tmp_path / "temporary"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before, processes = opened(), children()
    yield
    for _ in range(1200):
        threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("artrator-")]
        more = {name: what for name, what in opened().items() if name not in before}
        left = [*threads, *(children() - processes), *scratch.glob(f"{PREFIX}*"), *more.values()]
        if not left:
            break
        time.sleep(0.05)
    assert left == []


@pytest.fixture
def graph(tmp_path):
    """One of the bad graphs, as if its signature had been verified."""

    def make(name):
        return find_backend("onnx"), verified(write_graph(tmp_path / "packages", name))

    return make


@pytest.fixture
def toy(tmp_path, make_plugin):
    """The backend that misbehaves; ``name`` says what it does while it loads, if anything."""

    def make(name="bad", **grants):
        return make_plugin(BACKEND, backend="bad", **grants), verified(write_toy(tmp_path / "packages", name))

    return make


def verified(folder):
    files = [path for path in folder.iterdir() if path.name != "artrator.toml"]
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    manifest = read_manifest((folder / "artrator.toml").read_text(encoding="utf-8"))
    return SignedContent(folder, manifest, "sha256:" + "0" * 64, hashes)


def attempt(package, do="", **limits):
    """Run one job; what came of it, how the worker ended, and its confinement."""

    async def main():
        tasks = asyncio.all_tasks()
        known = {"run_seconds": 40.0, "load_seconds": 240.0, "memory_bytes": MEMORY, **limits}
        worker = await Worker.start_verified(*package, device=Device(threads=1), limits=Limits(**known))
        try:
            outcome = await worker.run("job", {"image": IMAGE, "do": do})
        except ArtratorError as error:
            outcome = error
        finally:
            death = worker.death
            await worker.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() - tasks == set()
        return outcome, death

    return asyncio.run(main())


def refused(package, **limits):
    """The error that loading ends with."""
    with pytest.raises(ArtratorError) as caught:
        attempt(package, **limits)
    return caught.value


def test_a_good_graph_works_under_the_same_limits(graph):
    outcome, death = attempt(graph("good"))
    assert np.array_equal(outcome["image"], 255 - IMAGE)
    assert death is None


@pytest.mark.parametrize("do", ["segfault", "abort"])
def test_a_model_that_brings_its_process_down_is_a_death_with_a_name(toy, do):
    outcome, death = attempt(toy(), do)
    signal = {"segfault": "SIGSEGV", "abort": "SIGABRT"}[do]
    assert (outcome.code, outcome.message) == (Code.WORKER_DIED, f"The worker was ended by {signal}.")
    assert (death.reason, death.inside, death.limit) == (f"was ended by {signal}", ("job",), False)


def test_a_backend_that_dies_while_it_loads_leaves_its_last_words(toy):
    error = refused(toy("segfault"))
    assert error.code is Code.WORKER_DIED
    assert "SIGSEGV while it loaded the model. about to segfault" in error.message


def test_a_graph_that_never_ends_is_killed_and_its_job_is_to_blame(graph):
    outcome, death = attempt(graph("endless"), run_seconds=1.0)
    assert (outcome.code, outcome.message) == (Code.WORKER_LIMIT, "The model did not finish within 1 seconds.")
    assert (death.culprit, death.limit) == ("job", True)


@pytest.mark.parametrize("name", ["huge", "growing"])
def test_a_graph_that_wants_more_memory_than_there_is_fails_and_the_worker_stays(graph, name):
    outcome, death = attempt(graph(name))
    assert outcome.code is Code.WORKER_LIMIT
    assert "memory" in outcome.message
    assert death is None


def test_constants_that_take_for_ever_to_fold_end_with_the_time_to_load(graph):
    error = refused(graph("bomb"), load_seconds=2.0, memory_bytes=2 << 30)
    assert (error.code, error.message) == (Code.WORKER_LIMIT, "bomb was not loaded within 2 seconds.")


@pytest.mark.parametrize("name", ["not-a-number", "infinite"])
def test_pixels_that_are_no_numbers_are_refused_instead_of_painted_black(graph, name):
    outcome, death = attempt(graph(name))
    assert (outcome.code, death) == (Code.MODEL_FAILED, None)
    assert "not numbers" in outcome.message


def test_an_array_of_floats_is_no_picture(toy):
    outcome, death = attempt(toy(), "nan")
    assert (outcome.code, death) == (Code.MODEL_FAILED, None)


@pytest.mark.parametrize("do", ["allocate", "shared"])
def test_memory_that_the_kernel_refuses_is_an_error_of_the_model(toy, do):
    outcome, death = attempt(toy(), do)
    assert outcome.code in {Code.WORKER_LIMIT, Code.MODEL_FAILED}
    assert death is None


def test_a_model_that_takes_memory_as_fast_as_it_can_is_killed(toy):
    outcome, death = attempt(toy(), "gulp")
    assert outcome.code is Code.WORKER_LIMIT
    assert f"it may take {MEMORY >> 20} MB" in outcome.message
    assert death.limit


def test_threads_without_end_are_ended(toy):
    outcome, death = attempt(toy(), "raw_threads", memory_bytes=8 << 30)
    assert outcome.code is Code.WORKER_LIMIT
    assert "threads" in outcome.message
    assert death.limit


def test_processes_cannot_be_started(toy):
    outcome, death = attempt(toy(), "fork")
    assert (outcome.code, death) == (Code.MODEL_FAILED, None)


def test_a_model_that_prints_without_end_waits_for_itself_alone(toy):
    used = time.process_time()
    outcome, _ = attempt(toy(), "chatter", run_seconds=3.0)
    assert outcome.code is Code.WORKER_LIMIT
    # Reading all that it could print would keep this process busy for as long as it prints.
    assert time.process_time() - used < 2.0


def test_a_worker_that_hangs_up_and_stays_is_ended(toy):
    outcome, death = attempt(toy(), "hang_up")
    assert (outcome.code, outcome.message) == (Code.WORKER_DIED, "The worker was stopped: it hung up.")
    assert not death.limit


def test_a_worker_that_hides_what_it_takes_is_ended(toy, monkeypatch):
    monkeypatch.setattr("artrator.worker.guard._HIDDEN_SECONDS", 0.5)
    outcome, death = attempt(toy(), "leave_others")
    assert (outcome.code, outcome.message) == (Code.WORKER_LIMIT, "The model hid how much memory it takes.")
    assert death.limit


def test_a_worker_that_closes_its_output_keeps_its_limits(toy):
    outcome, _ = attempt(toy(), "be_silent", run_seconds=1.0)
    assert outcome.code is Code.WORKER_LIMIT


def test_a_model_that_sleeps_at_its_close_is_not_waited_for(toy):
    outcome, death = attempt(toy(), "sleep at close")
    assert np.array_equal(outcome["image"], 255 - IMAGE)
    assert death is None


@pytest.mark.parametrize("do", ["block", "stubborn"])
def test_a_cancelled_run_that_goes_on_ends_with_its_process_and_nobody_is_to_blame(toy, do):
    async def main():
        limits = Limits(cancel_seconds=0.3, memory_bytes=MEMORY)
        worker = await Worker.start_verified(*toy(), limits=limits)
        asyncio.get_running_loop().call_later(0.5, worker.cancel, "job")
        try:
            with pytest.raises(ArtratorError) as caught:
                await worker.run("job", {"image": IMAGE, "do": do})
        finally:
            await worker.close()
        return caught.value, worker.death

    error, death = asyncio.run(main())
    assert error.code is Code.JOB_CANCELLED
    assert death.wanted


@pytest.mark.parametrize("do", ["write", "fill"])
def test_a_folder_that_is_filled_ends_the_worker_also_by_files_without_a_name(toy, do):
    files = Wants(files=True)
    outcome, death = attempt(toy(wants=files, allowed=files), do, scratch_bytes=32 << 20)
    # One file is stopped by the system itself, with a signal that Python turns into an error.
    assert outcome.code in {Code.WORKER_LIMIT, Code.MODEL_FAILED}
    if do == "fill":
        assert "folder" in outcome.message
        assert death.limit


def test_others_are_told_and_served_by_a_fresh_worker_when_one_job_passes_a_limit(toy):
    async def main():
        package = toy()
        worker = await Worker.start_verified(*package, limits=Limits(run_seconds=4, memory_bytes=MEMORY))
        slow = asyncio.create_task(worker.run("slow", {"image": IMAGE, "do": "stubborn"}))
        await asyncio.sleep(0)  # its time begins first, and so is over first
        other = asyncio.create_task(worker.run("other", {"image": IMAGE, "do": "stubborn"}))
        outcomes = await asyncio.gather(slow, other, return_exceptions=True)
        death = worker.death
        await worker.close()
        fresh = await Worker.start_verified(*package, limits=Limits(memory_bytes=MEMORY))
        try:
            made = await fresh.run("again", {"image": IMAGE, "do": ""})
        finally:
            await fresh.close()
        return outcomes, death, made

    (slow, other), death, made = asyncio.run(main())
    assert (slow.code, other.code) == (Code.WORKER_LIMIT, Code.WORKER_DIED)
    assert (death.culprit, set(death.inside)) == ("slow", {"slow", "other"})
    assert np.array_equal(made["image"], 255 - IMAGE)


def test_a_busy_event_loop_delays_no_limit(toy):
    """The thread that watches needs nobody's turn."""

    async def main():
        worker = await Worker.start_verified(*toy(), limits=Limits(run_seconds=0.5, memory_bytes=MEMORY))
        run = asyncio.create_task(worker.run("job", {"image": IMAGE, "do": "block"}))
        await asyncio.sleep(0.2)
        status = Path(f"/proc/{worker.pid}/status")
        until = time.monotonic() + 240
        while status.exists() and time.monotonic() < until:
            time.sleep(0.01)
        gone = not status.exists()
        with pytest.raises(ArtratorError) as caught:
            await run
        await worker.close()
        return gone, caught.value

    gone, error = asyncio.run(main())
    assert gone
    assert error.code is Code.WORKER_LIMIT


# --- what dead daemons leave behind


def test_folders_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    living = Scratch()
    dead = tmp_path / f"{PREFIX}dead"
    (dead / "deep" / "deeper").mkdir(parents=True)
    (dead / "deep" / "file").write_bytes(b"x")
    young = tmp_path / f"{PREFIX}young"
    young.mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"x")
    (dead / "link").symlink_to(precious)
    (tmp_path / f"{PREFIX}link").symlink_to(precious)
    (tmp_path / f"{PREFIX}file").write_bytes(b"x")
    assert sweep(tmp_path) == 0  # all are young
    young_seconds = time.time() - young.stat().st_ctime  # not older than that
    time.sleep(0.05)
    young.rmdir()
    assert sweep(tmp_path, young_seconds=young_seconds) == 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(PREFIX)) == sorted(
        [f"{PREFIX}link", f"{PREFIX}file", living.path.name]
    )
    assert (precious / "file").exists()
    living.remove()
    assert not living.path.exists()


def test_nothing_is_swept_where_anybody_could_put_another_folder_in_its_place(tmp_path):
    place = tmp_path / "open"
    (place / f"{PREFIX}dead").mkdir(parents=True)
    place.chmod(0o777)
    assert sweep(place, young_seconds=-1) == 0
    place.chmod(0o1777)
    assert sweep(place, young_seconds=-1) == 1


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    other = tmp_path / f"{PREFIX}other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    assert sweep(tmp_path, young_seconds=-1) == 0
    assert other.exists()
