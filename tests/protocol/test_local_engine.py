"""Packages run on one's own machine: verified, warm, cancelled, recorded; and the library they lie in."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import PIL.Image
import pytest
from packages import encoded, noise
from toy_node import install_backend, write_toy

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.local import Library, LocalEngine, LocalPackage, LocalProgress, LocalStage, OwnedPackage
from artrator.worker.limits import Limits


@pytest.fixture
def creator() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, creator: PrivateKey) -> LocalPackage:
    """A signed package that does what its inputs say, and its backend installed."""
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(install_backend(tmp_path / "site")))
    digest = write_toy(tmp_path / "toy", creator)
    return LocalPackage(tmp_path / "toy", creator.public, "atelier/toy", digest)


def with_engine(work: Callable[[LocalEngine], Awaitable[None]], **how: object) -> None:
    async def run() -> None:
        async with LocalEngine(limits=Limits(run_seconds=60), **how) as engine:  # type: ignore[arg-type]
            await work(engine)

    asyncio.run(run())


async def failing(work: Awaitable[object]) -> Code:
    with pytest.raises(ArtratorError) as caught:
        await work
    return caught.value.code


def test_a_run_gives_the_outputs_and_a_record_of_all_that_made_them(toy: LocalPackage) -> None:
    async def work(engine: LocalEngine) -> None:
        heard: list[LocalProgress] = []
        first = await engine.run(toy, {"seed": 7, "steps": 3}, on_progress=heard.append)
        picture = PIL.Image.open(io.BytesIO(first.outputs[0].data))
        assert picture.size == (16, 16)
        assert picture.info["Model"] == "toy@1.0"
        assert "Order" not in picture.info
        record = first.record
        assert (record.package, record.listing, record.model) == (toy.digest, "atelier/toy", "toy@1.0")
        assert (record.inputs["seed"], record.inputs["steps"]) == (7, 3)
        assert record.outputs == [first.outputs[0].output.sha256]
        assert json.loads(json.dumps(record.to_json()))["local"]["run"] == record.run
        stages = [news.stage for news in heard]
        assert stages == sorted(stages, key=list(LocalStage).index)
        assert (heard[-2].done, heard[-2].total) == (3, 3)
        assert any(news.preview is not None for news in heard)

        drawn = (await engine.run(toy, {"steps": 1})).record.inputs["seed"]
        again = await engine.run(toy, {"seed": drawn, "steps": 1})
        once_more = await engine.run(toy, {"seed": drawn, "steps": 1})
        assert PIL.Image.open(io.BytesIO(again.outputs[0].data)).tobytes() == (
            PIL.Image.open(io.BytesIO(once_more.outputs[0].data)).tobytes()
        )

    with_engine(work)


def test_files_are_decoded_and_named_by_their_digests(toy: LocalPackage) -> None:
    async def work(engine: LocalEngine) -> None:
        photo = encoded(noise(20, 10))
        result = await engine.run(toy, {}, {"image": photo}, image_format="webp")
        assert result.outputs[0].output.media_type == "image/webp"
        made = PIL.Image.open(io.BytesIO(result.outputs[0].data)).convert("RGB")
        assert made.tobytes() == bytes(255 - value for value in noise(20, 10).tobytes())
        assert result.record.inputs["image"]["size"] == len(photo)
        assert await failing(engine.run(toy, {}, {"image": b"no picture"})) is Code.IMAGE_CORRUPT
        assert await failing(engine.run(toy, {"steps": 0})) is Code.INPUT_INVALID
        assert await failing(engine.run(toy, {"nothing": 0})) is Code.INPUT_UNKNOWN

    with_engine(work)


def test_a_model_stays_warm_and_runs_share_it(toy: LocalPackage) -> None:
    async def work(engine: LocalEngine) -> None:
        assert await engine.start(toy)
        heard: list[LocalProgress] = []
        await asyncio.gather(*(engine.run(toy, {"seed": n}, on_progress=heard.append) for n in range(4)))
        assert LocalStage.LOADING not in [news.stage for news in heard]
        assert len(engine._places) == 1

    with_engine(work)


def test_only_so_many_stay_warm(toy: LocalPackage, tmp_path: Path, creator: PrivateKey) -> None:
    digest = write_toy(tmp_path / "other", creator, name="other")
    other = LocalPackage(tmp_path / "other", creator.public, "", digest)

    async def work(engine: LocalEngine) -> None:
        await engine.run(toy, {})
        await engine.run(other, {})
        assert list(engine._places) == [other]

    with_engine(work)


def test_a_run_is_cancelled_by_its_id_and_by_its_task(toy: LocalPackage) -> None:
    async def work(engine: LocalEngine) -> None:
        for do in ("slow", "stubborn"):
            moving = asyncio.Event()
            running = asyncio.create_task(
                engine.run(toy, {"do": do, "steps": 1000}, None, lambda _, moving=moving: moving.set(), run=do)
            )
            await asyncio.wait_for(moving.wait(), 240)
            await asyncio.sleep(0.2)
            assert await failing(engine.run(toy, {}, run=do)) is Code.CONFLICT
            engine.cancel(do)
            assert await failing(running) is Code.JOB_CANCELLED
            assert await engine.run(toy, {}), "whoever comes next is served"
        task = asyncio.create_task(engine.run(toy, {"do": "slow", "steps": 1000}))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await engine.run(toy, {})
        engine.cancel("nothing of this name")

    with_engine(work)


def test_a_crash_ends_one_run_and_the_next_has_a_fresh_worker(toy: LocalPackage) -> None:
    async def work(engine: LocalEngine) -> None:
        assert await failing(engine.run(toy, {"do": "crash"})) is Code.WORKER_DIED
        assert await engine.run(toy, {})
        assert await failing(engine.run(toy, {"do": "complain"})) is Code.MODEL_FAILED
        assert await failing(engine.run(toy, {"do": "float"})) is Code.MODEL_FAILED
        assert await engine.run(toy, {})

    with_engine(work)


def test_what_its_creator_did_not_sign_is_not_run(toy: LocalPackage, creator: PrivateKey) -> None:
    async def work(engine: LocalEngine) -> None:
        (toy.folder / "weights.bin").write_bytes(b"other weights")
        assert await failing(engine.run(toy, {})) is Code.PACKAGE_CHANGED
        (toy.folder / "weights.bin").write_bytes(b"weights")
        assert await engine.run(toy, {})
        stranger = LocalPackage(toy.folder, PrivateKey.generate().public)
        assert await failing(engine.run(stranger, {})) is Code.PACKAGE_CHANGED
        other = LocalPackage(toy.folder, creator.public, "", "sha256:" + "0" * 64)
        assert await failing(engine.run(other, {})) is Code.PACKAGE_CHANGED

    with_engine(work)


def test_creators_try_a_folder_that_is_not_signed_and_see_each_change(toy: LocalPackage) -> None:
    (toy.folder / "model.sig").unlink()
    mine = LocalPackage(toy.folder)

    async def work(engine: LocalEngine) -> None:
        first = (await engine.run(mine, {})).record.package
        (toy.folder / "weights.bin").write_bytes(b"broken weights")
        assert await failing(engine.run(mine, {})) is Code.MODEL_FAILED
        (toy.folder / "weights.bin").write_bytes(b"better weights")
        assert (await engine.run(mine, {})).record.package != first

    with_engine(work)


@pytest.mark.parametrize("stage", [LocalStage.LOADING, LocalStage.RUNNING])
def test_a_closed_engine_runs_nothing(toy: LocalPackage, stage: LocalStage) -> None:
    async def work() -> None:
        engine, reached = LocalEngine(), asyncio.Event()

        def note(news: LocalProgress) -> None:
            if news.stage is stage:
                reached.set()

        running = asyncio.create_task(engine.run(toy, {"do": "slow", "steps": 1000}, None, note))
        await asyncio.wait_for(reached.wait(), 240)
        await engine.close()
        assert await failing(running) is Code.WORKER_DIED
        assert await failing(engine.run(toy, {})) is Code.WORKER_DIED

    asyncio.run(work())


# --- the library


def owned(digest: str, listing: str = "atelier/toy", at: float = 1.0) -> OwnedPackage:
    return OwnedPackage(digest, listing, "1.0", {"en": "Toy"}, "key", "order", "http://r", 7, at)


def staged(library: Library, digest: str) -> Path:
    folder = library.incoming(digest) / "package"
    folder.mkdir(parents=True)
    (folder / "artrator.toml").write_text("x")
    return folder


def test_a_library_keeps_finds_and_removes(tmp_path: Path) -> None:
    library = Library(tmp_path / "packages")
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    assert list(library.packages()) == []
    library.keep(staged(library, one), owned(one, at=1.0))
    kept = library.keep(staged(library, two), owned(two, at=2.0))
    assert (kept.folder / "artrator.toml").read_text() == "x"
    assert [found.digest for found in library.packages()] == [two, one]
    newest = library.owned("atelier/toy")
    assert newest is not None
    assert newest.digest == two
    library.keep_licence(two, {"payload": "x"})
    assert library.get(two).licence == {"payload": "x"}
    library.remove(two)
    assert library.get("atelier/toy").digest == one
    with pytest.raises(ArtratorError) as caught:
        library.get(two)
    assert caught.value.code is Code.LICENCE_MISSING
    with pytest.raises(ArtratorError):
        library.remove(two)
    library.keep(staged(library, one), owned(one))  # once more: it replaces what is there
    assert len(library.packages()) == 1


@pytest.mark.parametrize("digest", ["", "..", "sha256:../../../etc/passwd", "sha256:" + "g" * 64, "/" * 64])
def test_no_digest_leads_out_of_the_library(tmp_path: Path, digest: str) -> None:
    library = Library(tmp_path)
    for call in (library.remove, library.incoming):
        with pytest.raises(ArtratorError) as caught:
            call(digest)
        assert caught.value.code is Code.REQUEST_INVALID


def test_a_folder_that_a_person_changed_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / ("3" * 64)
    folder.mkdir()
    (folder / "owned.json").write_text('{"digest": 1}')
    assert list(Library(tmp_path).packages()) == []
