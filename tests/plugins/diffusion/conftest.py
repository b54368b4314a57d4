"""Random networks: a denoiser with a text encoder, made for every session; tiny Stable Diffusions, kept as files."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from artrator.package import read_manifest
from artrator.testing import FolderFiles
from artrator_diffusion.pictures import PictureFormat

DATA = Path(__file__).parent / "data"
WIDTH = 4
SIDE = 8
MANIFEST = """
name = "doodle"
version = "1.0"
title = "Doodle"
summary = "A random network"
task = "text-to-image"
backend = "diffusion"
license = "CC0-1.0"

[inputs]
prompt = { type = "text", label = "Prompt" }
style = { type = "choice", label = "Style", choices = ["one", "two", "any"], default = "one" }
images = { type = "integer", label = "Pictures", default = 1, minimum = 1, maximum = 8 }
seed = { type = "integer", label = "Seed", random = true }
guidance = { type = "number", label = "Guidance", default = 2.5 }
steps = { type = "integer", label = "Steps", default = 6, minimum = 1, maximum = 50 }

[outputs.images]
type = "images"
label = "Pictures"

[settings]
pipeline = "flow"

[settings.sampling]
steps = "steps"
guidance = "guidance"
images = "images"
seed = "seed"
preview_every = 2

[settings.text]
input = "prompt"
graph = "text.onnx"
tokenizer = "tokenizer.json"
max_length = 16
output = "hidden"
pooling = "mean"
normalize = true

[settings.denoiser]
graph = "denoiser.onnx"
noise_time = 0.0
picture_time = 1.0

[settings.denoiser.conditions.condition]
input = "prompt"

[settings.denoiser.conditions.style]
input = "style"
one_hot = ["one", "two"]

[settings.picture]
range = [-1, 1]
"""


MINI = """
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
steps = { type = "integer", label = "Steps", default = 8, minimum = 1, maximum = 2000 }
guidance = { type = "number", label = "Guidance", default = 7.5 }
width = { type = "integer", label = "Width", default = 48, minimum = 16, maximum = 512 }
height = { type = "integer", label = "Height", default = 32, minimum = 16, maximum = 512 }
seed = { type = "integer", label = "Seed", random = true }
images = { type = "integer", label = "Pictures", default = 1, minimum = 1, maximum = 4 }
strength = { type = "number", label = "Strength", default = 0.75 }
picture = { type = "image", label = "Picture", required = false, max_side = 128 }
mask = { type = "mask", label = "Mask", required = false }
SAMPLER

[outputs.images]
type = "images"
label = "Pictures"

[settings]
pipeline = "stable-diffusion"

[settings.text]
input = "prompt"
negative = "negative"

[settings.image]
input = "picture"
mask = "mask"
strength = "strength"

[settings.sampling]
steps = "steps"
guidance = "guidance"
seed = "seed"
images = "images"
width = "width"
height = "height"
scheduler = "sampler"
"""
NOISE_SAMPLERS = (
    "default", "ddim", "euler", "euler-karras", "euler-ancestral", "dpm++2m", "dpm++2m-karras", "lcm",
)  # fmt: skip


def graph(nodes, inputs, outputs, weights):
    made = helper.make_graph(
        [helper.make_node(kind, reads, writes, **dict(attributes)) for kind, reads, writes, *attributes in nodes],
        "g",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, 1, shape) for name, shape in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


@pytest.fixture(scope="session")
def files():
    """velocity = tanh(conv(sample) + condition + style) * time, all weights random."""
    random = np.random.default_rng(7)
    shape = ["n", 3, SIDE, SIDE]
    weights = {
        "kernel": random.standard_normal((3, 3, 3, 3)).astype(np.float32) * 0.2,
        "from_text": random.standard_normal((WIDTH, 3)).astype(np.float32),
        "from_style": random.standard_normal((2, 3)).astype(np.float32),
        "columns": np.array([-1, 3, 1, 1], np.int64),
        "each": np.array([-1, 1, 1, 1], np.int64),
    }
    nodes = [
        ("Conv", ["sample", "kernel"], ["c"], ("pads", [1, 1, 1, 1])),
        ("MatMul", ["condition", "from_text"], ["t"]),
        ("MatMul", ["style", "from_style"], ["s"]),
        ("Add", ["t", "s"], ["ts"]),
        ("Reshape", ["ts", "columns"], ["column"]),
        ("Add", ["c", "column"], ["a"]),
        ("Tanh", ["a"], ["b"]),
        ("Reshape", ["time", "each"], ["when"]),
        ("Cos", ["when"], ["pace"]),
        ("Mul", ["b", "pace"], ["velocity"]),
    ]
    inputs = [("sample", 1, shape), ("time", 1, ["n"]), ("condition", 1, ["n", WIDTH]), ("style", 1, ["n", 2])]
    text = {"table": random.standard_normal((6, WIDTH)).astype(np.float32)}
    words = {"[PAD]": 0, "[UNK]": 1, "a": 2, "cat": 3, "red": 4, "apple": 5}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
    }  # fmt: skip
    return {
        "denoiser.onnx": graph(nodes, inputs, [("velocity", shape)], weights),
        "text.onnx": graph(
            [("Gather", ["table", "input_ids"], ["hidden"])],
            [("input_ids", 7, ["n", "t"])],
            [("hidden", ["n", "t", WIDTH])],
            text,
        ),
        "tokenizer.json": json.dumps(tokenizer).encode(),
    }


@pytest.fixture
def doodle(files):
    """The package, with replacements in its manifest."""

    def make(*replacements, **more_files):
        text = MANIFEST
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        return FolderFiles(read_manifest(text), {**files, **more_files})

    return make


def unpacked(name, prefix):
    with tarfile.open(DATA / name) as archive:
        return {
            member.name.removeprefix(prefix): archive.extractfile(member).read()
            for member in archive
            if member.isfile() and member.name.startswith(prefix)
        }


@pytest.fixture(scope="session")
def networks():
    """The files of a model by name; what a model has of its own lies over the tiny Stable Diffusion."""
    base = unpacked("mini-stable-diffusion.tgz", "sd/mini-optimum/")
    found = {"mini": base}
    for name in ("inpainting", "distilled", "xl"):
        found[name] = {**base, **unpacked(f"{name}.tar.xz", f"{name}/")}
    second = {k.replace("tokenizer/", "tokenizer_2/"): v for k, v in base.items() if k.startswith("tokenizer/")}
    found["xl"].update(second)
    return found


@pytest.fixture
def model(networks):
    """A package, with replacements in its manifest, files and scheduler configuration."""

    def make(name="mini", *replacements, scheduler=None, without=None, **more_files):
        files = {**networks[name], **more_files}
        samplers = NOISE_SAMPLERS
        if scheduler is not None:
            files["scheduler/scheduler_config.json"] = json.dumps(scheduler).encode()
            if "Flow" in scheduler.get("_class_name", ""):
                samplers = ("default", "flow-euler")
        offered = ", ".join(f'"{sampler}"' for sampler in samplers)
        choice = f'sampler = {{ type = "choice", label = "Sampler", choices = [{offered}], default = "default" }}'
        text = MINI.replace("SAMPLER", choice)
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        return FolderFiles(read_manifest(text), {k: v for k, v in files.items() if without is None or without not in k})

    return make


@pytest.fixture(scope="session")
def averaging():
    """Encoder and decoder that only average and repeat squares of 4 pixels."""
    high, low = ["n", 3, "h", "w"], ["n", 3, "y", "x"]
    square = ("kernel_shape", [4, 4]), ("strides", [4, 4])
    back = ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")
    return (
        graph([("AveragePool", ["picture"], ["middle"], *square)], [("picture", 1, high)], [("middle", low)], {}),
        graph(
            [("Resize", ["latents", "", "scales"], ["picture"], *back)],
            [("latents", 1, low)],
            [("picture", high)],
            {"scales": np.array([1, 1, 4, 4], np.float32)},
        ),
    )


@pytest.fixture
def exact(monkeypatch):
    """The pictures as the network made them, 0 to 1, before they are rounded; filled as jobs run."""
    seen = []
    pictures = PictureFormat.pictures

    def kept(self, tensor):
        seen.append(np.clip(tensor.transpose(0, 2, 3, 1) / 2 + 0.5, 0, 1))
        return pictures(self, tensor)

    monkeypatch.setattr(PictureFormat, "pictures", kept)
    return seen
