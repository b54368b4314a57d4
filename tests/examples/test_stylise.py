"""The packages that stylise photos and videos: valid, in two languages, and the same in a confined worker."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artrator.demo.catalogue import EXAMPLES as EXAMPLES_OF_THE_DEMO
from artrator.demo.catalogue import MORE, MORE_BACKEND
from artrator.errors import ArtratorError, Code
from artrator.inputs import measure
from artrator.manifest import InputType
from artrator.package import check, read_manifest
from artrator.plugins import find_backend
from artrator.testing import FolderFiles, PlainContext, run
from artrator.worker.host import SignedContent, Worker
from artrator_ebsynth import EBSynthBackend

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("stylise-photo", "stylise-video")


@pytest.fixture(autouse=True)
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "profile"))


def manifest_of(name):
    return read_manifest((EXAMPLES / name / "package" / "artrator.toml").read_text("utf-8"))


def sample_inputs(name, scale=2):
    """The inputs of a package's sample, smaller, so that a test is short."""
    manifest = manifest_of(name)

    def picture(file):
        with Image.open(EXAMPLES / name / "package" / file) as opened:
            small = opened.convert("RGB").resize((opened.width // scale, opened.height // scale))
            return np.asarray(small)

    given = {}
    for key, value in manifest.samples[0].inputs.items():
        kind = manifest.inputs[key].type
        if kind is InputType.IMAGES:
            given[key] = [picture(file) for file in value]
        else:
            given[key] = picture(value) if kind is InputType.IMAGE else value
    return given


def content(name):
    """A package as if its signature had been verified."""
    folder = EXAMPLES / name / "package"
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    hashes = {file: hashlib.sha256(path.read_bytes()).hexdigest() for file, path in files.items()}
    return SignedContent(folder, manifest_of(name), "sha256:" + "0" * 64, hashes)


async def in_worker(name, job):
    worker = await Worker.start_verified(find_backend("ebsynth"), content(name))
    defaults = {key: spec.default for key, spec in manifest_of(name).inputs.items() if spec.default is not None}
    news = []
    try:
        return await worker.run("job", {**defaults, **job}, on_progress=lambda *n: news.append(n)), news
    finally:
        await worker.close()


@pytest.mark.parametrize("name", NAMES)
def test_each_package_passes_its_check_without_a_word(name):
    report = check(EXAMPLES / name / "package")
    assert (report.problems, report.warnings) == ((), ())
    found = EBSynthBackend().inspect(FolderFiles.of(EXAMPLES / name / "package"))
    assert found.warnings == []


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_there_in_english_and_korean(name):
    manifest = manifest_of(name)
    parts = [*manifest.inputs.values(), *manifest.outputs.values(), *manifest.cost.units]
    texts = [manifest.title, manifest.summary, manifest.description, *(part.label for part in parts)]
    texts += [spec.help for spec in manifest.inputs.values() if spec.help]
    texts += [choice.label for spec in manifest.inputs.values() for choice in spec.choices]
    texts += [sample.caption for sample in manifest.samples]
    assert all(set(text) >= {"en", "ko"} for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_accounted_for(name):
    notes = (EXAMPLES / name / "package" / "NOTICE.md").read_text("utf-8")
    for path in (EXAMPLES / name / "package" / "samples").iterdir():
        assert path.name in notes or "frame-*.jpg" in notes


@pytest.mark.parametrize(("name", "output"), [("stylise-photo", "image"), ("stylise-video", "frames")])
def test_a_confined_worker_makes_what_this_process_makes(name, output):
    job = sample_inputs(name)
    if name == "stylise-video":
        job["frames"], job["keyframe_numbers"] = job["frames"][8:], "1, 4"
        job["keyframes"][0] = job["frames"][0]
    made, news = asyncio.run(in_worker(name, job))
    alone = run(EBSynthBackend(), EXAMPLES / name / "package", job)[output]
    assert np.array_equal(np.stack(made[output]), np.stack(alone))
    assert news[-1][0] == news[-1][1]
    assert any(preview is not None for *_, preview in news)


def test_a_painted_photo_is_made_of_the_painting():
    job = sample_inputs("stylise-photo")
    made = run(EBSynthBackend(), EXAMPLES / "stylise-photo" / "package", job)["image"]
    assert made.shape == job["photo"].shape

    def roughness(picture):
        return np.abs(np.diff(picture.astype(int), axis=1)).mean()

    assert roughness(made) > 2 * roughness(job["photo"])
    job["photo"] = job["example_photo"]
    same = run(EBSynthBackend(), EXAMPLES / "stylise-photo" / "package", job)["image"]
    assert np.abs(same.astype(int) - job["painting"])[4:-4, 4:-4].mean() < 8


def test_several_photos_come_back_as_several():
    text = (EXAMPLES / "stylise-photo" / "package" / "artrator.toml").read_text("utf-8")
    text = text.replace('[inputs.photo]\ntype = "image"', '[inputs.photo]\ntype = "images"')
    text = text.replace('[outputs.image]\ntype = "image"', '[outputs.image]\ntype = "images"')
    text = text.replace('photo = "samples/photo.jpg"', 'photo = ["samples/photo.jpg"]')
    job = sample_inputs("stylise-photo", 4)
    job["photo"] = [job["photo"], job["photo"][:40, :60]]
    context = PlainContext()
    made = run(EBSynthBackend(), FolderFiles(read_manifest(text), {}), job, context)["image"]
    assert [picture.shape for picture in made] == [photo.shape for photo in job["photo"]]
    assert context.reports[-1] == (2000, 2000)
    done = [report[0] for report in context.reports]
    assert done == sorted(done)


def test_a_painting_of_another_size_than_its_photo_is_refused_by_name():
    job = sample_inputs("stylise-photo", 4)
    job["painting"] = job["painting"][1:]
    with pytest.raises(ArtratorError, match=r"^painting: is 120 x 79 pixels, example_photo 120 x 80") as caught:
        run(EBSynthBackend(), EXAMPLES / "stylise-photo" / "package", job)
    assert caught.value.code is Code.INPUT_INVALID


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"keyframe_numbers": "1, 13"}, "keyframe_numbers: 13 is no frame; there are 12."),
        ({"keyframe_numbers": "1, 1"}, "keyframe_numbers: 1 is there twice."),
        ({"keyframe_numbers": "one, 12"}, "keyframe_numbers: 'one' is no frame number."),
        ({"keyframe_numbers": "1"}, "keyframe_numbers: names 1 frame, and keyframes has 2 pictures."),
        ({"frames": []}, "frames: there is none."),
        ({"masks": [np.zeros((9, 9, 3), np.uint8)]}, "masks: is 9 x 9 pixels, the frames 96 x 54."),
        ({"extra_guides": [np.zeros((54, 96, 3), np.uint8)]}, "extra_guides: has 1 picture and frames 12."),
    ],
)
def test_what_is_wrong_with_a_clip_is_told_by_the_names_of_the_inputs(change, says):
    with pytest.raises(ArtratorError) as caught:
        run(EBSynthBackend(), EXAMPLES / "stylise-video" / "package", sample_inputs("stylise-video", 4) | change)
    assert caught.value.code is Code.INPUT_INVALID
    assert caught.value.message == says


def test_a_clip_costs_its_pixels_times_its_frames():
    manifest = manifest_of("stylise-video")
    sizes = {"frames": [(960, 540)] * 200, "keyframes": [(960, 540)] * 3}
    assert measure(manifest, {}, sizes) == {"pixel": 200 * 960 * 540}
    assert manifest.inputs["frames"].max_items >= 200
    assert manifest.inputs["frames"].max_total_pixels >= 200 * 960 * 540


def test_the_demo_prices_what_its_packages_measure():
    for example in (*EXAMPLES_OF_THE_DEMO, *MORE):
        units = {unit.name for unit in manifest_of(example.name).cost.units}
        priced = {part.split("=")[0] for part in example.terms if "=" in part}
        assert priced <= units, example.name
        assert (manifest_of(example.name).backend == MORE_BACKEND) is (example in MORE)
