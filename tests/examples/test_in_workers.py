"""The example packages in real, confined workers: the same pictures as in this process."""

import asyncio
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from artrator.backend import Device
from artrator.cli import main
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.package import read_manifest
from artrator.plugins import find_backend
from artrator.testing import run
from artrator.worker.derived import DerivedGraphs
from artrator.worker.host import Limits, SignedContent, Worker
from artrator.worker.start import start_worker
from artrator_diffusion import DiffusionBackend
from artrator_onnx import ONNXBackend

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(autouse=True)
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "profile"))


def content(folder):
    """A package as if its signature had been verified."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    manifest = read_manifest((folder / "artrator.toml").read_text("utf-8"))
    return SignedContent(folder, manifest, "sha256:" + "0" * 64, hashes)


async def in_worker(package, jobs):
    """The outputs of several jobs that one worker runs at once, and every (done, total, preview) of the first."""
    worker = await Worker.start_verified(find_backend(package.manifest.backend), package)
    defaults = {name: spec.default for name, spec in package.manifest.inputs.items() if spec.default is not None}
    news = []
    try:
        runs = [
            worker.run(str(place), {**defaults, **job}, on_progress=lambda *n, p=place: None if p else news.append(n))
            for place, job in enumerate(jobs)
        ]
        return await asyncio.gather(*runs), news, worker.info
    finally:
        await worker.close()


def test_emoji_jobs_that_run_together_make_what_each_makes_alone():
    folder = EXAMPLES / "emoji" / "package"
    jobs = [{"prompt": p, "seed": seed, "steps": 8} for seed, p in enumerate(("pizza", "a green frog", "red heart"))]
    made, news, info = asyncio.run(in_worker(content(folder), jobs))
    for job, outputs in zip(jobs, made, strict=True):
        alone = run(DiffusionBackend(), folder, job)["images"]
        assert np.abs(outputs["images"][0].astype(int) - alone[0]).max() <= 1
    assert news[-1][:2] == (8, 8)
    assert info.runtime.startswith("onnxruntime ")


@pytest.mark.skipif(sys.platform != "linux", reason="says what it maps on Linux alone")
def test_the_8_bit_weights_of_emoji_are_unpacked_once_and_shared_by_its_workers(tmp_path):
    package, job = content(EXAMPLES / "emoji" / "package"), {"prompt": "pizza", "seed": 1, "steps": 2}
    defaults = {name: spec.default for name, spec in package.manifest.inputs.items() if spec.default is not None}

    async def made(graphs):
        plugin, limits = find_backend("diffusion"), Limits(load_seconds=240, run_seconds=240)
        worker = await start_worker(plugin, package, graphs, device=Device(threads=1), limits=limits)
        try:
            return worker.info.shared_bytes, (await worker.run("job", defaults | job))["images"][0]
        finally:
            await worker.close()

    async def both():
        return await made(DerivedGraphs(tmp_path / "no", 0)), await made(DerivedGraphs(tmp_path / "yes", 1 << 30, 1))

    (nothing, plain), (shared, mapped) = asyncio.run(both())
    assert nothing == 0
    assert shared > 100 << 20
    assert np.array_equal(plain, mapped)


def test_upscale_enlarges_in_a_worker():
    folder = EXAMPLES / "upscale-x4" / "package"
    picture = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    made, _, _ = asyncio.run(in_worker(content(folder), [{"image": picture}]))
    assert np.array_equal(made[0]["image"], run(ONNXBackend(), folder, {"image": picture})["image"])


def test_what_is_wrong_with_a_package_reaches_its_owner_with_the_line(tmp_path_factory, tmp_path):
    key_file = tmp_path_factory.mktemp("key") / "key.pem"
    PrivateKey.generate().save(key_file)
    source = EXAMPLES / "upscale-x4" / "package"
    for name in ("model.onnx", "LICENSE"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    text = (source / "artrator.toml").read_text("utf-8").replace('tensor = "upscaled"', 'tensor = "upscald"')
    (tmp_path / "artrator.toml").write_text(text, "utf-8")
    (tmp_path / "samples").mkdir()
    for sample in (source / "samples").iterdir():
        (tmp_path / "samples" / sample.name).write_bytes(sample.read_bytes())
    line = text.splitlines().index('tensor = "upscald"') + 1
    with pytest.raises(ArtratorError) as caught:
        asyncio.run(in_worker(content(tmp_path), []))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert f"artrator.toml:{line}: settings.results.image.tensor is 'upscald'" in caught.value.message
    assert caught.value.cure == "Correct that line in artrator.toml."
    for command in (["check"], ["check", "--load"], ["sign", "--key", str(key_file)]):
        done = CliRunner().invoke(main, ["package", *command, str(tmp_path)])
        assert done.exit_code == 1
        assert f"artrator.toml:{line}: settings.results.image.tensor is 'upscald'" in done.output
    assert not (tmp_path / "model.sig").exists()


def test_check_says_what_a_package_needs_once_it_is_loaded():
    done = CliRunner().invoke(main, ["package", "check", "--load", str(EXAMPLES / "upscale-x4" / "package")])
    assert done.exit_code == 0
    assert "loads in " in done.output
    assert "needs at most " in done.output
