import tarfile
from pathlib import Path

import numpy as np
import pytest

from artrator.package import read_manifest
from artrator.testing import FolderFiles, PlainContext, run
from artrator_diffusion import DiffusionBackend

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
    from artrator_diffusion.pictures import PictureFormat

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
