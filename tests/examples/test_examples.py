"""The example packages: valid, whole, and good for a picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artrator.backend import Device
from artrator.manifest import InputType
from artrator.package import check, read_manifest
from artrator.testing import FolderFiles, PlainContext, run
from artrator_diffusion import DiffusionBackend
from artrator_onnx import ONNXBackend

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("emoji", "painterly", "upscale-x4")
BACKENDS = {"onnx": ONNXBackend, "diffusion": DiffusionBackend}


@pytest.fixture(scope="module")
def cat():
    with Image.open(EXAMPLES / "painterly" / "photo.png") as picture:
        return np.asarray(picture.convert("RGB").resize((150, 100)))


@pytest.mark.parametrize("name", NAMES)
def test_each_package_passes_its_check_without_a_word(name):
    report = check(EXAMPLES / name / "package")
    assert (report.problems, report.warnings) == ((), ())


@pytest.mark.parametrize("name", NAMES)
def test_each_backend_accepts_its_package_without_a_word(name):
    files = FolderFiles.of(EXAMPLES / name / "package")
    found = BACKENDS[files.manifest.backend]().inspect(files)
    assert found.warnings == []
    assert found.memory_bytes < 2 << 30


@pytest.mark.parametrize("name", NAMES)
def test_every_label_is_there_in_english_and_korean(name):
    manifest = read_manifest((EXAMPLES / name / "package" / "artrator.toml").read_text("utf-8"))
    parts = [*manifest.inputs.values(), *manifest.outputs.values(), *manifest.cost.units]
    texts = [manifest.title, manifest.summary, manifest.description, *(part.label for part in parts)]
    texts += [spec.help for spec in manifest.inputs.values() if spec.help]
    texts += [choice.label for spec in manifest.inputs.values() for choice in spec.choices]
    texts += [sample.caption for sample in manifest.samples]
    assert all(set(text) >= {"en", "ko"} for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_no_weights_lie_outside_the_package_and_every_file_is_accounted_for(name):
    outside = [path for path in (EXAMPLES / name).rglob("*.onnx") if "package" not in path.parts]
    assert outside == []
    notes = "".join(path.read_text("utf-8") for path in (EXAMPLES / name / "package").glob("*.md"))
    assert all(path.name in notes for path in (EXAMPLES / name / "package").glob("*.onnx"))


def test_painterly_paints_in_every_style_and_mixes(cat):
    package = EXAMPLES / "painterly" / "package"
    model = ONNXBackend().load(FolderFiles.of(package), Device())
    assert model.memory_bytes > 0
    small = cat[:48, :64]
    choices = read_manifest((package / "artrator.toml").read_text("utf-8")).inputs["style"].choices
    assert len(choices) == 26
    made = [run(ONNXBackend(), package, {"image": small, "style": c.value})["image"] for c in choices[::5]]
    assert all(picture.shape == small.shape for picture in made)
    means = np.array([picture.reshape(-1, 3).mean(0) for picture in made])
    assert np.ptp(means, axis=0).max() > 20
    assert np.array_equal(run(ONNXBackend(), package, {"image": small, "strength": 0.0})["image"], small)


def test_painterly_takes_sides_that_are_no_multiple_of_four(cat):
    odd = cat[:97, :131]
    assert run(ONNXBackend(), EXAMPLES / "painterly" / "package", {"image": odd})["image"].shape == odd.shape


def test_upscale_enlarges_four_times_and_stays_close_to_the_picture(cat):
    made = run(ONNXBackend(), EXAMPLES / "upscale-x4" / "package", {"image": cat})["image"]
    assert made.shape == (400, 600, 3)
    back = made.reshape(100, 4, 150, 4, 3).mean((1, 3))
    assert np.abs(back - cat).mean() < 6


def test_upscale_joins_its_tiles_without_a_seam(cat):
    package = FolderFiles.of(EXAMPLES / "upscale-x4" / "package")
    text = package.manifest.text
    assert 'mode = "tile"' in text
    whole_text = text.replace('mode = "tile"\ntile = 160\noverlap = 32', 'mode = "dynamic"')
    assert whole_text != text
    files = {name: package.read(name) for name in package.names()}
    wide = np.concatenate([cat, cat[::-1]])  # 200 x 150: two tiles
    context = PlainContext()
    tiled = run(ONNXBackend(), package, {"image": wide}, context)["image"]
    whole = run(ONNXBackend(), FolderFiles(read_manifest(whole_text), files), {"image": wide})["image"]
    assert context.reports[-1] == (2, 2)
    difference = np.abs(tiled.astype(int) - whole)
    assert difference.max() <= 4
    assert difference.mean() < 0.05


def test_emoji_draws_what_is_asked_for_and_chains_into_upscale():
    context = PlainContext()
    given = {"prompt": "red apple", "seed": 1, "images": 2, "steps": 12}
    pictures = run(DiffusionBackend(), EXAMPLES / "emoji" / "package", given, context)["images"]
    assert [picture.shape for picture in pictures] == [(32, 32, 3)] * 2
    assert context.batches[1:] == [("denoiser.onnx", 4)] * 12
    red, green, blue = pictures[0][8:26, 8:26].reshape(-1, 3).mean(0)
    assert red > green + 60
    assert red > blue + 60
    assert pictures[0][0].mean() > 200  # the background is white
    large = run(ONNXBackend(), EXAMPLES / "upscale-x4" / "package", {"image": pictures[0]})["image"]
    assert large.shape == (128, 128, 3)


def test_emoji_repeats_a_seed_exactly():
    package = EXAMPLES / "emoji" / "package"
    seeds = [{"prompt": "a green frog", "seed": seed, "steps": 4} for seed in (1, 1, 2)]
    made = [run(DiffusionBackend(), package, given)["images"][0] for given in seeds]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


@pytest.mark.parametrize("name", NAMES)
def test_samples_name_settings_that_the_package_has(name):
    manifest = read_manifest((EXAMPLES / name / "package" / "artrator.toml").read_text("utf-8"))
    for sample in manifest.samples:
        for key, value in sample.inputs.items():
            spec = manifest.inputs[key]
            if spec.type is InputType.CHOICE:
                assert value in {choice.value for choice in spec.choices}
