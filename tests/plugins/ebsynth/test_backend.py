"""The backend as a node uses it: settings, jobs, and a confined worker with and without compiled kernels at hand."""

import asyncio
import hashlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import artrator_ebsynth
from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.manifest import InputType
from artrator.package import check, read_manifest
from artrator.plugins import find_backend
from artrator.testing import FolderFiles, PlainContext, run
from artrator.worker.host import SignedContent, Worker
from artrator_ebsynth import EBSynthBackend
from artrator_ebsynth.graphics import missing

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
NAMES = ("stylise-render", "texture-by-numbers")
MANIFEST = """
name = "thing"
version = "1.0"
title = "Thing"
summary = "A thing"
task = "image-to-image"
backend = "ebsynth"
license = "CC0-1.0"
[inputs.paint]
type = "image"
label = "Paint"
max_pixels = 10000
[inputs.from]
type = "image"
label = "From"
max_pixels = 10000
[inputs.to]
type = "image"
label = "To"
max_pixels = 10000
[inputs.where]
type = "mask"
label = "Where"
required = false
[inputs.weight]
type = "number"
label = "Weight"
default = 1.0
[outputs.picture]
type = "image"
label = "Picture"
[outputs.difference]
type = "image"
label = "Difference"
"""
SETTINGS = """
[settings]
style = "paint"
mask = "where"
image = "picture"
error = "difference"
[settings.guides.map]
source = "from"
target = "to"
weight = { input = "weight" }
"""


@pytest.fixture(autouse=True)
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "profile"))


def package(settings=SETTINGS):
    return FolderFiles(read_manifest(MANIFEST + settings), {})


@pytest.fixture
def pictures(blobs):
    return {"paint": blobs(30, 34, 3), "from": blobs(30, 34, 3), "to": blobs(28, 40, 3)}


def test_a_job_makes_the_outputs_with_progress_and_previews(pictures):
    context = PlainContext()
    mask = np.zeros((28, 40), np.uint8)
    mask[:, 20:] = 255
    outputs = run(EBSynthBackend(), package(), {**pictures, "where": mask, "weight": 2.0}, context)
    assert outputs["picture"].shape == outputs["difference"].shape == (28, 40, 3)
    assert (outputs["picture"][:, :20] == 0).all()
    assert outputs["picture"][:, 20:].any()
    assert context.reports[-1][0] == context.reports[-1][1]
    assert all(preview.shape[2] == 3 and preview.dtype == np.uint8 for preview in context.previews)


def test_a_cancelled_job_ends_as_cancelled(pictures):
    context = PlainContext()
    context.progress = lambda *news: setattr(context, "cancelled", True)
    with pytest.raises(ArtratorError) as found:
        run(EBSynthBackend(), package(), pictures, context)
    assert found.value.code is Code.JOB_CANCELLED


def test_pictures_over_the_declared_memory_are_refused_with_their_slots(pictures):
    with pytest.raises(ArtratorError, match=r"paint and to: .* MiB") as found:
        run(EBSynthBackend(), package(), pictures, device=Device(memory_bytes=64 << 20))
    assert found.value.code is Code.INPUT_INVALID


def test_a_guide_of_the_wrong_size_is_named_as_the_package_names_it(pictures, blobs):
    with pytest.raises(ArtratorError, match=r"^guide map \(source\): is 30 x 29 pixels, the style 34 x 30"):
        run(EBSynthBackend(), package(), {**pictures, "from": blobs(29, 30, 3)})


def test_another_device_is_no_silent_fallback():
    with pytest.raises(ArtratorError, match="not with directml"):
        EBSynthBackend().load(package(), Device("directml"))
    if missing() is not None:
        with pytest.raises(ArtratorError, match=r"extra gpu|No NVIDIA card answers"):
            EBSynthBackend().load(package(), Device("cuda"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('style = "paint"', 'style = "where"', "of type mask; it must be image"),
        ('style = "paint"', 'style = "pant"', "use 'from', 'paint'"),
        ('target = "to"', 'target = "where"', "both images, or both masks"),
        ('weight = { input = "weight" }', "weight = -1", "at least 0"),
        ('weight = { input = "weight" }', "weight = nan", "must be a number"),
        ('weight = { input = "weight" }', 'weigth = { input = "weight" }', "did you mean 'weight'"),
        ('mask = "where"', "patch = 4", "use 3, 5 or 7"),
        ('mask = "where"', 'preset = "best"', "use balanced and fast"),
        ('error = "difference"', "", "makes nothing for the output 'difference'"),
    ],
)
def test_a_mistake_in_the_settings_is_named_with_its_line(old, new, says):
    with pytest.raises(ArtratorError, match=says) as found:
        EBSynthBackend().inspect(package(SETTINGS.replace(old, new)))
    assert found.value.code is Code.PACKAGE_INVALID
    assert "artrator.toml:" in found.value.message


def test_inputs_that_change_nothing_and_sizes_without_bounds_are_told():
    settings = SETTINGS.replace('mask = "where"', "")
    manifest = read_manifest((MANIFEST + settings).replace("max_pixels = 10000", "", 1))
    warnings = EBSynthBackend().inspect(FolderFiles(manifest, {})).warnings
    assert any("'where' changes nothing" in warning for warning in warnings)
    assert any("'paint' has no max_pixels" in warning for warning in warnings)


@pytest.mark.parametrize("name", NAMES)
def test_each_example_passes_its_check_and_speaks_two_languages(name):
    report = check(EXAMPLES / name / "package")
    assert (report.problems, report.warnings) == ((), ())
    files = FolderFiles.of(EXAMPLES / name / "package")
    found = EBSynthBackend().inspect(files)
    assert found.warnings == []
    assert found.memory_bytes < 1 << 30
    parts = [*files.manifest.inputs.values(), *files.manifest.outputs.values(), *files.manifest.cost.units]
    texts = [files.manifest.title, files.manifest.summary, files.manifest.description, *(p.label for p in parts)]
    texts += [spec.help for spec in files.manifest.inputs.values() if spec.help]
    assert all(set(text) >= {"en", "ko"} for text in texts)


def sample_inputs(folder, manifest):
    given = {name: spec.default for name, spec in manifest.inputs.items() if spec.default is not None}
    for name, value in manifest.samples[0].inputs.items():
        if manifest.inputs[name].type is InputType.IMAGE:
            with Image.open(folder / value) as picture:
                given[name] = np.asarray(picture.convert("RGB"))
        else:
            given[name] = value
    return given


async def in_worker(plugin, folder, inputs):
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    manifest = read_manifest((folder / "artrator.toml").read_text("utf-8"))
    news = []
    worker = await Worker.start_verified(plugin, SignedContent(folder, manifest, "sha256:" + "0" * 64, hashes))
    try:
        outputs = await worker.run("job", inputs, on_progress=lambda *told: news.append(told))
        return outputs, news, worker.resident_bytes, worker.info
    finally:
        await worker.close()


def test_a_confined_worker_makes_the_sample_of_each_example():
    for name in NAMES:
        folder = EXAMPLES / name / "package"
        manifest = read_manifest((folder / "artrator.toml").read_text("utf-8"))
        outputs, news, resident, info = asyncio.run(
            in_worker(find_backend("ebsynth"), folder, sample_inputs(folder, manifest))
        )
        with Image.open(folder / manifest.samples[0].file) as sample:
            assert (outputs["image"] == np.asarray(sample)).all()
        assert any(preview is not None for _, _, preview in news)
        assert resident is None or resident < info.inspection.memory_bytes


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="folders are made read-only for the owner by the sandbox on Linux")
def test_a_worker_without_compiled_kernels_compiles_for_itself_while_it_loads(tmp_path):
    source = Path(artrator_ebsynth.__file__).parent
    bare = tmp_path / "site"
    shutil.copytree(source, bare / "artrator_ebsynth", ignore=shutil.ignore_patterns("__pycache__"))
    plugin = find_backend("ebsynth")
    alone = replace(plugin, sys_path=(bare, *(p for p in plugin.sys_path if p != source.parent)))
    folder = EXAMPLES / "texture-by-numbers" / "package"
    manifest = read_manifest((folder / "artrator.toml").read_text("utf-8"))
    outputs, _, _, _ = asyncio.run(in_worker(alone, folder, sample_inputs(folder, manifest)))
    with Image.open(folder / manifest.samples[0].file) as sample:
        assert (outputs["image"] == np.asarray(sample)).all()
    assert not list(bare.rglob("*.nbc"))
