"""A worker from start to end, whatever the model does."""

import asyncio
import shutil
import struct
from dataclasses import replace

import numpy as np
import pytest
from one_worker import with_worker

from artrator import ArtratorError, Code, Device
from artrator.worker import host
from artrator.worker.host import Worker


def failing(coroutine):
    """The ArtratorError that awaiting ``coroutine`` ends with."""

    async def caught():
        with pytest.raises(ArtratorError) as info:
            await coroutine
        return info.value

    return caught()


def test_a_worker_loads_a_package_and_runs_a_job(make_plugin, content):
    async def work(worker):
        image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
        return worker.info, await worker.run("a", {"do": "invert", "image": image}), image

    info, outputs, image = with_worker(work, make_plugin(), content)
    assert info.inspection.memory_bytes == 5000
    assert info.inspection.warnings == ["It is a toy."]
    assert info.memory_bytes == 1234
    assert info.runtime.startswith("numpy ")
    assert (outputs["image"] == 255 - image).all()
    assert (outputs["frames"][1] == image).all()
    assert outputs["text"] == "good"


def test_progress_comes_with_small_previews(make_plugin, content):
    seen = []

    async def work(worker):
        steps = {"do": "steps", "start": 1, "steps": 30}
        return await worker.run("a", steps, lambda done, total, preview: seen.append((done, total, preview)))

    assert with_worker(work, make_plugin(), content)["value"] == 91.0
    assert seen[-1][:2] == (30, 30)
    previews = [preview for _, _, preview in seen if preview is not None]
    assert previews
    assert all(max(preview.shape[:2]) <= 320 for preview in previews)


def test_steps_of_different_jobs_are_merged(make_plugin, content):
    async def work(worker):
        jobs = [worker.run(str(n), {"do": "steps", "start": n, "steps": 5}) for n in range(4)]
        return await asyncio.gather(*jobs)

    results = with_worker(work, make_plugin(), content)
    assert [result["value"] for result in results] == [15.0, 16.0, 17.0, 18.0]
    assert max(max(map(int, result["text"].split(","))) for result in results) >= 3


def test_a_bad_job_in_a_batch_fails_alone(make_plugin, content):
    async def work(worker):
        jobs = [worker.run(str(n), {"do": "steps", "start": n, "steps": 3}) for n in (-100, 1, 2, 3)]
        return await asyncio.gather(*jobs, return_exceptions=True)

    bad, *good = with_worker(work, make_plugin(), content)
    assert bad.code == Code.MODEL_FAILED
    assert [result["value"] for result in good] == [10.0, 11.0, 12.0]


def test_what_a_model_says_is_told_and_what_it_throws_is_not(make_plugin, content):
    async def work(worker):
        said = await failing(worker.run("a", {"do": "complain"}))
        thrown = await failing(worker.run("b", {"do": "bug"}))
        for _ in range(6000):  # what it prints comes by another way than what it says
            if "secret" in worker.output:
                break
            await asyncio.sleep(0.01)
        return said, thrown, worker.alive, worker.output

    said, thrown, alive, output = with_worker(work, make_plugin(), content)
    assert (said.code, said.message) == (Code.MODEL_FAILED, "The picture is too dark.")
    assert (thrown.code, thrown.message) == (Code.MODEL_FAILED, "The model failed with RuntimeError.")
    assert alive
    assert "secret prompt inside" in output  # for the owner's eyes


@pytest.mark.parametrize("do", ["lie", "nan"])
def test_outputs_that_are_none_are_refused(do, make_plugin, content):
    error = with_worker(lambda worker: failing(worker.run("a", {"do": do})), make_plugin(), content)
    assert error.code == Code.MODEL_FAILED
    assert "output that is none" in error.message


def test_an_output_of_another_type_than_declared_is_refused(make_plugin, content):
    error = with_worker(lambda worker: failing(worker.run("a", {"do": "swap"})), make_plugin(), content)
    assert error.message == "The model made its output image as something else than image."


def frame_of(text, body=0):
    """A frame as it stands on the wire."""
    return struct.pack(">IQ", len(text), body) + text.encode()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 64,
        frame_of("[]"),
        frame_of('{"op":"spam"}'),
        frame_of('{"op":"progress","job":"a","done":9,"total":1}'),
        frame_of('{"op":"done","job":"a","values":{},"arrays":[["object",[1]]]}', 8),
        frame_of('{"op":"done","job":"a","values":{},"arrays":[["uint8",[-1]]]}', 8),
        frame_of('{"op":"done","job":"a","values":{},"arrays":[["uint8",[9]]]}', 8),
        frame_of("[" * 100_000),
        # Whole numbers that no float can hold: whoever reckons with one would fail in the middle of listening.
        frame_of(
            '{"op":"batches","runtime":"a","places":1,"rows":1,"kernels":[{"kernel":"a","row":"b","sizes":[[1,'
            + "9" * 400
            + ']],"ceiling":1,"tried":1}]}'
        ),
        frame_of('{"op":"done","job":"a","values":{"value":{"value":' + "9" * 400 + "}}}"),
    ],
)
def test_a_worker_that_talks_nonsense_is_ended(nonsense, make_plugin, content):
    shout = {"do": "shout", "text": nonsense.decode("latin-1")}
    error = with_worker(lambda worker: failing(worker.run("a", shout)), make_plugin(), content)
    assert error.code == Code.WORKER_DIED


def test_a_picture_that_came_once_is_one_output_once(make_plugin, content):
    """A few bytes of a list would else be encoded and kept as a thousand pictures."""
    header = (
        '{"op":"done","job":"a","values":{"text":{"value":""},"value":{"value":0},"image":{"image":0},'
        '"frames":{"images":[' + ",".join(["0"] * 1000) + ']}},"arrays":[["uint8",[2,2,3]]]}'
    )
    shout = {"do": "shout", "text": frame_of(header, 12).decode("latin-1") + "x" * 12}
    error = with_worker(lambda worker: failing(worker.run("a", shout)), make_plugin(), content)
    assert (error.code, error.message) == (
        Code.MODEL_FAILED,
        "The model made an output that is none: A picture is announced that did not come.",
    )


def test_a_worker_that_announces_too_much_is_ended_before_it_is_read(make_plugin, content):
    size = 10 << 30
    announced = frame_of(f'{{"op":"done","job":"a","values":{{}},"arrays":[["uint8",[{size}]]]}}', size)
    shout = {"do": "shout", "text": announced.decode("latin-1")}
    error = with_worker(lambda worker: failing(worker.run("a", shout)), make_plugin(), content)
    assert error.code == Code.WORKER_LIMIT
    assert str(size) in error.message


def test_a_worker_that_floods_its_parent_is_ended(make_plugin, content):
    flood = frame_of('{"op":"progress","job":"a","done":1,"total":1}') * 5000
    shout = {"do": "shout", "text": flood.decode("latin-1")}
    error = with_worker(lambda worker: failing(worker.run("a", shout)), make_plugin(), content)
    assert error.code == Code.WORKER_DIED


def test_a_worker_that_floods_its_parent_with_headers_is_ended(make_plugin, content):
    flood = frame_of('{"op":"progress","job":"a","done":1,"total":1}' + " " * 1_000_000)
    shout = {"do": "shout", "text": flood.decode("latin-1"), "times": 400}
    error = with_worker(lambda worker: failing(worker.run("a", shout)), make_plugin(), content)
    assert (error.code, error.message) == (Code.WORKER_DIED, "The worker was stopped: it talks too much.")


def test_noise_depends_on_the_seed_alone(make_plugin, content):
    async def work(worker):
        return [(await worker.run("a", {"do": "noise", "seed": seed}))["value"] for seed in (7, 7, 8, -1)]

    first, again, other, negative = with_worker(work, make_plugin(), content)
    assert first == again == np.random.Generator(np.random.PCG64(7)).standard_normal()
    assert len({first, other, negative}) == 3


@pytest.mark.parametrize(("do", "how"), [("crash", "SIGSEGV"), ("leave", "status 7")])
def test_a_death_ends_every_run_with_an_error(do, how, make_plugin, content):
    async def work(worker):
        other = asyncio.create_task(failing(worker.run("other", {"do": "wait"})))
        await asyncio.sleep(0.1)
        one = await failing(worker.run("one", {"do": do}))
        late = await failing(worker.run("late", {"do": "wait"}))
        return [one, await other, late], worker.alive

    errors, alive = with_worker(work, make_plugin(), content)
    assert [error.code for error in errors] == [Code.WORKER_DIED] * 3
    assert how in errors[0].message
    assert not alive


def test_a_run_that_outruns_the_clock_is_killed(make_plugin, content):
    async def work(worker):
        other = asyncio.create_task(failing(worker.run("other", {"do": "wait"})))
        await asyncio.sleep(0.3)
        error = await failing(worker.run("slow", {"do": "block"}))
        return error, await other

    slow, other = with_worker(work, make_plugin(), replace(content), run_seconds=0.7)
    assert {slow.code, other.code} == {Code.WORKER_LIMIT, Code.WORKER_DIED}


def test_memory_that_is_not_there_is_a_limit_and_not_a_death(make_plugin, content):
    async def work(worker):
        return await failing(worker.run("a", {"do": "hoard"})), worker.alive

    error, alive = with_worker(work, make_plugin(), content)
    assert error.code == Code.WORKER_LIMIT
    assert alive


def test_a_model_that_grows_beyond_its_memory_is_killed(make_plugin, content):
    error = with_worker(
        lambda worker: failing(worker.run("a", {"do": "grow"})), make_plugin(), content, memory_bytes=400 << 20
    )
    assert error.code == Code.WORKER_LIMIT


def test_outputs_beyond_the_limit_are_refused(make_plugin, content):
    error = with_worker(
        lambda worker: failing(worker.run("a", {"do": "flood"})), make_plugin(), content, output_bytes=1 << 20
    )
    assert error.code == Code.WORKER_LIMIT


def test_cancel_stops_a_run_and_keeps_the_worker(make_plugin, content):
    async def work(worker):
        run = asyncio.create_task(failing(worker.run("a", {"do": "wait"}, lambda *_: worker.cancel("a"))))
        error = await run
        return error, worker.alive, await worker.run("b", {"do": "noise", "seed": 1})

    error, alive, _ = with_worker(work, make_plugin(), content)
    assert error.code == Code.JOB_CANCELLED
    assert alive


@pytest.mark.parametrize("do", ["block", "stubborn"])
def test_a_run_that_will_not_stop_is_stopped_with_its_process(do, make_plugin, content):
    async def work(worker):
        def cancel(*_):  # not before it runs, and not before it blocks
            asyncio.get_running_loop().call_later(0.5, worker.cancel, "a")

        return await failing(worker.run("a", {"do": do}, cancel)), worker.alive

    error, alive = with_worker(work, make_plugin(), content, cancel_seconds=0.3)
    assert error.code == Code.JOB_CANCELLED
    assert not alive


def test_the_worker_sees_nothing_of_the_host_environment(make_plugin, content, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    seen = with_worker(lambda worker: worker.run("a", {"do": "who"}), make_plugin(), content)
    import artrator

    where, *variables = seen["text"].split()
    assert where == artrator.__file__
    assert "HOME" in variables
    assert not {"AWS_SECRET_ACCESS_KEY", "PATH", "LOGNAME"} & set(variables)


def test_a_changed_file_is_refused_by_name(make_plugin, content):
    (content.folder / "weights.bin").write_bytes(b"other")
    with pytest.raises(ArtratorError) as info:
        with_worker(None, make_plugin(), content)
    assert info.value.code == Code.PACKAGE_CHANGED
    assert "weights.bin" in info.value.message


def test_a_package_that_takes_for_ever_to_load_is_killed(make_plugin, content):
    source = "import time\ntime.sleep(60)\n"
    with pytest.raises(ArtratorError) as info:
        with_worker(None, make_plugin(source), content, load_seconds=1)
    assert info.value.code == Code.WORKER_LIMIT


def test_a_plugin_without_leave_for_the_gpu_is_not_started_on_one(make_plugin, content):
    with pytest.raises(ArtratorError, match="may not use a GPU"):
        asyncio.run(Worker.start_verified(make_plugin(), content, device=Device(kind="cuda")))


def test_pictures_that_are_handed_over_early_come_first_and_survive_a_failure(make_plugin, content):
    seen = []

    async def work(worker):
        def keep(name, picture):
            seen.append((name, int(picture[0, 0, 0])))

        outputs = await worker.run("a", {"do": "early", "steps": 3}, on_output=keep)
        early, told = [int(frame[0, 0, 0]) for frame in outputs["frames"]], list(seen)
        seen.clear()
        error = await failing(worker.run("b", {"do": "early_fail", "steps": 3}, on_output=keep))
        return early, told, error

    early, told, error = with_worker(work, make_plugin(), content)
    assert early == [0, 1, 2, 9]
    assert told == [("frames", 0), ("frames", 1), ("frames", 2)] == seen
    assert error.code is Code.MODEL_FAILED


@pytest.mark.parametrize("do", ["early_lie", "early_stranger"])
def test_what_is_handed_over_must_be_a_picture_of_a_list(do, make_plugin, content):
    async def work(worker):
        error = await failing(worker.run("a", {"do": do, "steps": 1}))
        return error, await worker.run("b", {"do": "noise", "seed": 1})

    error, after = with_worker(work, make_plugin(), content)
    assert error.code is Code.MODEL_FAILED
    assert "value" in after


def test_pictures_without_number_are_not_kept(make_plugin, content, monkeypatch):
    """Each takes next to nothing, but more of the parent than its bytes."""
    monkeypatch.setattr(host, "_MOST_HANDED", 50)
    header = '{"op":"output","job":"a","name":"frames","arrays":[["uint8",[1,1]]]}'
    shout = {"do": "shout", "text": frame_of(header, 1).decode("latin-1") + "x", "times": 60}
    kept = []

    async def work(worker):
        return await failing(worker.run("a", shout, on_output=lambda name, picture: kept.append(name)))

    error = with_worker(work, make_plugin(), content)
    assert (error.code, error.message) == (Code.WORKER_LIMIT, "The model handed over more than 50 pictures.")
    assert len(kept) == 50


def test_a_mistake_while_listening_ends_the_worker_and_its_runs(make_plugin, content):
    def mistaken(_name, _picture):
        raise RuntimeError("a mistake of the caller's")

    async def work(worker):
        return await failing(worker.run("a", {"do": "early", "steps": 1}, on_output=mistaken))

    error = with_worker(work, make_plugin(), content)
    assert error.code is Code.WORKER_DIED
    assert "could not be taken" in error.message


def test_handed_over_pictures_count_towards_the_limit(make_plugin, content):
    async def work(worker):
        return await failing(worker.run("a", {"do": "early", "steps": 1000}))

    assert with_worker(work, make_plugin(), content, output_bytes=1 << 20).code is Code.WORKER_LIMIT


def test_a_worker_whose_plugin_has_gone_says_so_and_the_next_one_has_the_new_version(make_plugin, content, tmp_path):
    location = tmp_path / "installed"
    plugin = make_plugin(location=location)
    old, purelib = plugin.sys_path
    plugin = replace(plugin, sys_path=(location / "site", purelib))

    def install(words):
        shutil.copytree(old, location / "site")
        (location / "site" / "late_part.py").write_text(f"WORDS = {words!r}\n")

    async def main():
        install("one")
        worker = await Worker.start_verified(plugin, content)
        try:
            with pytest.raises(ArtratorError) as plain:
                await worker.run("a", {"do": "bug"})
            location.rename(tmp_path / "removed")  # as an update does, before its own comes into place
            with pytest.raises(ArtratorError) as caught:
                await worker.run("b", {"do": "late"})
            assert worker.outdated
            assert not worker.alive
            assert worker.death.wanted  # nobody is to blame
        finally:
            await worker.close()
        install("two")
        worker = await Worker.start_verified(plugin, content)
        try:
            outputs = await worker.run("c", {"do": "late"})
            assert not worker.outdated
        finally:
            await worker.close()
        return plain.value.code, caught.value, outputs["text"]

    code, error, words = asyncio.run(main())
    assert code is Code.MODEL_FAILED
    assert (error.code, error.message) == (Code.WORKER_DIED, host._UPDATED)
    assert words == "two"
