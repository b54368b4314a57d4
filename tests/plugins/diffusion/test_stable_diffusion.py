import asyncio
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from together import run_together

from artrator.backend import Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.onnx_runtime import TokenReader
from artrator.package import read_manifest
from artrator.testing import FolderFiles, PlainContext, run
from artrator_diffusion import DiffusionBackend
from artrator_diffusion.pictures import PictureFormat
from artrator_diffusion.schedulers import State
from artrator_diffusion.schedulers.noise import NoiseSchedule
from artrator_diffusion.schedulers.samplers import NOISE_SAMPLERS

DATA = Path(__file__).parent / "data"
MANIFEST = """
name = "mini-sd"
version = "1.0"
title = "Mini"
summary = "A tiny Stable Diffusion with random weights"
task = "text-to-image"
backend = "diffusion"
license = "CC0-1.0"

[inputs]
prompt = { type = "text", label = "Prompt" }
negative = { type = "text", label = "Not wanted", default = "" }
scheduler = { type = "choice", label = "Scheduler", choices = ["ddim", "euler", "dpm++2m"], default = "ddim" }
steps = { type = "integer", label = "Steps", default = 10, minimum = 1, maximum = 50 }
guidance = { type = "number", label = "Guidance", default = 7.5 }
width = { type = "integer", label = "Width", default = 64, minimum = 16, maximum = 128 }
height = { type = "integer", label = "Height", default = 64, minimum = 16, maximum = 128 }
seed = { type = "integer", label = "Seed", random = true }

[outputs.image]
type = "image"
label = "Picture"

[settings]
pipeline = "stable-diffusion"

[settings.text]
input = "prompt"
negative = "negative"

[settings.sampling]
steps = "steps"
guidance = "guidance"
seed = "seed"
width = "width"
height = "height"
scheduler = "scheduler"
"""


class GivenNoise:
    """Hands out latents instead of drawing them, as the reference began with latents of its own."""

    def __init__(self, latents):
        self.latents = latents

    def standard_normal(self, shape, dtype):
        assert self.latents.shape == (1, *shape)
        return self.latents[0].astype(dtype)


class ContextWithLatents(PlainContext):
    def __init__(self, latents):
        super().__init__()
        self.latents = latents

    def generator(self, seed):
        return GivenNoise(self.latents)


@pytest.fixture(scope="module")
def files():
    with tarfile.open(DATA / "mini-stable-diffusion.tgz") as archive:
        prefix = "sd/mini-optimum/"
        return {
            member.name.removeprefix(prefix): archive.extractfile(member).read()
            for member in archive
            if member.isfile() and member.name.startswith(prefix)
        }


@pytest.fixture(scope="module")
def reference():
    return dict(np.load(DATA / "reference.npz"))


def package(files, manifest=MANIFEST):
    return FolderFiles(read_manifest(manifest), files)


@pytest.mark.parametrize("shape", ["sq", "rect"])
@pytest.mark.parametrize("scheduler", ["ddim", "euler", "dpm++2m"])
def test_pictures_are_those_of_diffusers_to_two_millionths(files, reference, monkeypatch, scheduler, shape):
    seen = []
    pictures = PictureFormat.pictures
    monkeypatch.setattr(
        PictureFormat, "pictures", lambda self, tensor: (seen.append(tensor), pictures(self, tensor))[1]
    )
    expected = reference[f"{shape}_{scheduler.replace('++2m', 'pp')}"]
    height, width, _ = expected.shape
    inputs = {"prompt": "a photo of a cat", "negative": "blurry", "scheduler": scheduler, "seed": 1}
    context = ContextWithLatents(reference[f"{shape}_lat"])
    made = run(DiffusionBackend(), package(files), {**inputs, "width": width, "height": height}, context)["image"]
    exact = np.clip(seen[-1][0].transpose(1, 2, 0) / 2 + 0.5, 0, 1)
    assert np.abs(exact - expected).max() <= 2e-6
    assert np.abs(made / 255.0 - expected).max() <= 0.5 / 255 + 1e-5
    assert context.reports[-1] == (10, 10)
    assert context.previews
    assert context.previews[0].shape[1] >= 96


@pytest.mark.parametrize("scheduler", list(NOISE_SAMPLERS))
@pytest.mark.parametrize("spacing", ["leading", "linspace", "trailing"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_a_network_that_knows_the_picture_leads_straight_to_it(scheduler, spacing, prediction):
    """A perfect prediction must end at the picture, from whatever noise, along whatever times."""
    schedule = NoiseSchedule.from_config({
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012,
        "timestep_spacing": spacing, "steps_offset": int(spacing == "leading"), "prediction_type": prediction,
    })  # fmt: skip
    made = NOISE_SAMPLERS[scheduler](schedule, 8)
    random = np.random.default_rng(0)
    picture, noise = random.standard_normal((2, 1, 4, 4, 4)).astype(np.float32)

    async def predict(sample, time):
        share = np.sqrt(np.interp(time, np.arange(1000), schedule.kept)).astype(np.float32)
        left = np.sqrt(1 - share**2)
        guessed = (sample - share * picture) / left
        return {"epsilon": guessed, "v_prediction": share * guessed - left * picture, "sample": picture}[prediction]

    async def walk():
        state, sample = State(lambda: noise), noise * np.float32(made.noise_scale)
        for index in range(made.steps):
            sample, _ = await made.step(index, sample, predict, state)
        return sample

    assert np.abs(asyncio.run(walk()) - picture).max() < 0.02


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("scheduler/scheduler_config.json", '"leading"', '"sideways"', "timestep_spacing is 'sideways'"),
        ("scheduler/scheduler_config.json", '"scaled_linear"', '"wavy"', "beta_schedule is 'wavy'"),
        ("scheduler/scheduler_config.json", '"thresholding": false', '"thresholding": true', "thresholding is on"),
        ("scheduler/scheduler_config.json", "{", "[", "not JSON"),
        ("tokenizer/merges.txt", "i n", "i n n", "tokenizer is not a tokenizer"),
    ],
)
def test_a_configuration_that_is_not_understood_is_refused(files, name, old, new, words):
    changed = {**files, name: files[name].replace(old.encode(), new.encode(), 1)}
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().load(package(changed), Device())
    assert caught.value.code is Code.PACKAGE_INVALID
    assert words in caught.value.message


def test_a_missing_part_and_an_odd_size_are_told(files):
    incomplete = {name: data for name, data in files.items() if "vae_decoder" not in name}
    with pytest.raises(ArtratorError, match=r"vae_decoder/model\.onnx"):
        DiffusionBackend().inspect(package(incomplete))
    with pytest.raises(ModelError, match="multiples of 8"):
        run(DiffusionBackend(), package(files), {"prompt": "a", "seed": 1, "width": 60})


def test_what_a_buyer_types_never_becomes_a_sign_of_control(files):
    reader = TokenReader.from_clip(
        files["tokenizer/vocab.json"], files["tokenizer/merges.txt"], name="t", max_length=77, filling="<|endoftext|>"
    )
    ends = json.loads(files["tokenizer/vocab.json"])["<|endoftext|>"]
    plain, typed = reader.read("a cat"), reader.read("a <|endoftext|> cat")
    assert plain.ids.tolist().index(ends) == plain.mask.sum() - 1
    assert typed.ids.tolist().index(ends) == typed.mask.sum() - 1 > plain.mask.sum()
    assert len(reader.read("cat " * 200).ids) == 77
    assert reader.read("a \ud800 cat").ids.tolist() == reader.read("a ? cat").ids.tolist()


def test_jobs_at_different_steps_share_a_batch_and_stay_the_same(files):
    """The exported denoiser takes one time for all rows, so rows of a time run together and times one by one."""
    model = DiffusionBackend().load(package(files), Device())
    given = {"negative": "", "guidance": 7.5, "width": 64, "height": 64}
    jobs = [
        {**given, "prompt": "a cat", "seed": 1, "steps": 5, "scheduler": "ddim"},
        {**given, "prompt": "a dog", "seed": 2, "steps": 7, "scheduler": "dpm++2m"},
        {**given, "prompt": "a cat", "seed": 3, "steps": 5, "scheduler": "ddim"},
    ]
    alone = [run(DiffusionBackend(), package(files), job)["image"] for job in jobs]

    for outputs, expected in zip(asyncio.run(run_together(model, jobs)), alone, strict=True):
        assert np.abs(outputs["image"].astype(int) - expected).max() <= 1


def test_a_tokenizer_in_one_file_reads_as_the_two_older_ones_do(files):
    """Newer exports have ``tokenizer.json`` alone."""
    parts = [files["tokenizer/vocab.json"], files["tokenizer/merges.txt"]]
    older = TokenReader.from_clip(*parts, name="t", max_length=77, filling="<|endoftext|>")
    whole = {name: data for name, data in files.items() if not name.endswith(("vocab.json", "merges.txt"))}
    whole["tokenizer/tokenizer.json"] = older._tokenizer.to_str().encode()
    job = {"prompt": "a photo of a cat, 7 times", "negative": "blurry", "seed": 1, "steps": 3}
    pictures = [run(DiffusionBackend(), package(each), job)["image"] for each in (files, whole)]
    assert np.array_equal(*pictures)
    del whole["tokenizer/tokenizer.json"]
    with pytest.raises(ArtratorError, match=r"neither tokenizer\.json nor vocab\.json"):
        DiffusionBackend().load(package(whole), Device())
